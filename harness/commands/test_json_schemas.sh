#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What commands print as JSON is what results/*.schema.json say, also where figures are missing, something failed or
# is damaged; each schema refuses what lacks a member, has one too many, or a null without a reason. And no
# command prints JSON of which no schema tells.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
. "$PHASEBENCH_SOURCE_DIR/harness/testing/schema.sh"
vault=$PHASEBENCH_BUILD_DIR/test_stages/vault.so
sample() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" "$@" || fail "sample_result.py $*"; }
says() { # says CODE FILE COMMAND...: its JSON into FILE
  local wanted=$1 file=$2
  shift 2
  "$PHASEBENCH" "$@" > "$file" 2> said
  local code=$?
  [ $code = "$wanted" ] || fail "$*: exit code $code, expected $wanted: $(head -c 500 said)"
}
keep=()
proves() { # proves SCHEMA FILE [ALLOWED]...: see testing/corrupt_json.py
  /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/harness/testing/corrupt_json.py" "${keep[@]}" \
    "$PHASEBENCH_SOURCE_DIR/results/$1.schema.json" "${@:2}" || fail "$1: $2"
}
accepts() { # accepts SCHEMA FILE
  validates "$@" 2> said || fail "$1: $(cat said)"
}
refuses() { # refuses SCHEMA FILE
  validates "$@" 2> said
  [ $? = 3 ] || fail "$1: not refused: $(head -c 500 "$2")"
}
holds() { # holds FILE EXPRESSION: Python over `r`, so that a case is the one that it is meant to be
  /usr/bin/python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$1" "$2" ||
    fail "$1 is another case than $2"
}

# ---- attribution: all subsets, the cumulative ones, a failed one, a figure that is not there, one stage ----
sample --lines-per-mib baseline=1024,p1=2048,p2=4096,p1+p2=8192 all.json
sample --lines-per-mib baseline=1024,p1=2048,p1+p2=4096,p1+p2+p3=8192 cumulative.json
sample --repetitions 1 --fail p2=crashed --lines-per-mib baseline=1024,p1=2048,p2=4096,p1+p2=8192 failed.json
sample --null rss_bytes --lines-per-mib baseline=1024,p1=2048 nulls.json
for file in all cumulative failed nulls; do
  says 0 out.json attribution --json $file.json
  proves attribution out.json
done
says 0 out.json attribution --json --checkpoint served --stages p2 all.json
proves attribution out.json
holds out.json 'r["games"][0]["interactions"] == []'

# ---- metrics: the same, and an instrument ----
sample --instrument --profiles stock,strict instrument.json
for file in all failed nulls instrument; do
  says 0 out.json metrics --json $file.json
  proves metrics out.json 'null:metrics.#.checkpoint'
done
says 0 out.json metrics --json failed.json
holds out.json 'len(r["failed"]) == 1 and any(m["value"] is None for m in r["metrics"])'

# ---- doctor: this machine, one without corpora, and one that is none ----
fit_code=0
[ "$PHASEBENCH_SANITIZED" = 0 ] || fit_code=4
mkdir machine
says $fit_code out.json doctor --json
accepts doctor out.json
PHASEBENCH_CORPORA_DIR=$folder/machine says 4 out.json doctor --json --root "$folder/machine"
holds out.json 'not r["fit"] and all(c["todo"] for c in r["checks"] if c["state"] == "fail")'
proves doctor out.json # the first check with something to do, smaps, fails
# A machine that is not fit, though nothing fails, and the other way round.
for lie in 's/"fit":\tfalse/"fit": true/' 's/"fail"/"warn"/'; do
  sed "$lie" out.json > lie.json
  cmp -s out.json lie.json && fail "$lie changes nothing"
  refuses doctor lie.json
done

# ---- stages ----
says 0 out.json stages --json
proves stages out.json

# ---- stores: sound, with a bad document, with files that are damaged where no document lies, without a line ----
mkdir -p code/deep
cp "$PHASEBENCH_SOURCE_DIR"/harness/system/{heap,probe}.c code/
printf 'def f(a):\n  return a\n' > code/deep/f.py
says 0 out.json store build --stages "$vault" --dir code -o s.store
says 0 info.json store info --json --stages "$vault" s.store
says 0 open.json store open --json --stages "$vault" s.store
says 0 verify.json store verify --json --stages "$vault" --sources s.store
for command in info open; do proves store $command.json 'remove:options.*'; done
proves store verify.json
sed -i 's/def f(a)/def f(b)/' s.store/vault.data
says 7 verify.json store verify --json --stages "$vault" s.store
holds verify.json 'r["bad_documents"] == 1 and not r["good"] and r["bad"][0]["document"] == "deep/f.py"'
proves store verify.json
says 0 out.json store build --dir code --stages p1+p2+p3+p4a -o archive.store
printf x | dd of=archive.store/p4a.frames bs=1 seek=10 conv=notrunc 2> said
says 7 verify.json store verify --json archive.store
holds verify.json 'r["bad_documents"] == 0 and not r["files_good"] and "store" in r["bad"][0]'
proves store verify.json
mkdir lines
: > lines/none.c
says 0 out.json store build --stages "$vault" --dir lines -o lines.store
for command in info open; do
  says 0 $command.json store $command --json --stages "$vault" lines.store
  holds $command.json 'r["disk_bytes_per_line"] is None'
  proves store $command.json 'remove:options.*'
done

# ---- corpora: those there are, one of which nobody knows what to expect, and a folder with all that is left out ----
says 0 out.json corpus list --json
proves corpora out.json
mkdir -p corpora/files
echo 'int a;' > corpora/files/a.c
printf '{"schema": "phasebench-corpus-1", "name": "mine", "title": "Of mine", "source": {"type": "directory", "folder": "files"},
  "languages": {".c": "c"}}' > corpora/mine.json
PHASEBENCH_CORPORA_DIR=$folder/corpora says 0 out.json corpus list --json
holds out.json 'r["corpora"][0]["expected_lines"] is None'
proves corpora out.json
says 0 out.json corpus show --json quick
proves corpora out.json
printf '/* \xe9 */\n' > code/$'caf\xe9.c'
ln -s . code/loop
says 0 out.json corpus show --json --dir code
holds out.json 'len(r["skipped_files"]) == 1 and r["non_utf8_file_names"] == ["caf\\xe9.c"]'
proves corpora out.json

# ---- the gate's configuration: what its schema refuses, the program refuses too ----
mkdir corrupt
keep=(--keep corrupt)
proves gate "$PHASEBENCH_SOURCE_DIR/results/gate.json" \
  remove:metrics.#.{better,checkpoints,gate,min_effect,min_effect_pct}
keep=()
n=0
for rule in '"kind": "exact", "gate": false' '"kind": "sharp"' '"kind": "exact", "better": "same"' \
  '"kind": "exact", "checkpoints": []' '"kind": "exact", "checkpoints": ["asleep"]' '"kind": "rank", "min_effect": -1' \
  '"kind": "rank", "min_effect_pct": 1e300'; do
  n=$((n + 1))
  printf '{"schema": "phasebench-gate-1", "alpha": 0.05, "metrics": [{"name": "nodes", %s}]}' "$rule" > corrupt/rule$n.json
done
for alpha in 0 0.6 -1; do
  printf '{"schema": "phasebench-gate-1", "alpha": %s, "metrics": [{"name": "nodes", "kind": "exact"}]}' "$alpha" \
    > corrupt/alpha$alpha.json
done
for file in corrupt/*.json; do
  case $file in corrupt/[ra]*) refuses gate "$file" ;; esac
  "$PHASEBENCH" gate all.json ./all.json --config "$file" > out 2> said
  [ $? = 3 ] || fail "the gate takes what its schema refuses: $(cat "$file")"
done
[ "$(ls corrupt | wc -l)" -ge 40 ] || fail "only $(ls corrupt | wc -l) corrupt configurations"

# ---- every name of a format is told of by a schema, or is that of a file which only the program reads ----
told=0
while read -r label; do
  case $label in
    phasebench-cell-1 | phasebench-corpus-1 | phasebench-edits-1 | phasebench-files-1 | phasebench-store-1) continue ;;
  esac
  grep -qF "\"const\": \"$label\"" "$PHASEBENCH_SOURCE_DIR"/{results,reports}/*.schema.json || fail "no schema tells of $label"
  told=$((told + 1))
done < <(grep -hoE --exclude='test_*' 'phasebench-[a-z-]+-[0-9]+' "$PHASEBENCH_SOURCE_DIR"/harness/*/*.[ch] | sort -u)
[ $told -ge 16 ] || fail "only $told names of formats were found"

# ---- JSON that does not arrive is an error, and which one is told ----
full() { # full CODE COMMAND...
  local wanted=$1 code=0
  shift
  "$PHASEBENCH" "$@" > /dev/full 2> said || code=$?
  [ $code = "$wanted" ] || fail "$*, on a full disk: exit code $code, expected $wanted"
}
for command in 'attribution --json all.json' 'metrics --json all.json' 'doctor --json' 'stages --json' \
  'store info --json archive.store' 'store open --json archive.store' 'corpus list --json' 'corpus show --json quick' \
  'claims --json all.json' 'compare --json all.json all.json'; do
  # shellcheck disable=SC2086
  full 4 $command
  grep -q 'standard output: writing failed: No space left on device$' said || fail "$command, on a full disk: $(cat said)"
done
full 7 store verify --json archive.store # what is bad says more

finish
