#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench attribution` on results that were made by hand, and what `report` does with many combinations.
set -euo pipefail
. "$PHASEBENCH_SOURCE_DIR/harness/testing/schema.sh"
export PHASEBENCH_REPORTS_DIR=$PHASEBENCH_SOURCE_DIR/reports
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
sample() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" --repetitions 1 "$@"; }
fail() { echo "test_command_attribution: $*" >&2; exit 1; }
refused() { # exit code, words, arguments
  local want=$1 words=$2 rc=0
  shift 2
  "$PHASEBENCH" attribution "$@" >out 2>err || rc=$?
  [ "$rc" -eq "$want" ] && grep -q -- "$words" err || fail "$*: exit $rc (want $want): $(cat err)"
}
json() { # FILE EXPRESSION...: Python over `a`, `game(NAME)` and `of(GAME, STAGE)`; each must be true
  validates attribution "$1" || fail "JSON that its own schema refuses: $1"
  /usr/bin/python3 - "$@" <<'PY' || fail "$(tail -c 3000 "$1")"
import json, sys
a = json.load(open(sys.argv[1]))
def game(name):
    return next(g for g in a["games"] if g["game"] == name)
def of(name, stage):
    return next(s for s in game(name)["stages"] if s["stage"] == stage)
methods = ["marginal", "alone", "leave_one_out", "shapley"]
def close(found, wanted):
    return abs(found - wanted) < 1e-9 * max(1, abs(wanted))
for expression in sys.argv[2:]:
    assert eval(expression), (expression, a["games"][0])
PY
}

# 1024, 512, 256 and 128 bytes a line: p1 leaves a half, p2 a quarter. In service it is twice as much.
sample --served-factor 0.5 --instrument --lines-per-mib p2=4096,baseline=1024,p1+p2=8192,p1=2048 two.json
"$PHASEBENCH" attribution --json two.json >two.out
json two.out 'a["schema"] == "phasebench-attribution-1"' 'a["stages"] == ["p1", "p2"]' 'a["checkpoint"] == "purged"' \
  '[s["combination"] for s in a["subsets"]] == ["baseline", "p1", "p2", "p1+p2"]' \
  '[s["bytes_per_line"] for s in a["subsets"]] == [1024, 512, 256, 128]' \
  'of("bytes_per_line", "p1") ["shapley"] == 320' \
  'of("bytes_per_line", "p2") ["shapley"] == 576' \
  'game("bytes_per_line")["all_stages"] == 896' \
  'game("bytes_per_line")["interactions"] == [{"stages": ["p1", "p2"], "interaction": -384}]' \
  'all(close(of("log2_reduction", "p1")[m], 1) and close(of("log2_reduction", "p2")[m], 2) for m in methods)' \
  'close(game("log2_reduction")["interactions"][0]["interaction"], 0)'
# Prices. Samples: an access takes as long everywhere; storing takes 0.6 s more with any stage (1 ms of finalizing is
# everywhere), for 300,000 lines; a walk 7 nodes a line and 82 ns a node less. Each stage has half of that.
json two.out 'close(of("access_ns", "p1")["shapley_price"], 0)' \
  'close(of("store_ns_per_line", "p1")["shapley"], 1000)' 'close(of("store_ns_per_line", "p1")["shapley_price"], 1000 / 320)' \
  'close(of("store_ns_per_line", "p2")["shapley_price"], 1000 / 576)' 'close(of("store_ns_per_line", "p2")["marginal"], 0)' \
  'close(of("walk_ns_per_line", "p1")["shapley_price"], -287 / 320)' \
  'close(a["subsets"][0]["access_ns"], 1300.5 * (600 + 2 * 250 + 3 * 120 + 4 * 30) / 1000)'
"$PHASEBENCH" attribution --json --checkpoint served two.json >served.out
json served.out 'a["checkpoint"] == "served"' 'of("bytes_per_line", "p1")["shapley"] == 640'
"$PHASEBENCH" attribution two.json >two.txt
grep -q '^p1  *512\.00  *512\.00  *128\.00  *320\.00  *35\.7  *1\.00  *1\.00  *1\.00  *1\.00  *33\.3$' two.txt || fail "$(cat two.txt)"
grep -q '^p1, p2  *-384\.00  *-\{0,1\}0\.00$' two.txt || fail "pairs: $(cat two.txt)"
grep -q 'of 1024\.00 bytes a line all stages leave 128\.00 (log2 reduction 3\.00)' two.txt || fail "title: $(cat two.txt)"
grep -q '^p2  *0  *0\.0  *-287\.0  *-0\.50  *1,000  *1\.7$' two.txt || fail "prices: $(cat two.txt)"

# Noise: repetitions of a sample are 1, 0.999 and 1.001 times as large, and so are their shares.
sample --repetitions 3 --lines-per-mib baseline=1024,p1=2048,p2=4096,p1+p2=8192 noisy.json
"$PHASEBENCH" attribution --json noisy.json >noisy.out
json noisy.out 'of("bytes_per_line", "p1")["shapley"] == 320' 'of("bytes_per_line", "p1")["n"] == 3' \
  'abs(of("bytes_per_line", "p1")["shapley_min"] - 319.68) < 1e-3' 'abs(of("bytes_per_line", "p1")["shapley_max"] - 320.32) < 1e-3'
"$PHASEBENCH" attribution noisy.json | grep -q 'they lie within 1\.15 bytes a line and 0\.000 of log2 reduction' || fail "noise"

# One stage, chosen or because there is no other; then all methods say the same.
"$PHASEBENCH" attribution --json --stages p2 two.json >chosen.out
json chosen.out 'a["stages"] == ["p2"]' '{of("bytes_per_line", "p2")[m] for m in methods} == {768}'
sample --lines-per-mib baseline=1024,x=2048 one.json
"$PHASEBENCH" attribution one.json >one.txt
grep -q '^x  *512\.00  *512\.00  *512\.00  *512\.00  *100\.0' one.txt || fail "$(cat one.txt)"

# Cumulative ones only: marginals and what they suffice for; the rest says what is missing.
sample --lines-per-mib baseline=1024,p1=2048,p1+p2=4096,p1+p2+p3=8192 cumulative.json
"$PHASEBENCH" attribution --json cumulative.json >cumulative.out
json cumulative.out '[of("bytes_per_line", s)["marginal"] for s in a["stages"]] == [512, 256, 128]' \
  'of("bytes_per_line", "p3")["leave_one_out"] == 128' 'of("bytes_per_line", "p1")["shapley"] is None' \
  '"p2 is not in this result; `phasebench run --combos each`" in of("bytes_per_line", "p2")["missing"]["alone"]' \
  '"p2+p3 is not in this result; `phasebench run --combos leave-one-out`" in of("bytes_per_line", "p1")["missing"]["leave_one_out"]' \
  '"of the 8 subsets of the stages 4 are not in this result and 0 failed" in of("bytes_per_line", "p1")["missing"]["shapley"]' \
  '"--combos all" in game("bytes_per_line")["interactions"][2]["missing"]["interaction"]' \
  'of("store_ns_per_line", "p1")["marginal_price"] == 2000 / 512'
"$PHASEBENCH" attribution cumulative.json >cumulative.txt
grep -q 'is paid for with, by marginal shares' cumulative.txt || fail "prices: $(cat cumulative.txt)"
grep -q 'combos all. measures them' cumulative.txt || fail "reasons: $(cat cumulative.txt)"
# A failed one, and a figure that is not there.
sample --fail p2=crashed --lines-per-mib baseline=1024,p1=2048,p2=4096,p1+p2=8192 failed.json
"$PHASEBENCH" attribution --json failed.json >failed.out
json failed.out 'of("bytes_per_line", "p2")["marginal"] == 384' \
  '"p2 failed (repetition 1 of 1 crashed: killed by signal 11)" in of("bytes_per_line", "p1")["missing"]["shapley"]' \
  'a["subsets"][2]["bytes_per_line"] is None' '"crashed" in a["subsets"][2]["missing"]["bytes_per_line"]'
sample --null rss_bytes --lines-per-mib baseline=1024,p1=2048 nulls.json
"$PHASEBENCH" attribution --json nulls.json >nulls.out
json nulls.out '"the kernel does not tell" in of("bytes_per_line", "p1")["missing"]["shapley"]' \
  '"--combos" not in of("bytes_per_line", "p1")["missing"]["shapley"]' 'of("store_ns_per_line", "p1")["shapley"] == 2000'

sample --lines-per-mib baseline=1024 alone.json
refused 3 'holds no stage besides the baseline.*--combos all' alone.json
sample --lines-per-mib baseline=1,a+b=2,b+a=3 orders.json
refused 3 'the same stages in different orders' orders.json
sample --lines-per-mib baseline=1,a+a=2 twice.json
refused 3 "combination 'a+a': expected different stage names" twice.json
sample --lines-per-mib "baseline=1,a_name_that_is_too_long=2" long.json
refused 3 "of at most 15 characters" long.json
sample --lines-per-mib "baseline=1,$(echo s{1..11}=2 | tr ' ' ,)" many.json
refused 3 '11 stages, and shares are computed for at most 10; --stages' many.json
"$PHASEBENCH" attribution --stages s2+s11 many.json >/dev/null || fail "--stages of many"
refused 2 "expected names of stages of many.json" --stages s2+x many.json
refused 2 "expected purged or served" --checkpoint finalized two.json
refused 2 'no result file given' --json
refused 2 'one result file at a time' two.json one.json
refused 3 'nowhere.json' nowhere.json
refused 3 "no profile 'stock'" --profile stock two.json
"$PHASEBENCH" attribution --help | grep -q '^ *store_ns_per_line  *store_ns + finalize_ns' || fail "--help does not tell the times"
rc=0
"$PHASEBENCH" attribution two.json >/dev/full 2>err || rc=$?
[ "$rc" -eq 4 ] || fail "a full disk: exit $rc"

# `report` has it where every subset is there, and only there.
"$PHASEBENCH" report two.json -o two >/dev/null
for words in 'What each stage saves at `purged`: of 1024' 'What each stage saves at `served`' 'What two stages save more' \
  'is paid for with, by Shapley shares' '1 is half the memory'; do
  grep -qF "$words" two/report.txt && grep -qF "$words" two/report.md || fail "the report lacks '$words'"
done
"$PHASEBENCH" report cumulative.json -o cumulative >/dev/null
! grep -q 'What each stage saves' cumulative/report.txt || fail "a report of a cumulative result has shares"

# 64 combinations: all in the tables and the picture of lines/MiB; bars and lines for cumulative ones, and it says so.
all=$(/usr/bin/python3 -c 'import itertools
s = ["p1", "p2", "p3", "p4a", "p4b", "p4c"]
print(",".join(("+".join(c) or "baseline") + f"={1000 * 2 ** n}" for n in range(7) for c in itertools.combinations(s, n)))')
sample --lines-per-mib "$all" all.json
"$PHASEBENCH" report all.json -o all >/dev/null
[ "$(grep -c . all/invented.lines_per_mib.tsv)" = 65 ] || fail "rows of lines_per_mib"
[ "$(cut -f1 all/invented.owners.tsv | paste -sd' ')" = "name baseline p1 p1+p2 p1+p2+p3 p1+p2+p3+p4a p1+p2+p3+p4a+p4b p1+p2+p3+p4a+p4b+p4c" ] ||
  fail "rows of owners: $(cut -f1 all/invented.owners.tsv)"
[ "$(head -n 1 all/invented.checkpoints.tsv | tr '\t' '\n' | grep -c p1)" = 6 ] || fail "columns of checkpoints"
grep -q 'show 7 of the 64 combinations' all/report.txt || fail "nobody says what is left out"
# Each halves: 1/6 of a log2 reduction of six.
grep -q '^p4c .* 1\.00  *1\.00  *1\.00  *1\.00  *16\.7$' all/report.txt || fail "shares: $(grep '^p4c ' all/report.txt)"
# More than 16 that are in no order: the first ones.
sample --lines-per-mib "$(echo z{1..17}=2000 | tr ' ' ,)" unordered.json
"$PHASEBENCH" report unordered.json -o unordered >/dev/null
grep -q 'show 16 of the 17 combinations' unordered/report.txt || fail "combinations in no order"
echo "attribution is right"
