#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs, builds and runs all tests: first the release build, then the same tests
# under the address and undefined-behaviour sanitizers. Options go to ctest, e.g.
#   scripts/test.sh -R p1            only tests whose names match
#   scripts/test.sh --quick NAME     release build of what the tests matching NAME need, and these tests
#   scripts/test.sh --format         formats every C source as .clang-format says
set -euo pipefail
cd "$(dirname "$0")/.."

# A test in C is one program (room.name is test_room_name): only that is built. Others need everything.
quick() {
  [ -f build/release/build.ninja ] || { scripts/setup.sh --tests && scripts/build.sh release; }
  local names targets=() name target known
  names=$(ctest --preset release -N -R "$1" | sed -n 's/^ *Test *#[0-9]*: //p')
  [ -n "$names" ] || { printf 'test: no test matches %s; ctest --preset release -N lists them\n' "$1" >&2; exit 2; }
  known=$(ninja -C build/release -t targets all | sed -n 's/: phony$//p')
  for name in $names; do
    target=test_${name//./_}
    if grep -qx "$target" <<< "$known"; then targets+=("$target"); else targets=() && break; fi
  done
  cmake --build --preset release ${targets[0]+--target "${targets[@]}"} > build/quick.log 2>&1 || { cat build/quick.log >&2; exit 4; }
  ctest --preset release -R "$1" -j "$(nproc)"
}

case ${1-} in
  -h | --help) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
  --quick) quick "${2:?test: --quick needs a part of a name of tests, as in scripts/test.sh --quick base.text}"; exit ;;
  --format) find harness phases \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) -exec clang-format -i {} +; exit ;;
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
