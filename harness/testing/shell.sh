# SPDX-License-Identifier: MIT
#
# shell.sh - what the shell tests begin with that count their failures and go on: a folder of their
# own to work in, which is gone at the end, `fail`, `expect`, and `finish`, which ends the test.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
expect() { # expect WHAT WANTED FOUND
  [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}
finish() {
  [ $failures = 0 ] && echo "all is well"
  exit $((failures > 0))
}
