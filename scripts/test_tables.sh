#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The papers' numbers are those of results/measured, and scripts/tables.py finds what is not: a
# changed number in a file or in a paper, one typed by hand, a marker that means nothing. And
# scripts/measured.py takes the same figures out of a result that `phasebench metrics` prints.
set -euo pipefail
source=${PHASEBENCH_SOURCE_DIR:?}
fail() { echo "FAILED: $*" >&2; [ ! -s "$work/log" ] || tail -n 8 "$work/log" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1
tables() { "$source/scripts/tables.py" --root "$work/copy" "$@" > "$work/log" 2>&1; }
copy() {
  rm -rf "$work/copy"
  mkdir -p "$work/copy/results"
  (cd "$source" && cp --parents README.md ARCHITECTURE.md results/MEASUREMENTS.md {phases,harness}/*/README.md "$work/copy")
  cp -r "$source/results/measured" "$work/copy/results/"
}
# Runs --check on the copy, and wants exit code $1 and a line that has $2.
expect() {
  local status=0
  tables --check || status=$?
  [ "$status" = "$1" ] || fail "$3: exit code $status, expected $1"
  grep -qF -- "$2" "$work/log" || fail "$3: it does not say '$2'"
}

"$source/scripts/tables.py" --check > "$work/log" 2>&1 || fail "a paper is not what was measured: run scripts/tables.py"
"$source/scripts/tables.py" --help | grep -q -- --check || fail "--help does not tell of --check"

copy
tables --check || fail "the copy differs"
python3 - "$work/copy/results/measured/linux-core.json" <<'END'
import json, sys
measured = json.load(open(sys.argv[1]))
for one in measured["combinations"]:
    one["figures"]["lines_per_mib.purged"] *= 1.1
json.dump(measured, open(sys.argv[1], "w"))
END
expect 1 "README.md differs" "a changed figure in a measured file"
grep -qF "results/MEASUREMENTS.md differs" "$work/log" || fail "MEASUREMENTS.md differs and is not named"
tables || fail "it does not rewrite"
tables --check || fail "what it has rewritten differs"

copy
sed -i 's#^\(| baseline | \)[0-9,]*#\11#' "$work/copy/README.md"
expect 1 "README.md differs" "a changed figure in a table"
copy
sed -i 's|bytes_per_line -->[0-9,.]*<|bytes_per_line -->7<|' "$work/copy/README.md"
expect 1 "README.md differs" "a changed number in a sentence"
tables || fail "it does not mend a sentence"
cmp -s "$source/README.md" "$work/copy/README.md" || fail "the mended paper is not the old one"
copy
printf '\np1 takes 11.5 bits a node here.\n' >> "$work/copy/phases/p1/README.md"
expect 1 "'11.5 bits a node' is typed by hand" "a number without a marker"
copy
printf '\n<!-- table: nothing -->\n<!-- end -->\n' >> "$work/copy/README.md"
expect 3 "there is no table 'nothing'" "a table that there is not"
copy
printf '\n<!-- n: ts-1720 p9 bytes_per_line -->1<!-- -->\n' >> "$work/copy/README.md"
expect 3 "no combination p9" "a combination that was not measured"
copy
printf '\n<!-- table: results -->\n' >> "$work/copy/README.md"
expect 3 "a marker without its end" "a marker without its end"

# measured.py beside the program's own figures, of a small run. A sanitized build cannot tell memory by owner.
if [ "${PHASEBENCH_SANITIZED:-0}" != 0 ]; then exit 0; fi
result=$work/result.json
"${PHASEBENCH:?}" run --corpus quick --max-lines 3000 --combos baseline,p1,p1+p2+p3+p4a --reps 2 --profile strict \
  --no-instrument --output "$result" > "$work/log" 2>&1 || fail "a run"
"$source/scripts/measured.py" "$result" -o "$work/quick.json" > "$work/log" 2>&1 || fail "measured.py"
"$PHASEBENCH" metrics --profile strict "$result" > "$work/metrics.tsv" 2> "$work/log" || fail "metrics"
python3 - "$work/quick.json" "$work/metrics.tsv" <<'END' || fail "measured.py and metrics differ"
import json, math, sys
measured = json.load(open(sys.argv[1]))
lines = [line.rstrip("\n").split("\t") for line in open(sys.argv[2])]
printed = {(combination, point, metric): value for _, combination, point, metric, value, _ in lines}
same = 0
for one in measured["combinations"]:
    pairs = {"nodes": ("-", one["nodes"]), "rss_noise_pct": ("-", one["figures"]["rss_noise_pct.purged"]),
             "parse_noise_pct": ("-", one["figures"]["parse_noise_pct"])}
    for point in ("purged", "served"):
        for name in ("lines_per_mib", "rss_above_start_bytes", "disk_bytes"):
            pairs[name, point] = (point, one["figures"][f"{name}.{point}"])
    for name in ("parse_ns", "tree_bytes", "source_bytes"):
        pairs[name] = ("-", one["figures"][name])
    for each in ("hot", "warm", "cold", "frozen"):
        pairs[f"latency.{each}.p50_ns"] = ("-", one["figures"][f"access.{each}.p50_ns"])
    for name, (point, value) in pairs.items():
        key = one["combination"], point, name[0] if isinstance(name, tuple) else name
        if not math.isclose(float(printed[key]), value, rel_tol=1e-9, abs_tol=1e-9):
            sys.exit(f"{key}: {printed[key]} printed, {value} measured")
        same += 1
if same < 45:
    sys.exit(f"only {same} figures were compared")
print(f"{same} figures are the same")
END
printf '{}' > "$work/empty.json"
status=0
"$source/scripts/measured.py" "$work/empty.json" -o "$work/none.json" > "$work/log" 2>&1 || status=$?
[ "$status" = 3 ] && [ ! -e "$work/none.json" ] || fail "an empty file: exit code $status, expected 3 and no output"
echo "the papers are what was measured"
