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
# memory. It lies in $TMPDIR or /tmp. Of a directory it gets what `phasebench corpus show --files` lists: sources that
# can be read and that git does not leave out, and nothing else; what else was left out is said.
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
    -h | --help) sed -n '3,26s/^# \{0,1\}//p' "$0"; exit 0 ;;
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
  '' | .* | -* | *[!A-Za-z0-9._-]* | result.json)
    say "'$name' cannot be a baseline's name: letters, digits, '.', '_' and '-', which does not begin it; give one with --name"; exit 2 ;;
esac
# A path that begins with `-` would be an option to the programs that get it.
case $baselines in -*) baselines=./$baselines ;; esac
case $out in -*) out=./$out ;; esac
if [ "$update" = 0 ] && [ ! -e "$baselines/$name.json" ]; then
  say "there is no baseline $baselines/$name.json: run this with --update and commit what it writes"
  exit 3
fi
mkdir -p "$out" || exit 4
out=$(realpath -- "$out")
rm -f "$out/result.json" "$out/gate.md" "$out/gate.xml" "$out/gate.json" # an older outcome must not pass for this one

# ---- the place ----
place_bytes=27 # of its path: /tmp/phasebench-gate.XXXXXX
temporary=$(realpath -e -- "${TMPDIR:-/tmp}") || { say "TMPDIR is no folder: ${TMPDIR-}"; exit 4; }
room=$((place_bytes - ${#temporary} - 1))
if [ "$room" -ge 9 ]; then
  printf -v template '%-*s' $((room - 6)) 'phasebench-gate.'
  template=${template// /.}
  template=${template:0:room-6}XXXXXX
else
  template=phasebench-gate.XXXXXX
  say "the path of TMPDIR is long: memory of stages that keep paths of files is not that of baselines from elsewhere"
fi
place=$(mktemp -d "$temporary/$template") || { say "cannot make a folder in $temporary; TMPDIR names another place"; exit 4; }
trap 'rm -rf "$place"' EXIT
cannot_copy() { say "cannot copy $1 to $place (is the disk full? TMPDIR names another place)"; exit 4; }

# Copies the files that would be measured. `corpus show` writes control bytes, and what is no UTF-8, as \xNN, and a
# backslash as two, which is what %b reads. A file that grows or goes meanwhile is no reason to end.
copy_sources() {
  local path copied said="$place/said" code=0
  "$program" corpus show --dir "$directory" > "$said" || exit
  sed -n '/^left out:/,/^$/{ /unknown_extension/d; s/^/ci-gate: /p; }' "$said" >&2
  "$program" corpus show --files --dir "$directory" > "$said" || exit
  while IFS= read -r path; do
    printf '%b\0' "$path"
  done < "$said" > "$place/list"
  mkdir -- "$place/$name" && : > "$place/tar" || cannot_copy "$directory"
  tar -C "$directory" --null --verbatim-files-from --no-recursion --ignore-failed-read -T "$place/list" -cf - 2> "$place/tar" |
    tar -C "$place/$name" -xf - || code=$?
  copied=$(find "$place/$name" -type f | wc -l)
  # 1: some files changed while they were read. What matters is that all are there.
  [ "$code" -le 1 ] || { cat "$place/tar" >&2; cannot_copy "$directory"; }
  [ ! -s "$place/tar" ] || { say "while the sources were copied, tar said:"; head -n 5 "$place/tar" >&2; }
  [ "$copied" = "$(wc -l < "$said")" ] || say "of $(wc -l < "$said") files $copied are measured; the others went or cannot be read"
  rm -f -- "$said" "$place/list" "$place/tar"
}

# ---- measure ----
measured=(--corpus "$corpus")
if [ -n "$directory" ]; then
  copy_sources
  measured=(--dir "$place/$name")
  [ ${#treats[@]} -gt 0 ] || treats=(--policy corpus=per-line --policy machine=ignore-times)
elif [ "$corpus" = quick ] && [ -d "$root/corpora/grammars/node_modules" ]; then
  mkdir -p "$place/corpora/grammars/node_modules"
  cp "$root/corpora/quick.json" "$place/corpora"
  # What quick leaves out is large. Its hash is checked: nothing else can be missing.
  tar -C "$root/corpora/grammars/node_modules" --exclude=parser.c --exclude=wasm-stdlib.h --exclude=prebuilds -cf - . |
    tar -C "$place/corpora/grammars/node_modules" -xf - || cannot_copy "the corpus quick"
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
