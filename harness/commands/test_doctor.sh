#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench doctor` as a command: exit codes, JSON, and what of an installation is missing.
set -euo pipefail
. "$PHASEBENCH_SOURCE_DIR/harness/testing/schema.sh"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fit_code=0
[ "$PHASEBENCH_SANITIZED" = 0 ] || fit_code=4 # a sanitized build is never fit

doctor() { # expected exit code, then arguments
  local expected=$1 code=0
  shift
  "$PHASEBENCH" doctor "$@" > out 2> errors || code=$?
  [ "$code" = "$expected" ] || fail "doctor $*: exit code $code, expected $expected: $(grep -A2 '^fail' out; cat errors)"
}
state() { # name: its state in the last JSON; the schema also says what `fit` means, and that a failure has a remedy
  validates doctor out || return
  python3 -c 'import json, sys
outcome = json.load(open("out"))
print([check["state"] for check in outcome["checks"] if check["name"] == sys.argv[1]][0])' "$1"
}

# 1. This machine is fit, whatever it warns of.
doctor "$fit_code"
tail -n 1 out | grep -qE '^(not )?fit to measure: [0-9]+ ok' || fail "the last line is: $(tail -n 1 out)"
[ "$(grep -cE '^(ok|warn|fail) ' out)" -ge 18 ] || fail "only: $(cat out)"
doctor "$fit_code" --json
[ "$(state stages)" = ok ] && [ "$(state grammars)" = ok ] || fail "stages, grammars: $(cat out)"
[ "$(state results)" != fail ] || fail "results: $(cat out)"
build=$(state build)
[ "$fit_code" = 4 ] || build=${build/ok/fail}
[ "$build" = fail ] || fail "a sanitized build is called fit"

# 2. What is missing is found, each alone.
mkdir empty broken
printf 'no module' > broken/p1.so
printf '{' > broken/c.json
for variable in PHASEBENCH_STAGE_DIR:stages PHASEBENCH_GRAMMAR_DIR:grammars PHASEBENCH_CORPORA_DIR:corpora; do
  for folder in empty broken nowhere; do
    export "${variable%:*}=$work/$folder"
    doctor 4 --json
    [ "$(state "${variable#*:}")" = fail ] || fail "$variable in $folder: $(state "${variable#*:}")"
    unset "${variable%:*}"
  done
done
PHASEBENCH_CACHE="$work/empty" doctor "$fit_code" --json
[ "$(state corpora)" = warn ] || fail "nothing is fetched, and that is $(state corpora)"
PATH=/nonexistent "$PHASEBENCH" doctor --json > out || [ $? = "$fit_code" ] || fail "without gnuplot: exit code $?"
[ "$(state gnuplot)" = warn ] || fail "gnuplot is not in PATH, and that is $(state gnuplot)"

# 3. Places to write to.
if [ "$(stat -f -c %T /dev/shm 2> /dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
  doctor "$fit_code" --json --results /dev/shm/phasebench-results-that-are-not-there/deep
  [ "$(state results)" = warn ] || fail "results in memory are $(state results)"
fi
doctor 4 --json --results /proc/self
[ "$(state results)" = fail ] || fail "results in /proc are $(state results)"

# 4. Another machine, and a wrong command line.
mkdir machine
doctor 4 --json --root "$work/machine"
[ "$(state smaps)" = fail ] || fail "a machine without /proc is fit"
doctor 2 --no-such-option
doctor 2 surplus
echo "doctor: fit machines, missing parts, places and exit codes are told"
