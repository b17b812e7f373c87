#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Reproduces the claims: installs, builds, fetches a corpus, measures every cumulative
# combination that exists, computes the context-mixing estimate, holds the published claims
# against it, and writes a report.
# A second run does only what is not finished.
#
#   scripts/reproduce.sh                       the default corpus, ts-1720
#   scripts/reproduce.sh --corpus python-stdlib
#   scripts/reproduce.sh --dir ~/src/project   a directory of your own
#   scripts/reproduce.sh --combos all --reps 1 --profile strict
#                                              every subset of the stages, for `phasebench attribution`
#   scripts/reproduce.sh --reps 5              other options go to `phasebench run`
set -euo pipefail
corpus=(--corpus ts-1720)
name=ts-1720
options=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) sed -n '3,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --corpus=* | --dir=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;&
    --corpus)
      [ $# -ge 2 ] && [ -n "$2" ] || { printf 'reproduce: %s needs a value\n' "$1" >&2; exit 2; }
      corpus=("$1" "$2") name=$(basename -- "$2" .json)
      shift 2 ;;
    --dir)
      [ $# -ge 2 ] && [ -n "$2" ] || { printf 'reproduce: %s needs a value\n' "$1" >&2; exit 2; }
      directory=$(realpath -e -- "$2") || exit 3 # before cd: it may be relative
      corpus=("$1" "$directory") name=dir-$(basename "$directory")
      shift 2 ;;
    --corpus=* | --dir=*) ;; # taken apart above; comes round again
    --output | --output=*) printf 'reproduce: the result goes to results/NAME.json\n' >&2; exit 2 ;;
    *) options+=("$1"); shift ;;
  esac
done

cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh release
phasebench=build/release/phasebench
if [ "${corpus[0]}" = --corpus ]; then "$phasebench" corpus fetch "${corpus[1]}"; fi

result=results/$name.json
report=reports/$name
# A failed cell (5) is in the result, and the report shows it: go on, and end with its code.
status=0
"$phasebench" run "${corpus[@]}" --combos cumulative --resume --output "$result" "${options[@]}" || status=$?
[ "$status" = 0 ] || [ "$status" = 5 ] || exit "$status"

# The same over two samples of a corpus, once, for the picture of memory over its size: where the run
# was told of samples or of other combinations, that was not asked for.
sizes=()
lines=$(grep -o '"lines":[[:space:]]*[0-9]*' "$result" | grep -o '[0-9]*$' | head -n 1)
if [ ${#options[@]} = 0 ]; then
  for size in 10000 100000; do
    [ "${lines:-0}" -gt $((2 * size)) ] || continue
    "$phasebench" run "${corpus[@]}" --combos cumulative --max-lines "$size" --reps 1 --profile strict --no-instrument \
      --resume --output "results/$name.$size-lines.json" > /dev/null || status=$?
    [ "$status" = 0 ] || [ "$status" = 5 ] || exit "$status"
    sizes+=("results/$name.$size-lines.json")
  done
fi

# The limit that the report draws: of the same contents, of at most 64 MiB of them. What the run was
# told besides (--exclude, --max-lines) can make these others; then there is no limit.
estimate=results/$name.estimate.json
hash_of() { grep -o "\"$1\":[[:space:]]*\"[0-9a-f]*\"" "$2" 2>/dev/null | grep -o '[0-9a-f]*"$' | head -n 1; }
wanted=$(hash_of content_hash "$result")
bytes=$(grep -o '"bytes":[[:space:]]*[0-9]*' "$result" | grep -o '[0-9]*$' | head -n 1) # the corpus's come first
sample=()
if [ "${bytes:-0}" -gt 67108864 ]; then sample=(--max-bytes 67108864); fi
if [ "$(hash_of corpus_content_hash "$estimate")" != "$wanted" ]; then
  "$phasebench" estimate "${corpus[@]}" "${sample[@]}" --json "$estimate" > /dev/null || status=$?
fi
limit=()
if [ "$(hash_of corpus_content_hash "$estimate")" = "$wanted" ]; then
  limit=(--estimate "$estimate")
else
  printf 'reproduce: no limit is drawn: it was measured over other files than the run\n' >&2
fi

echo
"$phasebench" claims "$result" || status=$?
echo
"$phasebench" report "${limit[@]}" "$result" "${sizes[@]}" -o "$report" || status=$?
printf '\nresult: %s\nreport: %s/index.html\n' "$result" "$report"
exit "$status"
