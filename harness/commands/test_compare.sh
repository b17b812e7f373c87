#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench compare`: figures of both sides, what is unlike is said or refused, text, JSON by its schema, CSV, page.
set -euo pipefail
export PHASEBENCH_REPORTS_DIR=$PHASEBENCH_SOURCE_DIR/reports
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
sample() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" "$@"; }
fail() { echo "test_compare: $*" >&2; exit 1; }
says() { grep -qE -- "$2" "$1" || fail "$1 does not say '$2': $(head -60 "$1")"; }
compare() { "$PHASEBENCH" compare "$@" >out 2>err || fail "compare $*: exit $?: $(cat err)"; }
refused() { # exit code, words, arguments
  local want=$1 words=$2 rc=0
  shift 2
  "$PHASEBENCH" compare "$@" >out 2>err || rc=$?
  [ "$rc" -eq "$want" ] && grep -qF -- "$words" err || fail "$*: exit $rc (want $want): $(cat err)"
  [ ! -s out ] || fail "$*: figures all the same: $(head -3 out)"
}

sample --lines-per-mib 'baseline=1500,p1=20000,p1+p2=30000,onlya=5' --fail p1+p2=crashed a.json
sample --lines-per-mib 'baseline=1500,p1=40000,p1+p2=30000,<b>=7' --repetitions 6 b.json
sed -i 's/"Invented CPU"/"Another <i>CPU<\/i>"/; s/"0.1.0"/"0.2.0"/' b.json

compare a.json a.json
says out 'Corpus, machine, program and settings are the same'
says out '^p1  +20,000  +20,000  +0  1\.0000  +0\.20 %  +0\.20 %  +overlap$'
compare a.json b.json
says out 'environment.cpu_model: Invented CPU \| Another <i>CPU</i>'
says out 'phasebench.version: 0.1.0 \| 0.2.0'
says out 'settings.repetitions: 3 \| 6'
says out '^p1  +20,000  +39,980  +\+19,980  1\.9990  +0\.20 %  +0\.50 %  +apart$'
says out '^p1\+p2  +n/a  +29,985  +n/a  +n/a  +n/a  +0\.50 %  +not known$'
says out '^FAILED in A: p1\+p2: repetition 1 of 3 crashed'
says out '^only in A: onlya'
says out '^only in B: <b>'
! grep -q '^minor_faults_count' out || fail "not only the main figures"
compare --all a.json b.json
says out '^minor_faults_count at purged, faults'

# All figures, both sides as `metrics` says them.
compare --json a.json b.json -o page
cp out printed.json
cmp -s <(/usr/bin/python3 -c 'import json; print(json.load(open("printed.json")) == json.load(open("page/compare.json")))') <(echo True) || fail "two kinds of JSON"
for file in a b; do "$PHASEBENCH" metrics $file.json >$file.tsv 2>/dev/null; done
/usr/bin/python3 - "$PHASEBENCH_SOURCE_DIR" <<'PY'
import csv, json, jsonschema, sys
c = json.load(open("printed.json"))
schema = json.load(open(sys.argv[1] + "/results/compare.schema.json"))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(c, schema)
for side in "ab":
    want = {(r[1], r[2].replace("-", ""), r[3]): r[4] for r in csv.reader(open(side + ".tsv"), delimiter="\t") if r[0] == "invented"}
    got = {(r["combination"], r["checkpoint"] or "", r["metric"]): r[side] for r in c["rows"]}
    known = {k: float(v) for k, v in want.items() if v != "null" and k[0] in ("baseline", "p1")}
    assert len(known) > 500, len(known)
    for k, v in known.items():
        assert got[k]["median"] == v, (k, v, got[k])
for r in c["rows"]:
    for key in ("a", "b", "difference", "ratio", "noise_a_pct", "noise_b_pct", "intervals_overlap"):
        assert (r[key] is None) == (key in r.get("missing", {})), (key, r)
    if r["difference"] is not None:
        assert abs(r["b"]["median"] - r["a"]["median"] - r["difference"]) <= 1e-9 * abs(r["b"]["median"]), r
row = next(r for r in c["rows"] if r["combination"] == "p1+p2" and r["metric"] == "lines_per_mib" and r["checkpoint"] == "purged")
assert row["a"] is None and "crashed" in row["missing"]["a"] and row["b"]["n"] == 6
raw = open("page/compare.csv", "rb").read()
rows = list(csv.reader(raw.decode().splitlines()))
assert raw.count(b"\r\n") == raw.count(b"\n") == len(c["rows"]) + 1 and len({len(r) for r in rows}) == 1
PY

# Other contents: refused, or figures a line only.
sample --lines-per-mib 'baseline=1500,p1=20000' --lines 1000 other.json
sed -i 's/0123456789abcdef0123456789abcdef/ffffffffffffffff0123456789abcdef/' other.json
refused 2 "--unlike compares figures a line all the same" a.json other.json -o none
[ ! -e none ] || fail "a page all the same"
compare --unlike --all a.json other.json
says out 'corpus.content_hash: 0123456789abcdef0123456789abcdef \| ffff'
says out 'only figures a line or a node'
grep -E '^[a-z_.0-9]+( at [a-z]+)?, ' out | sed 's/.*, //' | sort -u | paste -sd' ' | grep -qx 'bits/node bytes/line lines/MiB' || fail "units: $(grep -E '^[a-z_.0-9]+( at [a-z]+)?, ' out)"

refused 2 "expected two result files" a.json
refused 2 "expected two result files" a.json a.json a.json
refused 3 "none.json" a.json none.json
refused 3 "no profile" --profile nothing a.json b.json
refused 2 "this is a file" a.json b.json -o a.json

# The page.
command -v chromium >/dev/null ||
  fail "chromium is not installed; as root: apt-get install chromium, or scripts/setup.sh --tests"
! grep -qF '<i>CPU' page/index.html || fail "a name is markup"
for width in 390 1280; do
  /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/render_page.py" --width $width page/index.html >facts
  /usr/bin/python3 -c 'import json, sys
f = json.load(open("facts"))
assert f["scroll_width"] <= f["inner_width"] == int(sys.argv[1]) and not f["wide"] and not f["clipped"], f
assert not f["requests"] and not f["errors"] and f["levels_in_order"] and f["named_pictures"] and f["least_contrast"] >= 4.5, f
assert f["counts"]["pictures"] == 1 and f["counts"]["tables"] >= 12, f' $width || fail "the page at $width px"
done
echo "compare: all as expected"
