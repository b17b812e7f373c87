#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# index.html of `phasebench report` in a real browser: phone and desktop, light and dark, nothing reaches
# out of the page sideways or into the network, names cannot become markup, and what failed or is null is told. And
# the CSV files beside it.
set -euo pipefail
export PHASEBENCH_REPORTS_DIR=$PHASEBENCH_SOURCE_DIR/reports
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
sample() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" "$@"; }
fail() { echo "test_report_page: $*" >&2; exit 1; }
command -v chromium >/dev/null ||
  fail "chromium is not installed; as root: apt-get install chromium, or scripts/setup.sh --tests"

# render PAGE: facts of both widths in both schemes, into PAGE's folder; and what all pages must be.
render() {
  local width scheme
  for width in 390 1280; do
    for scheme in light dark; do
      /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/render_page.py" --width "$width" \
        $([ "$scheme" = light ] || echo --dark) --open "$1/index.html" >"$1/$width.$scheme.facts"
    done
  done
  /usr/bin/python3 - "$1" <<'PY'
import json, sys
backgrounds = {}
for width in (390, 1280):
    for scheme in ("light", "dark"):
        f = json.load(open(f"{sys.argv[1]}/{width}.{scheme}.facts"))
        where = f"{sys.argv[1]} at {width} px, {scheme}"
        assert f["inner_width"] == width, (where, f["inner_width"])
        assert f["scroll_width"] <= width, (where, "scrolls sideways", f["scroll_width"])
        assert not f["wide"] and not f["clipped"], (where, f["wide"], f["clipped"])
        assert not f["requests"] and not f["errors"], (where, f["requests"], f["errors"])
        assert f["script_elements"] == 0 and f["handlers"] == 0 and not f["alert"], where
        assert f["lang"] == "en" and f["levels_in_order"] and f["named_pictures"], where
        assert f["smallest_text_px"] >= 11, (where, f["smallest_text_px"])
        assert f["least_contrast"] >= 4.5, (where, f["least_contrast"])
        assert f["most_rows"] <= 16, (where, f["most_rows"])
        backgrounds.setdefault(scheme, f["background"])
assert backgrounds["light"] == "rgb(255, 255, 255)" and backgrounds["dark"] != backgrounds["light"], backgrounds
PY
}
fact() { # PAGE, python expression over f
  /usr/bin/python3 -c 'import json, sys; f = json.load(open(sys.argv[1] + "/1280.light.facts")); assert eval(sys.argv[2]), f' "$1" "$2" ||
    fail "$1: not so: $2"
}
says() { grep -qF -- "$2" "$1/index.html" || fail "$1 does not say '$2'"; }
lacks() { ! grep -qF -- "$2" "$1/index.html" || fail "$1 says '$2'"; }
report() { "$PHASEBENCH" report "$@" >log || fail "report $*: $(cat log)"; }

# A result with all there is: a failed combination, claims, an interval of 97 % (six repetitions).
all=baseline=1300,p1=12000,p1+p2=40000,p1+p2+p3=90000,p1+p2+p3+p4a=200000,p1+p2+p3+p4a+p4b=400000,p1+p2+p3+p4a+p4b+p4c=1000000
sample --corpus ts-1720 --files 1720 --lines 325114 --lines-per-mib $all --repetitions 6 --fail p1+p2+p3+p4a=crashed --instrument r.json
report r.json -o whole
tail -n 1 log | grep -qx "report: whole/index.html" || fail "the last line is not the page: $(tail -n 1 log)"
render whole
fact whole 'f["counts"]["pictures"] == 10 and f["counts"]["tables"] >= 11 and f["counts"]["failed_rows"] >= 8'
fact whole 'f["texts"][1:] == ["Claims and verdicts", "Lines per MiB", "Trees and their limit", "Bytes a line by owner", "Memory over checkpoints", "Latency by class", "What it costs", "Which stage a saving is owed to", "Speed", "Documents that are not in use", "Environment, proof and noise", "What could not be measured"]'
for words in "hold 1,299 lines of code per MiB" "1 of 7 combinations FAILED" "FAILED: repetition 1 of 6 crashed: killed by signal 11" \
  "a confidence of 96.88 %" "<small>±225</small>" "the limit is not marked" "phasebench estimate --corpus ts-1720" "no cpufreq in this machine" \
  "no stage reports journal_tree_bytes" "whole cell, repetition 1: crashed" "Note: invented: nothing was measured" 'prefers-color-scheme: dark'; do
  grep -qiF -- "$words" whole/index.html || fail "the page does not say '$words'"
done
lacks whole 'path class="l"'
[ "$(grep -o 'class="wide"' whole/index.html | wc -l)" -eq "$(grep -o 'svg class="narrow"' whole/index.html | wc -l)" ] || fail "not all pictures are there twice"
for picture in lines_per_mib owners checkpoints latency trade_off; do
  [ -s "whole/ts-1720.$picture.svg" ] && [ -s "whole/ts-1720.$picture.png" ] || fail "no $picture"
  says whole "href=\"ts-1720.$picture.svg\""
done
# Every link of the page is a file beside it or a place in it.
/usr/bin/python3 - <<'PY'
import csv, os, re
page = open("whole/index.html", encoding="utf-8").read()
links = re.findall(r'href="([^"]*)"', page)
assert len(links) > 25
for link in set(links) - {"data:,"}: # no icon
    assert (f'id="{link[1:]}"' in page) if link[0] == "#" else os.path.getsize("whole/" + link) > 0, link
# RFC 4180: CRLF, as many fields in each line; the same figures as `metrics`.
for name in ("memory", "lines", "owners", "checkpoints", "latency", "trade", "speed", "cold_open", "trust", "verdicts", "missing"):
    raw = open(f"whole/ts-1720.{name}.csv", "rb").read()
    assert raw.count(b"\r\n") == raw.count(b"\n") > 1, name
    rows = list(csv.reader(raw.decode().splitlines()))
    assert len({len(r) for r in rows}) == 1, (name, [len(r) for r in rows])
rows = {r["combination"]: r for r in csv.DictReader(open("whole/ts-1720.memory.csv", newline=""))}
row = rows["p1+p2+p3"]
assert float(row["lines_per_mib@purged.ci_low"]) <= float(row["lines_per_mib@purged"]) <= float(row["lines_per_mib@purged.ci_high"])
assert rows["p1+p2+p3+p4a"]["lines_per_mib@purged"] == "" and rows["p1+p2+p3+p4a"]["note"].startswith("FAILED")
PY
"$PHASEBENCH" metrics r.json 2>/dev/null | awk -F'\t' '$2=="p1+p2" && $3=="purged" && $4=="lines_per_mib" {print $5}' >want
grep -l "no metric of that name" whole/*.csv whole/index.html && fail "a column names no metric"
grep -q "^p1+p2,,$(cat want)," whole/ts-1720.memory.csv || fail "memory.csv is not what metrics says: $(grep '^p1+p2,' whole/ts-1720.memory.csv)"

grep -q "| p1+p2+p3 | 89,955 ± 225 |" whole/report.md && grep -q "index.html" whole/report.md || fail "report.md: $(grep "p1+p2+p3 |" whole/report.md | head -1)"

# The limit: of this corpus or refused.
estimate() { # corpus hash
  cat <<JSON
{"schema": "phasebench-estimate-1", "version": "0.1.0", "corpus": "ts-1720", "corpus_content_hash": "$1", "max_bytes": null, "seed": 1,
 "model_bytes": 1, "languages": [], "total": {"language": "all", "document_count": 5, "source_bytes": 9, "node_count": 1234567,
 "bits_per_node": {"kinds": 1, "closes": 0.25, "paddings": 0.125, "lengths": 0.125, "total": ${2:-1.5}}}}
JSON
}
estimate 0123456789abcdef0123456789abcdef >estimate.json
report --estimate estimate.json r.json -o limited
says limited 'path class="l"'
says limited "The limit, 1.500 bits a node"
refused() { # words, arguments
  local words=$1 rc=0
  shift
  "$PHASEBENCH" report "$@" r.json -o refused >out 2>err || rc=$?
  [ "$rc" -eq 3 ] && grep -qF -- "$words" err || fail "$*: exit $rc: $(cat err)"
  [ ! -e refused ] || fail "$*: half a report"
}
estimate 00000000000000000000000000000000 >other.json
refused "--estimate is about other contents (corpus ts-1720, hash 000" --estimate other.json
estimate 0123456789abcdef0123456789abcdef 9 >sum.json
refused 'the parts are 1.5 together, and "total" is 9' --estimate sum.json
refused 'expected "phasebench-estimate-1"' --estimate r.json
refused "none.json" --estimate none.json

# Names and messages that are markup.
evil='<img src=x onerror=window.pwned=true><script>window.pwned=true</script>"'"'"'&'
sample --corpus "$evil" --lines-per-mib "baseline=1500,<b>bold</b>=20000,a\"b'c&d=3000" evil.json
sed -i 's#no cpufreq in this machine#</style><script>window.pwned=true</script>\&\#0;#' evil.json
report evil.json -o evil
render evil
lacks evil "<script"
lacks evil "<img"
lacks evil "<b>bold"
says evil "&lt;img src=x onerror=window.pwned=true&gt;&lt;script&gt;"

# One combination, one repetition; nothing but nulls; nothing but failures.
sample --lines-per-mib lonely=1000 --repetitions 1 one.json
report one.json -o one
render one
says one "no baseline in this result"
says one "There was one repetition"
lacks one "±</small>"
sample --null rss_bytes --null heaps nulls.json
report nulls.json -o nulls
render nulls
says nulls "no combination has a figure of memory at rest: the kernel does not tell"
says nulls "n/a<sup>1</sup>"
sample --fail baseline=timeout --fail p1=memory_limit bad.json
report bad.json -o bad
render bad
says bad "2 of 2 combinations FAILED"
sample --sanitized sanitized.json
report sanitized.json -o sanitized
says sanitized "WARNING: made by a build with sanitizers"

# All subsets of six stages: the cumulative ones at once, the others folded; the trade-off has all.
sample --corpus many --subsets 6 --repetitions 2 --fail p1+p3=crashed failed.json
report failed.json -o failed
says failed "1 of 64 combinations FAILED"
sample --corpus many --subsets 6 --repetitions 2 many.json
report many.json -o many
render many
fact many 'f["most_rows"] == 7 and f["counts"]["details"] >= 15'
fact many '64 in f["dots"]'
says many "All 64 combinations"
lacks many "run --combos all"
says whole "<code>phasebench run --combos all</code>"
for table in attribution attribution_served interactions prices; do [ "$(wc -l <many/many.$table.csv)" -ge 6 ] || fail "no $table.csv"; done

# Several results; sizes of one corpus.
sample --corpus ts-1720:max-lines-1000 --sample-of ts-1720 --files 10 --lines 1000 --lines-per-mib baseline=1300,p1=12000 small.json
report r.json small.json one.json -o several
render several
fact several '"Memory over the size of the corpus" in f["texts"] and f["texts"][0].endswith("2 results")'
[ "$(grep -c 'id="1-ts-1720-sweep"' several/index.html)" -eq 1 ] || fail "the sweep is not there once"
report r.json small.json -o sized
grep -q '<h1>ts-1720: ' sized/index.html && grep -q 'id="ts-1720-sweep"' sized/index.html || fail "a sample has a part of its own"
! grep -q '^== ts-1720:max-lines-1000' sized/report.txt || fail "report.txt has a part for a sample"

# No style sheet, one that would end the element: a fault, and no half report.
mkdir styles
cp "$PHASEBENCH_SOURCE_DIR"/reports/*.gp "$PHASEBENCH_SOURCE_DIR"/reports/claims.json styles
for style in missing '</style>'; do
  rc=0
  [ "$style" = missing ] || echo "$style" >styles/report.css
  PHASEBENCH_REPORTS_DIR=$dir/styles "$PHASEBENCH" report one.json -o unstyled >out 2>err || rc=$?
  [ "$rc" -ge 3 ] && grep -q "report.css" err && [ ! -e unstyled ] || fail "style sheet $style: exit $rc: $(cat err)"
done
echo "report page: all as expected"
