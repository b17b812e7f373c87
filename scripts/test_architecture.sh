#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the papers name is there: every path in backticks, every identifier with an underscore in
# backticks, and every file that a link leads to. README.md and ARCHITECTURE.md keep their lengths.
# CHANGELOG.md and results/experiments/ tell of the past, so only their links are looked at.
set -euo pipefail
cd "${PHASEBENCH_SOURCE_DIR:-$(dirname "$0")/..}"
failures=0 checked=0
wrong() { echo "$*"; failures=$((failures + 1)); }

# A path is taken from the project's folder, or from the paper's own.
check_names() {
  local paper=$1 word
  while read -r word; do
    case $word in
      build/* | /* | '~'* | *NAME* | *'*'* | -* | [a-z]*.[a-z]*_bytes=*) continue ;;
      */* | *.md)
        checked=$((checked + 1))
        [ -e "$word" ] || [ -e "$(dirname "$paper")/$word" ] || wrong "$paper names '$word', which does not exist" ;;
      *_*)
        checked=$((checked + 1))
        grep -rqwF --include='*.[ch]' --include='*.cmake' --include='*.json' --include=CMakeLists.txt -- "${word%%(*}" \
          harness phases corpora/CMakeLists.txt scripts results CMakePresets.json 2>/dev/null ||
          wrong "$paper names '$word', which no source mentions" ;;
    esac
  done < <(grep -oE '`[^` ]+`' "$paper" | tr -d '`' | sort -u)
}

check_links() {
  local paper=$1 target
  while read -r target; do
    case $target in http*://*) continue ;; esac
    checked=$((checked + 1))
    [ -e "$(dirname "$paper")/${target%%#*}" ] || wrong "$paper links to '$target', which does not exist"
  done < <(grep -oE '\]\([^) ]+\)' "$paper" | sed 's/^](//; s/)$//' | sort -u)
}

check_length() {
  local lines
  lines=$(wc -l < "$1")
  [ "$lines" -le "$2" ] || wrong "$1 has $lines lines: at most $2"
}

for paper in README.md ARCHITECTURE.md results/README.md results/MEASUREMENTS.md {phases,harness}/*/README.md; do
  check_names "$paper"
  check_links "$paper"
done
for paper in CHANGELOG.md results/experiments/*.md corpora/README.md reports/README.md; do check_links "$paper"; done
check_length README.md 130
check_length ARCHITECTURE.md 150
for paper in phases/*/README.md; do check_length "$paper" 80; done
echo "$checked names and links checked, $failures wrong"
[ "$checked" -gt 100 ] && [ "$failures" -eq 0 ]
