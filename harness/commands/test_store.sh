#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `phasebench store`: what is built comes back, whole; what is damaged is found and named, and the
# rest is saved; an older store is there until the new one is, whoever is killed.
. "$PHASEBENCH_SOURCE_DIR/harness/testing/shell.sh"
. "$PHASEBENCH_SOURCE_DIR/harness/testing/schema.sh"
vault=$PHASEBENCH_BUILD_DIR/test_stages/vault.so
store() { # store CODE COMMAND...: with the stage for tests; JSON must be what its schema says
  local wanted=$1 command=$2
  shift 2
  "$PHASEBENCH" store "$command" --stages "$vault" "$@" > out 2> said
  local code=$?
  [ $code = "$wanted" ] || fail "$command $*: exit code $code, expected $wanted: $(head -c 500 out said)"
  case "$command $*" in info*--json* | open*--json* | verify*--json*) validates store out || fail "$command $*: its JSON" ;; esac
}
said() { grep -q -- "$1" said || fail "expected '$1', it said: $(cat said)"; }
told() { grep -q -- "$1" out || fail "expected '$1' in: $(head -c 600 out)"; }
value() { /usr/bin/python3 -c 'import json,sys; r=json.load(open("out")); print(eval(sys.argv[1]))' "$1"; }
left() { ls -d ./*.making-* 2> /dev/null; }

mkdir -p code/deep/er
cp "$PHASEBENCH_SOURCE_DIR"/harness/{system/heap,system/probe,commands/options}.c code/
cp "$PHASEBENCH_SOURCE_DIR"/harness/run/plan.c "code/deep/pl an.c"
printf 'int x;' > code/deep/er/one.c
: > code/empty.c
printf 'def f(a):\n  return a\n' > code/deep/f.py
printf 'int broken( { "\n' > code/broken.c
printf 'int y;\n' > code/$'odd\nname\xff.c'

# ---- there and back ----
store 0 build --dir code -o s.store
told '^s.store: 9 files, '
[ -s said ] && fail "a build in a pipe told: $(cat said)"
[ -n "$(left)" ] && fail "left: $(left)"
store 0 info --json s.store
expect "documents" 9 "$(value 'r["documents"]')"
expect "languages" "['c', 'python']" "$(value '[l["name"] for l in r["languages"]]')"
expect "lines" "$(cat code/*.c code/deep/*.* code/deep/er/* | wc -l)" "$(value 'r["lines"] - 1')" # one.c ends without a newline
expect "options" "{'vault.spare_bytes': 4096}" "$(value 'r["options"]')"
expect "sources" "$(find code -type f -printf '%s\n' | paste -sd+ | bc)" "$(value 'r["source_bytes"]')"
[ "$(value 'r["disk_bytes"] >= r["file_bytes"] > 100000')" = True ] || fail "sizes: $(cat out)"
store 0 info s.store
told 'tree-sitter-python'
store 0 open --json s.store
[ "$(value '0 < r["open_ns"] and r["sampled_documents"] == 9 and r["sampled_nodes"] == r["nodes"] and r["rss_open_bytes"] > 0')" = True ] ||
  fail "open: $(cat out)"
store 0 open s.store
told 'documents/s'
store 0 verify s.store
told 'all is well'
store 0 verify --sources s.store
told 'each compared with a fresh parse: all is well'
store 0 export -o back s.store
diff -r code back || fail "what came back differs"
store 0 export -o part s.store deep/er heap.c
expect "parts" "./deep/er/one.c ./heap.c" "$(cd part && find . -type f | sort | paste -sd' ')"
store 0 export -o - s.store deep/f.py
cmp -s out code/deep/f.py || fail "a source on standard output"
store 0 export --trees sexp -o - s.store deep/er/one.c
expect "a tree" "(translation_unit (declaration type: (primitive_type) declarator: (identifier)))" "$(cat out)"
store 0 export --trees json -o trees s.store
expect "a line a node" "$("$PHASEBENCH" store info --json --stages "$vault" s.store > out; value 'r["nodes"]')" "$(cat trees/*.jsonl trees/deep/*.jsonl trees/deep/er/* | wc -l)"
/usr/bin/python3 -c '
import json, glob
for name in glob.glob("trees/**/*.jsonl", recursive=True):
    lines = [json.loads(l) for l in open(name)]
    assert [l["index"] for l in lines] == list(range(len(lines))), name
    assert lines[0]["depth"] == 0 and all(l["depth"] > 0 for l in lines[1:]), name
    assert len(lines) == 1 + sum(l["children"] for l in lines), name
    assert all(l["start_byte"] <= l["end_byte"] for l in lines), name
assert any(l["has_error"] for l in map(json.loads, open("trees/broken.c.jsonl")))
' || fail "the lines of JSON"

# ---- nothing is written over, or outside ----
echo mine > back/heap.c
store 4 export -o back s.store heap.c
said 'NOT WRITTEN heap.c: a file with other contents is there already; --replace'
expect "a file of the user's" mine "$(cat back/heap.c)"
mkdir trap elsewhere && ln -s ../elsewhere trap/deep
store 4 export -o trap s.store deep/f.py
said 'links are not followed'
[ -n "$(ls elsewhere)" ] && fail "export followed a link"
store 2 export -o new s.store nothing.c
said "the store has no document 'nothing.c'"

# ---- damage ----
damage() { # damage FILE TEXT: changes the first byte of TEXT in it
  cp -r s.store bad.store
  /usr/bin/python3 - "$1" "$2" <<'PYTHON' || fail "no '$2' in $1"
import sys
name, text = sys.argv[1], sys.argv[2].encode()
data = bytearray(open(name, "rb").read())
at = data.find(text)
assert at >= 0
data[at] ^= 1
open(name, "wb").write(data)
PYTHON
}
damage bad.store/vault.data 'def f(a)'
store 7 verify bad.store
told '^BAD deep/f.py: .*stored bytes failed validation'
expect "others are well" 1 "$(grep -c '^BAD' out)"
told ': 1 document is bad'
store 7 export -o saved bad.store
said 'BAD deep/f.py: '
diff -r -x f.py code saved || fail "the others were not saved"
[ -e saved/deep/f.py ] && fail "a corrupt source was written"
store 7 verify --sources bad.store
expect "others are well, with sources" 1 "$(grep -c '^BAD' out)"
rm -r bad.store
damage bad.store/vault.data PBSTORE1
store 7 open bad.store
rm -r bad.store
damage bad.store/phasebench.store vault.spare
store 7 info bad.store
said 'its hash is not that of its bytes'
rm -r bad.store
for size in 0 7 100 50000; do
  cp -r s.store bad.store
  truncate -s $size bad.store/vault.data
  store 7 verify bad.store
  rm -r bad.store
done
cp -r s.store bad.store
rm bad.store/vault.data
store 4 open bad.store
said 'No such file or directory'
rm -r bad.store
store 3 info code
said 'is no store'
printf 'phasebench-store-9\nhash 0\n' > code/phasebench.store
store 7 info code
rm code/phasebench.store

# ---- an older store is replaced when the new one is there ----
cp code/heap.c saved.c
echo 'int more;' >> code/heap.c
was=$(stat -c %i s.store)
keeps_old() { # keeps_old WHAT
  expect "$1: the old store" "$was" "$(stat -c %i s.store)"
  store 0 verify s.store
  told 'all is well'
  store 0 export -o - s.store heap.c
  cmp -s out saved.c || fail "$1: the old store holds something else"
}
VAULT='commit: full' store 4 build --dir code -o s.store
said 'as if the disk were full'
[ -n "$(left)" ] && fail "a failed build left $(left)"
keeps_old "a full disk"
VAULT='commit: killed' store 137 build --dir code -o s.store
[ -n "$(left)" ] || fail "a killed build left nothing: was it killed?"
keeps_old "a killed build"
slow() { # slow SIGNAL: a build that is interrupted while it parses
  VAULT='put: slow' /usr/bin/python3 - "$1" "$PHASEBENCH" store build --stages "$vault" --dir code -o s.store <<'PYTHON' > out 2> said
import glob, os, signal, subprocess, sys, time
child = subprocess.Popen(sys.argv[2:], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(0.3)
for _ in range(400):
    if glob.glob("s.store.making-*"): break
    time.sleep(0.02)
time.sleep(0.3)
child.send_signal(getattr(signal, sys.argv[1]))
sys.exit(child.wait())
PYTHON
}
slow SIGINT
expect "Ctrl-C: exit code" 6 $?
said 'interrupted by SIGINT; .*s.store is as it was'
[ -n "$(left)" ] && fail "Ctrl-C, and the killed build before, left $(left)"
keeps_old "Ctrl-C"
slow SIGTERM
expect "SIGTERM: exit code" 6 $?
keeps_old "SIGTERM"
if mkdir small && mount -t tmpfs -o size=128k tmpfs small 2> /dev/null; then
  store 4 build --dir code -o small/x.store
  said 'No space left on device'
  [ -n "$(ls small)" ] && fail "a full disk: left $(ls small)"
  mount -o remount,ro small
  store 4 build --dir code -o small/x.store
  said 'Read-only file system'
  umount small
fi
# Two at once: each makes its own; the last one stays.
VAULT='put: slow' "$PHASEBENCH" store build --stages "$vault" --dir code -o s.store > /dev/null 2> first_said &
first=$!
sleep 0.4
store 0 build --dir code -o s.store/
[ "$(stat -c %i s.store)" != "$was" ] || fail "the store was not replaced"
wait $first || fail "the first of two builds: $(cat first_said)"
[ -n "$(left)" ] && fail "two builds left $(left)"
store 0 export -o - s.store heap.c
cmp -s out code/heap.c || fail "the new store holds the old text"
store 0 build --dir code --set vault.spare_bytes=1KiB -o s.store
store 0 info --json s.store
expect "a setting is kept" "{'vault.spare_bytes': 1024}" "$(value 'r["options"]')"
store 0 open --json --set vault.spare_bytes=7 s.store
expect "and can be another" "{'vault.spare_bytes': 7}" "$(value 'r["options"]')"

# ---- only a store is replaced ----
touch s.store/mine
store 2 build --dir code -o s.store
said "holds 'mine', which is not the store's"
rm s.store/mine
store 2 build --dir code -o code
said 'is no store'
touch file
store 2 build --dir code -o file
store 4 build --dir code -o no/such/folder
mkdir empty
store 0 build --dir code -o empty
store 2 build --dir code -o .

# ---- what lacks what ----
lacks() { # lacks TEXT STAGES
  "$PHASEBENCH" store build --dir code --stages "$2" -o none.store > out 2> said
  expect "$2: exit code" 2 $?
  said "$1"
  [ -e none.store ] && fail "$2: a store was made"
}
lacks "stage 'baseline', which keeps sources and trees, cannot commit" baseline
lacks "sources are kept by stage 'liar' and trees by 'baseline'" "$PHASEBENCH_BUILD_DIR/test_stages/liar.so"
VAULT='no commit' lacks "stage 'vault', which keeps sources and trees, cannot commit" "$vault"
VAULT='no save' lacks "stage 'vault', which encodes the trees, cannot save" "$vault"
store 3 build --dir empty -o none.store
store 2 build --dir code --corpus quick -o none.store

# ---- the stages of the build that keep both kinds in files ----
for blob_store in $("$PHASEBENCH" stages | sed -n 's/^\([a-z0-9_]*\) .*blob store of sources and trees, writes files.*/\1/p'); do
  together=$blob_store+$vault
  export VAULT='codec only'
  rm -rf k.store k.back k.saved
  "$PHASEBENCH" store build --dir code --stages "$together" -o k.store > out 2> said || fail "$blob_store: build: $(cat said)"
  "$PHASEBENCH" store verify --sources --stages "$together" k.store > out 2> said || fail "$blob_store: verify: $(cat out said)"
  "$PHASEBENCH" store export --stages "$together" -o k.back k.store > out 2> said || fail "$blob_store: export: $(cat said)"
  diff -r code k.back || fail "$blob_store: what came back differs"
  "$PHASEBENCH" store build --dir code --stages "$together" -o k.store > out 2> said || fail "$blob_store: again: $(cat said)"
  # Bytes changed here and there: found, or of no meaning, and then all comes back as it was.
  /usr/bin/python3 - "$blob_store" <<'PYTHON' > sizes
import glob, os, sys
for name in glob.glob("k.store/" + sys.argv[1] + "*"):
    for i in range(12):
        print(name, os.path.getsize(name) * i // 12 + 5)
PYTHON
  found=0
  while read -r file at; do
    rm -rf k.bad k.saved
    cp -r k.store k.bad
    /usr/bin/python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2])); b = f.read(1); f.seek(int(sys.argv[2])); f.write(bytes([b[0] ^ 16]))' "${file/k.store/k.bad}" "$at"
    "$PHASEBENCH" store verify --sources --stages "$together" k.bad > out 2> said
    code=$?
    [ $code = 7 ] && found=$((found + 1))
    [ $code = 0 ] || [ $code = 7 ] || fail "$blob_store: byte $at of $file: verify: exit code $code: $(cat said)"
    "$PHASEBENCH" store export --stages "$together" -o k.saved k.bad > out 2> said
    exported=$?
    [ $exported = "$code" ] || [ $exported = 0 ] || fail "$blob_store: byte $at of $file: export: exit code $exported"
    [ -d k.saved ] || continue
    diff -rq code k.saved | grep -aE '^(Files|Only in k.saved)' && fail "$blob_store: byte $at of $file: a wrong source was written"
  done < sizes
  [ "$found" -ge 3 ] || fail "$blob_store: of $(wc -l < sizes) changed bytes only $found were found"
  unset VAULT
done

# ---- the command line ----
usage() { # usage TEXT ARGUMENT...
  "$PHASEBENCH" store "${@:2}" > out 2> said
  expect "store ${*:2}: exit code" 2 $?
  said "$1"
}
usage 'usage:' 
usage "there is no subcommand 'burn'" burn
usage '-o is missing' build
usage 'Its folder is missing' info
usage 'one argument too many' info s.store s.store
# The archive of the disk tier: cut short, one of its two heads damaged, another kind of file.
"$PHASEBENCH" store build --dir code -o archive.store > out 2> said || fail "build: $(cat said)"
damage() { # WHAT: archive.store, copied, is damaged by the command in $2, and found to be
  rm -rf d.store && cp -r archive.store d.store && (cd d.store && eval "$2") > /dev/null 2>&1
  timeout 20 "$PHASEBENCH" store verify d.store > out 2> said
  expect "verify: $1" 7 $?
}
damage "an empty file" ': > p4a.frames'
damage "cut short" 'truncate -s 9000 p4a.frames'
damage "a missing file" 'rm p4a.frames'
damage "one head of two" 'printf x | dd of=p4a.frames bs=1 seek=10 conv=notrunc'
grep -q 'every document is well' out || fail "one head of two: $(cat out)"
damage "a pipe" 'rm p4a.frames && mkfifo p4a.frames'
damage "a pipe in place of the head" 'rm phasebench.store && mkfifo phasebench.store'
said 'is no regular file'
usage 'is in no combination' build --stages p1+p2+p3+p4a --dir code --set p4c.pinned_bytes=1 -o x

# A limit on files' sizes is an error like a full disk, not the signal that it also sends.
(ulimit -f 4; "$PHASEBENCH" store build --stages "$vault" --dir code -o limited.store > out 2> said)
expect "a limit on files" 4 $?
said 'File too large'
[ -z "$(ls -d limited.store* 2>/dev/null)" ] || fail "a limit on files: left $(ls -d limited.store*)"

usage 'lists the options' info --sources s.store
usage 'expected sexp or json' export --trees xml -o x s.store
usage "there is no stage 'nowhere'" build --stages "$vault" --set nowhere.x=1 -o x
for command in build info open verify export; do
  "$PHASEBENCH" store $command --help > out || fail "$command --help"
  told '^example: phasebench store '
done
"$PHASEBENCH" store --help | grep -q verify || fail "--help"
"$PHASEBENCH" --help | grep -q ' 7  stored data is corrupt' || fail "the exit code is not told"
# Stages of a store are found in the stage folder, and nowhere else that the store might name.
"$PHASEBENCH" store info s.store > out 2> said
expect "without --stages" 2 $?
said "there is no stage 'vault'"
mkdir stages && cp "$PHASEBENCH_BUILD_DIR"/stages/*.so "$vault" stages
PHASEBENCH_STAGE_DIR=$folder/stages "$PHASEBENCH" store verify s.store > out 2> said || fail "by name: $(cat said)"
"$PHASEBENCH" store info --stages "$PHASEBENCH_BUILD_DIR/test_stages/liar.so" s.store > out 2> said
expect "other stages" 3 $?

finish
