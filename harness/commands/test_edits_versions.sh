#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_edits_versions.sh - a corpus that names versions, from manifest to metrics: which files are
# edited to what, and what is counted; manifests and corpora that cannot be used are refused.
set -euo pipefail
. "$PHASEBENCH_SOURCE_DIR/harness/testing/schema.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
expect() {
  local code=$1 phrase=$2 got=0; shift 2
  "$@" > "$scratch/out" 2>&1 < /dev/null || got=$?
  [ "$got" = "$code" ] || { cat "$scratch/out" >&2; fail "exit code $got, expected $code: $*"; }
  grep -qF -e "$phrase" "$scratch/out" || { cat "$scratch/out" >&2; fail "no '$phrase' from: $*"; }
}
manifest() { # VERSIONS [MORE]
  printf '{"schema": "phasebench-corpus-1", "name": "v", "title": "t", "source": {"type": "directory", "folder": "tree"},
  "paths": ["a", "same"], "exclude": ["left_out.c"], "versions": %s, "languages": {".c": "c", ".py": "python"}%s}\n' \
    "$1" "${2:-}" > "$scratch/v.json"
}
pair='[{"old": "a", "new": "b"}]'
put() { mkdir -p "$(dirname "$scratch/tree/$1")"; printf "$2" > "$scratch/tree/$1"; }

# Old and new: each kind of change once.
put a/several.c 'int a;\nint b;\nint c;\nint d;\n'; put b/several.c 'int a;\nint B;\nint c;\nint x;\nint y;\nint d;\n'
put a/whole.c 'int a;\nint b;\n';                   put b/whole.c 'long c;\nlong d;\nlong e;\n'
put a/emptied.c 'int a;\nint b;\n';                 put b/emptied.c ''
put a/filled.py '';                                 put b/filled.py 'a = 1\n'
put a/crlf.c 'int a;\r\nint b;\r\n';                put b/crlf.c 'int a;\r\nint c;\r\n'
put a/no_end.c 'int a;\nint b;';                    put b/no_end.c 'int a;\nint b;\nint c;'
put a/latin1.c '/* \351t\351 */\nint a;\n';         put b/latin1.c '/* \350t\350 */\nint a;\n'
put a/deep/er/x.py 'def f(:\n  return 1\n';         put b/deep/er/x.py 'def f():\n  return 1\n'
# Not edited: the same, only on one side, left out, without a language, below no version, "ab" is not "a".
put a/alike.c 'int a;\n'; put b/alike.c 'int a;\n'
put a/gone.c 'int a;\n'; put b/come.c 'int a;\n'
put a/left_out.c 'int a;\n'; put b/left_out.c 'int b;\n'
put a/text.txt 'a\n'; put b/text.txt 'b\n'
put same/several.c 'int a;\n'; put ab/several.c 'int q;\n'

manifest "$pair"
expect 0 "change 8 of the files" "$PHASEBENCH" corpus show "$scratch/v.json"
"$PHASEBENCH" corpus show --json "$scratch/v.json" > "$scratch/one.json"
validates corpora "$scratch/one.json" || fail "JSON that its own schema refuses"
grep -q '"changed_files":[[:space:]]*8' "$scratch/one.json" || fail "changed_files in $(cat "$scratch/one.json")"
grep -q '"files":[[:space:]]*11,' "$scratch/one.json" || fail "the new side is counted: $(cat "$scratch/one.json")"
hash_of() { sed -n 's/.*"content_hash":[[:space:]]*"\([0-9a-f]*\)".*/\1/p' "$1"; }

unfit=()
[ "$PHASEBENCH_SANITIZED" = 0 ] || unfit=(--allow-unfit-build)
measure() { # --output must be new or gone
  "$PHASEBENCH" run --corpus "$scratch/v.json" --combos baseline,p1 --profile strict --reps 1 --quiet "${unfit[@]}" "$@"
}
measure --output "$scratch/r.json" > "$scratch/out" 2>&1 || fail "run: $(cat "$scratch/out")"
[ ! -e "$scratch/r.json.cells" ] || fail "the run left $(ls "$scratch/r.json.cells")"
/usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" "$scratch/r.json"
"$PHASEBENCH" metrics "$scratch/r.json" > "$scratch/m.tsv"
figure() { awk -F'\t' -v c="$1" -v m="$2" '$2 == c && $3 == "-" && $4 == m { print $5 }' "$scratch/m.tsv"; }
check() { # COMBINATION METRIC EXPECTED
  [ "$(figure "$1" "$2")" = "$3" ] || fail "$1, $2: expected $3, found '$(figure "$1" "$2")'"
}
for combination in baseline p1; do
  check $combination mismatches 0
  check $combination documents_compared 19 # 11 files at the end, and 8 before their edit
  check $combination edit_documents 8
  check $combination edit_hunks 9
  check $combination edit_inserted_lines 12 # 3 + 3 + 0 + 1 + 1 + 2 + 1 + 1
  check $combination edit_deleted_lines 9   # 1 + 2 + 2 + 0 + 1 + 1 + 1 + 1
  check $combination edit_tree_bytes_per_inserted_line null
  check $combination edit_journal_source_p50_bytes null
done
# What zstd needs for the same edits: 8 frames of at most 70 bytes, the bare ones without magic number and size.
with=$(figure p1 edit_zstd_prefix_source_bytes) bare=$(figure p1 edit_zstd_prefix_bare_source_bytes)
[ "$bare" -gt $((8 * 5)) ] && [ "$with" -ge $((bare + 8 * 4)) ] && [ "$with" -le $((8 * 70)) ] || fail "zstd: $with, $bare"
check baseline edit_zstd_prefix_source_bytes "$with"
check p1 edit_source_zstd_prefix_pct null
grep -q '"source":[[:space:]]*"versions"' "$scratch/r.json" || fail "the edits are not said to be real"
grep -q 'no stage of the combination reports a counter journal_tree_bytes' "$scratch/r.json" || fail "no reason"

# The new side is part of what was measured.
put b/several.c 'int a;\nint z;\n'
"$PHASEBENCH" corpus show --json "$scratch/v.json" > "$scratch/two.json"
[ "$(hash_of "$scratch/one.json")" != "$(hash_of "$scratch/two.json")" ] || fail "the fingerprint has no new side"
manifest '[{"old": "same", "new": "ab"}]'
"$PHASEBENCH" corpus show --json "$scratch/v.json" > "$scratch/two.json"
[ "$(hash_of "$scratch/one.json")" != "$(hash_of "$scratch/two.json")" ] || fail "the fingerprint has no pairs"

# ---- what cannot be used ----
bad() { manifest "$1"; expect 3 "$2" "$PHASEBENCH" corpus show "$scratch/v.json"; }
bad '[]' "are not a list of"
bad '{}' "are not a list of"
bad '"a"' "are not a list of"
bad 'null' "are not a list of"
bad '["a"]' 'has no object "versions"'
bad '[{"old": "a"}]' '"new" must be a string'
bad '[{"old": "a", "new": 1}]' '"new" must be a string'
bad '[{"old": "", "new": "b"}]' '"old" must be a string'
bad '[{"old": "a", "new": "b", "to": "c"}]' 'unknown key "to"'
bad '[{"old": "a", "new": "../b"}]' 'expected a relative one'
bad '[{"old": "/a", "new": "b"}]' 'expected a relative one'
bad '[{"old": "a", "new": "a"}]' 'are not apart'
bad '[{"old": "a", "new": "a/deep"}]' 'are not apart'
bad '[{"old": "a", "new": "b"}, {"old": "a/deep", "new": "ab"}]' 'twice as "old"'
bad '[{"old": "a", "new": "b"}, {"old": "same", "new": "b"}]' 'twice as "new"'
bad '[{"old": "a", "new": "nowhere"}]' 'cannot be found'
bad '[{"old": "nowhere", "new": "b"}]' 'have no file in common'
bad '[{"old": "ab", "new": "b"}]' 'have no file in common' # ab is not in the corpus
# Nothing differs: there is nothing to edit, and nothing is edited in its stead.
cp "$scratch/tree/same/several.c" "$scratch/tree/ab/several.c"
manifest '[{"old": "same", "new": "ab"}]'
expect 0 "change 0 of the files" "$PHASEBENCH" corpus show "$scratch/v.json"
expect 3 "none of the files" measure --output "$scratch/none.json"
echo "versions: all as expected"
