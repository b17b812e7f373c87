#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench estimate` from the outside: a table, JSON that its schema describes, the same figures each
# time, and wrong command lines.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "test_command_estimate: $*" >&2; exit 1; }
mkdir "$dir/code"
for i in 1 2 3 4 5 6; do
  printf 'int f%d(int a)\n{\n  /* comment */\n  return a ? f%d(a - 1) : %d;\n}\n' $i $i $i >"$dir/code/f$i.c"
done
printf 'const x = (a) => { return [a]; };\n' >"$dir/code/x.js"
: >"$dir/code/empty.c"

"$PHASEBENCH" estimate --dir "$dir/code" --json "$dir/b.json" >"$dir/table" 2>"$dir/err" || fail "$(cat "$dir/err")"
for language in c javascript all; do
  grep -Eq "^$language +[0-9]+ +[0-9,]+( +[0-9]+\.[0-9]{3}){5} " "$dir/table" ||
    fail "no $language: $(cat "$dir/table")"
done
"$PHASEBENCH" estimate --dir "$dir/code" --json "$dir/again.json" >/dev/null
cmp "$dir/b.json" "$dir/again.json" || fail "another time, other figures"
schema=$PHASEBENCH_SOURCE_DIR/results/estimate.schema.json
/usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" --schema "$schema" "$dir/b.json"
/usr/bin/python3 - "$dir/b.json" "$dir/corrupt.json" <<'PY'
import json, sys
estimate = json.load(open(sys.argv[1]))
assert [l["language"] for l in estimate["languages"]] == ["c", "javascript"], estimate
assert estimate["total"]["document_count"] == 7, estimate
for key in ("document_count", "source_bytes", "node_count"):
    assert estimate["total"][key] == sum(l[key] for l in estimate["languages"]), key
for one in estimate["languages"] + [estimate["total"]]:
    parts = dict(one["bits_per_node"])
    total = parts.pop("total")
    assert abs(sum(parts.values()) - total) < 1e-9 and 0.5 < total < 60, one
del estimate["total"]
json.dump(estimate, open(sys.argv[2], "w"))
PY
rc=0
/usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" --schema "$schema" "$dir/corrupt.json" \
  2>/dev/null || rc=$?
[ "$rc" -eq 3 ] || fail "the schema takes an estimate without a total"
"$PHASEBENCH" estimate --dir "$dir/code" --max-bytes 1 --seed 2 >"$dir/table"
grep -q ': 1 document,' "$dir/table" || fail "a sample of one: $(cat "$dir/table")"

refused() { # exit code, words, arguments
  local want=$1 words=$2 rc=0
  shift 2
  "$PHASEBENCH" estimate "$@" >"$dir/out" 2>"$dir/err" || rc=$?
  [ "$rc" -eq "$want" ] && grep -q -- "$words" "$dir/err" || fail "$*: exit $rc (want $want): $(cat "$dir/err")"
}
refused 2 "exclude each other" --corpus quick --dir "$dir/code"
refused 2 "expected a whole number" --dir "$dir/code" --max-bytes 1k
refused 2 "expected a whole number" --dir "$dir/code" --seed -1
refused 2 "lists the options" --dir "$dir/code" --reps 2
refused 2 "^phasebench estimate: unrecognized option" --dir "$dir/code" --reps 2
refused 2 "one argument too many" c
refused 3 "no_such_corpus" --corpus no_such_corpus
refused 4 "" --dir "$dir/code" --json "$dir/no/such/folder/b.json"
mkdir "$dir/none"
refused 3 "" --dir "$dir/none"
"$PHASEBENCH" estimate --help >"$dir/out"
grep -q "example:" "$dir/out" || fail "no help"
echo "estimate: all as expected"
