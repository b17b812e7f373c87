#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# This repository gated on its own corpus `quick` against the committed baseline. Memory gates, as results/gate.json
# says; times are only reported. Fails where a change costs memory; where it is meant to:
#   scripts/ci-gate.sh --update     and commit results/baselines/quick.json
set -euo pipefail
if [ "${PHASEBENCH_SANITIZED:-0}" != 0 ]; then
  echo "skipped: a sanitized build's figures are never compared"
  exit 77
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
code=0
scripts/ci-gate.sh --phasebench "$PHASEBENCH" --out "$out" 2>"$out/said" || code=$?
cat "$out/said"
if [ "$code" = 2 ] && grep -q 'this build may not write results' "$out/said"; then exit 77; fi
exit "$code"
