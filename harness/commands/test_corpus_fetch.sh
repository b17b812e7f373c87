#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_corpus_fetch.sh - `phasebench corpus fetch` against apt-get, apt-cache and npm of
# the test's own, so that networks, archives and disks fail when they are told to.
# dpkg-deb, tar and xz are the real ones.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
expect() {
  local code=$1 phrase=$2 got=0; shift 2
  "$@" > "$scratch/out" 2>&1 < /dev/null || got=$?
  [ "$got" = "$code" ] || { cat "$scratch/out" >&2; fail "exit code $got, expected $code: $*"; }
  grep -qF -e "$phrase" "$scratch/out" || { cat "$scratch/out" >&2; fail "no '$phrase' from: $*"; }
}
command -v dpkg-deb > /dev/null || { echo "dpkg-deb is not installed"; exit 77; }

export PHASEBENCH_CACHE=$scratch/cache PHASEBENCH_CORPORA_DIR=$scratch/corpora
mkdir -p "$scratch/corpora/lock" "$scratch/archive" "$scratch/bin"
cp "$PHASEBENCH_SOURCE_DIR/corpora/fetch.sh" "$scratch/corpora/"

# ---- the world: an archive with packages, and programs that serve it ----

make_deb() { # NAME VERSION FOLDER
  mkdir -p "$3/DEBIAN"
  printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: test\nDescription: test\n' "$1" "$2" > "$3/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$3" "$scratch/archive/$1_$2_all.deb" > /dev/null
}
mkdir -p "$scratch/d/usr/src/plain" "$scratch/t/tool-1/sub" "$scratch/a/usr/src"
printf 'int a;\n' > "$scratch/d/usr/src/plain/a.c"
printf 'readme\n' > "$scratch/d/usr/src/plain/README"
make_deb plain 1.0 "$scratch/d"
printf 'int a2;\n' > "$scratch/d/usr/src/plain/a.c"
make_deb plain 2.0 "$scratch/d"
printf 'int t;\n' > "$scratch/t/tool-1/sub/t.c"
printf 'text\n' > "$scratch/t/tool-1/t.txt"
tar -C "$scratch/t" -cJf "$scratch/a/usr/src/tool.tar.xz" tool-1
make_deb packed 1.0 "$scratch/a"

# What apt knows stands in $scratch/known ("package version" lines); `update` takes
# the lines of $scratch/upstream over.
cat > "$scratch/bin/apt-cache" <<'FAKE'
#!/bin/sh
[ "$1" = madison ] && [ "$2" = -- ] || exit 1
sed -n "s/^$3 \(.*\)/ $2 | \1 | archive/p" "$WORLD/known"
FAKE
cat > "$scratch/bin/apt-get" <<'FAKE'
#!/bin/bash
echo "apt-get $*" >> "$WORLD/log"
while [[ $1 == -* ]]; do [ "$1" = -o ] && shift; shift; done
[ ! -e "$WORLD/network-down" ] || { echo "E: Could not resolve the archive" >&2; exit 100; }
case $1 in
  update) cp "$WORLD/upstream" "$WORLD/known" ;;
  download)
    [ ! -e "$WORLD/hang" ] || { touch half-done.deb; echo "$$ $PPID" > "$WORLD/hanging"; sleep 60; }
    [ "$2" = -- ] || exit 100
    cp "$WORLD/archive/${3%%=*}_${3#*=}_all.deb" . || exit 100 ;;
  *) exit 1 ;;
esac
FAKE
cat > "$scratch/bin/npm" <<'FAKE'
#!/bin/bash
echo "npm $*" >> "$WORLD/log"
[ "$1" = ci ] && [ "$2" = --prefix ] || exit 1
[ ! -e "$WORLD/network-down" ] || { echo "npm error network" >&2; exit 1; }
[ -r "$3/package-lock.json" ] && [ -r "$3/package.json" ] && [ -r "$3/.npmrc" ] || exit 1
mkdir -p "$3/node_modules/p/src"
printf 'let a;\n' > "$3/node_modules/p/src/a.js"
FAKE
cat > "$scratch/bin/id" <<'FAKE'
#!/bin/sh
cat "$WORLD/uid"
FAKE
chmod +x "$scratch"/bin/*
export WORLD=$scratch PATH=$scratch/bin:$PATH
echo 0 > "$scratch/uid"
: > "$scratch/log"

manifest() { # NAME SOURCE
  printf '{"schema":"phasebench-corpus-1","name":"%s","title":"t","source":%s,"languages":{".c":"c",".js":"javascript"}}\n' \
    "$1" "$2" > "$scratch/corpora/$1.json"
}
manifest plain '{"type":"deb","download":"plain","packages":[{"name":"plain","version":"1.0"}],"keep":["*.c"]}'
manifest plain-twin '{"type":"deb","download":"plain","packages":[{"name":"plain","version":"1.0"}],"keep":["*.c"]}'
manifest packed '{"type":"deb","download":"packed","packages":[{"name":"packed","version":"1.0"}],"archive":"usr/src/tool.tar.xz","keep":["*.c"]}'
manifest node '{"type":"npm","download":"node","folder":"lock"}'
echo '{}' > "$scratch/corpora/lock/package.json"
echo '{"lock": 1}' > "$scratch/corpora/lock/package-lock.json"
echo 'ignore-scripts=true' > "$scratch/corpora/lock/.npmrc"
printf 'plain 1.0\npacked 1.0\n' > "$scratch/upstream"
cp "$scratch/upstream" "$scratch/known"

fetch() { "$PHASEBENCH" corpus fetch "$@"; }
nothing_left() {
  local left
  left=$(find "$PHASEBENCH_CACHE" -mindepth 2 ! -name '.*.lock' ! -name "${1:-none}" | grep -v "/${1:-none}/" || true)
  [ -z "$left" ] || fail "left behind: $left"
}

# ---- foreign words are no options: a pattern of `keep` once ran a command ----
hostile() { # SOURCE: refused, and nothing was run
  manifest hostile "$1"
  expect 3 "${2:-begins with}" fetch hostile
  [ ! -e "$scratch/ran" ] || fail "a manifest ran a command: $1"
}
run_it="--checkpoint-action=exec=touch $scratch/ran"
for keep in "\"--checkpoint=1\", \"$run_it\"" "\"-Itouch $scratch/ran\"" '"*.c", "-f"' '"a\nrequest archive x"'; do
  hostile '{"type":"deb","download":"hostile","packages":[{"name":"plain","version":"1.0"}],"keep":['"$keep"']}'
done
hostile '{"type":"deb","download":"hostile","packages":[{"name":"packed","version":"1.0"}],"archive":"--to-command=x","keep":["*.c"]}'
hostile '{"type":"deb","download":"hostile","packages":[{"name":"-oDir::Bin=x","version":"1.0"}],"keep":["*.c"]}' "no Debian package's name"
hostile '{"type":"deb","download":"hostile","packages":[{"name":"plain","version":"1.0 -o x"}],"keep":["*.c"]}' "no Debian version"
hostile '{"type":"deb","download":"-x","packages":[{"name":"plain","version":"1.0"}],"keep":["*.c"]}' "expected a name"
# The script takes no one's word for it: the same values, given to it.
script() { bash "$scratch/corpora/fetch.sh" "$@" > "$scratch/out" 2>&1 < /dev/null || true; }
for package in plain packed; do
  archive=()
  [ $package = plain ] || archive=(--archive usr/src/tool.tar.xz)
  script deb --into "$scratch/own" --package $package=1.0 --keep --checkpoint=1 --keep "$run_it" "${archive[@]}"
  [ ! -e "$scratch/ran" ] || fail "fetch.sh ran a command"
  grep -q 'checkpoint.*Not found in archive' "$scratch/out" || { cat "$scratch/out" >&2; fail "tar did not take it for a pattern"; }
done
(cd "$scratch" && script deb --into -own --package plain=1.0 --keep '*.c')
[ -f "$scratch/-own/tree/usr/src/plain/a.c" ] || { cat "$scratch/out" >&2; fail "a folder whose name begins with -"; }
rm -rf "$scratch/-own" "$scratch/.-own.lock" "$scratch/.own.lock"

# ---- what is not fetched is told so ----
expect 3 "phasebench corpus fetch plain" "$PHASEBENCH" corpus show plain

# ---- a plain package; only what is kept is unpacked ----
expect 0 "plain is in the cache" bash -c '"$PHASEBENCH" corpus fetch plain; echo plain is in the cache'
[ "$(cd "$PHASEBENCH_CACHE/corpora/plain/tree" && find . -type f)" = ./usr/src/plain/a.c ] || fail "the tree of plain"
grep -qx "got plain 1.0" "$PHASEBENCH_CACHE/corpora/plain/fetched" || fail "the version is not written down"
nothing_left plain
expect 0 "files         1 " "$PHASEBENCH" corpus show plain

# ---- twice, and by another manifest: nothing is done again ----
: > "$scratch/log"
expect 0 "there already" fetch plain plain-twin
[ ! -s "$scratch/log" ] || fail "finished work was done again: $(cat "$scratch/log")"
expect 0 "done, in" fetch --again plain
[ -s "$scratch/log" ] || fail "--again did nothing"

# ---- an archive within a package ----
expect 0 "done, in" fetch packed
[ "$(cd "$PHASEBENCH_CACHE/corpora/packed" && find . -type f | sort | tr '\n' ' ')" = "./fetched ./tree/tool-1/sub/t.c " ] ||
  fail "the tree of packed"

# ---- another version than the manifest's is taken, said and written down ----
rm -rf "$PHASEBENCH_CACHE"
printf 'plain 2.0\npacked 1.0\n' > "$scratch/known"
cp "$scratch/known" "$scratch/upstream"
expect 0 "WARNING: plain 1.0" fetch plain
grep -qx "got plain 2.0" "$PHASEBENCH_CACHE/corpora/plain/fetched" || fail "the other version is not written down"
expect 3 "expected version 1.0, fetched 2.0" "$PHASEBENCH" corpus verify plain
: > "$scratch/log"
expect 0 "there already" fetch plain
[ ! -s "$scratch/log" ] || fail "another version is fetched again and again"

# ---- lists that are missing or old are renewed by root, once ----
rm -rf "$PHASEBENCH_CACHE"
: > "$scratch/known"
printf 'plain 1.0\n' > "$scratch/upstream"
: > "$scratch/log"
expect 0 "renewing" fetch plain
[ "$(grep -c update "$scratch/log")" = 1 ] || fail "lists were not renewed once"
rm -rf "$PHASEBENCH_CACHE"
printf 'plain 1.0\n' > "$scratch/known" # old lists: the archive has 2.0 only
printf 'plain 2.0\n' > "$scratch/upstream"
mv "$scratch/archive/plain_1.0_all.deb" "$scratch/archive/gone"
expect 0 "WARNING: plain 1.0" fetch plain
mv "$scratch/archive/gone" "$scratch/archive/plain_1.0_all.deb"
rm -rf "$PHASEBENCH_CACHE"
: > "$scratch/known"
: > "$scratch/upstream"
expect 3 "apt knows no package 'plain'" fetch plain
echo 1000 > "$scratch/uid"
: > "$scratch/log"
expect 3 "as root renews" fetch plain
! grep -q update "$scratch/log" || fail "apt-get update without root"
echo 0 > "$scratch/uid"
nothing_left

# ---- the network is down ----
printf 'plain 1.0\n' > "$scratch/known"
cp "$scratch/known" "$scratch/upstream"
touch "$scratch/network-down"
expect 4 "Is the network there" fetch plain
expect 4 "Is the network there" fetch node
nothing_left
expect 3 "has not been fetched" "$PHASEBENCH" corpus show plain
rm "$scratch/network-down"

# ---- a broken package ----
mkdir "$scratch/good"; cp "$scratch"/archive/plain_1.0_all.deb "$scratch/good/"
head -c 200 "$scratch/good/plain_1.0_all.deb" > "$scratch/archive/plain_1.0_all.deb"
expect 4 "not fetched" fetch plain
nothing_left
cp "$scratch/good/plain_1.0_all.deb" "$scratch/archive/"

# ---- the disk refuses ----
if [ -w /dev/full ]; then
  printf x > "$scratch/not-a-folder"
  expect 4 "cannot make the cache folder" env PHASEBENCH_CACHE="$scratch/not-a-folder" "$PHASEBENCH" corpus fetch plain
fi

# ---- interrupted: by a signal to the program, and to the script ----
expect 0 "done, in" fetch plain
touch "$scratch/hang"
interrupt() { # SIGNAL: sends it to the script once the download hangs
  rm -f "$scratch/hanging"
  fetch --again plain > "$scratch/out" 2>&1 &
  local program=$! code=0 tries=0
  until [ -s "$scratch/hanging" ]; do
    sleep 0.05
    tries=$((tries + 1))
    [ $tries -lt 400 ] || fail "the download does not hang"
  done
  local download script
  read -r download script < "$scratch/hanging"
  kill -s "$1" "$script"
  wait $program || code=$?
  [ $code = 6 ] || { cat "$scratch/out" >&2; fail "interrupted by $1: exit code $code"; }
  grep -q "interrupted" "$scratch/out" || fail "the interruption is not told"
  tries=0
  while kill -0 "$download" 2> /dev/null; do
    sleep 0.05
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "the download goes on after the interruption"
  done
  nothing_left plain
  [ -r "$PHASEBENCH_CACHE/corpora/plain/fetched" ] || fail "what was there is gone"
}
interrupt TERM
interrupt HUP
# Killed without a chance to clean up: what is left is not taken for a corpus, and the
# next fetch removes it.
rm -rf "$PHASEBENCH_CACHE" "$scratch/hanging"
fetch plain > "$scratch/out" 2>&1 &
program=$!
until [ -s "$scratch/hanging" ]; do sleep 0.05; done
read -r download script < "$scratch/hanging"
kill -KILL "$script"
code=0; wait $program || code=$?
[ $code = 4 ] || fail "killed: exit code $code"
kill -KILL -- "-$download" # a session of its own
rm "$scratch/hang"
expect 3 "has not been fetched" "$PHASEBENCH" corpus show plain
[ -d "$PHASEBENCH_CACHE/corpora/.plain.partial" ] || fail "the test no longer leaves anything half-done"
expect 0 "done, in" fetch plain
nothing_left plain
# Killed between the two last renames: the complete tree goes back to its place.
mv "$PHASEBENCH_CACHE/corpora/plain" "$PHASEBENCH_CACHE/corpora/.plain.old"
expect 0 "there already" fetch plain

# ---- npm: by the lock file, again when it changes ----
expect 0 "done, in" fetch node
[ -r "$PHASEBENCH_CACHE/corpora/node/tree/node_modules/p/src/a.js" ] || fail "the tree of node"
: > "$scratch/log"
expect 0 "there already" fetch node
[ ! -s "$scratch/log" ] || fail "npm ran again"
echo '{"lock": 2}' > "$scratch/corpora/lock/package-lock.json"
expect 0 "done, in" fetch node
grep -q "npm ci" "$scratch/log" || fail "a changed lock file is not seen"
rm "$scratch/corpora/lock/package-lock.json"
expect 3 "which pins the packages" fetch node

# ---- usage of the script itself ----
script=$scratch/corpora/fetch.sh
expect 2 "expected npm or deb" bash "$script" ftp --into "$scratch/x"
expect 2 "into is missing" bash "$script" npm
expect 2 "unknown option" bash "$script" npm --frob
expect 2 "needs a value" bash "$script" npm --into
echo "corpus fetch: all as expected"
