#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench run --combos`: words that stand for many combinations, alone, mixed and resumed. Cells are fake.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
mkdir code
printf 'int main(void) { return 0; }\n' > code/a.c

# Writes a cell that was never measured. Where it is the STOP-th, it ends the run that started it.
cat > fake_cell <<'PYTHON'
#!/usr/bin/python3
import argparse, json, os, signal, sys, time
sys.path.insert(0, os.environ["PHASEBENCH_SOURCE_DIR"] + "/scripts")
sys.dont_write_bytecode = True
import sample_result
spec = json.load(open(sys.argv[2]))
with open(os.environ["PHASEBENCH_TEST_RUNS"], "a+") as runs:
    runs.write(spec["combination"] + "\n")
    runs.seek(0)
    if len(runs.readlines()) == int(os.environ.get("PHASEBENCH_TEST_STOP", "0")):
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(1000)
arguments = argparse.Namespace(files=1, lines=1, served_factor=0.5, fail=[], fail_one=[], null=[], repetitions=1)
json.dump(sample_result.cell(arguments, spec["combination"], 0.002, spec["profile"], 0, spec["position"]),
          open(sys.argv[3], "w"))
PYTHON
chmod +x fake_cell
export PHASEBENCH_CELL_PROGRAM="$folder/fake_cell" PHASEBENCH_TEST_RUNS="$folder/runs"
run() { # run LIST [OPTION...]
  local list=$1
  shift
  "$PHASEBENCH" run --dir code --allow-unfit-build --memory-limit 300M --profile strict --reps 1 --no-instrument --quiet \
    --combos "$list" --output out.json "$@"
}
combinations() { /usr/bin/python3 -c 'import json; print(*json.load(open("out.json"))["settings"]["combinations"])'; }
list() { # list WHAT WANTED
  rm -rf out.json out.json.cells
  run "$1" > said 2>&1 || fail "--combos $1: exit code $?: $(cat said)"
  expect "--combos $1" "$2" "$(combinations)"
}

# The stages of the standard order, as the last cumulative combination has them.
run cumulative > said 2>&1 || fail "cumulative: exit code $?: $(cat said)"
standard=$(combinations | sed 's/.* //')
IFS=+ read -ra stages <<< "$standard"
[ "${#stages[@]}" -ge 2 ] || fail "there are too few stages: $standard"
without() { local kept=(); for s in "${stages[@]}"; do [ "$s" = "$1" ] || kept+=("$s"); done; (IFS=+; echo "${kept[*]}"); }

list each "baseline ${stages[*]}"
less_one=
for ((i = ${#stages[@]} - 1; i >= 0; i--)); do less_one+=" $(without "${stages[i]}")"; done
list leave-one-out "baseline $standard$less_one"
list "${stages[1]}+${stages[0]},each" "${stages[0]}+${stages[1]} baseline ${stages[*]}"
list "leave-one-out,each,${stages[0]},each" "baseline $standard$less_one ${stages[*]}"

list all "$(/usr/bin/python3 -c 'import itertools, sys; s = sys.argv[1:]
print(*["+".join(c) or "baseline" for n in range(len(s) + 1) for c in itertools.combinations(s, n)])' "${stages[@]}")"
count=$((1 << ${#stages[@]}))
expect "subsets" "$count" "$(combinations | wc -w)"
expect "all are ok" "{'ok'} $count" \
  "$(/usr/bin/python3 -c 'import json; c = json.load(open("out.json"))["cells"]; print({x["status"] for x in c}, len(c))')"
"$PHASEBENCH" run --help | grep -q '^  *all  *every subset of the stages' || fail "--help does not tell the words"

# Interrupted, and gone on with: each cell once, and the result whole.
rm -f out.json runs
PHASEBENCH_TEST_STOP=$((count / 2)) run all 2> said
expect "interrupted" 6 $?
grep -q "$((count / 2 - 1)) of $count cells are finished and kept" said || fail "interrupted: $(cat said)"
cp runs begun
run each --resume 2> said
expect "resumed with other words" 3 $?
grep -q 'are of another run: combinations was' said || fail "resumed with other words: $(cat said)"
run all --resume 2> said || fail "resumed: exit code $?: $(cat said)"
expect "cells that ran, the one that was stopped twice" "$((count + 1))" "$(wc -l < runs)"
expect "combinations that ran" "$count" "$(sort -u runs | wc -l)"
expect "a resumed result" "$count" "$(combinations | wc -w)"

refused() { # refused WORDS LIST
  run "$2" --restart > /dev/null 2> said
  expect "--combos '$2'" 2 $?
  grep -q -- "$1" said || fail "--combos '$2': $(cat said)"
}
refused "there is no stage 'everything'" everything
refused "there is no stage 'all'" "all+${stages[0]}"
refused "expected cumulative, each, leave-one-out, all or combinations" "all,,each"

finish
