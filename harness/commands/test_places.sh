#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# No name moves a figure: the same cells, run with another name of the result, another folder of the corpus and of
# the result, another HOME and a larger environment, take the same memory to the byte.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
if [ "$PHASEBENCH_SANITIZED" != 0 ]; then
  echo "skipped: a sanitized build's figures are never compared"
  exit 77
fi
mkdir code
cp "$PHASEBENCH_SOURCE_DIR"/harness/system/{heap,probe}.c code/
touch -d '2 days ago' code/*.c
long() { printf "$1%.0s" $(seq "$2"); }

run() { # run OUTPUT DIR [NAME=VALUE]...
  local output=$1 dir=$2
  shift 2
  env "$@" "$PHASEBENCH" run --dir "$dir" --combos baseline,p1+p2+p3+p4a,p1+p2+p3+p4a+p4b+p4c --reps 1 --profile strict \
    --no-instrument --quiet --restart --output "$output" 2> said || fail "$output: $(cat said)"
}
# Figures that do not vary between two equal runs: all but times, faults, peaks and what depends on them.
figures() {
  "$PHASEBENCH" metrics "$1" | awk -F'\t' '$4 ~ /allocated_bytes|^held_|^disk_bytes$|^tree_bytes$|^source_bytes$|^stage\..*_bytes$/ {print $2, $3, $4, $5}'
}
same() { # same FILE WHAT
  figures "$1" > now
  [ "$(wc -l < now)" -gt 200 ] || fail "only $(wc -l < now) figures are compared"
  diff first now > differ || fail "$2 moves figures: $(head -n 4 differ)"
}

run a.json code
figures a.json > first
run again.json code
same again.json "nothing at all"
run "$(long b 60).json" code
same "$(long b 60).json" "the length of the result's name"
mkdir -p "$(long d 100)/$(long e 100)"
cp -r --preserve=timestamps code "$(long d 100)/code"
run "$(long d 100)/$(long e 100)/r.json" code
same "$(long d 100)/$(long e 100)/r.json" "the length of the result's folder"
run c.json "$(long d 100)/code"
same c.json "the length of the corpus's folder"
run h.json code HOME="/$(long h 200)" TMPDIR="$PWD/$(long d 100)" PHASEBENCH_TEST_LARGE="$(long x 3000)"
same h.json "the environment"
