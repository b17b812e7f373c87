#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench claims`: each verdict from figures made for it, and bad ledgers.
set -euo pipefail
export PHASEBENCH_REPORTS_DIR=$PHASEBENCH_SOURCE_DIR/reports
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sample() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" "$@"; }
fail() { echo "test_claims: $*" >&2; exit 1; }
# verdict RESULT ID CHECKPOINT: "verdict|reason"
verdict() {
  "$PHASEBENCH" claims --json "$1" >"$dir/v.json"
  /usr/bin/python3 - "$dir/v.json" "$2" "$3" <<'PY'
import json, sys
found = [v for v in json.load(open(sys.argv[1]))["verdicts"] if v["id"] == sys.argv[2] and v["checkpoint"] == sys.argv[3]]
assert len(found) == 1, found
v = found[0]
if v["verdict"] == "not measured":
    assert v["measured"] is None and "cells" not in v, v
else:
    assert v["min"] <= v["measured"] <= v["max"] and v["n"] == 3 and len(v["cells"]) in (3, 6), v
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
  expect "$dir/r.json" baseline-lines-per-mb purged "${pair#*:}|"
done
# One where smaller is better: 1,740 MiB for 10 million lines are 5,747 lines/MiB.
for pair in 8000:exceeded 5747:reproduced 4000:"larger than claimed" 2800:refuted; do
  cells "baseline=${pair%%:*}" --corpus linux-10m --lines 10000000
  expect "$dir/r.json" ten-million-lines-baseline purged "${pair#*:}|"
done
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
expect "$dir/r.json" baseline-lines-per-mb purged "not measured|the claim is about another corpus"
cells baseline=1500,p1=20000 --fail p1=crashed
expect "$dir/r.json" reduction-to-p1 purged "not measured|repetition 1 of 3 crashed: killed by signal 11"
cells baseline=1500,p1=20000 --fail baseline=timeout
expect "$dir/r.json" reduction-to-p1 purged "not measured|the result has no baseline"
cells baseline=1500,p1=20000 --fail-one p1
expect "$dir/r.json" reduction-to-p1 purged "not measured|repetition 3 of 3 failed"
cells baseline=1500,p1=20000 --null rss_bytes
expect "$dir/r.json" reduction-to-p1 purged "not measured|the kernel does not tell"

# For people; several results.
sample --lines-per-mib baseline=1500,p1=2500 "$dir/r.json"
sample --corpus ts-1720 "$dir/s.json"
"$PHASEBENCH" claims "$dir/r.json" "$dir/s.json" >"$dir/text"
grep -q "purged   claimed 40.00 %; measured 40.00 % (.*, n = 3): reproduced" "$dir/text" || fail "no line for people"
grep -q "rests on the cells of p1 and baseline, profile strict, repetitions 1 to 3" "$dir/text" || fail "no cells"
grep -q 'published: "Phase 1' "$dir/text" || fail "no source"
[ "$(grep -c "corpus ts-1720" "$dir/text")" -eq 1 ] || fail "second result is not there"

# Ledgers of one's own, good and bad.
ledger() { /usr/bin/python3 - "$PHASEBENCH_REPORTS_DIR/claims.json" "$dir/l.json" "$1" <<'PY'
import json, sys
l = json.load(open(sys.argv[1])); c = l["claims"][0]
exec(sys.argv[3])
json.dump(l, open(sys.argv[2], "w"))
PY
}
refused() { # words, change
  local rc=0
  ledger "$2"
  "$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/r.json" >"$dir/out" 2>"$dir/err" || rc=$?
  [ "$rc" -eq 3 ] && grep -q "$1" "$dir/err" && grep -q "l.json" "$dir/err" || fail "$2: exit $rc: $(cat "$dir/err")"
}
refused "the schema is" 'l["schema"] = "other"'
refused "claims" 'del l["claims"]'
refused "value" 'c["value"] = "40"'
refused "no checkpoint 'purge'" 'c["checkpoints"] = ["purge"]'
refused "nothing to judge" 'c["checkpoints"] = []'
refused "nowhere" 'c["source"] = "nowhere"'
refused "refuted_at" 'c["refuted_at"] = 50'
refused "better" 'c["better"] = "bigger"'
refused "twice" 'l["claims"].append(c)'
ledger 'c["metric"] = "no_such_metric"'
"$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/r.json" >"$dir/out"
grep -q "not measured: this result has no metric of that name" "$dir/out" || fail "unknown metric"
ledger 'c["unit"] = "bytes"'
"$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/r.json" >"$dir/out"
grep -q "not measured: the ledger gives another unit" "$dir/out" || fail "other unit"
ledger 'c.update(checkpoints=["-"], metric="tree_bits_per_node", unit="bits/node", value=18, refuted_at=90, better="smaller")'
"$PHASEBENCH" claims --ledger "$dir/l.json" "$dir/r.json" >"$dir/out"
grep -q "claimed 18.00 bits/node; measured 143" "$dir/out" || fail "a figure of the whole cell: $(head -5 "$dir/out")"
rc=0; "$PHASEBENCH" claims 2>/dev/null || rc=$?
[ "$rc" -eq 2 ] || fail "no file: exit $rc"
rc=0; "$PHASEBENCH" claims "$dir/none.json" 2>/dev/null || rc=$?
[ "$rc" -eq 3 ] || fail "missing file: exit $rc"
echo "claims: all as expected"
