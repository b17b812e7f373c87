#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --exclude means the same in each command that reads a corpus; and where one file is most of it, that is said beforehand.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "FAILED: $*: $(cat out err)" >&2; exit 1; }
mkdir -p src/gen
for i in 1 2 3 4; do printf 'int f%d(int a) { return a + %d; }\n' $i $i >src/f$i.c; done
{ printf 'int table[] = {'; seq -s, 1 200000; printf '};\n'; } >src/gen/table.c
ask() { # ask EXPECTED ARGUMENT...
  local expected=$1 rc=0
  shift
  "$PHASEBENCH" "$@" >out 2>err || rc=$?
  [ "$rc" = "$expected" ] || fail "$*: exit code $rc, expected $expected"
}
small=(--exclude gen/ --exclude f4.c)
ask 0 run --dir src "${small[@]}" --combos baseline --profile strict --reps 1 --no-instrument --allow-unfit-build --output r.json
if grep -q 'of the bytes' err; then fail "a word about a file that is left out"; fi
grep -q '"files":[[:space:]]*3' r.json || fail "run: other files"
ask 0 store build --dir src "${small[@]}" -o s.store
grep -q '3 files' out err || fail "store build: other files"
ask 0 estimate --dir src "${small[@]}" --json e.json
grep -q '"document_count":[[:space:]]*3' e.json || fail "estimate: other files"
ask 0 bench --dir src "${small[@]}" --combos baseline --filter '^walk/' --reps 1 --min-time 0.001
grep -qE '\b3 (documents|files)' out err || fail "bench: other files"
for command in run bench estimate 'store build'; do
  # shellcheck disable=SC2086
  "$PHASEBENCH" $command --help | grep -q -- '--exclude PATTERN' || fail "$command --help does not tell of it"
done
ask 2 store info --exclude x s.store
# One file is most of the bytes.
ask 0 store build --dir src -o t.store
grep -q 'gen/table.c is 100 % of the bytes (1.2 MiB)' err || fail "store build says nothing of the one file"
ask 0 run --dir src --combos baseline --profile strict --reps 1 --no-instrument --allow-unfit-build --output r.json
grep -q 'phasebench run: gen/table.c is 100 % of the bytes' err || fail "run says nothing of the one file"
echo "--exclude: the same in each command"
