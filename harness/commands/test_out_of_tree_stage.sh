#!/bin/bash
# SPDX-License-Identifier: MIT
# What the README promises: the skeleton is copied out of the tree, renamed, built on its
# own (with CMake, and with one gcc command) and measured in a cell.
set -euo pipefail

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
headers="$PHASEBENCH_SOURCE_DIR/phases"
tree_sitter="$PHASEBENCH_SOURCE_DIR/corpora/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib/include"
unfit=()
[ "$PHASEBENCH_SANITIZED" = 0 ] || unfit=(--allow-unfit-build)

mkdir "$work/code"
cp "$PHASEBENCH_SOURCE_DIR"/phases/skeleton/*.[ch] "$work/code"
printf 'def f(x):\n    return [x, "é"]\n' > "$work/code/a.py"

# 1. Copied, but not renamed: the message says what to do.
cp -r "$PHASEBENCH_SOURCE_DIR/phases/skeleton" "$work/mystage"
cd "$work"
cmake -G Ninja -S mystage -B build -DPHASEBENCH_STAGE_H_DIR="$headers" -DTREE_SITTER_INCLUDE_DIR="$tree_sitter" > cmake.log 2>&1 ||
  fail "configuring the copy: $(tail -n 20 cmake.log)"
cmake --build build > build.log 2>&1 || fail "building the copy: $(tail -n 20 build.log)"
code=0
"$PHASEBENCH" run --dir code --combos build/mystage.so --reps 1 --profile strict --output r.json "${unfit[@]}" \
  > run.log 2>&1 || code=$?
[ "$code" = 3 ] || fail "a module with another stage's name: exit code $code, expected 3: $(cat run.log)"
grep -q "must be skeleton.so" run.log || fail "the message does not name the file that it must be: $(cat run.log)"

# 2. Renamed: measured, and proved, beside the baseline.
sed -i 's/\.name = "skeleton"/.name = "mystage"/' mystage/skeleton.c
cmake --build build > build.log 2>&1 || fail "building the renamed copy: $(tail -n 20 build.log)"
measure() { # module
  "$PHASEBENCH" run --dir code --combos "baseline,$1" --reps 1 --profile strict --no-instrument --output r.json \
    "${unfit[@]}" > run.log 2>&1 || fail "measuring $1: $(cat run.log)"
  "$PHASEBENCH" metrics r.json > metrics.tsv || fail "no metrics of $1"
  awk -F'\t' '$2 == "mystage" && $4 == "nodes_compared" && $5 > 1000 { nodes = 1 }
              $2 == "mystage" && $4 == "mismatches" && $5 == 0 { same = 1 }
              END { exit !(nodes && same) }' metrics.tsv || fail "$1 was not proved: $(grep mystage metrics.tsv)"
  rm -f r.json
}
measure build/mystage.so

# 3. The same without CMake.
mkdir plain
gcc -std=gnu11 -O2 -shared -fPIC -fvisibility=hidden -I "$headers" -I "$tree_sitter" \
  -o plain/mystage.so mystage/skeleton.c mystage/records.c mystage/cursor.c
measure plain/mystage.so

# 4. Its test, with the checks of the build: passed by the copy.
sanitize=()
[ "$PHASEBENCH_SANITIZED" = 0 ] || sanitize=(-fsanitize=address,undefined)
gcc -std=gnu11 -O2 "${sanitize[@]}" -I "$headers" -I "$headers/kit/testing" -I "$tree_sitter" -o plain/test mystage/*.c \
  "$PHASEBENCH_BUILD_DIR/phases/kit/libphasebench_stage_check.a" -L "$PHASEBENCH_BUILD_DIR/lib" -ltree-sitter -ldl \
  -Wl,-rpath,"$PHASEBENCH_BUILD_DIR/lib"
plain/test > test.log 2>&1 || fail "its test: $(cat test.log)"
echo "the skeleton was copied, built, tested and measured outside the tree, with CMake and with gcc"
