#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs, builds and runs all tests: first the release build, then the same tests
# under the address and undefined-behaviour sanitizers. Options go to ctest, e.g.
#   scripts/test.sh -R p1        only tests whose names match
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1-} in
  -h | --help) sed -n '3,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

scripts/setup.sh --tests
status=0
for preset in release asan; do
  scripts/build.sh "$preset"
  printf '\ntest: %s\n' "$preset"
  ctest --preset "$preset" -j "$(nproc)" "$@" || status=$?
done
if [ "$status" -ne 0 ]; then
  printf 'test: FAILED; the first failing test says why above\n' >&2
fi
exit "$status"
