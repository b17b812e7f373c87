#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench run` with real cells on a few real files, from the command line to the
# result: valid, proved, each byte owned, and the same again when measured again.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
unset PHASEBENCH_CELL_PROGRAM
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
check() { # check FILE WHAT EXPRESSION: a Python expression over the result `r` that must be true
  /usr/bin/python3 - "$1" "$3" <<'PYTHON' || fail "$2: not so in $(/usr/bin/python3 -c 'import json,sys; print(str(json.load(open(sys.argv[1]))["cells"])[:1500])' "$1")"
import json, sys
r = json.load(open(sys.argv[1]))
def at(cell, name):
    return next(p for p in cell["checkpoints"] if p["name"] == name)
def above(cell, name):
    return at(cell, name)["rss_bytes"] - at(cell, "start")["rss_bytes"]
def cells(combination, profile):
    return [c for c in r["cells"] if c["combination"] == combination and c["profile"] == profile]
sys.exit(0 if eval(sys.argv[2]) else 1)
PYTHON
}

mkdir code
cp "$PHASEBENCH_SOURCE_DIR"/harness/{system/heap,system/probe,run/plan,run/matrix}.c code/
: > code/empty.c
unfit=
[ "$PHASEBENCH_SANITIZED" = 1 ] && unfit=--allow-unfit-build
# A build that is neither sanitized nor fit (coverage) is refused without it, and says so.
"$PHASEBENCH" run --dir code --combos skeleton,baseline --reps 2 $unfit --output out.json > table 2> progress
code=$?
if [ $code = 2 ] && grep -q 'this build may not write results' progress; then
  unfit=--allow-unfit-build
  "$PHASEBENCH" run --dir code --combos skeleton,baseline --reps 2 $unfit --output out.json > table 2> progress
  code=$?
fi
[ $code = 0 ] || fail "exit code $code: $(cat progress)"
check out.json "all cells are ok" 'len(r["cells"]) == 10 and all(c["status"] == "ok" for c in r["cells"])'
check out.json "all are proved" 'all(c["proof"]["status"] == ("not_applicable" if c["combination"] == "null" else "passed") for c in r["cells"])'
check out.json "every document was compared" 'all(c["proof"]["documents_compared"] >= 5 for c in r["cells"] if c["combination"] != "null")'
check out.json "the corpus" 'r["corpus"]["files"] == 5 and r["corpus"]["empty_files"] == 1'
if [ "$PHASEBENCH_SANITIZED" = 0 ]; then
  /usr/bin/python3 "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" out.json || fail "the result does not match the schema"
  check out.json "the baseline costs memory" 'all(above(c, "purged") > 1 << 20 for c in cells("baseline", "strict"))'
  check out.json "the null stage costs next to nothing" 'all(abs(above(c, "purged")) < 1 << 20 for c in r["cells"] if c["combination"] == "null")'
  # A/A: with addresses fixed, repetitions hardly differ. What a process allocates least of
  # all; code comes in windows of 64 KiB (fault-around), of which the kernel may leave one out
  # when a page of it is busy: seen once in a hundred runs beside other work.
  check out.json "A/A, anonymous memory" 'r["settings"]["aslr"] == "on" or all(abs(at(a, "purged")["anonymous_bytes"] - at(a, "start")["anonymous_bytes"] - at(b, "purged")["anonymous_bytes"] + at(b, "start")["anonymous_bytes"]) <= 16384 for a, b in [cells("baseline", "strict"), cells("skeleton", "strict")])'
  check out.json "A/A" 'r["settings"]["aslr"] == "on" or all(abs(above(a, "purged") - above(b, "purged")) <= 65536 + 0.005 * at(a, "purged")["rss_bytes"] for a, b in [cells("baseline", "strict"), cells("skeleton", "strict")])'
  check out.json "strict is in force" 'all("dirty_decay_ms:0," in c["allocator_options"] and c["allocator_options"].startswith("narenas:1,") for c in cells("baseline", "strict"))'
  check out.json "stock is in force" 'all("dirty_decay_ms:10000," in c["allocator_options"] for c in cells("baseline", "stock"))'
fi
grep -q passed table || fail "the table: $(cat table)"
"$PHASEBENCH" metrics out.json > metrics || fail "metrics does not read it: $?"

# A file that changed after the corpus was read must not be measured, also when it only grew:
# the cell names it, and has no figures.
changed() { # changed COMMAND: runs it just before the cell
  printf '#!/usr/bin/env bash\n(cd "%s" && %s)\nexec "%s" "$@"\n' "$PWD" "$1" "$PHASEBENCH" > late
  chmod +x late
  PHASEBENCH_CELL_PROGRAM=$PWD/late "$PHASEBENCH" run --dir code --combos baseline --reps 1 --profile strict \
    --no-instrument $unfit --output late.json > table 2> progress
  code=$?
  [ $code = 5 ] || fail "$1: exit code $code"
  grep -q 'code/heap.c' progress || fail "$1: the file is not named: $(cat progress)"
  check late.json "$1: no figures" 'not r["cells"][0].get("checkpoints")'
}
changed "echo '/* late */' >> code/heap.c"
changed "sed -i s/SPDX/XPDS/ code/heap.c"
changed "rm code/heap.c"

[ $failures = 0 ] && echo "all is well"
exit $((failures > 0))
