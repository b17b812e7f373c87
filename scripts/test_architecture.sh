#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every path that README.md and ARCHITECTURE.md name in backticks exists, and every
# identifier with an underscore in backticks occurs in the sources.
set -euo pipefail
cd "${PHASEBENCH_SOURCE_DIR:-$(dirname "$0")/..}"
failures=0 checked=0
for document in README.md ARCHITECTURE.md; do
  while read -r word; do
    case $word in
      build/* | /* | '~'* | *NAME* | *'*'* | -*) continue ;;
      */* | *.md)
        checked=$((checked + 1))
        [ -e "$word" ] || { echo "$document names '$word', which does not exist"; failures=$((failures + 1)); } ;;
      *_*)
        checked=$((checked + 1))
        grep -rqwF --include='*.[ch]' --include='*.cmake' --include='*.json' --include=CMakeLists.txt -- "${word%%(*}" \
          harness phases corpora/CMakeLists.txt scripts results CMakePresets.json 2>/dev/null ||
          { echo "$document names '$word', which no source mentions"; failures=$((failures + 1)); } ;;
    esac
  done < <(grep -oE '`[^` ]+`' "$document" | tr -d '`' | sort -u)
done
echo "$checked names checked, $failures wrong"
[ "$checked" -gt 10 ] && [ "$failures" -eq 0 ]
