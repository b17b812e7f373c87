#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two runs at once take different CPUs; where there is one, the second says so, on the screen and in its result.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
if [ "$PHASEBENCH_SANITIZED" != 0 ]; then
  echo "skipped: a sanitized build may not write results"
  exit 77
fi
mkdir code
printf 'int main(void) { return 0; }\n' > code/a.c
cpu=$(taskset -pc $$ | sed 's/.*[,: -]//') # the last one that this test may use

# Holds the claim on a CPU as a run does, until it is killed.
claim() {
  /usr/bin/python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
try: s.bind("\0phasebench.cpu." + sys.argv[1])
except OSError: pass # a real run beside this test has it
print("held", flush=True)
time.sleep(600)' "$1" > held &
  holder=$!
  until grep -q held held; do sleep 0.1; done
}
run() {
  taskset -c "$cpu" "$PHASEBENCH" run --dir code --combos baseline --reps 1 --profile strict --no-instrument --quiet --restart \
    --output r.json 2> said || fail "$(cat said)"
}
notes() { /usr/bin/python3 -c 'import json; print(json.load(open("r.json"))["settings"]["notes"])'; }

claim "$cpu"
run
kill "$holder"
wait "$holder" 2> /dev/null || true
grep -q "another run measures on CPU $cpu" said || fail "nothing was said: $(cat said)"
notes | grep -q 'another run of phasebench measured on the same CPU' || fail "not in the result: $(notes)"
