#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every C source but tests is clean by the checks of .clang-tidy, and a planted fault is found.
set -euo pipefail
source=${PHASEBENCH_SOURCE_DIR:?} build=${PHASEBENCH_BUILD_DIR:?}
[ "${PHASEBENCH_SANITIZED:-0}" = 0 ] || exit 77 # the same sources
command -v clang-tidy > /dev/null || { echo "clang-tidy is not installed: scripts/setup.sh --tests" >&2; exit 1; }
cd "$source"
mapfile -t sources < <(find harness phases -name '*.c' ! -name 'test_*' ! -path '*/fuzz/*' | sort)
[ ${#sources[@]} -gt 100 ] || { echo "found only ${#sources[@]} sources" >&2; exit 1; }
printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 12 clang-tidy -p "$build" --quiet 2> /dev/null || exit 1

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
cp .clang-tidy "$planted/"
printf '#include <string.h>\nint same(const char *a, const char *b);\nint same(const char *a, const char *b) { if (strcmp(a, b)) return 0; return 1; }\n' > "$planted/planted.c"
if clang-tidy --quiet "$planted/planted.c" -- > "$planted/said" 2>&1; then
  echo "a planted fault was not found: $(cat "$planted/said")" >&2
  exit 1
fi
