#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The completion of command lines: its function is called as bash would call it. The words that bash makes of a
# line are cut at '=' as well. zsh only where it is installed.
set -uo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 checked=0
# shellcheck source=/dev/null
source "$PHASEBENCH_SOURCE_DIR/scripts/completion/phasebench.bash" || exit 1
[ "$(complete -p phasebench)" = "complete -F _phasebench phasebench" ] || { echo "not registered"; exit 1; }
mkdir -p "$work/here/results/baselines" "$work/here/sources"
touch "$work/here/results/one.json" "$work/here/result two.json"
cp "$PHASEBENCH_SOURCE_DIR/results/baselines/quick.json" "$work/here/results/baselines/kept.json"
cd "$work/here" || exit 1

offers() { # expected words, in any order, separated by spaces; then what stands on the line after the program
  local expected got
  expected=$(tr ' ' '\n' <<< "$1" | sort)
  shift
  COMP_WORDS=("$PHASEBENCH" "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _phasebench
  got=$(printf '%s\n' "${COMPREPLY[@]-}" | sort)
  checked=$((checked + 1))
  [ "$got" = "$expected" ] && return
  failures=$((failures + 1))
  echo "FAILED: '$*': expected '${expected//$'\n'/ }', got '${got//$'\n'/ }'"
}

offers "report" rep
offers "--help --version" --
offers "list fetch show verify" corpus ''
offers "build" store bu
offers "save show" baseline s
offers "linux linux-10m linux-core" corpus fetch li
offers "--again --help" corpus fetch --
offers "--dir --exclude --files --help --json --max-file-bytes --path" corpus show --
offers "--json --help" corpus list --
offers "--dir --name --replace --help" baseline save --
offers "--dir --help" baseline list --
offers "--help" version --
offers "linux linux-10m linux-core" corpus show --json li
offers "results/one.json" metrics --json results/o
offers "--profile" compare --p
offers "--checkpoint" attribution --c
offers "--reps --restart --resume" run --quiet --re
offers "ts-1720 ts-versions" run --corpus ts
offers "ts-1720 ts-versions" run --corpus = ts
offers "strict stock both" run --profile ''
offers "strict stock" metrics --profile ''
offers "" run --reps ''
offers "cumulative" run --combos cu
offers "baseline,p1+p4a baseline,p1+p4b baseline,p1+p4c" run --combos baseline,p1+p4
offers "baseline,leave-one-out" run --combos baseline,le
offers "" run --combos baseline+le
offers "p1+p2" store build --stages p1+p2
offers "p4a.hot_bytes= p4a.hot_share=" run --set p4a.hot
offers "sexp json" store export --trees ''
offers "corpus=refuse corpus=per-line corpus=ignore" gate --policy c
offers "per-line" gate --policy corpus = per
offers "ignore-times ignore" gate --policy machine = ig
offers "kept" gate ke
offers "kept" baseline show ''
offers "results/one.json" metrics results/o
offers "sources" run --dir so
offers "results" report -o results
offers "results" store info res
offers "doctor" help do
offers "verify" help store v
offers "" help run ''
offers "" nothing-like-it --x

# A file name with a space stays one word.
COMP_WORDS=("$PHASEBENCH" metrics "result t") COMP_CWORD=2 COMPREPLY=()
_phasebench
[ "${#COMPREPLY[@]}" = 1 ] && [ "${COMPREPLY[0]}" = "result two.json" ] || { 
  echo "FAILED: a file name with a space"
  failures=$((failures + 1))
}

# Every option that is offered is one of the program's: it is never called unrecognized.
for command in run bench estimate metrics claims report compare attribution gate doctor; do
  COMP_WORDS=("$PHASEBENCH" "$command" --) COMP_CWORD=2 COMPREPLY=()
  _phasebench
  if [ ${#COMPREPLY[@]} -lt 3 ]; then
    echo "FAILED: $command: only ${COMPREPLY[*]-nothing}"
    failures=$((failures + 1))
  fi
  for option in "${COMPREPLY[@]}"; do
    checked=$((checked + 1))
    # The first --none may be the option's value; the second ends the command before it does anything.
    timeout 20 "$PHASEBENCH" "$command" "$option" --none --none > said 2>&1 < /dev/null
    code=$?
    if [ "$code" != 2 ] && [ "$option" != --help ]; then
      echo "FAILED: $command $option: exit code $code, expected 2"
      failures=$((failures + 1))
    elif grep -qE "(unrecognized|ambiguous).*'$option'" said; then
      echo "FAILED: $command has no $option: $(cat said)"
      failures=$((failures + 1))
    fi
  done
done

zsh=no
if command -v zsh > /dev/null; then
  zsh=yes
  zsh -n "$PHASEBENCH_BUILD_DIR/install/_phasebench" || failures=$((failures + 1))
fi
echo "$checked completions checked, $failures wrong; zsh: $zsh"
[ "$checked" -gt 60 ] && [ "$failures" -eq 0 ]
