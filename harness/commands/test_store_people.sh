#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench store` and `stages` as people meet them: exports that go on, directories that are edited while
# they are read, limits, links, left-over folders, odd names, units, JSON, the beginnings of messages.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
. "$PHASEBENCH_SOURCE_DIR/harness/testing/schema.sh"
vault=$PHASEBENCH_BUILD_DIR/test_stages/vault.so
run() { # run CODE ARGUMENT...; JSON must be what its schema says
  local wanted=$1
  shift
  "$PHASEBENCH" "$@" > out 2> said
  local code=$?
  [ $code = "$wanted" ] || fail "$*: exit code $code, expected $wanted: $(head -c 500 out said)"
  case "$*" in
    store\ info\ --json* | store\ open\ --json* | store\ verify\ --json*) validates store out || fail "$*: its JSON" ;;
    stages\ --json) validates stages out || fail "$*: its JSON" ;;
  esac
}
said() { grep -aq -- "$1" said || fail "expected '$1', it said: $(cat said)"; }
told() { grep -aq -- "$1" out || fail "expected '$1' in: $(head -c 800 out)"; }
value() { /usr/bin/python3 -c 'import json,sys; r=json.load(open("out")); print(eval(sys.argv[1]))' "$1"; }

mkdir -p code/deep
cp "$PHASEBENCH_SOURCE_DIR"/harness/{system/heap,system/probe,commands/options}.c code/
printf 'int x;\n' > code/deep/one.c
printf 'int y;\n' > code/deep/two.c
run 0 store build --stages "$vault" --dir code -o s.store
told '^s.store: 5 files, '

# ---- an export goes on past a file, and a second one continues ----
mkdir -p back/deep back/probe.c
echo mine > back/deep/one.c
run 4 store export --stages "$vault" -o back s.store
said 'NOT WRITTEN deep/one.c: a file with other contents is there already; --replace writes over it'
said 'NOT WRITTEN probe.c: what is there is no regular file'
said '3 files written to back$'
said '2 files could not be written (named above); the others were'
cmp -s code/options.c back/options.c && cmp -s code/deep/two.c back/deep/two.c || fail "the others were not written"
was=$(stat -c '%i %Y' back/options.c)
rmdir back/probe.c
rm back/deep/two.c
run 4 store export --stages "$vault" -o back s.store
said '2 files written to back, 2 already there'
said '1 file could not be written'
expect "a file that is there" "$was" "$(stat -c '%i %Y' back/options.c)"
expect "a file of the user's" mine "$(cat back/deep/one.c)"
run 0 store export --replace --stages "$vault" -o back s.store
said '1 file written to back, 4 already there'
diff -r code back || fail "--replace: what came back differs"
printf 'int X;\n' > back/deep/one.c # as long as it was
run 4 store export --stages "$vault" -o back s.store deep
ln -sf ../heap.c back/deep/one.c
run 4 store export --replace --stages "$vault" -o back s.store deep
said 'no regular file'
cmp -s code/heap.c back/heap.c || fail "a link was followed"
[ -z "$(find back -name '.phasebench*')" ] || fail "left: $(find back -name '.phasebench*')"
if mkdir small && mount -t tmpfs -o size=24k tmpfs small 2> /dev/null; then
  run 4 store export --stages "$vault" -o small s.store
  said 'options.c: .*No space left on device; make room, and the same command again goes on from here'
  grep -q 'NOT WRITTEN' said && fail "a full disk: it went on: $(cat said)"
  [ -z "$(find small -name '.phasebench*')" ] || fail "a full disk: left $(find small)"
  mount -o remount,size=1m small
  run 0 store export --stages "$vault" -o small s.store
  said ' already there'
  diff -r code small || fail "after a full disk: what came back differs"
  umount small
fi
# A limit on files stands for a full disk where none can be mounted.
(ulimit -f 8; "$PHASEBENCH" store export --stages "$vault" -o limited s.store > out 2> said)
expect "a limit on files" 4 $?
said 'File too large'
[ -z "$(find limited -name '.phasebench*' -o -name heap.c)" ] || fail "a limit on files: left $(find limited)"

# ---- a directory that is edited ----
cp -r code edited
for i in $(seq 12); do echo "int a$i;" > edited/a$i.c; done
VAULT='put: slow' "$PHASEBENCH" store build --stages "$vault" --dir edited -o e.store > out 2> said &
builder=$!
for _ in $(seq 200); do
  [ -d "$(echo e.store.making-*)" ] && break
  sleep 0.02
done
sleep 1 # the listing is made, and each of a1.c to a12.c, which come first, takes 0.2 s
echo 'int more;' >> edited/options.c
rm edited/probe.c
wait $builder
expect "a directory that is edited: exit code" 0 $?
said 'LEFT OUT probe.c: vanished'
said 'while it ran, 1 file changed (the store holds what was read last) and 1 had to be left out'
told '^e.store: 16 files, '
run 0 store verify --sources --stages "$vault" e.store
run 0 store export --stages "$vault" -o e.back e.store
diff -r edited e.back || fail "edited: what came back differs"
run 0 store info --json --stages "$vault" e.store
cp out e.info
run 0 store build --stages "$vault" --dir edited -o again.store
run 0 store info --json --stages "$vault" again.store
expect "the fingerprint is of what it holds" "$(value 'r["content_hash"], r["lines"], r["source_bytes"]')" \
  "$(cp out again.info; cp e.info out; value 'r["content_hash"], r["lines"], r["source_bytes"]')"

# ---- a limit of an option ----
run 4 store build --dir code --set p4a.cold_bytes=1000 -o limited.store
said "p4a.cold_bytes=1000; set it higher (--set p4a.cold_bytes=N), or to 0 for no limit"
[ -e limited.store ] && fail "a limit: a store was made"

# ---- links, and what killed builds left ----
ln -s s.store link.store
run 2 store build --stages "$vault" --dir code -o link.store
said "link.store: is a symbolic link; expected the folder of the store itself: name $(realpath s.store), to which"
run 0 store info --stages "$vault" link.store
ln -s nowhere lost.store
run 2 store build --stages "$vault" --dir code -o lost.store
said 'is a symbolic link that leads nowhere; expected a folder, or nothing: remove the link'
mkdir s.store.making-abcdef
touch s.store.making-abcdef/vault.data
run 0 store build --stages "$vault" --dir code -o s.store
said 's.store.making-abcdef: a build that was killed left it; it was removed'
[ -e s.store.making-abcdef ] && fail "the left-over folder is there"
run 0 store build --help
told 'STORE.making-XXXXXX'

# ---- odd names ----
odd=$'odd\nname\x1b[31m'
mkdir "$odd"
printf 'int z;\n' > "$odd/$odd.c"
run 0 store build --stages "$vault" --dir "$odd" -o "$odd.store"
told '^odd\\x0aname\\x1b\[31m.store: 1 file, 1 line, 7 B of source'
run 0 store info --stages "$vault" "$odd.store"
told '^store         odd\\x0aname\\x1b'
run 0 store verify --stages "$vault" "$odd.store"
run 0 store open --stages "$vault" "$odd.store"
told 'x1b\[31m.store: 1 document, opened'
run 0 store export --stages "$vault" -o "$odd.back" "$odd.store"
said '1 file written to odd\\x0aname'
echo mine > "$odd.back/$odd.c"
run 4 store export --stages "$vault" -o "$odd.back" "$odd.store"
said 'NOT WRITTEN odd\\x0aname'
run 3 store info "$odd"
for file in out said; do grep -aq $'\x1b' $file && fail "a control byte: $(cat -v $file)"; done

# ---- JSON ----
run 0 store verify --json --stages "$vault" s.store
expect "verify --json" "phasebench-store-verify-1 5 0 True []" \
  "$(value 'r["schema"], r["documents"], r["bad_documents"], r["good"], r["bad"]' | tr -d "(),'")"
cp -r s.store bad.store
sed -i 's/int x;/int w;/' bad.store/vault.data
run 7 store verify --json --stages "$vault" bad.store
expect "verify --json, damaged" "1 False deep/one.c" \
  "$(value 'r["bad_documents"], r["good"], r["bad"][0]["document"]' | tr -d "(),'")"
run 0 store open --json --stages "$vault" s.store
expect "open --json" phasebench-store-open-1 "$(value 'r["schema"]')"
expect "info --json" phasebench-store-info-1 "$(cp again.info out; value 'r["schema"]')"
run 0 stages --json
expect "stages --json" "phasebench-stages-1 baseline 0" \
  "$(value 'r["schema"], r["stages"][0]["name"], r["stages"][0]["order"]' | tr -d "(),'")"
expect "an option" 65536 "$(value '{s["name"] + "." + o["name"]: o["default"] for s in r["stages"] for o in s["options"]
}["p4b.resident_bytes"]')"
run 2 stages --jsn

# ---- units ----
run 0 stages
told 'p4a.hot_bytes=4MiB  .*(0 to 1TiB)'
told 'p4b.maps=[0-9]*  .*(1 to 1024)'
run 0 store build --stages "$vault" --set vault.spare_bytes=1.5K --dir code -o u.store
run 0 store info --stages "$vault" u.store
told 'option        vault.spare_bytes=1536$'
run 0 store build --stages "$vault" --set vault.spare_bytes=2K --dir code -o u.store
run 0 store info --stages "$vault" u.store
told 'option        vault.spare_bytes=2KiB'
told '^source        [0-9.]* KiB$'
told '^c .* [0-9.]* KiB  tree-sitter-c'
run 2 store build --set p4b.maps=1KiB --dir code -o x
said 'p4b.maps: is a count, not bytes: expected 1 to 1024, without a unit'
run 2 run --memory-limit 1Ki
said "memory-limit '1Ki': expected bytes, or a number that ends in K, M, G, T or KiB"
run 2 run --memory-limit 1KiB
said 'at least 1M'
run 0 run --allow-unfit-build --dir code --combos baseline --reps 1 --profile strict --no-instrument --memory-limit 1.5GiB \
  --output r.json
cp r.json out
expect "a limit of memory" 1610612736 "$(value 'r["settings"]["cell_memory_limit_bytes"]')"

# ---- the beginnings of messages ----
for command in "store build" "store info" "store export" "corpus show" "corpus list" run bench estimate metrics report \
  gate baseline claims attribution; do
  # shellcheck disable=SC2086
  "$PHASEBENCH" $command --no-such-option > out 2> said
  expect "$command --no-such-option: exit code" 2 $?
  said "^phasebench $command: unrecognized option '--no-such-option'"
done

# ---- Ctrl-C ----
interrupted() { # interrupted SECONDS ARGUMENT...: SIGINT after so many seconds
  /usr/bin/python3 - "$1" "$PHASEBENCH" "${@:2}" << 'PYTHON' > out 2> said
import signal, subprocess, sys, time
child = subprocess.Popen(sys.argv[2:], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(float(sys.argv[1]))
child.send_signal(signal.SIGINT)
sys.exit(child.wait(timeout=120) % 256)
PYTHON
  expect "${*:2}, interrupted: exit code" 6 $?
}
mkdir many temporary
for i in $(seq 300); do cp code/heap.c many/$i.c; done
TMPDIR=$folder/temporary interrupted 1.5 bench --dir many --combos baseline,p1+p2+p3+p4a --min-time 5 --json b.json
said '^phasebench bench: interrupted by SIGINT; \(nothing was measured\|there is no table, and no JSON was written\)'
expect "bench, interrupted: lines" 1 "$(wc -l < said)"
[ -z "$(ls -d b.json* temporary/* 2> /dev/null)" ] || fail "bench, interrupted: left $(ls -d b.json* temporary/*)"
interrupted 5 bench --dir code --combos baseline --min-time 5 --json b.json
said '^phasebench bench: interrupted by SIGINT; there is no table, and no JSON was written'
interrupted 0.5 estimate --dir many
said '^phasebench estimate: interrupted by SIGINT; \(there are no figures\|the corpus was not read\)'

finish
