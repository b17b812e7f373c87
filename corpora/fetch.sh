#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# fetch.sh - brings a corpus's files into the cache; `phasebench corpus fetch` runs it.
#
#   fetch.sh npm --into FOLDER [--again] --from LOCK_FOLDER
#   fetch.sh deb --into FOLDER [--again] --package NAME=VERSION... --keep PATTERN...
#                [--archive PATH.tar.xz]
#
# Afterwards FOLDER holds `tree`, the files, and `fetched`, which says what was asked
# for ("request" lines) and what was had ("got NAME VERSION"). All work is done in
# .NAME.partial beside FOLDER, which becomes FOLDER by one rename at the end: a FOLDER
# is always complete. When the same was asked for before, nothing is done.
# What a manifest says is no option to the programs that are run here: each list of foreign words has `--` before it.
# Exit codes: 0 done, 2 usage, 3 no such package or bad lock file, 4 network, disk or
# another program failed, 6 interrupted.
set -euo pipefail

say() { printf 'corpus fetch: %s\n' "$*" >&2; }
fail() { local code=$1; shift; say "$*"; exit "$code"; }

kind=${1:-}; shift || true
into='' from='' archive='' again=no packages=() keep=()
while [ $# -gt 0 ]; do
  case $1 in
    --again) again=yes; shift; continue ;;
    --into|--from|--archive|--package|--keep) [ $# -ge 2 ] || fail 2 "$1 needs a value" ;;
    *) fail 2 "unknown option '$1'; the head of fetch.sh lists them" ;;
  esac
  case $1 in
    --into) into=$2 ;;
    --from) from=$2 ;;
    --archive) archive=$2 ;;
    --package) packages+=("$2") ;;
    --keep) keep+=("$2") ;;
  esac
  shift 2
done
[ -n "$into" ] || fail 2 "--into is missing"
case $kind in
  npm) [ -n "$from" ] || fail 2 "--from is missing" ;;
  deb) [ ${#packages[@]} -gt 0 ] && [ ${#keep[@]} -gt 0 ] || fail 2 "--package and --keep are needed" ;;
  *) fail 2 "expected npm or deb, not '$kind'" ;;
esac

# A path that begins with `-` would be an option to the programs that get it.
case $into in -*) into=./$into ;; esac
case $from in -*) from=./$from ;; esac
name=$(basename -- "$into")
parent=$(dirname -- "$into")
partial=$parent/.$name.partial
old=$parent/.$name.old

# What is asked for; the tree is made anew when it changes.
request() {
  printf 'request %s\n' "$kind"
  if [ "$kind" = npm ]; then
    printf 'request lock %s\n' "$(sha256sum < "$from/package-lock.json" | cut -d' ' -f1)"
    return
  fi
  printf 'request package %s\n' "${packages[@]}"
  printf 'request keep %s\n' "${keep[@]}"
  [ -z "$archive" ] || printf 'request archive %s\n' "$archive"
}
if [ "$kind" = npm ]; then
  for file in package.json package-lock.json; do
    [ -r "$from/$file" ] || fail 3 "cannot read $from/$file, which pins the packages"
  done
fi
wanted=$(request)

already_there() {
  [ "$again" = no ] && [ -r "$into/fetched" ] && [ -d "$into/tree" ] &&
    [ "$(grep '^request ' "$into/fetched")" = "$wanted" ]
}

job=''
clean_up() {
  local code=$?
  trap '' INT TERM HUP
  if [ -n "$job" ]; then
    kill -TERM -- "-$job" 2>/dev/null || true
    wait "$job" 2>/dev/null || true
  fi
  rm -rf "$partial"
  [ "$code" != 6 ] || say "interrupted; nothing half-done is left"
  exit "$code"
}

# Runs a program so that a signal reaches us at once. It is in a session of its own, so
# that clean_up can end it with all that it has started.
run() {
  setsid "$@" < /dev/null &
  job=$!
  local code=0
  wait "$job" || code=$?
  job=''
  return "$code"
}
# The same for a line of shell; what follows it is $1, $2, ...
run_line() { local line=$1; shift; run bash -c "set -euo pipefail; $line" bash "$@"; }

# Why a step failed, as far as the disk can tell.
step_failed() {
  local avail_kib
  avail_kib=$(df -Pk "$parent" | awk 'NR == 2 { print $4 }')
  if [ "${avail_kib:-0}" -lt 20480 ]; then
    fail 4 "$1 failed: the disk that holds $parent is full ($avail_kib KiB left); PHASEBENCH_CACHE names another place"
  fi
  fail 4 "$1 failed; its own message stands above${2:+. $2}"
}

need() { command -v "$1" > /dev/null || fail 4 "the program '$1' is not installed: scripts/setup.sh installs it"; }

# ---- npm ----

fetch_npm() {
  need npm
  cp "$from/package.json" "$from/package-lock.json" "$partial/tree/"
  [ ! -r "$from/.npmrc" ] || cp "$from/.npmrc" "$partial/tree/"
  say "fetching the npm packages that $from/package-lock.json pins"
  # An .npmrc beside the lock file may name a registry, and no program.
  run npm ci --prefix "$partial/tree" --ignore-scripts --git=git --script-shell=sh --no-audit --no-fund >&2 ||
    step_failed "npm ci" "Is the network there, and does npm's registry answer?"
}

# ---- Debian packages ----

apt_options=()
[ "$(id -u)" != 0 ] || apt_options=(-o APT::Sandbox::User=root)
[ -t 2 ] || apt_options+=(-qq)
updated=no

update_lists() {
  updated=yes
  if [ "$(id -u)" != 0 ]; then
    say "apt's package lists may be missing or old; \`apt-get update\` as root renews them"
    return
  fi
  say "renewing apt's package lists"
  run apt-get "${apt_options[@]}" update >&2 || step_failed "apt-get update" "Is the network there?"
}

versions() { apt-cache madison -- "$1" 2> /dev/null | awk -F'|' '{ gsub(/ /, "", $2); print $2 }'; }

# The version to take: the expected one, else the newest there is, said aloud.
choose_version() {
  local package=$1 expected=$2 known
  known=$(versions "$package")
  if ! grep -Fxq -e "$expected" <<< "$known" && [ "$updated" = no ]; then
    update_lists
    known=$(versions "$package")
  fi
  [ -n "$known" ] ||
    fail 3 "apt knows no package '$package'. Are Debian's sources (12, with security) set up, and \`apt-get update\` run?"
  chosen=$expected
  grep -Fxq -e "$expected" <<< "$known" && return
  chosen=$(head -n 1 <<< "$known")
  say "WARNING: $package $expected, of which the manifest's fingerprint is, is not to be had; taking $chosen." \
    "The fingerprint of the results tells."
}

download() {
  local package=$1 expected=$2
  choose_version "$package" "$expected"
  say "fetching $package $chosen"
  apt_download "$package" && return
  # Old lists name versions that the archive has dropped.
  if [ "$updated" = no ]; then
    update_lists
    choose_version "$package" "$expected"
    apt_download "$package" && return
  fi
  step_failed "apt-get download $package=$chosen" "Is the network there?"
}

apt_download() {
  run_line 'cd "$1"; shift; exec apt-get "$@" >&2' "$partial/debs" "${apt_options[@]}" download -- "$1=$chosen"
}

unpack() {
  local deb=$1 show=-q
  say "unpacking $(basename "$deb")"
  if [ -z "$archive" ]; then
    run_line 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --no-same-owner --wildcards -- "${@:3}"' \
      "$deb" "$partial/tree" "${keep[@]}" || step_failed "unpacking $(basename "$deb")"
    return
  fi
  run_line 'dpkg-deb --fsys-tarfile "$1" | tar -x -O -- "./$2" > "$3"' "$deb" "$archive" "$partial/archive" ||
    step_failed "taking $archive out of $(basename "$deb")"
  rm -f "$deb"
  [ ! -t 2 ] || show=-v # xz then shows how far it is
  run_line 'xz --format=xz --decompress --stdout --threads=0 "$1" "$2" | tar -x -C "$3" --no-same-owner --wildcards -- "${@:4}"' \
    "$show" "$partial/archive" "$partial/tree" "${keep[@]}" || step_failed "unpacking $archive"
  rm -f "$partial/archive"
}

fetch_deb() {
  local package chosen deb
  need apt-get; need apt-cache; need dpkg-deb; need xz
  mkdir "$partial/debs"
  for package in "${packages[@]}"; do download "${package%%=*}" "${package#*=}"; done
  for deb in "$partial"/debs/*.deb; do
    [ -e "$deb" ] || fail 4 "apt-get download succeeded and left no package"
    printf 'got %s %s\n' "$(dpkg-deb -f "$deb" Package)" "$(dpkg-deb -f "$deb" Version)" >> "$partial/got"
    unpack "$deb"
  done
  rm -rf "$partial/debs"
}

# ---- the work ----

mkdir -p "$parent" || fail 4 "cannot make the cache folder $parent; PHASEBENCH_CACHE names another place"
exec 9> "$parent/.$name.lock" || fail 4 "cannot write in $parent; PHASEBENCH_CACHE names another place"
if ! flock -n 9; then
  say "another fetch of $name is at work; waiting for it"
  flock 9
fi
# Ended between the last two renames: the complete old tree goes back to its place.
if [ ! -e "$into" ] && [ -d "$old" ]; then mv "$old" "$into"; fi
if already_there; then
  say "$name is there already: $into"
  exit 0
fi
trap clean_up EXIT
trap 'exit 6' INT TERM HUP
rm -rf "$partial" "$old"
mkdir -p "$partial/tree" || fail 4 "cannot write in $parent"
: > "$partial/got"
"fetch_$kind"
{ printf '%s\n' "$wanted"; cat "$partial/got"; } > "$partial/fetched"
rm -f "$partial/got"
sync -f "$partial" || step_failed "writing to the disk"
[ ! -e "$into" ] || mv -T "$into" "$old"
mv -T "$partial" "$into"
rm -rf "$old"
say "$name: done, in $into"
