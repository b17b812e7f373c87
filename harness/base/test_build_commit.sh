#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# build_commit.cmake in a folder whose name would be C, CMake or an option: what it writes is a header all the same.
set -euo pipefail
script=$PHASEBENCH_SOURCE_DIR/harness/base/build_commit.cmake
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
for name in plain '-x' 'a"; int b; "' '${GIT} @GIT@' 'a\' $'a\x01\tb' '$(touch ran);[x]' '??/'; do
  mkdir -p "$scratch/in/$name"
  # git names the folder that it does not trust, or whose .git it cannot use.
  printf 'gitdir: %s\n' "$scratch/in/$name/\"; int planted; \"\\" > "$scratch/in/$name/.git"
  cmake "-DSOURCE=$scratch/in/$name" "-DOUTPUT=$scratch/out.h" -P "$script" > "$scratch/said" 2>&1 || { cat "$scratch/said" >&2; fail "'$name'"; }
  printf '#include "out.h"\nint main(void) { return sizeof BUILD_COMMIT BUILD_COMMIT_DATE BUILD_COMMIT_MISSING == 0; }\n' > "$scratch/a.c"
  gcc -std=c11 -Wall -Werror -I "$scratch" -fsyntax-only "$scratch/a.c" || { cat "$scratch/out.h" >&2; fail "'$name': no header"; }
  grep -q 'BUILD_COMMIT_MISSING "built outside' "$scratch/out.h" || { cat "$scratch/out.h" >&2; fail "'$name': no reason"; }
  [ ! -e "$scratch/ran" ] && [ ! -e ran ] || fail "'$name' ran a command"
done
echo "build_commit: a header whatever the folder is called"
