#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# test_corpus.sh - `phasebench corpus` from outside: what it prints, JSON that a real
# parser reads whatever the file names, exit codes; and the shipped manifests.
set -euo pipefail
. "$PHASEBENCH_SOURCE_DIR/harness/testing/schema.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

# expect CODE PHRASE COMMAND...: the exit code, and the phrase in what is printed.
expect() {
  local code=$1 phrase=$2 got=0; shift 2
  "$@" > "$scratch/out" 2>&1 < /dev/null || got=$?
  [ "$got" = "$code" ] || { cat "$scratch/out" >&2; fail "exit code $got, expected $code: $*"; }
  grep -qF -e "$phrase" "$scratch/out" || { cat "$scratch/out" >&2; fail "no '$phrase' from: $*"; }
}
# json EXPRESSION FILE: evaluates it on the parsed file, `j`.
json() { node -e 'const j = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8")); console.log(eval(process.argv[1]))' "$@"; }

# ---- help and usage ----
expect 0 "usage: phasebench corpus" "$PHASEBENCH" corpus --help
expect 2 "usage: phasebench corpus" "$PHASEBENCH" corpus
for action in list fetch show verify; do
  expect 0 "example:" "$PHASEBENCH" corpus $action --help
done
expect 2 "there is no subcommand 'frobnicate'; \`phasebench corpus --help\` lists them" "$PHASEBENCH" corpus frobnicate
expect 2 "needs one NAME" "$PHASEBENCH" corpus show
expect 2 "needs one NAME" "$PHASEBENCH" corpus show a b
expect 2 "needs one NAME" "$PHASEBENCH" corpus show quick --dir .
expect 2 "NAME of a corpus" "$PHASEBENCH" corpus fetch
expect 2 "NAME of a corpus" "$PHASEBENCH" corpus verify
expect 2 "takes no NAME" "$PHASEBENCH" corpus list quick
expect 2 "belongs to another" "$PHASEBENCH" corpus list --dir .
expect 2 "unknown" "$PHASEBENCH" corpus show --frobnicate
expect 2 "above 0" "$PHASEBENCH" corpus show --max-file-bytes 0 quick
expect 2 "above 0" "$PHASEBENCH" corpus show --max-file-bytes -1 quick
expect 2 "32 bits" "$PHASEBENCH" corpus show --max-file-bytes 4294967296 quick
expect 3 "phasebench corpus list" "$PHASEBENCH" corpus show there-is-none
expect 3 "there is no corpus" "$PHASEBENCH" corpus show ..
expect 3 "cannot read the manifest" "$PHASEBENCH" corpus show ./no/such.json
if [ -w /dev/full ]; then
  code=0; "$PHASEBENCH" corpus list > /dev/full 2> "$scratch/out" || code=$?
  [ $code = 4 ] || fail "a full disk behind stdout: exit code $code"
fi

# ---- the quick corpus is what the manifest says ----
expect 0 "as expected" "$PHASEBENCH" corpus verify quick
expect 0 "comes with the build" "$PHASEBENCH" corpus fetch quick
expect 0 "content hash" "$PHASEBENCH" corpus show quick
expect 0 "quick" "$PHASEBENCH" corpus list
"$PHASEBENCH" corpus show --json quick > "$scratch/quick.json"
[ "$(json 'j.files > 100 && j.languages.length >= 4 && j.languages.reduce((n, l) => n + l.lines, 0) === j.lines' "$scratch/quick.json")" = true ] ||
  fail "the sums of the quick corpus"
[ "$(json 'j.languages.every(l => l.grammar_abi >= 13 && l.grammar_package.startsWith("tree-sitter-"))' "$scratch/quick.json")" = true ] ||
  fail "the grammars of the quick corpus"
"$PHASEBENCH" corpus list --json > "$scratch/list.json"
[ "$(json 'j.schema === "phasebench-corpora-1" && j.corpora.find(c => c.name === "quick").fetched' "$scratch/list.json")" = true ] || fail "list --json"

# ---- names of any bytes ----
mkdir "$scratch/dir"
printf 'x\n' > "$scratch/dir/"$'new\nline.c'
printf '/* \xe9 */\n' > "$scratch/dir/"$'caf\xe9.c'
ln -s . "$scratch/dir/"$'l\xffoop'
printf 'a\0b' > "$scratch/dir/quote\"back\\slash.c"
"$PHASEBENCH" corpus show --json --dir "$scratch/dir" > "$scratch/dir.json"
for file in quick list dir; do validates corpora "$scratch/$file.json" || fail "$file.json: its own schema refuses it"; done
[ "$(json 'JSON.stringify(j.skipped_files)' "$scratch/dir.json")" = \
  '[{"path":"l\\xffoop","why":"symlink"},{"path":"quote\"back\\\\slash.c","why":"binary"}]' ] || fail "skipped names in JSON"
[ "$(json 'j.non_utf8_file_names[0]' "$scratch/dir.json")" = 'caf\xe9.c' ] || fail "non-UTF-8 names in JSON"
expect 0 'caf\xe9.c' "$PHASEBENCH" corpus show --dir "$scratch/dir"
[ "$("$PHASEBENCH" corpus show --files --dir "$scratch/dir")" = $'caf\\xe9.c\nnew\\x0aline.c' ] || fail "show --files"
expect 2 "exclude each other" "$PHASEBENCH" corpus show --json --files quick
expect 0 'symlink' "$PHASEBENCH" corpus show --dir "$scratch/dir"
expect 0 'excluded                    1' "$PHASEBENCH" corpus show --dir "$scratch/dir" --exclude 'new*'
expect 0 'files         1 ' "$PHASEBENCH" corpus show --dir "$scratch/dir" --path $'caf\xe9.c'

# ---- directories that cannot be used ----
mkdir "$scratch/empty" "$scratch/unknown"
touch "$scratch/unknown/a.xyz"
expect 3 "is empty" "$PHASEBENCH" corpus show --dir "$scratch/empty"
expect 3 "unknown_extension: 1" "$PHASEBENCH" corpus show --dir "$scratch/unknown"
expect 3 "is not a directory" "$PHASEBENCH" corpus show --dir "$scratch/unknown/a.xyz"
expect 3 "No such file" "$PHASEBENCH" corpus show --dir "$scratch/nowhere"

# ---- verify says what differs ----
mkdir -p "$scratch/corpora/files"
printf 'int a;\n' > "$scratch/corpora/files/a.c"
manifest() {
  printf '{"schema":"phasebench-corpus-1","name":"mine","title":"t","source":{"type":"directory","folder":"files"},"languages":{".c":"c"}%s}\n' \
    "$1" > "$scratch/corpora/mine.json"
}
manifest ''
expect 3 '"expected": {"files": 1, "lines": 1, "bytes": 7' "$PHASEBENCH" corpus verify "$scratch/corpora/mine.json"
expected=$(sed -n 's/^  \("expected.*\)$/\1/p' "$scratch/out")
manifest ",$expected"
expect 0 "as expected: 1 file," "$PHASEBENCH" corpus verify "$scratch/corpora/mine.json"
printf 'int b;\nint c;\n' > "$scratch/corpora/files/a.c"
expect 3 "lines: expected 1, found 2" "$PHASEBENCH" corpus verify "$scratch/corpora/mine.json"
grep -q "content_hash: expected" "$scratch/out" || fail "verify does not name the hash"
# A bad manifest does not hide the others from the list.
printf '{' > "$scratch/corpora/bad.json"
expect 3 "mine" env PHASEBENCH_CORPORA_DIR="$scratch/corpora" "$PHASEBENCH" corpus list
grep -q "bad.json" "$scratch/out" || fail "list does not name the bad manifest"
manifest ",$expected,\"exclude\":[\"*.c\"]"
expect 3 "excluded: 1" "$PHASEBENCH" corpus verify "$scratch/corpora/mine.json"

# ---- the shipped manifests ----
cd "$PHASEBENCH_SOURCE_DIR/corpora"
node -e '
  const fs = require("fs"), downloads = {}, readme = fs.readFileSync("README.md", "utf8");
  const comma = n => n.toLocaleString("en-US");
  for (const file of fs.readdirSync(".").filter(f => f.endsWith(".json"))) {
    const m = JSON.parse(fs.readFileSync(file));
    if (!readme.includes("| `" + m.name + "`") || !readme.includes(`| ${comma(m.expected.files)} | ${comma(m.expected.lines)} |`))
      throw file + ": README.md does not have its figures";
    if (m.target && m.expected.lines !== m.target.lines) throw file + ": not the lines that it aims at";
    if (!m.source.download) continue;
    const source = JSON.stringify(m.source), other = downloads[m.source.download];
    if (other && other !== source) throw file + ": shares a download and asks for something else";
    downloads[m.source.download] = source;
    if (m.source.type !== "npm") continue;
    const lock = fs.readFileSync(m.source.folder + "/package-lock.json", "utf8");
    if (/https?:|resolved/.test(lock)) throw m.source.folder + ": its lock file holds addresses";
    for (const [name, entry] of Object.entries(JSON.parse(lock).packages))
      if (name && !/^sha512-/.test(entry.integrity)) throw name + ": no integrity hash";
  }' || fail "the shipped manifests"
echo "corpus: all as expected"
