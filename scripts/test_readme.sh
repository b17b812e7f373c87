#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every command of README.md does what it says: all of its sh blocks run, in order, in a
# folder that looks like a clean clone that is built, with a home that has a small project in
# it. The three lines that install are not run from here: test.sh runs this test, and
# test_reproduce.sh runs reproduce.sh, which does what the line of setup.sh does. No result is
# there but those that the lines of README.md make.
set -euo pipefail
[ "${PHASEBENCH_SANITIZED:-0}" = 0 ] || exit 77 # it speaks of the release preset
case $PHASEBENCH_BUILD_DIR in */build/release) ;; *) exit 77 ;; esac
source=$PHASEBENCH_SOURCE_DIR

fail() { echo "FAILED: $*" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/clone/results" "$work/clone/reports" "$work/home/src/project/src"
for name in build phases corpora scripts; do ln -s "$source/$name" "$work/clone/$name"; done
cp -r "$source"/results/*.json "$source/results/baselines" "$work/clone/results/"
cp "$source"/reports/*.json "$work/clone/reports/"
printf 'int main(void) {\n  return 0;\n}\n' > "$work/home/src/project/src/main.c"
printf 'def add(a, b):\n    return a + b\n' > "$work/home/src/project/add.py"
export HOME=$work/home TMPDIR=$work PREFIX=$work/prefix
cd "$work/clone"

blocks=0 commands=0 not_here=0
block=''
while IFS= read -r line; do
  case $line in
    '```sh') block=' '; continue ;;
    '```')
      if [ -n "$block" ]; then
        blocks=$((blocks + 1))
        printf '%s' "$block" > "$work/block.sh"
        bash -euo pipefail "$work/block.sh" > "$work/log" 2>&1 < /dev/null ||
          fail "block $blocks of README.md ends with code $?: $(cat "$work/block.sh"): $(tail -n 8 "$work/log")"
      fi
      block=''; continue ;;
  esac
  [ -n "$block" ] || continue
  case $line in
    scripts/reproduce.sh* | scripts/test.sh* | scripts/setup.sh*) not_here=$((not_here + 1)) ;;
    *)
      commands=$((commands + 1))
      block+=${line//\/tmp\//$work/}$'\n' ;; # what the reader has in /tmp stays his
  esac
done < "$source/README.md"
echo "$blocks blocks, $commands lines run, $not_here not from here"
[ "$blocks" -eq "$(grep -c '^```sh$' "$source/README.md")" ] || fail "not every sh block of README.md was seen"
[ "$commands" -ge 20 ] && [ "$not_here" -eq 3 ] || fail "fewer lines were run than README.md has"
