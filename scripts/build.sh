#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Configures and builds one preset: scripts/build.sh release|asan|fuzz|coverage
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?usage: scripts/build.sh release|asan|fuzz|coverage}
log=build/$preset.log
mkdir -p build
printf 'build: %s (log: %s)\n' "$preset" "$log" >&2
if ! { cmake --preset "$preset" && cmake --build --preset "$preset"; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  printf 'build: error: the %s preset does not build; the whole log is %s\n' "$preset" "$log" >&2
  exit 4
fi
