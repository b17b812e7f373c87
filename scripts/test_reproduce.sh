#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/reproduce.sh on a folder of one's own: a relative path is relative to where it
# is called from, the result is named after the folder, a second run measures nothing,
# and a failed cell still ends in a report.
set -euo pipefail
[ "${PHASEBENCH_SANITIZED:-0}" = 0 ] || exit 77 # it builds and runs the release preset
source=$PHASEBENCH_SOURCE_DIR
case $PHASEBENCH_BUILD_DIR in */build/release) ;; *) exit 77 ;; esac

fail() { echo "FAILED: $*" >&2; exit 1; }
work=$(mktemp -d)
name=dir-test-reproduce-$$
trap 'rm -rf "$work" "$source/results/$name.json" "$source/results/$name.estimate.json" "$source/results/$name.json.cells" "$source/reports/$name"' EXIT
mkdir "$work/test-reproduce-$$"
printf 'int main(void) {\n\treturn 0;\n}\n' > "$work/test-reproduce-$$/a.c"
cd "$work"
run() { "$source/scripts/reproduce.sh" "$@" --reps 1 --profile strict > "$work/log" 2>&1; }

run --dir "test-reproduce-$$" || fail "a relative folder: $(tail -n 5 "$work/log")"
tr -d ' \t' < "$source/results/$name.json" | grep -c '"files":1,' > /dev/null || fail "another folder was measured"
[ -s "$source/reports/$name/report.md" ] || fail "there is no report"
[ "$(tail -n 1 "$work/log")" = "report: reports/$name/index.html" ] || fail "it does not end with the page: $(tail -n 1 "$work/log")"
[ -s "$source/reports/$name/index.html" ] || fail "there is no page"
grep -q 'The limit, [0-9]' "$source/reports/$name/index.html" || fail "the page has no limit"
cksum "$source/results/$name.json" > "$work/before"
run --dir="$PWD/test-reproduce-$$" || fail "a second run: $(tail -n 5 "$work/log")"
cksum "$source/results/$name.json" | cmp -s - "$work/before" || fail "a second run measured again"

rm -rf "$source/results/$name.json" "$source/reports/$name"
run --dir "test-reproduce-$$" --combos baseline,each || fail "other combinations: $(tail -n 5 "$work/log")"
tr -d ' \t\n' < "$source/results/$name.json" | grep -q '"combinations":\["baseline","p1","p2","p3","p4a","p4b","p4c"' ||
  fail "--combos did not reach the run"

rm -rf "$source/results/$name.json" "$source/reports/$name"
code=0
run --dir "test-reproduce-$$" --timeout 0.001 || code=$?
[ "$code" = 5 ] || fail "failed cells: exit code $code, expected 5: $(tail -n 5 "$work/log")"
grep -q FAILED "$source/reports/$name/report.txt" || fail "the report does not show what failed"

code=0
run --dir nowhere || code=$?
[ "$code" = 3 ] || fail "a folder that is not there: exit code $code, expected 3"
for wrong in --dir --corpus= --output=x; do
  code=0
  "$source/scripts/reproduce.sh" "$wrong" > "$work/log" 2>&1 || code=$?
  [ "$code" = 2 ] || fail "$wrong: exit code $code, expected 2"
done
echo "reproduce.sh measures the folder it is given, once, and reports failures"
