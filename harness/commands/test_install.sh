#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is installed works where it was moved to, without the build and the source tree: it measures, it is fit, it
# has the corpus `quick`, and stages are written against it with CMake and with pkg-config.
set -euo pipefail

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unfit=() fit_code=0
[ "$PHASEBENCH_SANITIZED" = 0 ] || { unfit=(--allow-unfit-build); fit_code=4; }

cmake --install "$PHASEBENCH_BUILD_DIR" --prefix "$work/first" > "$work/install.log" 2>&1 ||
  fail "cmake --install: $(tail -n 20 "$work/install.log")"
mv "$work/first" "$work/a place"
prefix="$work/a place"
program="$prefix/bin/phasebench"
unset PHASEBENCH_STAGE_DIR PHASEBENCH_GRAMMAR_DIR PHASEBENCH_CORPORA_DIR PHASEBENCH_REPORTS_DIR
cd "$work"

# 1. All that is promised is there, and nothing of it leads back to where it was built.
for path in share/man/man1/phasebench.1 share/bash-completion/completions/phasebench share/zsh/site-functions/_phasebench \
  include/phasebench/stage.h include/phasebench/stage_check.h include/phasebench/tree_sitter/api.h \
  lib/libphasebench_stage_check.a share/pkgconfig/phasebench-stage.pc share/pkgconfig/phasebench-stage-check.pc \
  lib/cmake/phasebench/phasebench-config.cmake share/phasebench/reports/claims.json share/phasebench/results/gate.json \
  share/phasebench/results/result.schema.json share/phasebench/corpora/ts-1720/package-lock.json \
  share/phasebench/skeleton/skeleton.c share/phasebench/skeleton/test_skeleton.c; do
  [ -s "$prefix/$path" ] || fail "$path is not installed"
done
for script in "$PHASEBENCH_SOURCE_DIR"/reports/*.gp; do
  [ -f "$prefix/share/phasebench/reports/${script##*/}" ] || fail "${script##*/} is not installed"
done
[ -x "$prefix/share/phasebench/corpora/fetch.sh" ] || fail "fetch.sh cannot be run"
for built in "$PHASEBENCH_BUILD_DIR"/stages/*.so "$PHASEBENCH_BUILD_DIR"/grammars/*.so; do
  folder=$(basename "$(dirname "$built")")
  [ -f "$prefix/lib/phasebench/$folder/${built##*/}" ] || fail "$folder/${built##*/} is not installed"
done
while read -r file; do
  if readelf -d "$file" | grep -E 'RUNPATH|RPATH' | grep -qv '\[\$ORIGIN'; then fail "$file: a library path of the build"; fi
done < <(find "$prefix/bin" "$prefix/lib" -type f \( -name '*.so' -o -name phasebench \))
find "$prefix/lib" "$prefix/bin" "$prefix/share" -name '*.pc' -o -name '*.cmake' -o -name '*.1' | while read -r file; do
  if grep -qF -e "$work/first" -e "$PHASEBENCH_SOURCE_DIR" "$file"; then fail "$file names where it was made"; fi
done

# 2. It reads its own manifests and not those of the source tree, and the corpus that comes with it is whole.
"$program" corpus verify quick > verify.log 2>&1 || fail "the installed corpus quick: $(cat verify.log)"
rm "$prefix/share/phasebench/corpora/linux.json"
"$program" corpus list > list
grep -q '^linux-10m ' list || fail "the corpora are not listed: $(cat list)"
if grep -q '^linux ' list; then fail "the source tree's manifests are read"; fi
"$program" stages > stages
[ "$(grep -c '^[a-z]' stages)" = "$(ls "$PHASEBENCH_BUILD_DIR"/stages/*.so | wc -l)" ] || fail "stages: $(cat stages)"

# 3. It measures, tells a claim, and finds itself fit.
mkdir code results
printf 'int main(void) { return 0; }\n' > code/a.c
printf 'def f(x):\n    return [x, "é"]\n' > code/b.py
measure() { # combinations, the last of them
  rm -f results/code.json
  "$program" run --dir code --combos "$1" --reps 1 --profile strict --no-instrument --output results/code.json \
    "${unfit[@]}" > run.log 2>&1 ||
    fail "measuring $1: $(cat run.log)"
  "$program" metrics results/code.json > metrics.tsv || fail "no metrics of $1"
  awk -F'\t' -v name="$2" '$2 == name && $4 == "nodes_compared" && $5 > 50 { nodes = 1 }
                           $2 == name && $4 == "mismatches" && $5 == 0 { same = 1 }
                           END { exit !(nodes && same) }' metrics.tsv || fail "$2 was not proved: $(grep -E "compared|mismatches" metrics.tsv)"
}
measure baseline,p1+p2+p3+p4a p1+p2+p3+p4a
"$program" claims results/code.json > claims.log 2>&1 || fail "claims: $(cat claims.log)"
code=0
"$program" doctor --json > doctor.json || code=$?
[ "$code" = "$fit_code" ] || fail "doctor: exit code $code, expected $fit_code: $(cat doctor.json)"
python3 - "$prefix" << 'PYTHON' || fail "doctor: $(cat doctor.json)"
import json, sys
checks = {check["name"]: check for check in json.load(open("doctor.json"))["checks"]}
for name in ("stages", "grammars"):
    assert checks[name]["state"] == "ok" and sys.argv[1] + "/lib/phasebench/" + name in checks[name]["found"], checks[name]
PYTHON
if command -v gnuplot > /dev/null; then
  "$program" report results/code.json -o drawn > report.log 2>&1 || fail "report: $(cat report.log)"
  [ -s drawn/report.md ] || fail "no report was written"
fi

# 4. A stage of one's own, from the installed skeleton: CMake's package. It is measured, its test is built with the
# installed checks and passes, and a copy that lies fails it.
sanitize=()
[ "$PHASEBENCH_SANITIZED" = 0 ] || sanitize=(-fsanitize=address,undefined)
cp -r "$prefix/share/phasebench/skeleton" mystage
sed -i 's/\.name = "skeleton"/.name = "mystage"/' mystage/skeleton.c
cmake -G Ninja -S mystage -B build -DCMAKE_PREFIX_PATH="$prefix" "-DCMAKE_EXE_LINKER_FLAGS=${sanitize[*]}" > cmake.log 2>&1 ||
  fail "configuring a stage: $(tail -n 20 cmake.log)"
cmake --build build > build.log 2>&1 || fail "building a stage: $(tail -n 20 build.log)"
grep -q "phasebench_DIR:PATH=$prefix" build/CMakeCache.txt || fail "another phasebench was found"
(unset PHASEBENCH_BUILD_DIR && ctest --test-dir build --output-on-failure) > ctest.log 2>&1 || fail "the stage's test: $(cat ctest.log)"
grep -q "1 tests passed\|0 tests failed out of 1" ctest.log || fail "no test of the stage was run: $(cat ctest.log)"
measure baseline,build/mystage.so mystage
cp -r mystage liar
sed -i 's/\.parent, cursor->depth - 1);/.parent, cursor->depth);/' liar/cursor.c
if cmp -s mystage/cursor.c liar/cursor.c; then fail "cursor.c has no such line to change"; fi
cmake -G Ninja -S liar -B liar_build -DCMAKE_PREFIX_PATH="$prefix" "-DCMAKE_EXE_LINKER_FLAGS=${sanitize[*]}" > cmake.log 2>&1 ||
  fail "configuring a liar: $(tail -n 20 cmake.log)"
cmake --build liar_build > build.log 2>&1 || fail "building a liar: $(tail -n 20 build.log)"
if (unset PHASEBENCH_BUILD_DIR && ctest --test-dir liar_build --output-on-failure) > ctest.log 2>&1; then fail "a liar passes its test"; fi
grep -q "parent, node [0-9]*: depth is" ctest.log || fail "the test does not say what is wrong: $(cat ctest.log)"

# 5. The same with pkg-config, which writes a space in a path as "\ ".
flags=$(PKG_CONFIG_PATH="$prefix/share/pkgconfig" pkg-config --cflags phasebench-stage) || fail "pkg-config finds nothing"
mkdir plain
eval "gcc -std=gnu11 -O2 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden $flags -o plain/mystage.so mystage/skeleton.c mystage/records.c mystage/cursor.c" ||
  fail "gcc with $flags"
measure baseline,plain/mystage.so mystage
flags=$(PKG_CONFIG_PATH="$prefix/share/pkgconfig" pkg-config --cflags --libs phasebench-stage-check) || fail "pkg-config has no checks"
eval "gcc -std=gnu11 -O2 -Wall -Wextra -Werror ${sanitize[*]} -o plain/test mystage/*.c $flags" || fail "gcc with $flags"
grammars=$(PKG_CONFIG_PATH="$prefix/share/pkgconfig" pkg-config --variable=grammardir phasebench-stage-check)
(unset PHASEBENCH_BUILD_DIR && PHASEBENCH_GRAMMAR_DIR=${grammars//\\ / } plain/test) > test.log 2>&1 || fail "its test: $(cat test.log)"
PKG_CONFIG_PATH="$prefix/share/pkgconfig" pkg-config --exact-version "$("$program" version | awk '{ print $2; exit }')" phasebench-stage ||
  fail "pkg-config tells another version than the program"
echo "installed, moved, measured; stages were built with CMake's package and with pkg-config"
