#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A stage from outside in several combinations of one run: there is a result, which names it once.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
unfit=()
[ "$PHASEBENCH_SANITIZED" = 0 ] || unfit=(--allow-unfit-build)
stage=$PHASEBENCH_BUILD_DIR/test_stages/twin.so
mkdir code
echo 'int x;' > code/a.c
"$PHASEBENCH" run --dir code --combos "$stage,$stage+p2,baseline" --reps 1 --profile strict --no-instrument --quiet \
  --output r.json "${unfit[@]}" > out 2>&1
expect "exit code" 0 $?
/usr/bin/python3 - "$stage" <<'PY' || fail "the result: $(cat out)"
import json, sys
result = json.load(open("r.json"))
notes = result["settings"]["notes"]
assert sum(sys.argv[1] in note for note in notes) == 1, notes
assert [c["status"] for c in result["cells"]] == ["ok"] * 3, result["cells"]
PY
expect "what is there" "code out r.json" "$(echo *)"
finish
