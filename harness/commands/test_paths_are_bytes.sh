#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Paths are bytes: a folder whose name is Latin-1, has a backslash or a line end in it, as corpus, as the result's place,
# as the current folder, as place of stages and grammars, and as cache. Every cell of such a run failed once.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "FAILED: $*" >&2; exit 1; }
beside=$(dirname "$PHASEBENCH")
mkdir -p plain
printf 'int a;\n' > plain/a.c
few=(--combos baseline,p1,p1+p2+p3+p4a+p4b --profile strict --reps 1 --no-instrument --quiet --allow-unfit-build)
run() { # WHAT ARGUMENT...
  local what=$1
  shift
  "$PHASEBENCH" run "${few[@]}" "$@" > out 2>&1 || fail "$what: exit code $?: $(cat out)"
}
for name in $'caf\351' 'back\slash' '\xe9' $'two\nlines' $'\351\377 \\'; do
  mkdir -p "$name/src"
  printf 'int a;\n' > "$name/src/$name.c"
  run "corpus '$name'" --dir "$name/src" --output r.json
  run "output '$name'" --dir plain --output "$name/r.json"
  run "restart of '$name'" --dir plain --output "$name/r.json" --restart
  (cd "$name" && run "current folder '$name'" --dir ../plain) || exit 1
  cp -rL "${PHASEBENCH_STAGE_DIR:-$beside/stages}" "$name/stages"
  cp -rL "${PHASEBENCH_GRAMMAR_DIR:-$beside/grammars}" "$name/grammars"
  run "a stage in '$name'" --dir plain --output t.json --combos "./$name/stages/p1.so"
  PHASEBENCH_STAGE_DIR="$dir/$name/stages" PHASEBENCH_GRAMMAR_DIR="$dir/$name/grammars" run "stages in '$name'" --dir plain --output s.json
  "$PHASEBENCH" metrics "$name/r.json" > out 2>&1 || fail "metrics of '$name': $(cat out)"
  "$PHASEBENCH" report "$name/r.json" -o "$name/report" > out 2>&1 || fail "report into '$name': $(cat out)"
  [ "${PHASEBENCH_SANITIZED:-0}" != 0 ] || # figures of such a build are never compared
    "$PHASEBENCH" gate "./$name/r.json" "$name/r.json" > out 2>&1 || fail "gate of '$name': $(cat out)"
  "$PHASEBENCH" store build --dir "$name/src" -o "$name/s.store" > out 2>&1 || fail "store of '$name': $(cat out)"
  "$PHASEBENCH" store verify --sources "$name/s.store" > out 2>&1 || fail "verify of '$name': $(cat out)"
done
echo "paths are bytes: names of every kind, in every place"
