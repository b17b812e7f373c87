#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A result that was really measured (small): it is valid by the schema, and metrics,
# claims and report read it. The invented results of the other tests thus look like
# real ones.
set -euo pipefail
export PHASEBENCH_REPORTS_DIR=$PHASEBENCH_SOURCE_DIR/reports
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "test_result_real: $*" >&2; exit 1; }
mkdir "$dir/code"
for i in $(seq 40); do
  for j in $(seq 60); do
    printf 'int f%d_%d(int a, char *b)\n{\n  /* comment */\n  return a ? f%d(a - 1) : b[%d];\n}\n' "$i" "$j" "$i" "$j"
  done >"$dir/code/f$i.c"
done
unfit=()
[ "$PHASEBENCH_SANITIZED" = 0 ] || unfit=(--allow-unfit-build)
"$PHASEBENCH" run --dir "$dir/code" --combos baseline,p1 --profile strict --reps 2 --quiet "${unfit[@]}" \
  --output "$dir/r.json" >"$dir/out" 2>&1 || fail "run: $(cat "$dir/out")"
/usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" "$dir/r.json"
"$PHASEBENCH" metrics "$dir/r.json" >"$dir/m.tsv" 2>"$dir/err"
[ ! -s "$dir/err" ] || fail "metrics: $(cat "$dir/err")"
figure() { awk -F'\t' -v c="$1" -v k="$2" -v m="$3" '$2 == c && $3 == k && $4 == m { print $5 }' "$dir/m.tsv"; }
for combination in baseline p1; do
  [ "$(figure $combination - mismatches)" = 0 ] || fail "$combination: mismatches"
  [ "$(figure $combination - nodes_compared)" -gt 100000 ] || fail "$combination: nothing was proved"
  figure $combination purged lines_per_mib | grep -Eq '^[0-9.]+$' || fail "$combination: no lines_per_mib"
done
[ "$(figure baseline - nodes)" = "$(figure p1 - nodes)" ] || fail "the number of nodes differs"
"$PHASEBENCH" claims "$dir/r.json" >"$dir/claims"
grep -q "^  purged   claimed 40.00 %; measured .* n = 2" "$dir/claims" || fail "claims: $(cat "$dir/claims")"
"$PHASEBENCH" report "$dir/r.json" -o "$dir/report" >"$dir/out"
grep -q "^baseline " "$dir/report/report.txt" && grep -q "^p1 " "$dir/report/report.txt" || fail "report"
[ "$(ls "$dir"/report/*.png "$dir"/report/*.svg | wc -l)" -eq 10 ] || fail "pictures: $(ls "$dir/report")"
if [ "$PHASEBENCH_SANITIZED" = 0 ]; then
  # An owner for every byte: the parts are the whole, and nothing is drawn below zero.
  /usr/bin/python3 - "$dir/report" <<'PY' || fail "owners"
import csv, glob, sys
for row in csv.DictReader(open(glob.glob(sys.argv[1] + "/*.owners.tsv")[0]), delimiter="\t"):
    parts = {k: float(v) for k, v in row.items() if k not in ("name", "note", "total")}
    total = float(row["total"])
    assert abs(sum(parts.values()) - total) < 1, row
    assert min(parts.values()) > -0.02 * total, row
PY
fi
echo "real result: as expected"
