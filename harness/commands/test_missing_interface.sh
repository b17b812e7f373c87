#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A kernel interface that is not there, as in sandboxed containers: that is the reason which every command gives, and every
# cell. The instrument's cell said "its output is of another cell".
set -euo pipefail
if [ "${PHASEBENCH_SANITIZED:-0}" != 0 ]; then
  echo "skipped: a sanitizer has to be loaded first"
  exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "FAILED: $*" >&2; exit 1; }
cat >hide.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#define HIDE(name)                                                                          \
  int name(const char *path, int flags, ...) {                                              \
    const char *hidden = getenv("PHASEBENCH_TEST_HIDDEN"), *slash = strrchr(path, '/');     \
    va_list arguments;                                                                      \
    va_start(arguments, flags);                                                             \
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;                                \
    va_end(arguments);                                                                      \
    if (hidden && slash && strcmp(slash + 1, hidden) == 0) return errno = ENOENT, -1;       \
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode);   \
  }
HIDE(open)
HIDE(open64)
C
gcc -shared -fPIC -o hide.so hide.c
# Cells get no LD_PRELOAD; a program that stands for them sets it.
printf '#!/bin/bash\nLD_PRELOAD=%q exec %q "$@"\n' "$dir/hide.so" "$PHASEBENCH" >cell
chmod +x cell
mkdir src
printf 'int a;\n' >src/a.c
export PHASEBENCH_TEST_HIDDEN=smaps_rollup
rc=0
PHASEBENCH_CELL_PROGRAM=$dir/cell timeout 60 "$PHASEBENCH" run --dir src --combos baseline,p1 --profile strict --reps 1 \
  --allow-unfit-build --quiet --output r.json >out 2>err || rc=$?
[ "$rc" = 5 ] || fail "run: exit code $rc: $(cat err)"
/usr/bin/python3 - <<'PY' || fail "the cells' reasons: $(cat err)"
import json
cells = json.load(open("r.json"))["cells"]
assert [c["kind"] for c in cells].count("instrument") == 1 and len(cells) == 3
for c in cells:
    assert c["reason"].startswith("RSS cannot be read: smaps_rollup cannot be opened"), c["reason"]
    assert "phasebench doctor" in c["reason"], c["reason"]
PY
"$PHASEBENCH" store build --dir src -o s.store >out 2>&1
LD_PRELOAD=$dir/hide.so timeout 60 "$PHASEBENCH" store open s.store >out 2>err || fail "store open: $(cat err)"
grep -q 'not known: smaps_rollup cannot be opened' out || fail "store open: $(cat out)"
rc=0
LD_PRELOAD=$dir/hide.so timeout 60 "$PHASEBENCH" doctor >out 2>err || rc=$?
grep -q 'smaps_rollup' out || fail "doctor does not name it: $(cat out)"
[ "$rc" != 0 ] || fail "doctor calls such a machine fit"
echo "an interface that is missing is the reason that is given"
