#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench report`: pictures and tables from the same figures; failures shown; all
# or nothing; no shell between us and gnuplot.
set -euo pipefail
export PHASEBENCH_REPORTS_DIR=$PHASEBENCH_SOURCE_DIR/reports
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
sample() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" "$@"; }
fail() { echo "test_report: $*" >&2; exit 1; }
png_size() { /usr/bin/python3 -c 'import struct, sys; d = open(sys.argv[1], "rb").read(24); assert d[:8] == b"\x89PNG\r\n\x1a\n"; print("%dx%d" % struct.unpack(">II", d[16:24]))' "$1"; }
nothing_left() { [ -z "$(ls -d "$1"* 2>/dev/null)" ] || fail "left behind: $(ls -d "$1"*)"; }
refused() { # exit code, words, arguments
  local want=$1 words=$2 rc=0
  shift 2
  PATH=${only:-$PATH} "$PHASEBENCH" report "$@" >out 2>err || rc=$?
  [ "$rc" -eq "$want" ] && grep -q -- "$words" err || fail "$*: exit $rc (want $want): $(cat err)"
}

all=baseline=1300,p1=12000,p1+p2=40000,p1+p2+p3=90000,p1+p2+p3+p4a=200000,p1+p2+p3+p4a+p4b=400000,p1+p2+p3+p4a+p4b+p4c=1000000
sample --corpus ts-1720 --files 1720 --lines 325114 --lines-per-mib $all --fail p1+p2+p3+p4a=crashed --instrument --fail-one p1+p2 r.json
"$PHASEBENCH" report r.json -o rep >out
for picture in lines_per_mib owners checkpoints; do
  for kind in png svg tsv; do [ -s "rep/ts-1720.$picture.$kind" ] || fail "no $picture.$kind"; done
  grep -q "ts-1720.$picture.png" rep/report.md || fail "report.md does not show $picture"
  /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "rep/ts-1720.$picture.svg" || fail "$picture.svg"
done
# Results of one corpus in several sizes: memory over lines, once for each corpus.
sample --corpus ts-1720:max-lines-1000 --sample-of ts-1720 --files 10 --lines 1000 --lines-per-mib baseline=1300,p1=12000 small.json
sample --corpus ts-1720:max-lines-32000 --sample-of ts-1720 --files 90 --lines 32000 --lines-per-mib baseline=1300,p1=12000 middle.json
sample --corpus other --lines 5000 --lines-per-mib baseline=1300 other.json
"$PHASEBENCH" report middle.json other.json r.json small.json -o sweep >swept
ls sweep | grep -c 'rss_over_lines.png' | grep -qx 1 || fail "sweeps: $(ls sweep)"
grep -q '1-ts-1720_max-lines-32000.rss_over_lines.png' sweep/report.md || fail "report.md does not show the sweep"
/usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' sweep/*.rss_over_lines.svg || fail "the sweep's svg"
[ "$(cut -f3 sweep/*.rss_over_lines.tsv | paste -sd' ')" = "lines 1000 32000 325114" ] || fail "rows: $(cat sweep/*.rss_over_lines.tsv)"
# 1,048,576 / 1300 bytes a line, and the same for each line more.
grep -q '^baseline: 806\.60 bytes for each line more, between 1,000 and 325,114 lines' sweep/report.txt || fail "slope: $(grep 'line more' sweep/report.txt)"
"$PHASEBENCH" report r.json other.json -o unswept >swept
ls unswept | grep -q rss_over_lines && fail "a sweep of one size"
"$PHASEBENCH" report small.json -o named >swept
grep -q 'not measured' named/report.txt && grep -q "ts-1720_max-lines-1000" named/report.md || fail "a sample has a name of its own"
[ "$(png_size rep/ts-1720.lines_per_mib.png)" = 1200x592 ] || fail "size: $(png_size rep/ts-1720.lines_per_mib.png)"
# The SVG's words are the table's figures: at rest and in service, all names, failures.
for words in ">1,000,000<" ">12,000<" ">baseline<" ">p1+p2+p3+p4a+p4b+p4c<" "FAILED: repetition 1 of 3 crashed" \
  "FAILED: repetition 3 of 3 failed" "claimed" "at rest (purged)"; do
  grep -q -- "$words" rep/ts-1720.lines_per_mib.svg || fail "the picture lacks '$words'"
done
cmp -s rep/report.txt <(sed '$d' out) || fail "what was printed is not report.txt"
grep -q "^p1+p2+p3  *90,000  *72,000" rep/report.txt || fail "no row for p1+p2+p3"
grep -q "^p1+p2+p3+p4a  *FAILED: repetition 1 of 3 crashed: killed by signal 11" rep/report.txt || fail "no failure"
grep -q "needs 40 % less memory than the baseline, purged: exceeded" rep/report.txt || fail "no verdict"
grep -q "note: invented: nothing was measured" rep/report.txt || fail "no notes"
grep -q "instrument null, which keeps nothing: 3.[0-9]* MiB above" rep/report.txt || fail "the instrument is not told"
! grep -q "^null " rep/report.txt || fail "the instrument stands among the results"
grep -q "^combination .*tree cached p50 .*tree uncached p50 .*source cached p50 .*uncached p50 .*parse / tree cached .*parse / tree uncached" rep/report.txt ||
  fail "no table of cold opens"
grep -qE "(tree|source),? (warm|cold)|cold page cache" rep/report.txt rep/index.html && fail "a cold open is called warm or cold"
grep -q "^combination .*parse MiB/s *min *max *ingest % of parse *walk M nodes/s *min *max *edits: parse ms *store ms" rep/report.txt || fail "no table of speeds"
# 2 ms and 0.1 ms, as the sample says; 9,753,420 bytes in 4 s.
grep -q "^p1  *2.3  *2.3  *2.3  *88.0  *125.0  *125.0  *125.0  *2.00  *0.10" rep/report.txt || fail "speeds: $(grep '^p1 ' rep/report.txt)"
for words in "edited documents are compared in both states" "ingest % of parse: parsing and freeing" "old text first" "allocator jemalloc 5.3.0"; do
  grep -q "$words" rep/report.txt && grep -q "$words" rep/report.md || fail "nobody says '$words'"
done
for arguments in --help --version "report --help" "metrics --help" "run --help" "corpus --help" "cell --help" "bench --help" "claims --help" "attribution --help"; do
  rc=0
  # shellcheck disable=SC2086
  "$PHASEBENCH" $arguments >/dev/full 2>err || rc=$?
  [ "$rc" -eq 4 ] && grep -q "standard output" err || fail "$arguments on a full disk: exit $rc"
done
! ls rep | grep -q log || fail "a log was left"

# Data of the pictures = `metrics`.
"$PHASEBENCH" metrics r.json 2>/dev/null >m.tsv
/usr/bin/python3 - <<'PY'
import csv
def table(name):
    return {r["name"]: r for r in csv.DictReader(open(f"rep/ts-1720.{name}.tsv"), delimiter="\t")}
metrics = {(r[1], r[2], r[3]): r[4] for r in csv.reader(open("m.tsv"), delimiter="\t")}
lines, owners, points = table("lines_per_mib"), table("owners"), table("checkpoints")
assert len(lines) == 7 and "null" not in lines
for name, row in lines.items():
    for at in ("purged", "served"):
        want = metrics.get((name, at, "lines_per_mib"), "null")
        assert row[f"lines_per_mib@{at}"] == want, (name, row, want)
    if row["note"] == "-":
        parts = [float(v) for k, v in owners[name].items() if k not in ("name", "note", "total")]
        assert abs(sum(parts) - float(owners[name]["total"])) < 1, owners[name]
        assert float(owners[name]["total"]) == float(metrics[name, "purged", "rss_above_start_bytes"])
        assert points["edited"][name] == metrics[name, "edited", "rss_above_start_bytes"]
assert points["purged"]["p1+p2+p3+p4a (FAILED)"] == "null"
marks = list(csv.DictReader(open("rep/ts-1720.claims.tsv"), delimiter="\t"))
p1 = [float(m["lines_per_mib"]) for m in marks if m["name"] == "reduction-to-p1"]
assert len(p1) == 1 and abs(p1[0] - float(metrics["baseline", "purged", "lines_per_mib"]) / 0.6) < 1e-6, p1
PY

# Short axes have at least three labelled tics, and a failed combination's row says so there too.
axis() { # wanted label..., of short.json's picture
  "$PHASEBENCH" report short.json -o short >/dev/null
  for label in "$@"; do
    grep -q ">$label<" short/short.lines_per_mib.svg || fail "the axis of a short range lacks $label"
  done
}
sample --corpus short --served-factor 0.97 --lines-per-mib a=1350,b=1500,c=1490 --fail b=crashed --fail c=crashed short.json
axis 1,000 1,200 1,400 1,600 1,800 2,000
[ "$(grep -c "FAILED: repetition 1 of 3 crashed" short/short.lines_per_mib.svg)" -eq 2 ] || fail "a failed row is unlabelled"
sample --corpus short --served-factor 0.97 --lines-per-mib a=2600,b=3900 short.json
axis 2,000 3,000 4,000 5,000
sample --corpus short --served-factor 0.97 --lines-per-mib a=650,b=1600 short.json
axis 500 1,000 1,500 2,000

# One combination, extreme values, a name made to hurt, several results, everything failed.
sample --lines-per-mib baseline=1000 --lines 1000 one.json
"$PHASEBENCH" report one.json -o one >/dev/null
sample --corpus 'a $(touch pwned) `touch pwned` "|< x' --lines-per-mib 'baseline=1500,a_stage_with_a_name_that_is_much_too_long_for_any_picture=900' hurt.json
"$PHASEBENCH" report hurt.json -o hurt >/dev/null
[ ! -e pwned ] && [ ! -e hurt/pwned ] || fail "a shell ran"
ls hurt/a___touch_pwned___touch_pwned______x.owners.png >/dev/null || fail "file name: $(ls hurt)"
"$PHASEBENCH" report r.json one.json -o two >/dev/null
[ -s two/1-ts-1720.owners.png ] && [ -s two/2-invented.owners.png ] || fail "two results: $(ls two)"
sample --fail baseline=timeout --fail p1=memory_limit bad.json
"$PHASEBENCH" report bad.json -o bad >/dev/null
grep -q "FAILED: repetition 1 of 3 memory_limit" bad/report.txt || fail "all failed"
sample --null rss_bytes --null heaps nulls.json
"$PHASEBENCH" report nulls.json -o nulls >/dev/null
grep -q "n/a (baseline, lines/MiB purged ...): the kernel does not tell" nulls/report.txt || fail "nulls"

sample --sanitized sanitized.json
"$PHASEBENCH" report sanitized.json -o sanitized >/dev/null
grep -q "WARNING: made by a build with sanitizers" sanitized/report.txt || fail "sanitizers are not told"
grep -q "n/a (baseline, tree B/line ...): this build has no jemalloc" sanitized/report.txt || fail "sanitized"

# An old report is replaced; other files of the folder stay.
echo mine >one/notes.txt
"$PHASEBENCH" report bad.json -o one/ >/dev/null
[ -s one/notes.txt ] && grep -q "FAILED" one/report.txt || fail "not replaced"
nothing_left one.making

# No gnuplot, a broken one, one that draws nothing: exit 4, and no half report.
mkdir bin
printf '#!/bin/sh\necho "no such terminal" >&2\nexit 3\n' >bin/gnuplot
chmod +x bin/gnuplot
mkdir empty
only=$dir/empty refused 4 "gnuplot is not installed" r.json -o none
only=$dir/bin refused 4 "gnuplot ended with exit code 3: no such terminal" r.json -o none
printf '#!/bin/sh\nexit 0\n' >bin/gnuplot
only=$dir/bin refused 4 "gnuplot left no picture" r.json -o none
printf '#!/bin/sh\nkill -9 $$\n' >bin/gnuplot
only=$dir/bin refused 4 "was killed by signal 9" r.json -o none
nothing_left none
cp one/report.txt kept.txt
only=$dir/empty refused 4 "gnuplot is not installed" r.json -o one
cmp -s kept.txt one/report.txt || fail "a failed report changed the old one"

refused 2 "no result file" -o none
refused 2 "-o DIR is missing" r.json
refused 2 "this is a file" r.json -o r.json
refused 3 "cannot be opened" none.json -o none
refused 4 "the folder above it must exist" r.json -o no/such/folder
refused 3 "no profile" --profile x r.json -o none
nothing_left none
echo "report: all as expected"
