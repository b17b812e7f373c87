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
[ -z "$(ls -d "${TMPDIR:-/tmp}"/phasebench-gate.*/src 2>/dev/null)" ] || fail "the copy was left"
# What is no source plays no part: a log that grows, a large file that git leaves out, a name of any bytes, and a file
# that cannot be read, which `run` leaves out too.
mkdir -p "$dir/tmp" src/made
(while :; do printf '%04000d\n' 1 >>src/log.txt; done) &
growing=$!
printf 'made/\nlarge.c\n' >src/.gitignore
truncate -s 2G src/large.c src/large.bin
cp src/heap.c src/made/made.c
printf 'int odd;\n' >src/$'n\xe9 w\n\\x41\\.c'
mkfifo src/pipe.c
TMPDIR=$dir/tmp gate 0 --dir src --out out "${few[@]}"
kill $growing
wait $growing || true
grep -q 'special  *1' "$dir/said" || fail "it is not said what was left out"
[ -z "$(ls "$dir/tmp")" ] || fail "something was left in TMPDIR"
/usr/bin/python3 -c 'import json; assert json.load(open("out/result.json"))["corpus"]["files"] == 3' || fail "other files were measured"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  chmod 755 "$dir"
  touch src/secret.c
  chmod 600 src/secret.c
  mkdir -m 777 "$dir/other-out"
  if setpriv --reuid 65534 --regid 65534 --clear-groups "$PHASEBENCH" --version >/dev/null 2>&1; then
    rc=0
    setpriv --reuid 65534 --regid 65534 --clear-groups scripts/ci-gate.sh --phasebench "$PHASEBENCH" --dir src --out "$dir/other-out" "${few[@]}" >"$dir/said" 2>&1 || rc=$?
    [ "$rc" = 0 ] || fail "a file without permission: exit code $rc"
    grep -q 'unreadable  *1' "$dir/said" || fail "the unreadable file is not told"
  fi
fi
# Where the system refuses, that is the exit code.
TMPDIR=/nowhere gate 4 --dir src --out out "${few[@]}"
grep -q 'TMPDIR' "$dir/said" || fail "TMPDIR is not named"
rm -rf src/log.txt src/.gitignore src/large.* src/made src/n* src/pipe.c src/secret.c
# The folder's own .gitignore is not in its copy: the one above it, for --dir src, counts as well.
git init -q . && printf 'src/gen/\n' >.gitignore && rmdir src/.git 2>/dev/null || rm -rf src/.git
mkdir src/gen
seq -s, 1 60000 | sed 's/.*/int table[] = {&};/' >src/gen/table.c
gate 0 --dir src --out out "${few[@]}"
! grep -q 'corpus: content' "$dir/said" || fail "what git leaves out above --dir was measured"
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
