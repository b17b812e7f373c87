#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is no regular file, wherever a file is named: every command says so at once. A pipe as a results file blocked
# for ever, and /dev/zero was read to the end of memory.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "FAILED: $*" >&2; exit 1; }
/usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" good.json
mkfifo pipe.json
refuses() { # EXIT WORD ARGUMENT...
  local expected=$1 word=$2 rc=0
  shift 2
  # What reads without end must not take the machine with it; a sanitizer needs its terabytes of addresses.
  ([ "${PHASEBENCH_SANITIZED:-0}" != 0 ] || ulimit -v 4000000; exec timeout -k 1 20 "$PHASEBENCH" "$@") > out 2> err < /dev/null || rc=$?
  [ "$rc" = "$expected" ] || fail "$*: exit code $rc, expected $expected: $(head -c 500 err)"
  grep -qE -- "$word" err || fail "$*: does not say $word: $(head -c 500 err)"
}
for bad in ./pipe.json /dev/zero; do
  word='it is a (pipe|device)'
  refuses 3 "$word" metrics "$bad"
  refuses 3 "$word" claims "$bad"
  refuses 3 "$word" claims good.json --ledger "$bad"
  refuses 3 "$word" report "$bad" -o rep
  refuses 3 "$word" report good.json --ledger "$bad" -o rep
  refuses 3 "$word" report good.json --estimate "$bad" -o rep
  refuses 3 "$word" compare good.json "$bad"
  refuses 3 "$word" attribution "$bad"
  refuses 3 "$word" gate "$bad" good.json
  refuses 3 "$word" gate good.json "$bad"
  refuses 3 "$word" gate good.json good.json --config "$bad"
  refuses 3 "$word" gate good.json good.json --claims "$bad"
  refuses 3 "$word" baseline save "$bad" --name x
done
refuses 3 'it is a pipe' corpus show ./pipe.json

# Files that are named by where they lie: a grammar, a stage, the parts of a store.
mkdir src stages grammars
printf 'int a;\n' > src/a.c
cp -L "${PHASEBENCH_GRAMMAR_DIR:-$(dirname "$PHASEBENCH")/grammars}"/c.* grammars
mkfifo stages/pipe.so
PHASEBENCH_STAGE_DIR=$dir/stages refuses 3 'is not a file|no stage' stages
"$PHASEBENCH" store build --dir src -o s.store > out 2>&1 || fail "store build: $(cat out)"
for part in $(find s.store -type f); do
  rm -rf t.store
  cp -r s.store t.store
  rm "t.store/${part#s.store/}"
  mkfifo "t.store/${part#s.store/}"
  rc=0
  timeout -k 1 20 "$PHASEBENCH" store verify t.store > out 2> err || rc=$?
  case $rc in 3 | 4 | 7) ;; *) fail "a pipe as $part of a store: exit code $rc: $(cat err)" ;; esac
done
rm grammars/c.so
mkfifo grammars/c.so
PHASEBENCH_GRAMMAR_DIR=$dir/grammars refuses 3 'it is a pipe' corpus show --dir src
echo "named files: what is none is refused at once"
