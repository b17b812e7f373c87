#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every command with its Nth call of a kind refused by the system, once and from then on: a sample of N
# (PHASEBENCH_FAULTS_ALL=1: every N). Then: a store is replaced only when its folder is on disk.
if [ "$PHASEBENCH_SANITIZED" = 1 ]; then
  echo "the sanitizers must be loaded before anything else"
  exit 77
fi
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
/usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/harness/testing/faults.py" --sample 4 open:EIO open:EMFILE read:EIO \
  read:ENOMEM pread:EIO write:ENOSPC fsync:EIO rename:EIO mmap:ENOMEM unlink:EIO stat:EIO || failures=1

# ---- the folder above a store cannot be synced after the exchange ----
build() { "$PHASEBENCH" store build --stages p1+p2+p4a -o place/s.store "$@" > /dev/null 2> said; }
documents() { "$PHASEBENCH" store verify --json "$1" | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["documents"])'; }
faulty() { # faulty VARIABLE=VALUE...: a build of the new store with these
  (export FAULTS_KIND=fsync FAULTS_COUNT="$PWD/count" LD_PRELOAD="$PHASEBENCH_BUILD_DIR/testing/faults.so" "$@" && build --dir new)
}
mkdir old new place
echo 'int a;' > old/a.c
echo 'int a;' | tee new/a.c > new/b.c
build --dir old || fail "build: $(cat said)"
faulty FAULTS_AT=0 || fail "build anew: $(cat said)"
last=$(cat count)
build --dir old || fail "build again: $(cat said)"
faulty FAULTS_AT="$last"
expect "exit code" 4 $?
grep -q 'Input/output error' said || fail "said: $(cat said)"
expect "documents of the old store, which stays" 1 "$(documents place/s.store)"
expect "what is there" s.store "$(ls place)"
# Nothing can be synced any more: whichever of the two a crash would show is whole.
faulty FAULTS_AT="$last" FAULTS_ONWARD=1
expect "exit code, from then on" 4 $?
expect "documents, from then on" 1 "$(documents place/s.store)"
expect "documents of the new store, which nobody removes" 2 "$(documents place/s.store.making-*)"
grep -q 'holds the new store' said || fail "said: $(cat said)"
finish
