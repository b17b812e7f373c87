#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# fuzz.sh [MINUTES] - builds all fuzz targets with libFuzzer and the sanitizers, runs each for its share of the
# time (default: 10 minutes in all), and adds to the committed corpora what reaches new code, made small. A
# finding ends it with exit code 1, and lies in build/fuzz/findings.
set -euo pipefail
minutes=${1:-10}
case $minutes in
  '' | *[!0-9]* | 0) echo "usage: fuzz.sh [MINUTES], a whole number above 0" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
cmake --preset fuzz > /dev/null
cmake --build --preset fuzz > /dev/null
mapfile -t sources < <(find harness phases -path '*/fuzz/fuzz_*.c' | sort)
seconds=$((minutes * 60 / ${#sources[@]}))
[ $seconds -gt 0 ] || seconds=1
findings=$PWD/build/fuzz/findings
mkdir -p "$findings"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
for source in "${sources[@]}"; do
  name=$(basename "$source" .c)
  corpus=$(dirname "$source")/corpus/$name
  program=$(find build/fuzz/tests -name "${name}_*" -type f -executable | while read -r one; do
    room=${one##*"$name"_}
    case $source in */"$room"/fuzz/*) echo "$one" ;; esac
  done)
  [ -x "$program" ] || { echo "fuzz.sh: no program was built of $source" >&2; exit 1; }
  new=$work/$name
  mkdir -p "$new"
  if ! "$program" -max_total_time=$seconds -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$findings/$name-" "$new" "$corpus" > "$work/log" 2>&1; then
    bad=$((bad + 1))
    echo "FOUND by $name:"
    tail -n 40 "$work/log"
    continue
  fi
  before=$(find "$corpus" -type f | wc -l)
  find "$new" -type f -size +4095c -delete # what is committed stays small
  "$program" -set_cover_merge=1 "$corpus" "$new" > "$work/log" 2>&1 || { tail -n 20 "$work/log"; bad=$((bad + 1)); }
  echo "$name: $(find "$corpus" -type f | wc -l) inputs, $before before"
done
exit $((bad > 0))
