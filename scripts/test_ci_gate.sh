#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/ci-gate.sh as a project would use it: over a directory of its own, which changes.
set -euo pipefail
if [ "${PHASEBENCH_SANITIZED:-0}" != 0 ]; then
  echo "skipped: a sanitized build's figures are never compared"
  exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "test_ci_gate: $*: $(cat "$dir/said")" >&2; exit 1; }
# A copy of the script in another project.
mkdir -p "$dir/project/scripts" "$dir/project/src/.git"
cp "$PHASEBENCH_SOURCE_DIR/scripts/ci-gate.sh" "$dir/project/scripts"
cp "$PHASEBENCH_SOURCE_DIR"/harness/system/{heap,probe}.c "$dir/project/src"
echo 'int not_measured;' >"$dir/project/src/.git/hidden.c"
cd "$dir/project"
gate() { # gate EXPECTED OPTION...
  local expected=$1 rc=0
  shift
  scripts/ci-gate.sh --phasebench "$PHASEBENCH" "$@" >"$dir/said" 2>&1 || rc=$?
  if [ "$rc" = 2 ] && grep -q 'this build may not write results' "$dir/said"; then exit 77; fi
  [ "$rc" = "$expected" ] || fail "ci-gate $*: exit code $rc, expected $expected"
}
few=(-- --combos baseline,p1)
gate 0 --help
grep -q -- --update "$dir/said" || fail "no help"
gate 2 --policy
gate 2 src
gate 3 --dir none
gate 3 --dir src --out out "${few[@]}"
grep -q 'run this with --update' "$dir/said" || fail "it is not said what to do without a baseline"
gate 0 --dir src --out out --update "${few[@]}"
[ "$(ls results/baselines)" = src.json ] || fail "no baseline, or more than that"
gate 0 --dir src --out out "${few[@]}"
for file in result.json gate.md gate.xml gate.json; do [ -s "out/$file" ] || fail "no out/$file"; done
[ -z "$(ls -d /tmp/phasebench-gate.*/src 2>/dev/null)" ] || fail "the copy was left"
# The code changes: more of the same costs no more per line.
cp src/heap.c src/more.c
gate 0 --dir src --out out "${few[@]}"
grep -q 'corpus: content' "$dir/said" || fail "it is not told that the corpus differs"
gate 13 --dir src --out out --policy machine=ignore-times "${few[@]}"
# A baseline that took a tenth less per line.
/usr/bin/python3 - <<'PY'
import json
path = "results/baselines/src.json"
r = json.load(open(path))
for c in r["cells"]:
    if c["kind"] == "measured":
        c["trees"]["tree_bytes"] = c["trees"]["tree_bytes"] * 9 // 10
json.dump(r, open(path, "w"))
PY
gate 10 --dir src --out out "${few[@]}"
grep -q 'tree.*per.*line.*regressed' out/gate.md || fail "the Markdown does not tell"
# A cell that fails is told, and is not saved as a baseline.
gate 12 --dir src --out out "${few[@]}" --timeout 0.01
gate 3 --dir src --out out --update "${few[@]}" --timeout 0.01
echo "ci-gate: a project gates itself"
