#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Opening documents that are not in use: a sample of those that were not edited, beside parsing
# them; cold figures only where there is something to drop from the page cache.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
check() { # check FILE WHAT EXPRESSION: over the result `r` and the cold open object `t` of its only cell
  /usr/bin/python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
c = r["cells"][0]
t = c.get("cold_open")
sys.exit(0 if eval(sys.argv[2]) else 1)' "$1" "$3" || fail "$2: not so in $(head -c 600 <(/usr/bin/python3 -c 'import json,sys; c=json.load(open(sys.argv[1]))["cells"][0]; print(c["status"], c["reason"], c.get("cold_open"))' "$1"))"
}
unfit=
[ "$PHASEBENCH_SANITIZED" = 0 ] || unfit=--allow-unfit-build

# 200 are edited, 30 are left.
mkdir code
for i in $(seq 230); do
  for j in $(seq 10); do echo "int f${i}_$j(int a) { return a + $j; } /* $i */"; done > "code/f$i.c"
done
cat > lying <<'BASH'
#!/usr/bin/env bash
export LIAR=$(cat "$(dirname "$(readlink -f "$0")")/lie")
exec "$PHASEBENCH_TEST_PROGRAM" "$@"
BASH
chmod +x lying
export PHASEBENCH_TEST_PROGRAM=$PHASEBENCH
liar=$PHASEBENCH_BUILD_DIR/test_stages/liar.so
measure() { # measure LIE COMBINATION CODE
  printf '%s' "$1" > lie
  LIAR=$1 PHASEBENCH_CELL_PROGRAM=$folder/lying "$PHASEBENCH" run --dir code --combos "$2" --reps 1 --profile strict \
    --no-instrument --quiet $unfit --output r.json > out 2>&1
  code=$?
  if [ $code = 2 ] && grep -q 'this build may not write results' out; then
    unfit=--allow-unfit-build
    measure "$@"
    return
  fi
  [ $code = "$3" ] || fail "$1, $2: exit code $code: $(cat out)"
}

kinds='["tree_cached", "tree_uncached", "source_cached", "source_uncached", "parse"]'
in_order='all(t[k] is None or 0 < t[k]["p50_ns"] <= t[k]["p90_ns"] <= t[k]["p99_ns"] <= t[k]["max_ns"] and t[k]["mean_ns"] <= t[k]["max_ns"] for k in '$kinds')'
ratio_fits='t["parse_over_tree_cached"]["min"] <= t["parse_over_tree_cached"]["p50"] and (t["parse_over_tree_cached"]["slower_pct"] > 0) == (t["parse_over_tree_cached"]["min"] < 1)'
measure nothing baseline 0
check r.json "all that was not edited" 't["documents"] == 30 and r["cells"][0]["edits"]["documents"] == 200'
check r.json "percentiles are in order" "$in_order"
check r.json "the ratios fit each other" "$ratio_fits"
check r.json "nothing can be cold" 't["tree_uncached"] is None and t["source_uncached"] is None and t["parse_over_tree_uncached"] is None and t["cold_documents"] == 0'
check r.json "and why" 'all("nothing to drop" in t["missing"][k] for k in ["tree_uncached", "source_uncached", "parse_over_tree_uncached"])'
[ "$PHASEBENCH_SANITIZED" = 1 ] || /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" r.json || fail "the schema"
"$PHASEBENCH" metrics r.json > metrics || fail "metrics: $?"
grep -q 'cold_open.tree_cached.p50_ns' metrics && grep -q 'cold_open.parse_over_tree_cached.slower_pct' metrics || fail "metrics lack cold open"

# A stage that writes files has cold figures, where the page cache can be emptied.
measure 'folder: closed' "$liar" 0
check r.json "percentiles are in order" "$in_order"
if [ "$(stat -f -c %T .)" = tmpfs ]; then
  check r.json "memory stays" 't["tree_uncached"] is None and "stayed in the page cache" in t["missing"]["tree_uncached"]'
else
  # Another process may hold a page for a moment: seen once in 250 documents.
  check r.json "cold" '25 <= t["cold_documents"] <= 30 and t["tree_uncached"]["p50_ns"] > 0 and t["source_uncached"]["p50_ns"] > 0'
fi

# One that writes none, and reads the corpus's files, has them too: it is seen to read.
measure 'source: from its file' "$liar" 0
if [ "$(stat -f -c %T .)" != tmpfs ]; then
  check r.json "read from the corpus" '25 <= t["cold_documents"] <= 30 and t["source_uncached"]["p50_ns"] > 0'
fi
measure nothing "$liar" 0
check r.json "the same stage without reading" 't["cold_documents"] == 0 and t["source_uncached"] is None'

# What comes back after evict is looked at, too.
measure 'evict: tree' "$liar" 5
check r.json "a tree that lost a node" '"after evict the batch walk gave" in c["reason"] and not t'
measure 'evict: source' "$liar" 5
check r.json "a source that lost a byte" '"after evict the source has" in c["reason"] and not t'

# Where every document is edited there is no sample.
rm code/f[4-9]* code/f1* code/f2*
measure nothing baseline 0
check r.json "no sample" 't["documents"] == 0 and all(t[k] is None and "every document was edited" in t["missing"][k] for k in '"$kinds"')'
finish
