#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_ignore_git.sh - 60 directory trees with .gitignore files made of awkward patterns,
# from a fixed seed: the files that phasebench takes are those that git would add, of the tree and of each
# folder in it, for which the patterns above it count (a build's leavings were once measured with --dir src).
set -euo pipefail
command -v git > /dev/null || { echo "git is not installed"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_CONFIG_NOSYSTEM=1 HOME=$scratch
RANDOM=20240229
names=(a b ab a.c foo foo.c bar build x.h)
patterns=('a' '*.c' '!foo.c' '/a' 'a/' '/a/' 'a/b' 'a/*' 'a/**' '**/b' '**/a/b' 'a/**/b' '*/b' '/*/b/' '!a/' '!/a/b'
  'b*' '?b' '[ab]' '[!a]*' '*' '!*/' '!*.h' '**' '/**' '**/' 'foo/**/x.h' '\!a' '#a' '\a' 'a ' 'a\ ' 'build/' '!build/'
  '*/' '/foo*' 'a**b' '[a-c]*/' '!**/x.h' '/' 'b/*/a.c' '**/**/b' 'a/**/' 'x.[ch]')
pick() { local -n list=$1; picked=${list[RANDOM % ${#list[@]}]}; }
compared=0 folders=0
for round in $(seq 60); do
  tree=$scratch/$round
  mkdir "$tree"
  git -C "$tree" init -q
  printf 'x\n' > "$tree/always.c"
  for ((file = 0; file < 25; file++)); do
    path=$tree
    for ((depth = RANDOM % 4; depth > 0; depth--)); do pick names; path=$path/$picked; done
    mkdir -p "$path" 2> /dev/null || continue
    pick names
    [ -d "$path/$picked.c" ] || printf 'x\n' > "$path/$picked.c"
  done
  while read -r directory; do
    [ $((RANDOM % 3)) = 0 ] || [ "$directory" = "$tree" ] || continue
    for ((lines = 1 + RANDOM % 4; lines > 0; lines--)); do pick patterns; printf '%s\n' "$picked"; done > "$directory/.gitignore"
  done < <(find "$tree" -type d -not -path '*/.git*' | LC_ALL=C sort)
  git -C "$tree" ls-files -co --exclude-standard | grep '\.c$' | LC_ALL=C sort > "$scratch/git" || true
  "$PHASEBENCH" corpus show --files --dir "$tree" > "$scratch/ours" 2> "$scratch/error" ||
    grep -q "was left out" "$scratch/error" || { cat "$scratch/error" >&2; exit 1; }
  if ! diff "$scratch/git" "$scratch/ours"; then
    echo "FAILED: tree $round, git (<) and phasebench (>) differ; the patterns:" >&2
    find "$tree" -name .gitignore -not -path '*/.git/*' -exec grep -H '' {} + >&2
    exit 1
  fi
  compared=$((compared + $(wc -l < "$scratch/git")))
  [ $((round % 5)) = 0 ] || continue # the folders too, of some
  while read -r folder; do
    # A folder that is left out itself is measured when it is named, by its own patterns only.
    ! git -C "$tree" check-ignore -q --no-index "$folder" || continue
    git -C "$folder" ls-files -co --exclude-standard | grep '\.c$' | LC_ALL=C sort > "$scratch/git" || true
    "$PHASEBENCH" corpus show --files --dir "$folder" > "$scratch/ours" 2> "$scratch/error" ||
      grep -qE "was left out|is empty" "$scratch/error" || { cat "$scratch/error" >&2; exit 1; }
    diff "$scratch/git" "$scratch/ours" || { echo "FAILED: folder $folder, git (<) and phasebench (>) differ" >&2; exit 1; }
    folders=$((folders + 1))
  done < <(find "$tree" -mindepth 1 -type d -not -path '*/.git*' | LC_ALL=C sort)
done
[ "$compared" -gt 100 ] || { echo "FAILED: only $compared files were compared" >&2; exit 1; }
[ "$folders" -gt 100 ] || { echo "FAILED: only $folders folders were compared" >&2; exit 1; }

# ---- a folder that is named though a pattern above leaves it out; no working tree, no patterns from above ----
mkdir -p "$scratch/named/out/in" "$scratch/plain/src"
git -C "$scratch/named" init -q
printf 'out/*\n*.x.c\n' > "$scratch/named/.gitignore"
printf '*.c\n' > "$scratch/plain/.gitignore"
touch "$scratch/named/out/in/a.c" "$scratch/named/out/in/b.x.c" "$scratch/plain/src/a.c"
printf 'int a;\n' | tee "$scratch/named/out/in/a.c" > "$scratch/plain/src/a.c"
[ "$("$PHASEBENCH" corpus show --files --dir "$scratch/named/out/in" | tr '\n' ' ')" = "a.c b.x.c " ] ||
  { echo "FAILED: a folder that is left out, and named" >&2; exit 1; }
[ "$("$PHASEBENCH" corpus show --files --dir "$scratch/plain/src")" = a.c ] || { echo "FAILED: patterns without a working tree" >&2; exit 1; }
(cd "$scratch/named" && mkdir sub && cp out/in/a.c sub/a.c && cp out/in/a.c sub/b.x.c)
[ "$(cd "$scratch/named/sub" && "$PHASEBENCH" corpus show --files --dir .)" = a.c ] || { echo "FAILED: a relative --dir" >&2; exit 1; }
echo "the same as git on 60 trees, $compared files; $folders folders in them"
