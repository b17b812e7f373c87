#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The gate over what was really measured: planted faults are found (a leak, 3 % more memory, 20 % slower), each
# by what it is, and ten comparisons of the same with itself are not flagged.
set -euo pipefail
if [ "$PHASEBENCH_SANITIZED" != 0 ]; then
  echo "skipped: a sanitized build's figures are never compared"
  exit 77
fi
stages=$PHASEBENCH_BUILD_DIR/test_stages
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "test_gate_planted: $*" >&2; exit 1; }
mkdir code
cp "$PHASEBENCH_SOURCE_DIR"/harness/system/heap.c "$PHASEBENCH_SOURCE_DIR"/phases/p1/p1.c code/
unfit=()
measure() { # measure FILE COMBOS REPS
  "$PHASEBENCH" run --dir code --combos "$2" --reps "$3" --profile strict --no-instrument --quiet --restart \
    --output "$1" "${unfit[@]}" >said 2>&1 || fail "measuring $2: $(cat said)"
}
if ! "$PHASEBENCH" run --dir code --combos baseline --reps 1 --profile strict --no-instrument --quiet \
  --output first.json >said 2>&1; then
  grep -q 'this build may not write results' said || fail "$(cat said)"
  echo "skipped: not a build that may produce results"
  exit 77
fi
gate() { # gate EXPECTED ARGUMENT...
  local expected=$1 rc=0
  shift
  "$PHASEBENCH" gate "$@" >out 2>&1 || rc=$?
  [ "$rc" = "$expected" ] || fail "gate $*: exit code $rc, expected $expected: $(cat out)"
}
# Times gate, too: two metrics, so that six repetitions are enough (2 / 924 * 2 is below 0.05).
cat >times.json <<'JSON'
{"schema": "phasebench-gate-1", "alpha": 0.05, "metrics": [
  {"name": "walk_ns", "kind": "rank", "min_effect_pct": 10},
  {"name": "store_ns", "kind": "rank", "min_effect_pct": 10}]}
JSON

# ---- the planted faults, interleaved with the stage that has none ----
measure planted.json "$stages/twin.so,$stages/leak.so,$stages/heavy.so,$stages/slow.so" 8
gate 10 planted.json planted.json --compare twin=leak
grep -qE 'held_allocated_bytes at drained .*regressed' out || fail "the leak is not told at drained: $(cat out)"
gate 10 planted.json planted.json --compare twin=heavy
grep -qE '^ *tree_bytes .*\+(2\.[4-9]|3\.[0-6]).*regressed' out || fail "3 % more of trees is not told: $(cat out)"
# What a busy machine does to one run it may do again in the next: times have three tries, memory has one.
found() { # found EXPECTED PATTERN ARGUMENT...
  local pattern=$2 rc=0
  "$PHASEBENCH" gate "${@:3}" >out 2>&1 || rc=$?
  [ "$rc" = "$1" ] && grep -qE "$pattern" out
}
for try in 1 2 3; do
  if found 10 'walk_ns .*regressed' planted.json planted.json --compare twin=slow --config times.json; then break; fi
  [ "$try" -lt 3 ] || fail "a walk that takes 20 % longer is not found in three runs: $(cat out)"
  measure planted.json "$stages/twin.so,$stages/slow.so" 8
done
grep -E 'walk_ns' out
gate 0 planted.json planted.json --compare twin=slow # it takes no more memory, and times are only reported
# Found in another run of another module, as a CI would: the baseline is a file.
measure before.json "$stages/twin.so" 2
"$PHASEBENCH" baseline save before.json --name twin >said
measure after.json "$stages/heavy.so,$stages/leak.so" 2
gate 10 twin after.json --compare twin=heavy
gate 10 twin after.json --compare twin=leak

# ---- ten A/A runs: memory with the run before, times between two builds of one stage in one run ----
flagged=0
times_differ() { # times_differ FILE
  local rc=0
  "$PHASEBENCH" gate "$1" "$1" --compare twin=same --config times.json --all >out 2>&1 || rc=$?
  [ "$rc" = 0 ] || [ "$rc" = 10 ] || fail "A/A: exit code $rc: $(cat out)"
  [ "$rc" = 10 ]
}
for i in 1 2 3 4 5 6 7 8 9 10; do
  measure "aa$i.json" "$stages/twin.so,$stages/same.so" 6
  if [ "$i" -gt 1 ]; then gate 0 "aa$((i - 1)).json" "aa$i.json"; fi
  gate 0 "aa$i.json" "aa$i.json" --compare twin=same # no byte more or less
  # One comparison in twenty may be a false alarm, alpha says. It must not be one again when measured again.
  if times_differ "aa$i.json"; then
    flagged=$((flagged + 1))
    cat out
    measure again.json "$stages/twin.so,$stages/same.so" 6
    if times_differ again.json; then fail "two builds of one stage differ in time, twice: $(cat out)"; fi
  fi
  echo "A/A $i: $(awk '/walk_ns|store_ns/ { printf "%s  ", $0 }' out | tr -s ' ')"
done
[ "$flagged" -le 3 ] || fail "times: $flagged of ten A/A comparisons are flagged, and alpha is 0.05"
echo "planted faults are found; ten A/A runs: memory 0 flagged, times $flagged flagged"
