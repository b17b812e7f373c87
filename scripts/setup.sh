#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what phasebench is built from: Debian packages, and the tree-sitter
# runtime and grammars as sources from npm, pinned by corpora/grammars/package-lock.json.
# What is there already is left alone.
#   scripts/setup.sh           what building, measuring and reports need
#   scripts/setup.sh --tests   also what only tests need: a browser, for the page of a report, and clang-format and clang-tidy
set -euo pipefail

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: error: %s\n' "$*" >&2; exit 4; }

packages=(
  ca-certificates git gcc g++ cmake ninja-build pkg-config xz-utils
  libjemalloc-dev libbenchmark-dev libcjson-dev libgsl-dev libzstd-dev libxxhash-dev libcmocka-dev
  gnuplot-nox python3 python3-jsonschema
)
case ${1-} in
  "") ;;
  --tests)
    packages+=(clang-format clang-tidy)
    command -v chromium >/dev/null || packages+=(chromium) ;;
  -h | --help) sed -n '3,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) printf 'setup: %s is not an option; --help tells more\n' "$1" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)

missing=()
for package in "${packages[@]}"; do
  case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) missing+=("$package") ;;
  esac
done

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || die "this is not Debian; install these yourself and run again: ${missing[*]}"
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo; run as root: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  say "installing Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${root[@]}" apt-get update -q >&2 || die "apt-get update failed (is there a network?)"
  "${root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get could not install ${missing[*]}"
else
  say "Debian packages: all there"
fi

# npm writes node_modules/.package-lock.json last: older than the lock file, or absent,
# means that the install has not been done or was cut short.
cd corpora/grammars
if [ node_modules/.package-lock.json -nt package-lock.json ]; then
  say "grammars: all there"
else
  say "fetching the tree-sitter runtime and grammars"
  npm ci --ignore-scripts --no-audit --no-fund >&2 || die "npm ci failed in corpora/grammars (is there a network?)"
  touch node_modules/.package-lock.json
fi
