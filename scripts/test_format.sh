#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every C and C++ source is as .clang-format says. `scripts/test.sh --format` mends it.
set -euo pipefail
cd "${PHASEBENCH_SOURCE_DIR:-$(dirname "$0")/..}"
[ "${PHASEBENCH_SANITIZED:-0}" = 0 ] || exit 77 # the same sources
command -v clang-format > /dev/null || { echo "clang-format is not installed: scripts/setup.sh --tests" >&2; exit 1; }
mapfile -t sources < <(find harness phases \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) | sort)
[ ${#sources[@]} -gt 100 ] || { echo "found only ${#sources[@]} sources" >&2; exit 1; }
clang-format --dry-run -Werror "${sources[@]}"
