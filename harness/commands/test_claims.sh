#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench claims`: each verdict from figures made for it, all forms of output, contradictions, bad ledgers.
set -euo pipefail
export PHASEBENCH_REPORTS_DIR=$PHASEBENCH_SOURCE_DIR/reports
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sample() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" "$@"; }
validate() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" --schema "$PHASEBENCH_REPORTS_DIR/$1.schema.json" "$2"; }
fail() { echo "test_claims: $*" >&2; exit 1; }
# verdict RESULT ID CHECKPOINT: "verdict|reason"
verdict() {
  "$PHASEBENCH" claims --json "$1" >"$dir/v.json"
  validate verdicts "$dir/v.json" || fail "JSON that its own schema refuses"
  /usr/bin/python3 - "$dir/v.json" "$2" "$3" <<'PY'
import json, sys
found = [v for v in json.load(open(sys.argv[1]))["verdicts"] if v["id"] == sys.argv[2] and v["checkpoint"] == sys.argv[3]]
assert len(found) == 1, found
v = found[0]
if v["verdict"] == "not measured":
    assert v["measured"] is None and "cells" not in v, v
else:
    assert v["min"] <= v["measured"] <= v["max"] and v["n"] == 3 and len(v["cells"]) in (3, 6), v
    assert v["ci_low"] <= v["measured"] <= v["ci_high"] and abs(v["ci_level"] - 0.75) < 1e-9, v
print(v["verdict"] + "|" + v.get("missing", {}).get("measured", ""))
PY
}
expect() { # result id checkpoint wanted-prefix
  local got
  got=$(verdict "$1" "$2" "$3")
  case "$got" in "$4"*) ;; *) fail "$2 at $3: got '$got', expected '$4'" ;; esac
}
cells() { sample --lines-per-mib "$1" "${@:2}" "$dir/r.json"; }

# A reduction: 40 % +- 2 claimed.
for pair in 20000:exceeded 2590:exceeded 2500:reproduced 2430:reproduced 2400:"smaller than claimed" 1501:"smaller than claimed" \
  1500:refuted 1400:refuted; do
  cells "baseline=1500,p1=${pair%%:*}"
  expect "$dir/r.json" reduction-to-p1 purged "${pair#*:}|"
  expect "$dir/r.json" reduction-to-p1 served "${pair#*:}|"
done
# An absolute figure, about one corpus only.
for pair in 5000:exceeded 3425:reproduced 3300:reproduced 2000:"smaller than claimed" 1700:refuted; do
  cells "baseline=${pair%%:*}" --corpus ts-1720 --files 1720 --lines 325114
  expect "$dir/r.json" ts-lines-per-mb-baseline purged "${pair#*:}|"
done
# One where smaller is better: 1,740 MiB for 10 million lines are 5,747 lines/MiB.
for pair in 8000:exceeded 5747:reproduced 4000:"larger than claimed" 2800:refuted; do
  cells "baseline=${pair%%:*}" --corpus linux-10m --lines 10000000
  expect "$dir/r.json" ten-million-lines-baseline purged "${pair#*:}|"
done
# Of two combinations: p2 takes 30 % off what p1 left.
for pair in 3000:exceeded 2857:reproduced 2100:"smaller than claimed" 2000:refuted; do
  cells "baseline=1500,p1=2000,p1+p2=${pair%%:*}"
  expect "$dir/r.json" marginal-p2 served "${pair#*:}|"
done
cells baseline=1500,p1=2000,p1+p2=2900 --fail p1=crashed
expect "$dir/r.json" marginal-p2 purged "not measured|repetition 1 of 3 crashed"
cells baseline=1500,p1+p2=2900
expect "$dir/r.json" marginal-p2 purged "not measured|the combination that it is held against is not in this result"
# Latency is invented equal in all combinations: nothing is added, which is less of a cost than claimed.
cells baseline=1500,p1=2000,p1+p2=2900
expect "$dir/r.json" latency-p2 - "exceeded|"
[ "$(/usr/bin/python3 -c 'import json, sys
print([v["sentence"] for v in json.load(open(sys.argv[1]))["verdicts"] if v["id"] == "latency-p2"])' "$dir/v.json")" \
  = "['exceeded (less than claimed)']" ] || fail "a cost that was exceeded"

# At rest it is there, in service it is not: two verdicts.
cells baseline=1500,p1=2500
/usr/bin/python3 - "$dir/r.json" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
for c in r["cells"]:
    if c["combination"] == "p1":
        served = c["checkpoints"][5]
        served["mappings"][0]["rss_bytes"] += served["rss_bytes"]
        served["rss_bytes"] *= 2
json.dump(r, open(sys.argv[1], "w"))
PY
expect "$dir/r.json" reduction-to-p1 purged "reproduced|"
expect "$dir/r.json" reduction-to-p1 served "refuted|"

# Not measured, and why.
cells baseline=1500,p1=20000
expect "$dir/r.json" reduction-to-p2 purged "not measured|the combination is not in this result"
expect "$dir/r.json" ts-lines-per-mb-baseline purged "not measured|no result of a corpus that the claim is about"
expect "$dir/r.json" marginal-p2 purged "not measured|the combination is not in this result"
cells baseline=1500,p1=20000 --fail p1=crashed
expect "$dir/r.json" reduction-to-p1 purged "not measured|repetition 1 of 3 crashed: killed by signal 11"
cells baseline=1500,p1=20000 --fail baseline=timeout
expect "$dir/r.json" reduction-to-p1 purged "not measured|the result has no baseline"
cells baseline=1500,p1=20000 --fail-one p1
expect "$dir/r.json" reduction-to-p1 purged "not measured|repetition 3 of 3 failed"
cells baseline=1500,p1=20000 --null rss_bytes
expect "$dir/r.json" reduction-to-p1 purged "not measured|the kernel does not tell"

# An interval that reaches another verdict: one repetition of p1 with twice the memory.
cells baseline=1500,p1=2500
/usr/bin/python3 - "$dir/r.json" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
for c in r["cells"]:
    if c["combination"] == "p1" and c["repetition"] == 0:
        at = c["checkpoints"][3]
        at["mappings"][0]["rss_bytes"] += at["rss_bytes"]
        at["rss_bytes"] *= 2
json.dump(r, open(sys.argv[1], "w"))
PY
"$PHASEBENCH" claims "$dir/r.json" >"$dir/text"
grep -q 'purged   claimed 40.00 %; measured .*: reproduced, but the interval reaches "refuted"$' "$dir/text" || fail "undecided"
grep -q "^Of 2 the confidence interval does not settle a verdict" "$dir/text" || fail "number of undecided: $(head -3 "$dir/text")"

# --check: a refuted claim is a failure, and so is one about this corpus that was not judged; the output is the same.
cells baseline=1500,p1=2500
/usr/bin/python3 - "$PHASEBENCH_SOURCE_DIR/reports/claims.json" "$dir/p1.json" <<'PY'
import json, sys
ledger = json.load(open(sys.argv[1]))
ledger["claims"] = [c for c in ledger["claims"] if c["id"] == "reduction-to-p1"]
json.dump(ledger, open(sys.argv[2], "w"))
PY
"$PHASEBENCH" claims --ledger "$dir/p1.json" "$dir/r.json" >"$dir/text"
"$PHASEBENCH" claims --check --ledger "$dir/p1.json" "$dir/r.json" >"$dir/checked" || fail "--check: nothing is refuted"
cmp "$dir/text" "$dir/checked" || fail "--check changes the output"
rc=0; "$PHASEBENCH" claims --check "$dir/r.json" >"$dir/checked" 2>"$dir/err" || rc=$?
[ "$rc" -eq 12 ] && grep -q "claim reduction-to-p2 is about this corpus and could not be judged: the combination is not" "$dir/err" ||
  fail "--check of what was not measured: exit $rc"
sed 's/"corpora": *\[\]/"corpora": ["elsewhere"]/' "$dir/p1.json" >"$dir/elsewhere.json"
rc=0; "$PHASEBENCH" claims --check --ledger "$dir/elsewhere.json" "$dir/r.json" >/dev/null 2>"$dir/err" || rc=$?
[ "$rc" -eq 12 ] && grep -q "nothing was checked" "$dir/err" || fail "--check of claims about other corpora: exit $rc"
rc=0; "$PHASEBENCH" claims "$dir/r.json" "$dir/r.json" >/dev/null 2>"$dir/err" || rc=$?
[ "$rc" -eq 2 ] && grep -q "is given twice" "$dir/err" || fail "a result twice: exit $rc"
cells baseline=1500,p1=1400
rc=0; "$PHASEBENCH" claims --check "$dir/r.json" >"$dir/checked" 2>"$dir/err" || rc=$?
[ "$rc" -eq 11 ] && grep -q "2 of 43 claims are refuted, the first is reduction-to-p1" "$dir/err" || fail "--check: exit $rc"
"$PHASEBENCH" claims "$dir/r.json" >/dev/null || fail "refuted without --check is no failure"

# For people; several results: each claim by the one that it is about.
sample --lines-per-mib baseline=1500,p1=2500 "$dir/r.json"
sample --lines-per-mib baseline=1500,p1=2500 --corpus ts-1720 "$dir/s.json"
"$PHASEBENCH" claims "$dir/r.json" >"$dir/text"
grep -q "purged   claimed 40.00 %; measured 40.00 % (75 % interval .*, n = 3): reproduced" "$dir/text" || fail "no line for people"
grep -q "rests on the cells of p1 and baseline, profile strict, repetitions 1 to 3" "$dir/text" || fail "no cells"
grep -q 'published: "Phase 1' "$dir/text" || fail "no source"
grep -q "^Of 43 claims 0 are exceeded, 2 reproduced, 0 there but not as good as claimed, 0 refuted, 41 not measured" "$dir/text" || \
  fail "summary: $(sed -n 2p "$dir/text")"
grep -q "^  reproduced: reduction-to-p1, marginal-p1$" "$dir/text" || fail "which are reproduced"
grep -q "^  ten-million-lines-p1 (linux-10m): p1: 1,000 MB" "$dir/text" || fail "claims about what was not given"
"$PHASEBENCH" claims "$dir/r.json" "$dir/s.json" >"$dir/text"
grep -q "purged   invented: claimed 40.00 %; measured 40.00 %" "$dir/text" || fail "first result"
grep -q "purged   ts-1720: claimed 40.00 %; measured 40.00 %" "$dir/text" || fail "second result"
[ "$(grep -A2 "^ts-lines-per-mb-p1:" "$dir/text" | grep -c ": claimed")" -eq 2 ] || fail "a claim about one of two results"
"$PHASEBENCH" claims --json "$dir/r.json" "$dir/s.json" >"$dir/v.json"
validate verdicts "$dir/v.json"
"$PHASEBENCH" claims --markdown "$dir/r.json" >"$dir/md"
grep -q '^| p1 needs 40 % less memory than the baseline | purged | 40.00 % | 40.00 % | 75 % interval .* | reproduced |$' "$dir/md" || fail "Markdown"
awk -F'|' '/^\|/ && NF != 8 { exit 1 }' "$dir/md" || fail "a Markdown row has not six columns"

# Contradictions, without any result; those of the ledger that comes with phasebench.
"$PHASEBENCH" claims --contradictions >"$dir/text"
for words in "but 1 - 1 / 6.30 = 84.13 % (ts-factor-6.3)" "but 21,696 lines/MiB (ts-lines-per-mb-all-six-as-bytecode)" \
  "325,114 lines / 1.50 MiB = 216,743 lines/MiB (ts-memory-all-six)" "but 1 - (1 - 0.4) \* (1 - 0.3) = 58.00 %" \
  "but 1 - 1,000 MiB / 1,740 MiB = 42.53 %" "but -3,976 % (own-combined-run)"; do
  grep -q -- "$words" "$dir/text" || fail "no contradiction says '$words'"
done
"$PHASEBENCH" claims --contradictions --json >"$dir/v.json"
validate verdicts "$dir/v.json"
validate claims "$PHASEBENCH_REPORTS_DIR/claims.json"

# Ledgers of one's own, good and bad.
ledger() { /usr/bin/python3 - "$PHASEBENCH_REPORTS_DIR/claims.json" "$dir/l.json" "$1" <<'PY'
import json, sys
l = json.load(open(sys.argv[1])); c = l["claims"][0]
exec(sys.argv[3])
open(sys.argv[2], "w").write(json.dumps(l).replace("Infinity", "1e999"))
PY
}
refused() { # words, change
  local rc=0
  ledger "$2"
  "$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/r.json" >"$dir/out" 2>"$dir/err" || rc=$?
  [ "$rc" -eq 3 ] && grep -q "$1" "$dir/err" && grep -q "l.json" "$dir/err" || fail "$2: exit $rc: $(cat "$dir/err")"
}
# The order in which a combination names its stages means nothing.
sample --lines-per-mib baseline=1500,p1+p2=20000 "$dir/swapped.json"
ledger 'c = [c for c in l["claims"] if c["id"] == "reduction-to-p2"][0]; c["combination"] = "p2+p1"; l["claims"] = [c]'
"$PHASEBENCH" claims --check --ledger "$dir/l.json" "$dir/swapped.json" >"$dir/text" || fail "p2+p1: exit $?"
grep -q ": exceeded$" "$dir/text" || fail "p2+p1: $(cat "$dir/text")"
ledger 'c["combination"] = "p2+p2"'
"$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/swapped.json" >"$dir/text"
grep -A1 "^reduction-to-p1:" "$dir/text" | grep -q "not measured: the combination is not in this result" || fail "p2+p2 is taken for p1+p2"
ledger 'c["against"] = "p2+p1"; c["combination"] = "p1+p2"; c["metric"] = "marginal_reduction_pct"'
rc=0; "$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/swapped.json" >/dev/null 2>"$dir/err" || rc=$?
[ "$rc" -eq 3 ] && grep -q 'is the combination itself' "$dir/err" || fail "p1+p2 against p2+p1: exit $rc: $(cat "$dir/err")"

refused "the schema is" 'l["schema"] = "other"'
refused "claims" 'del l["claims"]'
refused "value" 'c["value"] = "40"'
refused "no checkpoint 'purge'" 'c["checkpoints"] = ["purge"]'
refused "nothing to judge" 'c["checkpoints"] = []'
refused "nowhere" 'c["source"] = "nowhere"'
refused "refuted_at" 'c["refuted_at"] = 50'
refused "better" 'c["better"] = "bigger"'
refused '"says" has the control character 0x1b' 'c["says"] = "\x1b[31mred"'
refused '"a list" has the control character 0x0a' 'c["corpora"] = ["a\nb"]'
refused '"id" is empty' 'c["id"] = ""'
refused "twice" 'l["claims"].append(c)'
refused 'claims\[0\] (reduction-to-p1): there is no key "valeu"; known are: id, says,' 'c["valeu"] = 1'
refused 'claims\[0\]: "id" has the control character 0x1b' 'c["id"] = "\x1b[31mred"'
refused 'there is no key "note"; known are: schema, sources, lines, claims' 'l["note"] = "x"'
refused "from, to" 'c["value"] = [1, 2, 3]'
refused "from, to" 'c["value"] = [1, float("inf")]'
refused "sources: \"x\" is not a text" 'l["sources"]["x"] = 3'
refused "\"sources\" is not an object" 'l["sources"] = []'
refused "from more to less" 'c["value"] = [41, 40]'
refused "rounding" 'c["rounding"] = -1'
refused "100 %" 'c["value"] = 100'
refused "\"against\" must name the other" 'c["metric"] = "marginal_reduction_pct"; del c["against"]'
refused "leave \"against\" out" 'c["metric"] = "lines_per_mib"'
refused "it is marginal_reduction_pct" 'c["against"] = "p2"'
refused "the combination itself" 'c.update(metric="lines_per_mib_factor", against="p1")'
refused "not a number above 0" 'l["lines"]["x"] = 0'
refused "is not an object" 'l["claims"][0] = "p1"'
printf '{"schema": "phasebench-claims-1", "sources": {}, "sources": {}, "claims": []}' >"$dir/l.json"
rc=0; "$PHASEBENCH" claims --ledger "$dir/l.json" --contradictions >/dev/null 2>"$dir/err" || rc=$?
[ "$rc" -eq 3 ] && grep -q 'the key "sources" is there twice' "$dir/err" || fail "a key twice: $(cat "$dir/err")"
for change in 'c["valeu"] = 1' 'c["value"] = [1, 2, 3]' 'c["rounding"] = -1' 'c["against"] = "p2"' 'del c["value"]'; do
  ledger "$change"
  ! validate claims "$dir/l.json" 2>/dev/null || fail "the schema takes $change"
done

# One's own, with other numbers: the example of the help has no contradiction, and this one has.
"$PHASEBENCH" claims --help | sed -n '/^  {/,/^  }/p' >"$dir/own.json"
validate claims "$dir/own.json"
"$PHASEBENCH" claims --ledger "$dir/own.json" --contradictions >"$dir/out"
grep -q "whatever is measured: 0$" "$dir/out" || fail "the example contradicts itself: $(cat "$dir/out")"
"$PHASEBENCH" claims --ledger "$dir/own.json" "$dir/r.json" >"$dir/out"
grep -q "half: p1 needs half of the memory" "$dir/out" && grep -q "smaller than claimed" "$dir/out" || fail "the example is not judged"
ledger 'del l["claims"][2:]; l["claims"][1].update(combination="p1", value=70, id="other")'
"$PHASEBENCH" claims --ledger "$dir/l.json" --contradictions >"$dir/out"
grep -q "whatever is measured: 1$" "$dir/out" && grep -q "^      40.00 % (reduction-to-p1)$" "$dir/out" && \
  grep -q "^  but 70.00 % (other)$" "$dir/out" || fail "one's own contradiction: $(cat "$dir/out")"
ledger 'c["metric"] = "no_such_metric"; del c["against"]'
"$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/r.json" >"$dir/out"
grep -q "not measured: this result has no metric of that name" "$dir/out" || fail "unknown metric"
ledger 'c["unit"] = "bytes"'
"$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/r.json" >"$dir/out"
grep -q "not measured: the ledger gives another unit" "$dir/out" || fail "other unit"
ledger 'del c["against"]; c.update(checkpoints=["-"], metric="tree_bits_per_node", unit="bits/node", value=18, refuted_at=90, better="smaller")'
"$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/r.json" >"$dir/out"
grep -q "claimed 18.00 bits/node; measured 143" "$dir/out" || fail "a figure of the whole cell: $(head -5 "$dir/out")"
rc=0; "$PHASEBENCH" claims 2>/dev/null || rc=$?
[ "$rc" -eq 2 ] || fail "no file: exit $rc"
for arguments in "--json --markdown" "--contradictions --check"; do
  # shellcheck disable=SC2086
  rc=0; "$PHASEBENCH" claims $arguments 2>/dev/null || rc=$?
  [ "$rc" -eq 2 ] || fail "$arguments: exit $rc"
done
rc=0; "$PHASEBENCH" claims --contradictions "$dir/r.json" 2>/dev/null || rc=$?
[ "$rc" -eq 2 ] || fail "--contradictions with a result: exit $rc"
rc=0; "$PHASEBENCH" claims "$dir/r.json" >/dev/full 2>/dev/null || rc=$?
[ "$rc" -eq 4 ] || fail "a full disk: exit $rc"
rc=0; "$PHASEBENCH" claims "$dir/none.json" 2>/dev/null || rc=$?
[ "$rc" -eq 3 ] || fail "missing file: exit $rc"
echo "claims: all as expected"
