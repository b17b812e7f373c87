#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench run` around fake cells: each bad end of a cell is that cell's result and
# the others go on; an interrupted run resumes; a result is whole or absent.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
validate() { /usr/bin/python3 "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" "$1" || fail "$1 is not valid"; }
# show FILE PYTHON: evaluates an expression over the result `r`
show() { /usr/bin/python3 -c "import json,sys; r=json.load(open(sys.argv[1])); print($2)" "$1"; }

mkdir -p "code/deep"
printf 'int main(void) { return 0; }\n' > code/a.c
printf 'int x;\nint y;\n' > "code/deep/b c.c"

# The fake cell: FAKE names what each combination does; RUNS gets a line for each start.
cat > fake_cell <<'PYTHON'
#!/usr/bin/python3
import argparse, json, os, signal, sys, time
sys.path.insert(0, os.environ["PHASEBENCH_SOURCE_DIR"] + "/scripts")
sys.dont_write_bytecode = True
import sample_result
assert sys.argv[1] == "cell" and len(sys.argv) == 4, sys.argv
spec = json.load(open(sys.argv[2]))
name, profile, repetition = spec["combination"], spec["profile"], spec["repetition"]
with open(os.environ["PHASEBENCH_TEST_RUNS"], "a") as runs:
    runs.write(f"{name} {profile} {repetition} {spec['position']}\n")
acts = dict(p.split("=") for p in os.environ.get("PHASEBENCH_TEST_FAKE", "").split(",") if p)
act = acts.get(f"{name}/{repetition}", acts.get(name, "ok"))
expected = {"strict": "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0,background_thread:false",
            "stock": "background_thread:false"}[profile]
assert os.environ["MALLOC_CONF"] == expected, os.environ["MALLOC_CONF"]
assert "SECRET" not in os.environ and sys.stdin.read() == ""
arguments = argparse.Namespace(files=2, lines=3, served_factor=0.5, fail=[], fail_one=[], null=[], repetitions=9)
if name == "null":
    cell = sample_result.instrument(arguments, spec["position"], profile)
else:
    cell = sample_result.cell(arguments, name, 0.001 if name == "baseline" else 0.002, profile, repetition, spec["position"])
cell["checkpoints"][3]["elapsed_ns"] = 9007199254740991
cell["stages"] = ["lies"]
def write(object, text=None):
    with open(sys.argv[3], "w") as out:
        out.write(text if text is not None else json.dumps(object))
failed = {"status": "failed", "reason": "node 7 differs", "checkpoints": cell["checkpoints"], "timings": cell["timings"],
          "proof": sample_result.proof("failed", "node 7 differs", 1)}
if act == "ok": write(cell)
elif act == "crash": os.kill(os.getpid(), signal.SIGSEGV)
elif act == "hang": time.sleep(1000)
elif act == "hog":
    hogged = []
    while True:
        hogged.append(b"x" * (8 << 20))
        time.sleep(0.002)
elif act == "exit4":
    print("noise\nphasebench: out of memory: tree-sitter asked for 5 bytes", file=sys.stderr)
    sys.exit(4)
elif act == "silent": pass
elif act == "garbage": write(None, "{\"status\": \"ok\", ")
elif act == "array": write([1])
elif act == "liar": write(cell); sys.exit(5)
elif act == "other": write(dict(cell, repetition=repetition + 1))
elif act == "failed": write(failed); sys.exit(5)
elif act == "failed0": write(failed)
elif act == "killed": os.kill(os.getpid(), signal.SIGKILL)
else: sys.exit("what is " + act)
PYTHON
chmod +x fake_cell
export PHASEBENCH_CELL_PROGRAM="$folder/fake_cell" PHASEBENCH_TEST_RUNS="$folder/runs" SECRET=1
unset PHASEBENCH_TEST_FAKE
run() { "$PHASEBENCH" run --dir code --allow-unfit-build --memory-limit 300M "$@"; }

# ---- a run whose cells are all well ----
run --combos baseline,skeleton --reps 3 --seed 7 > table 2> progress || fail "a good run: exit code $?: $(cat progress)"
result=$(ls results/dir-code-????????.json)
[ -e "$result" ] || fail "no result at the default place: $(ls -R .)"
[ -e "$result.cells" ] && fail "the cells' folder is left"
validate "$result"
expect "number of cells" 14 "$(show $result 'len(r["cells"])')" # 2 x 2 x 3 and null once a profile
expect "all ok" "{'ok'}" "$(show $result '{c["status"] for c in r["cells"]}')"
expect "stages are what we loaded" "['baseline', 'skeleton']" \
  "$(show $result '[c["stages"] for c in r["cells"] if c["combination"] == "skeleton"][0]')"
expect "2^53 - 1 comes through" "{9007199254740991}" "$(show $result '{c["checkpoints"][3]["elapsed_ns"] for c in r["cells"]}')"
expect "positions" "True" "$(show $result '[c["position"] for c in r["cells"]] == list(range(14))')"
expect "interleaved" "[0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]" "$(show $result '[c["repetition"] for c in r["cells"]]')"
expect "corpus" "2 3" "$(show $result 'r["corpus"]["files"], r["corpus"]["lines"]' | tr -d '(),')"
expect "the replaced program is told" "True" "$(show $result 'any("another program" in n for n in r["settings"]["notes"])')"
expect "lines in the pipe" 14 "$(grep -c ': ok, ' progress)"
for text in skeleton 'lines/MiB' passed "the instrument's own cost"; do
  grep -q "$text" table || fail "the table lacks $text: $(cat table)"
done
mv runs first_order
cp "$result" before.json

# the same seed, the same order; another seed, another
run --combos baseline,skeleton --reps 3 --seed 7 --quiet --output same.json > table 2> progress || fail "quiet run: $?"
[ -s table ] || [ -s progress ] && fail "--quiet said: $(cat table progress)"
cmp -s runs first_order || fail "the same seed gave another order"
rm runs
run --combos baseline,skeleton --reps 3 --seed 8 --quiet --output same.json || fail "seed 8: $?"
cmp -s runs first_order && fail "another seed gave the same order"
rm runs

# ---- bad ends; the others go on ----
bad_end() { # bad_end ACT STATUS TEXT [OPTION...]: one cell of four ends badly
  local act=$1 status=$2 text=$3
  shift 3
  PHASEBENCH_TEST_FAKE="skeleton/0=$act" run --combos baseline,skeleton --reps 2 --profile strict --no-instrument \
    --output bad.json "$@" > table 2> progress
  expect "$act: exit code" 5 $?
  validate bad.json
  expect "$act: statuses" "['$status', 'ok', 'ok', 'ok']" \
    "$(show bad.json 'sorted((c["status"] for c in r["cells"]), key=lambda s: s == "ok")')"
  show bad.json '[c["reason"] for c in r["cells"] if c["status"] != "ok"][0]' | grep -q -- "$text" ||
    fail "$act: the reason is: $(show bad.json '[c["reason"] for c in r["cells"]]')"
  expect "$act: no figures" "set()" \
    "$(show bad.json '{k for c in r["cells"] if c["status"] != "ok" for k in c} & {"checkpoints", "timings", "trees", "latency"}')"
  grep -q "FAILED" table || fail "$act: the table does not say FAILED: $(cat table)"
  grep -q "$status: " progress || fail "$act: not told while running: $(cat progress)"
}
bad_end crash crashed 'ended by signal 11 (SIGSEGV)'
bad_end killed crashed 'SIGKILL), which was not ours'
bad_end hang timeout 'killed after 3.000 s, the limit set by --timeout' --timeout 3
bad_end hog memory_limit 'the limit set by --memory-limit is 300.0 MiB'
bad_end exit4 failed 'exit code 4 (the system refused something.*out of memory: tree-sitter asked'
bad_end silent failed 'its output cannot be used'
bad_end garbage failed 'its output cannot be used.*not JSON'
bad_end array failed 'no object with a "status"'
bad_end liar failed 'exit code 5, but it calls itself "ok"'
bad_end failed0 failed 'exit code 0, but it calls itself "failed"'
bad_end other failed '"repetition" is not the one asked for'
bad_end failed failed 'node 7 differs'
expect "a failed proof is kept" "failed" "$(show bad.json '[c["proof"]["status"] for c in r["cells"] if c["status"] != "ok"][0]')"

# ---- options of stages, and the folder of their files ----
liar=$PHASEBENCH_BUILD_DIR/test_stages/liar.so
run --combos baseline,"$liar" --reps 1 --profile strict --no-instrument --quiet --set liar.planted_bytes=3MiB \
  --output set.json || fail "--set: exit code $?"
validate set.json
expect "options of each combination" "{'baseline': {}, 'liar': {'liar.planted_bytes': 3145728}}" \
  "$(show set.json 'r["settings"]["options"]')"
expect "a setting is told" True "$(show set.json '"set by the user: liar.planted_bytes=3145728" in r["settings"]["notes"]')"
run --combos "$liar" --reps 1 --profile strict --no-instrument --quiet --output set.json || fail "without --set: $?"
expect "as they come" "{'liar': {'liar.planted_bytes': 0}}" "$(show set.json 'r["settings"]["options"]')"
bad_set() { # bad_set SETTING TEXT
  run --combos "$liar" --quiet --set "$1" 2> said
  expect "--set $1: exit code" 2 $?
  grep -q -- "$2" said || fail "--set $1: it said: $(cat said)"
}
bad_set liar.planted_bytes=65MiB 'liar.planted_bytes=65MiB: expected 0 to 64MiB'
bad_set liar.nonsense=1 'has no such option; its options: planted_bytes'
bad_set nowhere.x=1 "there is no stage 'nowhere'"
bad_set baseline.x=1 'has no options'
bad_set liar 'expected STAGE.OPTION=NUMBER'
"$PHASEBENCH" stages > said || fail "stages: exit code $?"
grep -q '^baseline ' said && grep -q '^null .*instrument' said || fail "stages: $(cat said)"

# However a cell ends, its folder is removed. LIAR does not reach cells: hence the program between.
cat > lying <<'BASH'
#!/usr/bin/env bash
export LIAR=$(cat "$(dirname "$(readlink -f "$0")")/lie")
exec "$PHASEBENCH_TEST_PROGRAM" "$@"
BASH
chmod +x lying
export PHASEBENCH_TEST_PROGRAM=$PHASEBENCH
lie() { # lie LIE STATUS [OPTION...]
  printf '%s' "$1" > lie
  local status=$2
  LIAR=$1 PHASEBENCH_CELL_PROGRAM=$folder/lying "$PHASEBENCH" run --dir code --allow-unfit-build --combos "$liar" --reps 1 \
    --profile strict --no-instrument --output lie.json "${@:3}" > table 2> progress
  expect "$1: status" "$status" "$(show lie.json 'r["cells"][0]["status"]')"
  [ -e lie.json.cells ] && fail "$1: the work folder is left: $(ls -R lie.json.cells)"
}
lie 'folder: closed' ok
lie 'folder: crash' crashed
lie 'folder: hang' timeout --timeout 2
printf 'folder: hang' > lie
(
  export PHASEBENCH_CELL_PROGRAM=$folder/lying LIAR='folder: hang'
  exec /usr/bin/python3 -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \
    "$PHASEBENCH" run --dir code --allow-unfit-build --combos "baseline,$liar" --reps 1 --profile strict --no-instrument \
    --output lie.json 2> progress
) &
first=$!
for _ in $(seq 200); do [ -n "$(ls -d lie.json.cells/*.place/store/liar.bytes 2> /dev/null)" ] && break; sleep 0.05; done
[ -n "$(ls -d lie.json.cells/*.place/store/liar.bytes 2> /dev/null)" ] || fail "no folder of the cell's files in the work folder"
kill -INT $first
wait $first
expect "interrupted: exit code" 6 $?
[ -n "$(ls -d lie.json.cells/*.place 2> /dev/null)" ] && fail "Ctrl-C leaves the folder of a cell's files"
rm -rf lie.json.cells
# What a killed supervisor leaves is removed by the next run.
mkdir -p lie.json.cells/0000.place/below && touch lie.json.cells/0000.place/below/x
lie 'folder: closed' ok
# A disk that is full or read-only is the failure of the cell, which says so.
if mkdir small && mount -t tmpfs -o size=64k tmpfs small 2> /dev/null; then
  printf 'folder: closed' > lie
  LIAR='folder: closed' PHASEBENCH_CELL_PROGRAM=$folder/lying "$PHASEBENCH" run --dir code --allow-unfit-build \
    --combos "$liar" --reps 1 --profile strict --no-instrument --output small/lie.json > table 2> progress
  expect "full disk: exit code" 5 $?
  expect "full disk: status" failed "$(show small/lie.json 'r["cells"][0]["status"]')"
  show small/lie.json 'r["cells"][0]["reason"]' | grep -q 'No space left on device' || fail "full disk: $(cat progress)"
  umount small
fi
rmdir small 2> /dev/null

# ---- interrupted, refused, resumed ----
cp before.json kept.json
rm -f runs
arguments="--combos baseline,skeleton --reps 2 --profile strict --no-instrument --output kept.json"
interrupt() { # interrupt SIGNAL: after the cells of the first repetition, while one hangs
  PHASEBENCH_TEST_FAKE="skeleton/1=hang,baseline/1=hang" PHASEBENCH_INTERRUPT=$1 /usr/bin/python3 - $arguments <<'PYTHON'
import os, signal, subprocess, sys, time
number = getattr(signal, os.environ["PHASEBENCH_INTERRUPT"])
command = [os.environ["PHASEBENCH"], "run", "--dir", "code", "--allow-unfit-build", "--memory-limit", "300M"]
# A shell may have told its children to ignore it.
child = subprocess.Popen(command + sys.argv[1:], stderr=open("progress", "w"),
                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
for _ in range(600):
    time.sleep(0.05)
    if os.path.exists("runs") and len(open("runs").readlines()) == 3:
        break
else:
    sys.exit("the third cell did not start")
time.sleep(0.2)
child.send_signal(number)
sys.exit(child.wait())
PYTHON
}
interrupt SIGINT
expect "interrupted: exit code" 6 $?
grep -q 'interrupted by SIGINT; 2 of 4 cells are finished and kept in .*kept.json.cells: the same command with --resume goes on' \
  progress || fail "interrupted: $(cat progress)"
cmp -s before.json kept.json || fail "an interrupted run touched the older result"
sleep 0.2
pgrep -f "$folder/fake_cell" > /dev/null && fail "the interrupted cell is still running"
run $arguments 2> said
expect "kept cells without --resume" 2 $?
grep -q '2 finished cells of an interrupted run are kept in .*give --resume to go on with that run, or --restart' said || fail "$(cat said)"
run $arguments --resume --seed 2 2> said
expect "resumed with another seed" 3 $?
grep -q 'are of another run: seed was 1 and is 2 now' said || fail "$(cat said)"
cp code/a.c saved && echo 'int z;' >> code/a.c
run $arguments --resume 2> said
expect "resumed with another corpus" 3 $?
grep -q 'are of another run: corpus_content_hash was' said || fail "$(cat said)"
mv saved code/a.c
cp runs runs_before
run $arguments --resume > table 2> said || fail "resume: exit code $?: $(cat said)"
expect "only the missing cells ran" "2" "$(($(wc -l < runs) - $(wc -l < runs_before)))"
expect "resumed: all cells" "[0, 1, 2, 3]" "$(show kept.json '[c["position"] for c in r["cells"]]')"
validate kept.json
[ -e kept.json.cells ] && fail "the cells' folder is left after a resume"
cp runs runs_before
run $arguments --resume > table 2> said || fail "resume of a complete run: $?: $(cat said)"
grep -q 'is complete already' said || fail "$(cat said)"
cmp -s runs runs_before || fail "a complete run ran cells again"
grep -q 'cells failed' said && fail "a run without failures: $(cat said)"
# A complete result of other combinations is not lost to --resume.
cp kept.json complete.json
run --combos baseline --reps 2 --profile strict --no-instrument --output kept.json --resume 2> said
expect "--resume over another result" 3 $?
grep -q 'kept.json is the complete result of another run' said || fail "$(cat said)"
cmp -s kept.json complete.json || fail "--resume replaced the result of another run"
[ -e kept.json.cells ] && fail "a refused --resume left a folder"
cmp -s runs runs_before || fail "a refused --resume ran cells"
run --combos baseline --reps 2 --profile strict --no-instrument --output kept.json --restart --quiet || fail "--restart over another result: $?"
expect "restart replaces it" "['baseline']" "$(show kept.json 'r["settings"]["combinations"]')"
cp complete.json kept.json
# Of one with failed cells, it says how to measure them again.
PHASEBENCH_TEST_FAKE="skeleton/0=crash" run $arguments --restart --quiet 2> said
expect "a result with a failed cell" 5 $?
cp runs runs_before
run $arguments --resume > table 2> said
expect "resume of a complete run with a failed cell" 5 $?
grep -q '1 of its cells failed.*--restart in place of --resume' said || fail "$(cat said)"
cmp -s runs runs_before || fail "a complete run with a failed cell ran cells again"
run $arguments --restart --quiet || fail "after a failed cell: $?"
rm runs
interrupt SIGTERM
expect "SIGTERM: exit code" 6 $?
run $arguments --restart > table 2> said || fail "restart: $?: $(cat said)"
expect "restart runs all" 7 "$(wc -l < runs)" # 3 before the signal, and 4
rm runs
interrupt SIGTERM > /dev/null

# ---- two runs into one file; a supervisor that is killed ----
rm -rf kept.json.cells runs
(
  export PHASEBENCH_TEST_FAKE="skeleton=hang,baseline=hang"
  exec "$PHASEBENCH" run --dir code --allow-unfit-build --memory-limit 300M $arguments 2> /dev/null
) &
first=$!
for _ in $(seq 100); do [ -s runs ] && break; sleep 0.05; done
run $arguments 2> said
expect "two runs into one file" 2 $?
grep -q 'another run is measuring into' said || fail "$(cat said)"
kill -KILL $first
wait $first 2> /dev/null
sleep 0.3
pgrep -f "$folder/fake_cell" > /dev/null && fail "a cell outlived its supervisor"
run $arguments > table 2> said || fail "after a killed run without finished cells: $?: $(cat said)"

# ---- the command line ----
refused() { # refused CODE TEXT OPTION...
  local code=$1 text=$2
  shift 2
  run --quiet "$@" 2> said
  expect "$*: exit code" "$code" $?
  grep -q -- "$text" said || fail "$*: it said: $(cat said)"
}
refused 2 "there is no stage 'p99'" --combos p99
refused 2 'an entry is empty' --combos baseline,,skeleton
refused 2 'expected strict, stock or both' --profile jemalloc
refused 2 'expected a whole number from 1' --reps 0
refused 2 'expected a whole number' --seed -1
refused 2 'expected a whole number' --seed 9007199254740992
refused 2 'expected seconds' --timeout 0
refused 2 'expected bytes' --memory-limit 3Q
refused 2 'expected bytes' --memory-limit 10
refused 2 'give one of them' --corpus quick
refused 2 'give one of them' --resume --restart
refused 2 'expected options only' stray
refused 4 'Not a directory' --output code/a.c/folder/x.json
run --quiet --no-instrument --profile strict --reps 1 --combos baseline --output no/such/folder/x.json || fail "a folder that is not there: $?"
validate no/such/folder/x.json
# Folders of one name, and names that differ in what no file's name has: one took the place of the other's result.
mkdir -p x/src y/src 'a b' a-b && printf 'int a;\n' | tee x/src/a.c > 'a b/a.c' && printf 'int b;\nint c;\n' | tee y/src/a.c > a-b/a.c
mkdir named && cd named
for project in ../x/src ../y/src '../a b' ../a-b ../x/src; do
  "$PHASEBENCH" run --dir "$project" --allow-unfit-build --memory-limit 300M --quiet --no-instrument --profile strict --reps 1 --combos baseline || fail "$project: $?"
done
expect "a result each" 4 "$(ls results | wc -l)"
expect "the names" "dir-a-b dir-a-b dir-src dir-src" "$(ls results | sed 's/-[0-9a-f]\{8\}\.json$//' | sort | xargs)"
cd ..
refused 2 'this is a folder' --output code
# A result is put in place by renaming: what is no file would be gone. It was: devices, too.
mkfifo pipe
ln -s target.json link.json
echo old > target.json
refused 2 'a device, pipe or socket' --output pipe
refused 2 'a link; name the file' --output link.json
[ -p pipe ] && [ -L link.json ] && [ "$(cat target.json)" = old ] || fail "--output replaced what is no file"
"$PHASEBENCH" run --nonsense > /dev/null 2> said
expect "unknown option" 2 $?
mkdir empty
"$PHASEBENCH" run --dir empty --allow-unfit-build 2> said
expect "empty directory" 3 $?
"$PHASEBENCH" run --dir nowhere --allow-unfit-build 2> said
expect "no directory" 3 $?
"$PHASEBENCH" run --help > said || fail "--help"
grep -q -- '--resume' said || fail "--help lacks --resume"
# Words may be mixed, and what is named twice counts once.
run --quiet --no-instrument --profile strict --reps 1 --output mixed.json \
  --combos "null,cumulative,baseline,$PHASEBENCH_BUILD_DIR/stages/skeleton.so" || fail "mixed words: $?"
show mixed.json 'r["settings"]["combinations"]' | grep -q "'null', 'baseline'.*'skeleton'\]" || fail "mixed words: $(show mixed.json 'r["settings"]["combinations"]')"
expect "where a stage came from is told" True "$(show mixed.json 'any("skeleton.so" in n for n in r["settings"]["notes"])')"
# Excludes reach the corpus.
run --quiet --no-instrument --profile strict --reps 1 --combos baseline --exclude deep --output excluded.json || fail "exclude: $?"
expect "excluded" "1" "$(show excluded.json 'r["corpus"]["files"]')"

# ---- a sample of the corpus ----
run --quiet --no-instrument --profile strict --reps 1 --combos baseline --max-lines 1 || fail "--max-lines: $?"
sampled=$(ls results/dir-code-max-lines-1-????????.json)
[ -e "$sampled" ] || fail "--max-lines: the result's name: $(ls results)"
validate $sampled
expect "what is in a sample" "1 1 dir:code:max-lines-1" "$(show $sampled 'r["corpus"]["files"], r["corpus"]["lines"], r["corpus"]["name"]' | tr -d "(),'")"
expect "of what it is one" "{'of': 'dir:code', 'max_lines': 1, 'seed': 1, 'all_files': 2, 'all_lines': 3}" "$(show $sampled 'r["corpus"]["sample"]')"
expect "languages of a sample" "1 1" "$(show $sampled 'r["corpus"]["languages"][0]["files"], r["corpus"]["languages"][0]["lines"]' | tr -d '(),')"
run --quiet --no-instrument --profile strict --reps 1 --combos baseline --max-lines 3 --output all.json || fail "--max-lines 3: $?"
expect "all of it" 2 "$(show all.json 'r["corpus"]["files"]')"
refused 2 'expected a whole number' --max-lines 0
mkdir long && printf 'int a;\nint b;\n' > long/a.c
"$PHASEBENCH" run --dir long --allow-unfit-build --max-lines 1 2> said
expect "no file is so small" 3 $?
grep -q 'has no file of at most 1 lines' said || fail "$(cat said)"

# ---- builds that may not write results ----
"$PHASEBENCH" run --dir code --output unfit.json --combos baseline --no-instrument --quiet 2> said
code=$?
if [ "$PHASEBENCH_SANITIZED" = 1 ]; then
  expect "a sanitized build" 2 $code
  grep -q 'this build may not write results: it is built with sanitizers' said || fail "$(cat said)"
  expect "sanitizers are told" "address,undefined" "$(show mixed.json 'r["phasebench"]["sanitizers"]')"
  expect "notes tell" True "$(show mixed.json 'any("not fit for results" in n for n in r["settings"]["notes"])')"
fi

# ---- a full disk ----
if mkdir small && mount -t tmpfs -o size=64k tmpfs small 2> /dev/null; then
  run --quiet --combos baseline,skeleton --reps 3 --output small/full.json 2> said
  code=$?
  left=$(ls small)
  umount small
  expect "full disk: exit code" 4 $code
  grep -q 'No space left on device' said || fail "full disk: $(cat said)"
  case "$left" in *full.json*tmp*) fail "full disk: left $left" ;; esac
  case " $left " in *" full.json "*) fail "full disk: a result was left" ;; esac
else
  echo "no small file system could be mounted here: the full disk is tested by test_json_out only"
fi

finish
