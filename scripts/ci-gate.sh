#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Measures a directory or a corpus and compares it with a committed baseline; for CI. Copy it into a project, or call
# it where phasebench lies. Without options it gates this repository on its `quick` corpus.
#
#   scripts/ci-gate.sh [OPTION]... [-- OPTION OF `phasebench run`...]
#     --dir DIR           measure this directory. It changes with each commit, so unless --policy says otherwise only
#                         figures per line gate (corpus=per-line)
#     --corpus NAME       measure a corpus (default: quick)
#     --name NAME         the baseline's name (default: the corpus's name, or that of the directory)
#     --baselines DIR     where baselines lie (default: results/baselines beside the folder of this script)
#     --config FILE       metrics and thresholds (default: those of phasebench)
#     --policy WHAT=HOW    as for `phasebench gate`; may be given again (default: machine=ignore-times)
#     --out DIR           result.json, gate.md, gate.xml and gate.json go there (default: build/gate)
#     --phasebench FILE   the program (default: $PHASEBENCH, build/release/phasebench or the one in PATH)
#     --update            measure, and save that as the new baseline in place of comparing
#
# It measures in a place whose path always has the same length, since p4b keeps the paths of files, and those are
# memory: a directory is copied there (without .git), and so is the corpus quick.
#
# Exit codes are those of `phasebench gate` (its --help has them): 0 passed; 10 regression; 11 refuted claim; 12 missing
# or failed cell; 13 not comparable; 14 too few repetitions; 1 to 6 something else went wrong.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
say() { printf 'ci-gate: %s\n' "$*" >&2; }
corpus= directory= name= baselines=$root/results/baselines out=$root/build/gate program=${PHASEBENCH-} update=0
options=() treats=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) sed -n '3,25s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --update) update=1; shift; continue ;;
    --) shift; break ;;
    --dir | --corpus | --name | --baselines | --config | --policy | --out | --phasebench)
      [ $# -ge 2 ] && [ -n "$2" ] || { say "$1 needs a value"; exit 2; } ;;
    *) say "'$1': expected an option; --help lists them, those of \`phasebench run\` come after --"; exit 2 ;;
  esac
  case $1 in
    --dir) directory=$(realpath -e -- "$2") || exit 3 ;;
    --corpus) corpus=$2 ;;
    --name) name=$2 ;;
    --baselines) baselines=$2 ;;
    --config) options+=(--config "$2") ;;
    --policy) treats+=(--policy "$2") ;;
    --out) out=$2 ;;
    --phasebench) program=$2 ;;
  esac
  shift 2
done
if [ -z "$program" ]; then
  program=$root/build/release/phasebench
  [ -x "$program" ] || program=$(command -v phasebench) || { say "phasebench is not built and not in PATH"; exit 4; }
fi
program=$(realpath -e -- "$program") || exit 3
if [ -n "$directory" ]; then
  [ -z "$corpus" ] || { say "--dir and --corpus: expected one of them"; exit 2; }
  : "${name:=$(basename "$directory")}"
else
  : "${corpus:=quick}" "${name:=${corpus:-quick}}"
fi
# What would end the work after the measurement ends it before.
case $name in
  '' | .* | *[!A-Za-z0-9._-]* | result.json)
    say "'$name' cannot be a baseline's name: letters, digits, '.', '_' and '-'; give one with --name"; exit 2 ;;
esac
if [ "$update" = 0 ] && [ ! -e "$baselines/$name.json" ]; then
  say "there is no baseline $baselines/$name.json: run this with --update and commit what it writes"
  exit 3
fi
mkdir -p "$out" || exit 4
out=$(realpath -- "$out")
rm -f "$out/result.json" "$out/gate.md" "$out/gate.xml" "$out/gate.json" # an older outcome must not pass for this one
place=$(mktemp -d /tmp/phasebench-gate.XXXXXX)
trap 'rm -rf "$place"' EXIT

# ---- measure ----
measured=(--corpus "$corpus")
if [ -n "$directory" ]; then
  mkdir "$place/$name"
  tar -C "$directory" --exclude=./.git -cf - . | tar -C "$place/$name" -xf -
  measured=(--dir "$place/$name")
  [ ${#treats[@]} -gt 0 ] || treats=(--policy corpus=per-line --policy machine=ignore-times)
elif [ "$corpus" = quick ] && [ -d "$root/corpora/grammars/node_modules" ]; then
  mkdir -p "$place/corpora/grammars/node_modules"
  cp "$root/corpora/quick.json" "$place/corpora"
  # What quick leaves out is large. Its hash is checked: nothing else can be missing.
  tar -C "$root/corpora/grammars/node_modules" --exclude=parser.c --exclude=wasm-stdlib.h --exclude=prebuilds -cf - . |
    tar -C "$place/corpora/grammars/node_modules" -xf -
  export PHASEBENCH_CORPORA_DIR=$place/corpora
fi
[ ${#treats[@]} -gt 0 ] || treats=(--policy machine=ignore-times)
code=0
"$program" run "${measured[@]}" --combos cumulative --profile strict --reps 2 --quiet --output "$place/result.json" "$@" ||
  code=$?
# A failed cell (5) is in the result, and the gate tells of it.
[ "$code" = 0 ] || [ "$code" = 5 ] || exit "$code"
cp "$place/result.json" "$out/result.json"

# ---- save, or compare ----
if [ "$update" = 1 ]; then
  "$program" baseline save "$out/result.json" --name "$name" --dir "$baselines" --replace
  exit
fi
code=0
"$program" gate "$name" "$out/result.json" --dir "$baselines" "${treats[@]}" "${options[@]}" \
  --markdown "$out/gate.md" --junit "$out/gate.xml" --json "$out/gate.json" || code=$?
say "exit code $code; $out has $(cd "$out" && echo *)"
exit "$code"
