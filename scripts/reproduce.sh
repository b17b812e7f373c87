#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Reproduces the claims: installs, builds, fetches a corpus, measures every cumulative
# combination that exists, holds the published claims against it, and writes a report.
# A second run does only what is not finished.
#
#   scripts/reproduce.sh                       the default corpus, ts-1720
#   scripts/reproduce.sh --corpus python-stdlib
#   scripts/reproduce.sh --dir ~/src/project   a directory of your own
#   scripts/reproduce.sh --reps 5              other options go to `phasebench run`
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=(--corpus ts-1720)
name=ts-1720
options=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) sed -n '3,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --corpus | --dir)
      [ $# -ge 2 ] || { printf 'reproduce: %s needs a value\n' "$1" >&2; exit 2; }
      corpus=("$1" "$2")
      name=$(basename "$2")
      shift 2 ;;
    *) options+=("$1"); shift ;;
  esac
done

scripts/setup.sh
scripts/build.sh release
phasebench=build/release/phasebench
if [ "${corpus[0]}" = --corpus ]; then "$phasebench" corpus fetch "$name"; fi

result=results/$name.json
report=reports/$name
"$phasebench" run "${corpus[@]}" --combos cumulative --resume --output "$result" "${options[@]}"
echo
"$phasebench" claims "$result"
echo
"$phasebench" report "$result" -o "$report"
printf '\nresult: %s\nreport: %s\n' "$result" "$report"
