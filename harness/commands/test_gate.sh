#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench gate` and `phasebench baseline` over results made for it: each exit code for its reason, each form
# of output read by what reads it elsewhere, and bad input.
set -euo pipefail
source_dir=$PHASEBENCH_SOURCE_DIR
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
sample() { /usr/bin/python3 -B "$source_dir/scripts/sample_result.py" "$@"; }
fail() { echo "test_gate: $*" >&2; exit 1; }
# edit FILE OUT CODE: Python over the result `r`; at(c, name) is a checkpoint of a cell, cells(name) a combination's
edit() {
  /usr/bin/python3 - "$@" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
def cells(name): return [c for c in r["cells"] if c["combination"] == name]
def at(c, name): return next(p for p in c["checkpoints"] if p["name"] == name)
def grow(point, pages):  # anonymous memory and RSS, such that the file still agrees with itself
    for key in ("rss_bytes", "anonymous_bytes"): point[key] += 4096 * pages
    point["mappings"][0]["rss_bytes"] += 4096 * pages
exec(sys.argv[3])
json.dump(r, open(sys.argv[2], "w"))
PY
}
gate() { # gate EXPECTED ARGUMENT...: the exit code; output in `out`, messages in `err`
  local expected=$1 rc=0
  shift
  "$PHASEBENCH" gate "$@" >out 2>err || rc=$?
  [ "$rc" = "$expected" ] || fail "gate $*: exit code $rc, expected $expected: $(cat out err)"
}
says() { grep -qE -- "$1" "${2:-out}" || fail "no '$1' in: $(cat "${2:-out}")"; }

sample --instrument --profiles strict,stock base.json
# Repetitions that are equal, as memory's are.
edit base.json base.json '
by = {}
for c in r["cells"]:
    first = by.setdefault((c["combination"], c["profile"]), c)
    for key in ("checkpoints", "trees", "edits"): c[key] = first[key]'
gate 0 ./base.json base.json
says '0 regressed, 0 improved, .* 0 with too few'
says '^PASSED'
gate 0 base.json base.json --all
says 'tree_bytes .*unchanged'

# ---- exact: one byte more is a regression, less an improvement; a changed number of nodes is neither ----
edit base.json byte.json 'for c in cells("p1"): c["trees"]["tree_bytes"] += 1'
gate 10 base.json byte.json
says 'tree_bytes .*regressed'
gate 0 byte.json base.json
says 'tree_bytes .*improved'
edit base.json nodes.json 'for c in cells("p1"): c["trees"]["nodes"] -= 1'
gate 10 base.json nodes.json
says '^ *nodes .*regressed'
# One repetition is enough for them.
edit base.json once.json 'r["settings"]["repetitions"] = 1; r["cells"] = [c for c in r["cells"] if c["repetition"] == 0]'
edit once.json once-byte.json 'for c in cells("p1"): c["trees"]["source_bytes"] += 1'
gate 10 once.json once-byte.json
# RSS and anonymous memory have thresholds.
edit base.json pages.json 'for c in cells("p1"): grow(at(c, "purged"), 4)'
gate 0 base.json pages.json
edit base.json pages.json 'for c in cells("p1"): grow(at(c, "purged"), 5)'
gate 10 base.json pages.json
says 'anonymous_above_start_bytes at purged .*regressed'

# ---- times are reported, unless the configuration gates them ----
cat >times.json <<'JSON'
{"schema": "phasebench-gate-1", "alpha": 0.05, "metrics": [{"name": "walk_ns", "kind": "rank", "min_effect_pct": 10}]}
JSON
gate 14 base.json base.json --config times.json
says 'cannot get p below'
spread='for i, c in enumerate(r["cells"]): c["timings"]["walk_ns"] = c["timings"]["walk_ns"] * (1000 + 7 * (i % 5)) // 1000'
sample --repetitions 8 eight.json
edit eight.json eight.json "$spread"
edit eight.json slow.json 'for c in cells("p1"): c["timings"]["walk_ns"] = c["timings"]["walk_ns"] * 6 // 5'
edit eight.json little.json 'for c in cells("p1"): c["timings"]["walk_ns"] = c["timings"]["walk_ns"] * 27 // 25'
gate 10 eight.json slow.json --config times.json
says 'walk_ns .*\+20.* regressed'
gate 0 slow.json eight.json --config times.json
says 'improved'
gate 0 eight.json little.json --config times.json
edit eight.json pair.json 'for c in cells("p1"): c["timings"]["walk_ns"] = cells("baseline")[0]["timings"]["walk_ns"] * 2'
gate 10 pair.json pair.json --config times.json --compare baseline=p1
says 'baseline against p1'

# ---- unlike ----
refused() { # refused WHAT CODE POLICY EXPECTED
  edit base.json unlike.json "$2"
  gate 13 base.json unlike.json
  says "unlike +$1: .*\[refused\]"
  gate "$4" base.json unlike.json --policy "$1=$3"
  says "unlike +$1: .*\[$3\]"
}
refused machine 'r["environment"]["cpu_model"] = "Another"' ignore-times 0
refused machine 'r["environment"]["kernel"] = "Linux 6.2.0"' ignore 0
refused machine 'r["environment"]["page_bytes"] = 16384' ignore 0
refused version 'r["environment"]["tree_sitter_version"] = "0.26"' ignore 0
refused version 'r["corpus"]["languages"][0]["grammar_version"] = "0.25"' ignore-times 0
refused version 'r["environment"]["allocator_version"] = "5.4"' ignore 0
refused version 'r["environment"]["compiler"] = "GNU 13"' ignore 0
refused settings 'r["settings"]["seed"] = 2' ignore 0
refused settings 'r["settings"]["malloc_conf"]["strict"] = "narenas:2"' ignore 0
edit base.json base.json 'r["settings"]["options"] = {"p1": {"p1.budget_bytes": 4096}}'
refused settings 'r["settings"]["options"] = {"p1": {"p1.budget_bytes": 8192}}' ignore 0
says 'p1.budget_bytes in p1: 4096, now 8192'
refused corpus 'r["corpus"]["content_hash"] = "f" * 32' ignore 0
refused corpus 'r["corpus"]["content_hash"] = "f" * 32
for c in r["cells"]: c["trees"]["nodes"] = (c["trees"]["nodes"] or 1) + 1 if c["kind"] == "measured" else None' per-line 0
says '[1-9][0-9]* unchanged'
if grep -q '^ *nodes ' out; then fail "absolute figures of another corpus are shown"; fi
# Of another kind: a generated file took 95 % off every figure per line, and the gate passed.
generated='r["corpus"]["content_hash"] = "f" * 32
for l in [r["corpus"]] + r["corpus"]["languages"]: l["bytes"] = int(l["bytes"] * FACTOR)'
for factor in 1.6 0.6; do
  edit base.json generated.json "${generated/FACTOR/$factor}"
  gate 13 base.json generated.json --policy corpus=per-line --json kind.json
  says 'bytes a line: .*refused'
  /usr/bin/python3 -c 'import json; assert {d["what"]: d["policy"] for d in json.load(open("kind.json"))["differences"]} == {"content": "per-line", "bytes a line": "refuse"}'
  gate 0 base.json generated.json --policy corpus=ignore
done
edit base.json generated.json "${generated/FACTOR/1.4}"
gate 0 base.json generated.json --policy corpus=per-line
says 'bytes a line: .*per-line'
edit base.json generated.json 'r["corpus"]["content_hash"] = "f" * 32
for c in r["cells"]: c["trees"]["nodes"] = 5 * (c["trees"]["nodes"] or 0) if c["kind"] == "measured" else None'
gate 13 base.json generated.json --policy corpus=per-line
says 'nodes a line: .*refused'
edit base.json unlike.json 'r["environment"]["cpu_model"] = "Another"'
gate 3 base.json unlike.json --config times.json --policy machine=ignore-times
says 'nothing is left that gates' err
sample --sanitized --profiles strict,stock sanitized.json
gate 13 base.json sanitized.json --policy version=ignore
# A policy changes nothing where there is nothing to apply it to.
gate 10 base.json byte.json --policy machine=ignore-times --policy corpus=per-line --policy version=ignore

# ---- missing ----
sample --instrument --profiles strict,stock --fail p1=crashed failed.json
gate 12 base.json failed.json
says 'the whole group'
says 'in the candidate: .*killed by signal 11'
gate 12 failed.json base.json
says 'in the baseline'
sample --lines-per-mib baseline=1500 --profiles strict,stock less.json
sample --profiles strict,stock sample-two.json
edit base.json one.json 'r["settings"]["profiles"] = ["strict"]; r["cells"] = [c for c in r["cells"] if c["profile"] == "strict"]'
gate 12 base.json one.json
says 'the candidate has no such combination and profile'
gate 0 one.json base.json
edit base.json null.json '
for c in cells("p1"): at(c, "purged")["disk_bytes"] = None; at(c, "purged")["missing"]["disk_bytes"] = "not told"'
gate 12 base.json null.json
says 'not told'
gate 0 null.json base.json
# One that only the candidate has is not compared, but a failed one fails.
gate 0 less.json sample-two.json
gate 12 less.json failed.json
says 'in the candidate, and not in the baseline'
# A regression is told before what is missing.
edit failed.json both.json 'for c in cells("baseline"): c["trees"]["nodes"] += 1'
gate 10 base.json both.json

# ---- claims ----
ledger=$source_dir/reports/claims.json
sample good.json
sample --lines-per-mib baseline=1500,p1=1400 refuted.json
cat >loose.json <<'JSON'
{"schema": "phasebench-gate-1", "alpha": 0.05, "metrics": [{"name": "nodes", "kind": "exact", "better": "equal"}]}
JSON
gate 0 good.json good.json --config loose.json --claims "$ledger"
gate 11 good.json refuted.json --config loose.json --claims "$ledger"
says 'claim reduction-to-p1 at purged: exceeded, now refuted'
gate 0 refuted.json refuted.json --config loose.json --claims "$ledger"
gate 10 good.json refuted.json --claims "$ledger"

# ---- output ----
edit failed.json odd.json 'for c in cells("baseline"): c["trees"]["nodes"] += 1
for c in r["cells"]:
    if c["reason"]: c["reason"] = "a < b & \"c\" > d \u0001 | é"'
gate 10 base.json odd.json --json gate.json --markdown gate.md --junit gate.xml
/usr/bin/python3 -B "$source_dir/scripts/validate_result.py" --schema "$source_dir/results/gate-outcome.schema.json" gate.json ||
  fail "the outcome does not match its schema"
/usr/bin/python3 - <<'PY' || fail "the forms of output do not agree"
import json, xml.etree.ElementTree as tree
outcome = json.load(open("gate.json"))
root = tree.parse("gate.xml").getroot()
cases = root.findall(".//testcase")
lines = outcome["comparisons"]
assert root.tag == "testsuites" and len(cases) == len(lines) == int(root.get("tests")) > 20
bad = [l for l in lines if l["gates"] and l["verdict"] == "regressed"]
gone = [l for l in lines if l["gates"] and l["verdict"] in ("missing", "too few repetitions")]
assert len(root.findall(".//failure")) == len(bad) == int(root.get("failures")) > 0
assert len(root.findall(".//error")) == len(gone) == int(root.get("errors")) > 0
assert sum(int(s.get("tests")) for s in root.findall("testsuite")) == len(cases)
assert any('a < b & "c" > d ? | é' in e.get("message") for e in root.findall(".//error"))
assert outcome["exit_code"] == 10 and outcome["passed"] is False
rows = [l for l in open("gate.md") if l.startswith("|")]
assert len({l.replace("\\|", "").count("|") for l in rows}) == 1 and len(rows) == 2 + len(bad) + len(gone), rows
PY
says 'FAILED'
for form in json markdown junit; do
  gate 13 base.json sanitized.json --$form -
  if grep -q FAILED out; then fail "--$form -: the text is there, too"; fi
  cp out "out.$form"
done
/usr/bin/python3 -B "$source_dir/scripts/validate_result.py" --schema "$source_dir/results/gate-outcome.schema.json" out.json
/usr/bin/python3 -c 'import xml.etree.ElementTree as t; assert len(t.parse("out.junit").getroot().findall(".//error")) == 1'
says 'exit code 13' out.markdown
gate 4 base.json byte.json --json /nowhere/gate.json
gate 2 base.json byte.json --json - --junit -

# ---- directions ----
# They belong to the metrics. Without "better", 73 % fewer lines per MiB were once an improvement, and passed.
directions() { # directions EXIT RULE
  printf '{"schema": "phasebench-gate-1", "alpha": 0.05, "metrics": [%s]}\n' "$2" >rule.json
  gate "$1" good.json base.json --config rule.json --compare p1=baseline --all
}
sample --profiles strict,stock good.json
for name in lines_per_mib lines_per_mib_with_disk reduction_pct; do
  directions 10 '{"name": "'$name'", "kind": "modes", "checkpoints": ["purged"], "min_effect_pct": 1}'
  says "$name .*regressed"
  directions 3 '{"name": "'$name'", "kind": "modes", "checkpoints": ["purged"], "better": "smaller"}'
  says "metrics\[0\]: of '$name' larger is better" err
done
directions 3 '{"name": "tree_bytes", "kind": "exact", "better": "larger"}'
says "of 'tree_bytes' smaller is better" err
directions 3 '{"name": "nodes", "kind": "exact", "better": "smaller"}'
says "of 'nodes' equal is better" err
directions 10 '{"name": "tree_bytes", "kind": "exact", "better": "equal"}'
# A pattern's is that of what it fits, which has to be one.
directions 10 '{"name": "lines_per_*", "kind": "modes", "checkpoints": ["purged"]}'
directions 3 '{"name": "*", "kind": "modes", "checkpoints": ["purged"]}'
says "and the rule has|\"better\" has to say it" err
directions 3 '{"name": "*per_mib", "kind": "modes", "checkpoints": ["purged"], "better": "smaller"}'
says "of 'lines_per_mib' larger is better" err
directions 3 '{"name": "latency.hot.accesses", "kind": "exact"}'
says "whether a larger 'latency.hot.accesses' is better is not known" err
directions 0 '{"name": "latency.hot.accesses", "kind": "exact", "better": "equal"}'

# ---- bad input ----
bad() { # bad EXIT MESSAGE CONFIG
  printf '%s\n' "$3" >bad.json
  gate "$1" base.json base.json --config bad.json
  says "$2" err
}
head='{"schema": "phasebench-gate-1", "alpha": 0.05, "metrics": ['
bad 3 'there is no key "treshold"; expected: name, ' "$head"'{"name": "nodes", "kind": "exact", "treshold": 1}]}'
bad 3 'there is no key "gates"' '{"schema": "phasebench-gate-1", "alpha": 0.05, "metrics": [], "gates": []}'
bad 3 "the schema is 'x'" '{"schema": "x", "alpha": 0.05, "metrics": []}'
bad 3 '"alpha" must be above 0' '{"schema": "phasebench-gate-1", "alpha": 0, "metrics": []}'
bad 3 'no metric gates' '{"schema": "phasebench-gate-1", "alpha": 0.05, "metrics": []}'
bad 3 'no metric gates' "$head"'{"name": "nodes", "kind": "exact", "gate": false}]}'
bad 3 "expected exact, modes or rank" "$head"'{"name": "nodes", "kind": "close"}]}'
bad 3 "metrics\[0\]: no group of the baseline has a figure 'nodez'" "$head"'{"name": "nodez", "kind": "exact"}]}'
bad 3 "no group of the baseline has a figure 'nodes' at 'purged'" "$head"'{"name": "nodes", "kind": "exact", "checkpoints": ["purged"]}]}'
bad 3 "expected names of checkpoints" "$head"'{"name": "nodes", "kind": "exact", "checkpoints": ["later"]}]}'
bad 3 '"checkpoints" is empty' "$head"'{"name": "nodes", "kind": "exact", "checkpoints": []}]}'
bad 3 'must not be negative' "$head"'{"name": "nodes", "kind": "exact", "min_effect": -1}]}'
bad 3 'is there twice' "$head"'{"name": "nodes", "kind": "exact", "kind": "rank"}]}'
bad 3 'bad.json' 'not JSON'
bad 3 "no group of the baseline has a figure 'rss_noise_pct'" "$head"'{"name": "rss_noise_pct", "kind": "exact"}]}'
gate 2 base.json
gate 2 base.json base.json --policy weather=ignore
says 'expected corpus=refuse' err
gate 2 base.json base.json --policy corpus=ignore-times
gate 2 base.json base.json --policy machine=per-line
gate 2 base.json base.json --policy machine
gate 2 base.json base.json --compare baseline
gate 2 base.json base.json --compare none=p1
says "has no combination 'none'" err
gate 2 base.json base.json --compare p1+p2=p1 --compare p2+p1=baseline
says 'p2.p1. is compared twice' err
gate 12 base.json base.json --compare baseline=none
gate 3 base.json none.json
gate 3 nothing base.json
says "there is no baseline 'nothing'" err
gate 3 base.json base.json --claims none.json
gate 0 --help
says 'exit codes'

# ---- baselines ----
baseline() { # baseline EXPECTED ARGUMENT...
  local expected=$1 rc=0
  shift
  "$PHASEBENCH" baseline "$@" >out 2>err || rc=$?
  [ "$rc" = "$expected" ] || fail "baseline $*: exit code $rc, expected $expected: $(cat out err)"
}
baseline 0 list
says 'no baselines'
baseline 0 save base.json --name mine
[ "$(ls results/baselines)" = mine.json ] || fail "more than the baseline was left: $(ls -a results/baselines)"
/usr/bin/python3 -c 'import json; assert json.load(open("base.json")) == json.load(open("results/baselines/mine.json"))' ||
  fail "the baseline is another result"
baseline 0 list
says '^mine +invented'
baseline 0 show mine
says 'p1 +stock'
gate 0 mine base.json
gate 10 mine byte.json
gate 0 mine mine
cp results/baselines/mine.json kept
baseline 2 save byte.json --name mine
says 'replace' err
cmp -s kept results/baselines/mine.json || fail "a refused save changed the baseline"
baseline 0 save byte.json --name mine --replace
gate 10 base.json mine
baseline 3 save failed.json --name failed
says 'needs all of its cells' err
baseline 3 save sanitized.json --name sanitized
says 'sanitizers' err
edit base.json unfit.json 'r["settings"]["allow_unfit_build"] = True'
baseline 3 save unfit.json --name unfit
baseline 2 save base.json --name ../up
baseline 2 save base.json --name .hidden
baseline 2 save base.json
baseline 2 list --name x
baseline 2 rename
baseline 3 show none
baseline 0 save base.json --name other --dir deep/er
gate 0 other base.json --dir deep/er
[ "$(ls results/baselines)" = mine.json ] || fail "a refused save left something: $(ls -a results/baselines)"
echo '{' >results/baselines/broken.json
baseline 3 list
says '^mine'
baseline 0 --help
echo "gate and baseline: every exit code for its reason"
