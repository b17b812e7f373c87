#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A stage that does what no stage may fails its cell, by name, and the others are measured: processes of its
# own, memory past its heap, memory that it forgets, an end that looks well, standing still, a flood, a crash.
# So does an allocator that is not configured as the profile says.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
if [ "$PHASEBENCH_SANITIZED" != 0 ]; then
  echo "skipped: a sanitized build has no heaps to look at and may not write results"
  exit 77
fi
stages=$PHASEBENCH_BUILD_DIR/test_stages
mark=$$.$RANDOM.$RANDOM
mkdir code
printf 'int main(void) { return 0; }\n' > code/a.c

run() { # run COMBOS [OPTION]...: into r.json
  local combos=$1
  shift
  PHASEBENCH_TEST_MARK=$mark "$PHASEBENCH" run --dir code --combos "$combos" --reps 1 --profile strict --no-instrument --quiet --restart \
    --output r.json "$@" > out 2> said
}
cell() { # cell COMBINATION KEY: of the only result
  /usr/bin/python3 -c 'import json, sys
for c in json.load(open("r.json"))["cells"]:
    if c["combination"] == sys.argv[1]: print(c[sys.argv[2]])' "$1" "$2"
}
fails() { # fails STAGE STATUS EXPECTED-IN-REASON [OPTION]...
  local stage=$1 status=$2 expected=$3 code=0
  shift 3
  run "baseline,$stages/$stage.so" "$@" || code=$?
  [ "$code" = 5 ] || fail "$stage: exit code $code, expected 5: $(cat said)"
  [ "$(cell "$stage" status)" = "$status" ] || fail "$stage: status $(cell "$stage" status): $(cell "$stage" reason)"
  cell "$stage" reason | grep -q -- "$expected" || fail "$stage: expected '$expected' in: $(cell "$stage" reason)"
  [ "$(cell baseline status)" = ok ] || fail "$stage: the other cell is $(cell baseline status)"
}

fails forks failed 'tried to start a process'
fails daemon failed 'tried to start a process'
fails takes failed "checkpoint 'walked': .* bytes were taken by plain malloc since .start."
fails forgets failed "forgets.tree still holds .* the stage forgets memory"
fails exits failed 'exit code 0, but its output cannot be used'
fails stops timeout 'killed after 3.000 s' --timeout 3
fails crashes crashed 'SIGSEGV'
fails floods timeout 'killed after 3.000 s' --timeout 3
# Cells get PHASEBENCH_ variables, and so does whatever a cell starts: who has this test's mark outlived its run.
left() { grep -lsa "PHASEBENCH_TEST_MARK=$mark" /proc/[0-9]*/environ | grep -v -e "/$$/" -e /self/ || true; }
PHASEBENCH_TEST_MARK=$mark sleep 60 &
planted=$!
sleep 0.2
left | grep -q "/$planted/" || fail "a planted process is not found"
kill "$planted"
wait "$planted" 2> /dev/null || true
[ -z "$(left)" ] || fail "processes are left: $(left)"

# The allocator's profile, turned from outside behind the run's back.
printf '#!/bin/sh\nMALLOC_CONF="$MALLOC_CONF,$PHASEBENCH_TEST_CONF" exec "$PHASEBENCH_TEST_REAL" "$@"\n' > turned
chmod +x turned
for conf in junk:true zero:true tcache:false narenas:3 dirty_decay_ms:500 thp:always; do
  code=0
  PHASEBENCH_CELL_PROGRAM=$PWD/turned PHASEBENCH_TEST_CONF=$conf PHASEBENCH_TEST_REAL=$PHASEBENCH run baseline || code=$?
  [ "$code" = 5 ] || fail "$conf: exit code $code: $(cat said)"
  cell baseline reason | grep -q "the allocator runs with $conf where the profile strict has" ||
    fail "$conf: $(cell baseline reason)"
done
