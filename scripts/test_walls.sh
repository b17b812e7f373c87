#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The walls between rooms, kit libraries and stages stand (walls.py), and each planted breach is found.
set -euo pipefail

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
walls() { python3 "$PHASEBENCH_SOURCE_DIR/scripts/walls.py" "$@"; }

walls "$PHASEBENCH_SOURCE_DIR" "$PHASEBENCH_BUILD_DIR" || fail "see above"

# The copies in which breaches are planted: sources and libraries are links, but for what is changed.
mkdir "$work/build" "$work/build/phases"
cp -r "$PHASEBENCH_SOURCE_DIR/harness" "$PHASEBENCH_SOURCE_DIR/phases" "$work"
mkdir "$work/build/harness" "$work/build/phases/kit"
ln -s "$PHASEBENCH_BUILD_DIR"/harness/lib*.a "$work/build/harness"
ln -s "$PHASEBENCH_BUILD_DIR"/phases/kit/lib*.a "$work/build/phases/kit"
walls "$work" "$work/build" > /dev/null || fail "the copy is not like the original"

expect() { # text, then a file of the copy that is put right again
  if walls "$work" "$work/build" > "$work/found"; then fail "not found: $1"; fi
  [ "$(wc -l < "$work/found")" = 1 ] && grep -qF "$1" "$work/found" || fail "expected \"$1\" alone: $(cat "$work/found")"
  rm "$work/$2"
  if [ -e "$PHASEBENCH_SOURCE_DIR/$2" ]; then cp "$PHASEBENCH_SOURCE_DIR/$2" "$work/$2"; fi
}
plant() { # file of the copy, line
  echo "$2" >> "$work/$1"
  expect "$3" "$1"
}

# 1. Includes.
plant harness/base/fault.c '#include "../store/store.h"' 'harness/base/fault.c: #include "../store/store.h" leaves its folder'
plant phases/p2/chunk.c '#include "../kit/support/map.h"' 'leaves its folder'
plant harness/stats/planted.c '#include "judge/gate.h"' 'stats may not use judge'
plant harness/stats/planted.c '#include "kit/support/map.h"' 'stats may not use kit'
plant phases/p1/planted.c '#include "p3/format.h"' 'a stage knows no other stage'
plant phases/p1/planted.c '#include "skeleton/skeleton.h"' 'a stage knows no other stage'
plant phases/p1/planted.c '#include "phrases.h"' 'is in none of its folders'
plant phases/kit/support/planted.c '#include "kit/archive/archive.h"' 'kit/support may not use kit/archive'

plant phases/p1/planted.c '/* see pack.h */' 'phases/p1/planted.c: a comment names pack.h, which is not there'
printf '/*\n * other.c - what it does. */\n' > "$work/phases/p1/planted.c"
plant phases/p1/planted.c '' 'phases/p1/planted.c: calls itself other.c'

# 2. What lies in harness/.
plant harness/planted.c '' 'harness/planted.c: only folders and CMake files lie there'
mkdir "$work/harness/planted"
plant harness/planted/planted.c '' 'harness/planted: a folder that is no room'
rmdir "$work/harness/planted"

# 3. Calls: a library with one object more, which calls upwards by a declaration of its own.
expect_call() { # library, function, text
  local library="$work/build/$1"
  rm "$library"
  cp "$PHASEBENCH_BUILD_DIR/$1" "$library"
  printf 'void %s(void);\nvoid planted(void);\nvoid planted(void) { %s(); }\n' "$2" "$2" > "$work/planted.c"
  gcc -c -o "$work/planted.o" "$work/planted.c"
  ar r "$library" "$work/planted.o" 2> /dev/null
  if walls "$work" "$work/build" > "$work/found"; then fail "not found: $3"; fi
  grep -qF "$3" "$work/found" || fail "expected \"$3\": $(cat "$work/found")"
  cp "$PHASEBENCH_BUILD_DIR/$1" "$library"
}
expect_call harness/libroom_base.a store_open "libroom_base.a: planted.o calls store_open of store, which base may not use"
expect_call phases/kit/libkit_support.a archive_open "libkit_support.a: planted.o calls archive_open of archive, which support may not use"
echo "each of 14 breaches is found"
