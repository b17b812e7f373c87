#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A module of a stage that is no longer in the tree stays in the build's folder of stages, and joined `cumulative`
# without a word: it is left out, and named. Where somebody chose the folder, all in it count.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
unset PHASEBENCH_STAGE_DIR
mkdir "$dir/build" "$dir/src"
cp -L "$PHASEBENCH" "$dir/build/phasebench"
cp -rL "$PHASEBENCH_BUILD_DIR/stages" "$PHASEBENCH_BUILD_DIR/grammars" "$dir/build"
# As if p2's folder had been removed, and the build made again.
sed -i '/^p2\.so$/d' "$dir/build/stages/stages.list"
printf 'int a;\n' >"$dir/src/a.c"
cd "$dir"
program=$dir/build/phasebench
"$program" stages >out 2>err || fail "stages: $(cat err)"
grep -q 'left out: p2.so in ' err || fail "the stray is not named: $(cat out err)"
grep -q '^p1 ' out || fail "the others are not listed: $(cat out)"
if grep -q '^p2 ' out; then fail "the stray is listed: $(cat out)"; fi
run() { "$program" run --dir src --profile strict --reps 1 --no-instrument --quiet --allow-unfit-build "$@" 2>err || fail "run $*: $(cat err)"; }
run --combos cumulative --output r.json
grep -q 'did not make it.*: p2.so in ' err || fail "the run does not name it: $(cat err)"
if grep -q '"combination":[[:space:]]*"[^"]*p2' r.json; then fail "the stray was measured"; fi
grep -q '"combination":[[:space:]]*"p1+p3' r.json || fail "the others were not measured"
run --combos build/stages/p2.so --output path.json
grep -q '"combination":[[:space:]]*"p2"' path.json || fail "named by its path it was not measured"
PHASEBENCH_STAGE_DIR=$dir/build/stages "$program" stages >out 2>err
grep -q '^p2 ' out || fail "a folder that was chosen: $(cat out err)"
[ ! -s err ] || fail "a folder that was chosen: $(cat err)"
echo "stray stages: named, and not counted"
