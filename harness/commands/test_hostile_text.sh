#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A result whose texts (names of corpus, stages' counters, commit, kernel, reasons, its own path) are markup, formulas and
# words to a terminal: nothing that is opened or shown of it obeys them.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() { echo "FAILED: $*" >&2; exit 1; }
sample() { /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/sample_result.py" "$@"; }
sample --instrument --repetitions 5 good.json
sample --instrument --repetitions 5 --fail p1=crashed failed.json
cat > hostile.py <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
esc = "\x1b]0;obeyed\x07\x1b[31m\x9b5m\u202e"
markup = "<img src=x onerror=obeyed()>\n# obeyed\n| obeyed | [obeyed](http://obeyed) `<b>``"
for key in ("name", "title"):
    if key in r["corpus"]: r["corpus"][key] = "=obeyed()" + markup + esc
for key, value in list(r["environment"].items()):
    if isinstance(value, str) and key not in ("build_type", "machine", "sanitizers"): r["environment"][key] = "@obeyed" + markup + esc
r["phasebench"].update({k: markup + esc for k, v in r["phasebench"].items() if k == "commit" and isinstance(v, str)})
for l in r["corpus"]["languages"]: l["grammar_package"] = l["grammar_version"] = "+obeyed" + markup + esc
for c in r["cells"]:
    if c["reason"]: c["reason"] = "-obeyed" + markup + esc
    for s in c.get("stage_stats") or []: s["name"] = "=obeyed" + markup[:30] + esc
json.dump(r, open(sys.argv[2], "w"))
PY
evil=$'./\x1b[31mevil\n# <b>obeyed.json'
/usr/bin/python3 hostile.py good.json "$evil"
/usr/bin/python3 hostile.py failed.json failed-evil.json
grep -q 'obeyed' "$evil" || fail "the file is not hostile"

looked_at=0
shown() { # NAME ARGUMENT...: runs it, and looks at what it printed
  local name=$1
  shift
  "$PHASEBENCH" "$@" > "said-$name" 2>&1 < /dev/null || true
  [ -s "said-$name" ] || fail "$name said nothing"
}
for file in "$evil" failed-evil.json; do
  n=$([ "$file" = "$evil" ] && echo good || echo failed)
  shown metrics-$n metrics "$file"
  shown metrics-json-$n metrics --json "$file"
  shown claims-$n claims "$file"
  shown claims-md-$n claims --markdown "$file"
  shown report-$n report "$file" -o "report-$n"
  shown attribution-$n attribution "$file"
  shown compare-$n compare good.json "$file" -o "compare-$n"
  shown gate-$n gate ./good.json "$file" --markdown gate-$n.md --junit gate-$n.xml
  shown gate-all-$n gate ./good.json "$file" --policy corpus=ignore --policy machine=ignore-times --policy version=ignore-times --policy settings=ignore-times --all
  shown baseline-$n baseline save "$file" --name $'x\x1b[31m'
  shown broken-$n metrics "$file/nothing"
done
/usr/bin/python3 - <<'PY' || fail "something obeys"
import csv, glob, html.parser, os, re, sys
bad = []
names = [f for f in glob.glob("said-*")] + glob.glob("gate-*.md") + glob.glob("gate-*.xml")
for folder in glob.glob("report-*") + glob.glob("compare-*"):
    for at, _, files in os.walk(folder): names += [os.path.join(at, f) for f in files]
kinds = {}
class Page(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        if any(k.startswith("on") or (v and re.search("obeyed\\(|://obeyed|^javascript:", v) and k in ("href", "src")) for k, v in attributes): bad.append((self.name, tag, attributes))
for name in names:
    data = open(name, "rb").read()
    kind = name.rsplit(".", 1)[-1] if "." in name else "said"
    kinds[kind] = kinds.get(kind, 0) + 1
    if kind == "png": continue
    text = data.decode("utf-8")  # all of it is UTF-8
    if kind != "json" and not name.startswith("said-metrics-json"):
        found = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        if found: bad.append((name, "a control character", text[max(0, found.start() - 40):found.end() + 20]))
    if kind == "html":
        page = Page(); page.name = name; page.feed(text)
    if kind == "csv":
        for row in csv.reader(text.splitlines()):
            for cell in row:
                if cell[:1] in tuple("=+-@") and cell[:1] and not re.fullmatch(r"[+-][0-9.e+-]+", cell): bad.append((name, "a formula", cell[:60]))
    if kind == "md" or name.startswith("said-claims-md"):
        # Outside of code no markup may be without its backslash, and no line begin a heading of theirs.
        for line in text.split("\n"):
            bare = re.sub(r"(?<![\\`])`[^`]*`(?!`)", "", line)
            if re.search(r"(?<!\\)<(img|b)|(?<!\\)\[obeyed(?!\\)", bare) or re.match(r"#+ obeyed", line): bad.append((name, "markup", line[:160]))
            if line.startswith("|") and "obeyed |" in line.replace("\\|", ""): bad.append((name, "a cell of its own", line[:160]))
for b in bad[:20]: print(*b, file=sys.stderr)
for kind in ("said", "html", "csv", "md", "xml", "svg", "txt"):
    if not kinds.get(kind): bad.append(kind); print("none of these was looked at:", kind, file=sys.stderr)
sys.exit(bool(bad))
PY
echo "hostile text: shown in every form, obeyed in none"
