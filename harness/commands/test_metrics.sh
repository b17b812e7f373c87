#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench metrics` on invented results: values by hand, nulls, failures, refusals.
set -euo pipefail
. "$PHASEBENCH_SOURCE_DIR/harness/testing/schema.sh"
scripts=$PHASEBENCH_SOURCE_DIR/scripts
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sample() { /usr/bin/python3 -B "$scripts/sample_result.py" "$@"; }
fail() { echo "test_metrics: $*" >&2; exit 1; }
value() { awk -F'\t' -v c="$2" -v k="$3" -v m="$4" '$2 == c && $3 == k && $4 == m { print $5 "\t" $6 }' "$1"; }
expect() { # file combination checkpoint metric wanted
  local got
  got=$(value "$1" "$2" "$3" "$4")
  [ "$got" = "$5" ] || fail "$2 $3 $4: got '$got', expected '$5'"
}
near() { # file combination checkpoint metric wanted tolerance
  value "$1" "$2" "$3" "$4" | awk -F'\t' -v w="$5" -v t="$6" 'NR == 1 && $1 != "null" && ($1 - w) <= t && (w - $1) <= t { ok = 1 }
    END { exit !(ok && NR == 1) }' || fail "$2 $3 $4: got '$(value "$1" "$2" "$3" "$4")', expected $5 +- $6"
}

sample --lines 300000 --lines-per-mib baseline=1500,p1=20000 "$dir/a.json"
"$PHASEBENCH" metrics "$dir/a.json" >"$dir/a.tsv" 2>"$dir/err"
[ ! -s "$dir/err" ] || fail "unexpected words: $(cat "$dir/err")"
awk -F'\t' 'NF != 6 { exit 1 }' "$dir/a.tsv" || fail "a line has not six columns"
[ "$(cut -f1-4 "$dir/a.tsv" | sort | uniq -d | wc -l)" -eq 0 ] || fail "a figure is printed twice"
# 300,000 lines at 1,500 a MiB are 200 MiB; three repetitions x 1.000, 1.001, 0.999.
expect "$dir/a.tsv" baseline purged rss_above_start_bytes $'209715200\tbytes'
expect "$dir/a.tsv" baseline purged lines_per_mib $'1500\tlines/MiB'
expect "$dir/a.tsv" p1 purged lines_per_mib $'20000\tlines/MiB'
expect "$dir/a.tsv" p1 purged reduction_pct $'92.5\t%'
expect "$dir/a.tsv" baseline purged reduction_pct $'0\t%'
near "$dir/a.tsv" p1 served lines_per_mib 16000 1
near "$dir/a.tsv" p1 served reduction_pct 92.5 0.001
# p1.tree is 30 % of 15 MiB: 4,718,592 bytes for 300,000 lines and 2,100,000 nodes.
near "$dir/a.tsv" p1 - tree_bytes_per_line 15.72864 0.02
# An invented journal of 7,000 bytes over 1,000 inserted lines; the baseline has none.
expect "$dir/a.tsv" p1 - edit_tree_bytes_per_inserted_line $'7\tbytes/line'
expect "$dir/a.tsv" p1 - edit_source_bytes_per_inserted_line $'7\tbytes/line'
expect "$dir/a.tsv" p1 - edit_source_zstd_prefix_pct $'125\t%'
expect "$dir/a.tsv" p1 - edit_journal_tree_p50_bytes $'25\tbytes'
expect "$dir/a.tsv" baseline - edit_tree_bytes_per_inserted_line $'null\tbytes/line'
near "$dir/a.tsv" p1 - tree_bits_per_node 17.97559 0.02
near "$dir/a.tsv" p1 - source_bytes_per_line 31.45728 0.04
near "$dir/a.tsv" p1 purged disk_bytes_per_line 0 0
near "$dir/a.tsv" p1 purged unexplained_bytes 40960 0
# Of what is above `start`: a thousandth more and one less. Over all of RSS it would be 0.125.
near "$dir/a.tsv" p1 - rss_noise_pct 0.2 0.001
expect "$dir/a.tsv" p1 - wall_noise_pct $'0\t%' # all invented cells take as long
near "$dir/a.tsv" p1 - nodes_compared 2100000 0
near "$dir/a.tsv" p1 - mismatches 0 0
near "$dir/a.tsv" p1 - walk_nodes_per_s 125000000 1
near "$dir/a.tsv" p1 - ingest_speed_pct 88 0.001
near "$dir/a.tsv" p1 - latency.warm.p50_ns 2000 0
near "$dir/a.tsv" p1 - stage.p1.events 9500000 0
for metric in allocated_bytes rss_bytes peak_rss_bytes heap.p1.tree.allocated_bytes mapping.stage.rss_bytes; do
  [ -n "$(value "$dir/a.tsv" p1 purged $metric)" ] || fail "$metric is not printed"
done

# Nulls stay nulls, and so does what hangs on them.
sample --null rss_bytes "$dir/null.json"
"$PHASEBENCH" metrics "$dir/null.json" >"$dir/null.tsv"
expect "$dir/null.tsv" p1 purged rss_bytes $'null\tbytes'
expect "$dir/null.tsv" p1 purged lines_per_mib $'null\tlines/MiB'
expect "$dir/null.tsv" p1 purged reduction_pct $'null\t%'
"$PHASEBENCH" metrics --json "$dir/null.json" >"$dir/null-metrics.json"
validates metrics "$dir/null-metrics.json" || fail "JSON with nulls that its own schema refuses"
/usr/bin/python3 - "$dir/null-metrics.json" <<'PY' || fail "JSON lacks values or reasons"
import json, sys
metrics = json.load(open(sys.argv[1]))["metrics"]
assert len(metrics) > 500
for m in metrics:
    assert (m["value"] is None) == ("value" in m.get("missing", {})), m
    assert m["value"] is None or m["min"] <= m["value"] <= m["max"], m
PY

# A failed combination has no figures and is named; the others are printed.
for how in "--fail p1=crashed" "--fail-one p1"; do
  # shellcheck disable=SC2086
  sample $how "$dir/failed.json"
  "$PHASEBENCH" metrics "$dir/failed.json" >"$dir/failed.tsv" 2>"$dir/err"
  [ -z "$(awk -F'\t' '$2 == "p1"' "$dir/failed.tsv")" ] || fail "$how: p1 has figures"
  grep -q "p1 has no figures: repetition" "$dir/err" || fail "$how: nobody says that p1 failed"
  expect "$dir/failed.tsv" baseline purged lines_per_mib $'1500\tlines/MiB'
done
sample --fail baseline=timeout "$dir/failed.json"
"$PHASEBENCH" metrics "$dir/failed.json" >"$dir/failed.tsv" 2>/dev/null
expect "$dir/failed.tsv" p1 purged reduction_pct $'null\t%'
expect "$dir/failed.tsv" p1 purged lines_per_mib $'20000\tlines/MiB'

# Instrument cells: what was measured, nothing derived. Profiles: strict wins.
sample --instrument --profiles stock,strict "$dir/instrument.json"
"$PHASEBENCH" metrics "$dir/instrument.json" >"$dir/i.tsv"
[ -n "$(value "$dir/i.tsv" null purged rss_bytes)" ] || fail "the instrument's RSS is not printed"
[ -z "$(value "$dir/i.tsv" null purged lines_per_mib)" ] || fail "the instrument has lines per MiB"
"$PHASEBENCH" metrics --json "$dir/instrument.json" >"$dir/i.json"
validates metrics "$dir/i.json" || fail "JSON of an instrument that its own schema refuses"
grep -q strict "$dir/i.json" || fail "not strict"
grep -q stock "$dir/i.json" && fail "stock is printed too"
rc=0; "$PHASEBENCH" metrics --profile other "$dir/instrument.json" 2>"$dir/err" || rc=$?
[ "$rc" -eq 3 ] && grep -q "no profile 'other'" "$dir/err" || fail "unknown profile: $rc"

# Refusals.
refused() { # exit code, words, arguments
  local want=$1 words=$2 rc=0
  shift 2
  "$PHASEBENCH" metrics "$@" >/dev/null 2>"$dir/err" || rc=$?
  [ "$rc" -eq "$want" ] && grep -q -- "$words" "$dir/err" || fail "$*: exit $rc (want $want): $(cat "$dir/err")"
}
refused 2 "no result file"
refused 2 "unrecognized option" --bogus
refused 3 "cannot be opened" "$dir/none.json"
refused 3 "this is an extract for the papers, not a result" "$PHASEBENCH_SOURCE_DIR/results/measured/ts-1720.json"
refused 3 "this is not a result: its schema is 'phasebench-gate-1'" "$PHASEBENCH_SOURCE_DIR/results/gate.json"
head -c 5000 "$dir/a.json" >"$dir/cut.json"
refused 3 "cut.json: not JSON" "$dir/cut.json"
refused 3 "both have corpus" "$dir/a.json" "$dir/null.json"
for pair in "other_schema:written by another version of phasebench (phasebench-result-3; this one reads phasebench-result-2)" "incomplete:did not finish" "null_without_reason:does not say why" \
  "checkpoint_missing:checkpoints; this one has 7" "checkpoints_out_of_order:expected 'purged'" \
  "missing_unit:rss_bytes" "figure_as_text:tree_bytes" "figure_in_failed_cell:yet has figures" \
  "failed_without_reason:reason" "proof_failed_but_ok:its proof is" "proof_missing:its proof is" \
  "mismatches_in_passed_proof:mismatches" "nothing_compared:0 nodes" "unknown_owner:owner" \
  "negative_bytes:not negative" "no_cells:cells: \"cells\" is not a list of at least one" \
  "language_files:corpus.files: is 1000, but corpus.languages\[\].files add up to 1001" \
  "language_lines:corpus.lines: is 300000, but .* 299999" "corpus_bytes:corpus.bytes: is 9000001, but .* 9000000" \
  "mappings_too_small:cells\[5\].checkpoints\[3\].mappings: rss_bytes of all owners add up to" \
  "rss_too_small:cells\[5\].checkpoints\[5\].mappings: rss_bytes of all owners add up to" \
  "cell_missing:cells: 5 are there, but not 'p1', profile 'strict', repetition 2" \
  "repetitions_too_many:cells: 6 are there, but not 'baseline', profile 'strict', repetition 3" \
  "profile_unmeasured:cells: 6 are there, but not 'baseline', profile 'stock', repetition 0"; do
  sample --break "${pair%%:*}" "$dir/broken.json"
  refused 3 "${pair#*:}" "$dir/broken.json"
  grep -q "broken.json: " "$dir/err" || fail "${pair%%:*}: the file is not named"
done
for variant in $(sample --list-contradictory); do
  grep -q "\"$variant:" "$0" || fail "$variant is not held against the program"
done
# Readings of one page at two moments may differ by a little.
sample "$dir/near.json"
/usr/bin/python3 - "$dir/near.json" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
r["cells"][5]["checkpoints"][3]["rss_bytes"] -= 65536
json.dump(r, open(sys.argv[1], "w"))
PY
"$PHASEBENCH" metrics "$dir/near.json" >/dev/null || fail "a difference within the tolerance was refused"
"$PHASEBENCH" metrics --help | grep -q "example:" || fail "no help"
echo "metrics: all as expected"
