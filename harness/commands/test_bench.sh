#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench bench` from the outside: a table with every operation, JSON that is whole
# or absent, and wrong command lines.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "test_bench: $*" >&2; exit 1; }
mkdir "$dir/code"
for i in 1 2 3 4 5 6; do
  printf 'int f%d(int a)\n{\n  /* comment */\n  return a ? f%d(a - 1) : %d;\n}\n' $i $i $i >"$dir/code/f$i.c"
done
bench() { "$PHASEBENCH" bench --dir "$dir/code" --reps 2 --min-time 0.001 "$@"; }

bench --combos baseline,p1 --json "$dir/b.json" >"$dir/table" 2>"$dir/err" || fail "$(cat "$dir/err")"
random='index first_child next_sibling previous_sibling parent child_by_field descendant'
for operation in parse walk cursor count point $random; do
  grep -Eq "^$operation +tree-sitter +[0-9,.]+ " "$dir/table" || fail "no $operation of tree-sitter: $(cat "$dir/table")"
done
for operation in ingest encode walk cursor count $random; do
  for combination in baseline p1; do
    grep -Eq "^$operation +$combination +[0-9,.]+ .* x [a-z_]+ \([0-9,.]+ \.\.\. [0-9,.]+, n = 2\)" "$dir/table" ||
      fail "no $operation of $combination: $(cat "$dir/table")"
  done
done
# Only p1 knows points; count is also held against the walk of the same subject.
grep -Eq '^point +baseline +- no figure: .*goto_descendant_for_points' "$dir/table" || fail "$(cat "$dir/table")"
grep -Eq '^point +p1 +[0-9,.]+ .* x point ' "$dir/table" || fail "no point of p1: $(cat "$dir/table")"
[ "$(grep -Ec '^count .* x walk of its own \([0-9,.]+ \.\.\. ' "$dir/table")" -eq 3 ] || fail "$(cat "$dir/table")"
/usr/bin/python3 - "$dir/b.json" "$PHASEBENCH_SANITIZED" <<'PY'
import json, sys
runs = [b for b in json.load(open(sys.argv[1]))["benchmarks"] if b["run_type"] == "iteration"]
assert len(runs) == 2 * (12 + 12 + 13), len(runs)
for r in runs:
    assert not r.get("error_occurred"), r
    assert any(k in r for k in ("nodes_per_second", "operations_per_second")), r
    if "nodes_per_second" in r:
        assert abs(r["nodes_per_second"] * r["seconds_per_node"] - 1) < 1e-6, r
    if sys.argv[2] == "0":
        assert 0 <= r["max_bytes_used"] < 1 << 30, r
        if r["name"].startswith("walk/p1"):
            assert r["bytes_per_node"] > 0, r
PY
[ -z "$(ls "$dir" | grep making || true)" ] || fail "a half file was left"

bench --combos baseline --filter '^walk/' >"$dir/table" 2>/dev/null
[ "$(grep -c '^walk ' "$dir/table")" -eq 2 ] && ! grep -Eq '^(cursor|point) ' "$dir/table" ||
  fail "filter: $(cat "$dir/table")"

# A failed benchmark is named once: operation and subject, then why.
LIAR='walk: error' "$PHASEBENCH" bench --dir "$dir/code" --combos "$PHASEBENCH_BUILD_DIR/test_stages/liar.so" \
  --min-time 0.001 --reps 1 --filter '^walk/liar' >"$dir/table" 2>"$dir/err" && fail "a stage that lies: exit code 0"
grep -Eq '^phasebench bench: ERROR: walk/liar: [^:]' "$dir/err" || fail "a stage that lies: $(cat "$dir/err")"
grep -q 'liar: liar' "$dir/err" && fail "a stage is named twice: $(cat "$dir/err")"

refused() { # exit code, words, arguments
  local want=$1 words=$2 rc=0
  shift 2
  "$PHASEBENCH" bench "$@" >"$dir/out" 2>"$dir/err" || rc=$?
  [ "$rc" -eq "$want" ] && grep -q -- "$words" "$dir/err" || fail "$*: exit $rc (want $want): $(cat "$dir/err")"
}
refused 2 "exclude each other" --corpus quick --dir "$dir/code"
refused 2 "expected a whole number" --dir "$dir/code" --reps 0
refused 2 "expected a whole number" --dir "$dir/code" --max-bytes 1k
refused 2 "expected seconds" --dir "$dir/code" --min-time x
refused 2 "one argument too many" baseline
refused 2 "there twice" --dir "$dir/code" --combos baseline,baseline
refused 2 "keeps nothing" --dir "$dir/code" --combos null
refused 2 "matches no benchmark" --dir "$dir/code" --combos baseline --filter nothing_like_it --min-time 0.001
refused 4 "cannot be written" --dir "$dir/code" --combos baseline --json "$dir/no/such/folder/b.json"
mkfifo "$dir/pipe"
refused 2 "a device, pipe or socket" --dir "$dir/code" --combos baseline --json "$dir/pipe"
[ -p "$dir/pipe" ] || fail "--json replaced a pipe"
mkdir "$dir/none"
refused 3 "" --dir "$dir/none" --combos baseline
"$PHASEBENCH" bench --help >"$dir/out"
grep -q "example:" "$dir/out" || fail "no help"
echo "bench: all as expected"
