#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# results/result.schema.json against good results and against corrupt ones, with a
# real validator. Each corrupt one must be refused, and for the place that is corrupt.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sample() { /usr/bin/python3 -B "$here/sample_result.py" "$@"; }
validate() { /usr/bin/python3 -B "$here/validate_result.py" "$@"; }

sample "$dir/plain.json"
sample --instrument --profiles stock,strict "$dir/instrument.json"
sample --fail p1=crashed "$dir/crashed.json"
sample --fail p1=failed "$dir/failed.json"
sample --fail p1=timeout "$dir/timeout.json"
sample --fail p1=memory_limit "$dir/memory.json"
sample --null pss_bytes --null jemalloc --null heaps --null unexplained_bytes "$dir/null.json"
sample --sanitized "$dir/sanitized.json"
validate "$dir"/*.json
echo "8 good results pass"

refused=0
for variant in $(sample --list-broken); do
  sample --break "$variant" "$dir/broken.json"
  rc=0
  validate "$dir/broken.json" 2>"$dir/why" || rc=$?
  if [ "$rc" -ne 3 ] || ! grep -q "broken.json: \\$" "$dir/why"; then
    echo "variant $variant: exit code $rc, expected 3 and a place in the file" >&2
    cat "$dir/why" >&2
    exit 1
  fi
  printf '%s: %s\n' "$variant" "$(sed -n 's/.*broken.json: //p' "$dir/why" | head -1 | cut -c1-150)"
  refused=$((refused + 1))
done
[ "$refused" -ge 10 ] || { echo "only $refused broken variants" >&2; exit 1; }
echo "$refused broken variants are refused"

# A file of another kind or version: one line says so, not what follows from it.
for file in "$here/../results/measured/ts-1720.json" "$here/../results/gate.json"; do
  rc=0
  validate "$file" 2>"$dir/why" || rc=$?
  if [ "$rc" -ne 3 ] || [ "$(wc -l <"$dir/why")" -ne 1 ] || ! grep -qF '$.schema: "phasebench-' "$dir/why"; then
    echo "$file: exit code $rc, $(cat "$dir/why")" >&2
    exit 1
  fi
done

# Not JSON at all, JSON with NaN, a key twice, no file.
for text in '{"schema": ' '{"schema": NaN}' '{"schema": 1, "schema": 2}'; do
  printf '%s' "$text" >"$dir/broken.json"
  rc=0
  validate "$dir/broken.json" 2>/dev/null || rc=$?
  [ "$rc" -eq 3 ] || { echo "accepted: $text" >&2; exit 1; }
done
rc=0
validate "$dir/none.json" 2>/dev/null || rc=$?
[ "$rc" -eq 3 ]

# Committed results are valid. What a run of an older version left in results/ is its user's, and what lies in
# results/measured/ is an extract for the papers, with a form of its own.
cd "$here/.."
git ls-files -z 'results/*.json' | while IFS= read -r -d '' file; do
  case "$file" in *.schema.json | results/gate.json | results/measured/*) ;; *) validate "$file" ;; esac
done
