#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the measured numbers into the papers: README.md, ARCHITECTURE.md, results/MEASUREMENTS.md and the
README.md of each stage and room. The numbers come from results/measured/*.json, which scripts/measured.py makes.

    scripts/tables.py            rewrites the papers
    scripts/tables.py --check    changes nothing; exit code 1 and a line for each paper that differs

Two kinds of places are rewritten; whatever else a paper says stays:

    <!-- table: NAME -->         a table, or a longer piece; `scripts/tables.py --list` lists the names
    ...
    <!-- end -->

    <!-- n: CORPUS COMBINATION FIGURE -->5.4 GiB<!-- -->      a number in a sentence. CORPUS may be `least` or
    `most`: the least or most of all corpora. FIGURE is one of those that --list lists.
    <!-- n: speed OPERATION/SUBJECT -->12<!-- -->             times as fast as tree-sitter, on linux-core

Digits: three for memory, two where less than 2 MiB is measured (pages of 4 KiB and windows of 64 KiB show
there); two for times. --check also refuses a measured number that stands in a paper without a marker."""

import argparse
import difflib
import json
import math
import pathlib
import re
import statistics
import sys

MIB = 1048576
ALL_SIX = "p1+p2+p3+p4a+p4b+p4c"
SHOWN = {"p1+p2+p3+p4a": "p1+p2+p3+p4a", "p1+p2+p3+p4a+p4b": "p1+p2+p3+p4a+p4b", ALL_SIX: "all six"}
ORDER = ("baseline", "p1", "p1+p3", "p1+p2", "p1+p2+p3", "p1+p2+p3+p4a", "p1+p2+p3+p4a+p4b", ALL_SIX)
STAGES = {"baseline": ("baseline",), "p1": ("p1",), "p2": ("p1+p2",), "p3": ("p1+p3", "p1+p2+p3"),
          "p4a": ("p1+p2+p3+p4a",), "p4b": ("p1+p2+p3+p4a+p4b",), "p4c": (ALL_SIX,)}
CLASSES = ("hot", "warm", "cold", "frozen")
# Numbers with such a unit are measured, and so have a marker.
MEASURED_UNIT = re.compile(r"\d[\d,.]*\s+(?:lines/MiB|lines a MiB|bits a node|bytes a line|bytes a node|us\b|ns\b|"
                           r"milliseconds?\b|M nodes/s|times as (?:fast|long|many)|% (?:less|more|of parsing))")
TABLE = re.compile(r"(<!-- table: ([^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)
NUMBER = re.compile(r"(<!-- n: ([^>]+?) -->).*?(<!-- -->)", re.DOTALL)
CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


class Trouble(Exception):
    """A marker that cannot be filled."""


# ---- numbers ----

def digits(value, count):
    """`value` with `count` significant digits, and commas between thousands."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    places = count - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    if rounded and math.floor(math.log10(abs(rounded))) > math.floor(math.log10(abs(value))):
        places -= 1  # 9.96 became 10
    return f"{rounded:,.{max(places, 0)}f}"


def small(value):
    """Three digits of a figure of which less than a hundredth is nothing."""
    return "0" if value < 0.01 else digits(value, 3)


def memory_digits(rss_bytes):
    return 2 if rss_bytes < 2 * MIB else 3


def memory(value):
    """Bytes for people."""
    if value >= 1024 * MIB:
        return digits(value / 1024 / MIB, 3) + " GiB"
    return digits(value / MIB, memory_digits(value)) + " MiB"


def microseconds(nanoseconds):
    return digits(None if nanoseconds is None else nanoseconds / 1000, 2)


def percent_less(part):
    """100 * (1 - part), with one digit of what is left: 99.7."""
    left = 100 * part
    places = max(0, -math.floor(math.log10(left)))
    return f"{100 - left:.{places}f}"


# ---- what was measured ----

class Run:
    """One corpus: a file of kind `run`."""

    def __init__(self, content):
        self.content, self.name = content, content["corpus"]["name"]
        self.lines = content["corpus"]["lines"]
        self.combinations = {one["combination"]: one for one in content["combinations"]}
        self.names = [name for name in ORDER if name in self.combinations]

    def get(self, combination, figure):
        if combination not in self.combinations:
            raise Trouble(f"{self.name} has no combination {combination}")
        return self.combinations[combination]["figures"].get(figure)

    def rss(self, combination, point):
        return self.get(combination, f"rss_above_start_bytes.{point}")

    def lines_per_mib(self, combination, point):
        value = self.get(combination, f"lines_per_mib.{point}")
        return digits(value, memory_digits(self.rss(combination, point)))


class Measured:
    def __init__(self, folder):
        contents = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
        runs = [Run(content) for content in contents.values() if content["kind"] == "run"]
        self.runs = {run.name: run for run in sorted(runs, key=lambda run: run.lines)}
        self.benches = {name.removesuffix(".bench"): c for name, c in contents.items() if c["kind"] == "bench"}
        self.estimates = {c["corpus"]["name"]: c for c in contents.values() if c["kind"] == "estimate"}


# FIGURE of an inline number: the raw value of (run, combination), and how it is printed.
FIGURES = {
    "rss_at_rest": (lambda run, name: run.rss(name, "purged"), memory),
    "rss_in_service": (lambda run, name: run.rss(name, "served"), memory),
    "bytes_per_line": (lambda run, name: run.rss(name, "purged") / run.lines, lambda v: digits(v, 2)),
    "disk_bytes_per_line": (lambda run, name: run.get(name, "disk_bytes.purged") / run.lines,
                            lambda v: digits(v, 2)),
    "tree_bits_per_node": (lambda run, name: 8 * run.get(name, "tree_bytes") / run.combinations[name]["nodes"],
                           lambda v: digits(v, 3)),
    "percent_less_at_rest": (lambda run, name: run.rss(name, "purged") / run.rss("baseline", "purged"), percent_less),
    "percent_less_in_service": (lambda run, name: run.rss(name, "served") / run.rss("baseline", "served"),
                                percent_less),
    "open_us": (lambda run, name: run.get(name, "cold_open.tree_cached.p50_ns"), microseconds),
    "parse_over_open": (lambda run, name: run.get(name, "cold_open.parse_over_tree_cached.p50"),
                        lambda v: digits(v, 2)),
    "parse_over_open_uncached": (lambda run, name: run.get(name, "cold_open.parse_over_tree_uncached.p50"),
                                 lambda v: digits(v, 2)),
}


def number(measured, key):
    words = key.split()
    if len(words) == 2 and words[0] == "speed":
        return digits(statistics.median(speeds(measured.benches["linux-core"], words[1])), 2)
    if len(words) != 3 or words[2] not in FIGURES:
        raise Trouble(f"'{key}': expected CORPUS COMBINATION FIGURE, or speed OPERATION/SUBJECT")
    corpus, combination, figure = words
    value, text = FIGURES[figure]
    if corpus in ("least", "most"):
        runs = [run for run in measured.runs.values() if combination in run.combinations]
        return text((min if corpus == "least" else max)(value(run, combination) for run in runs))
    if corpus not in measured.runs:
        raise Trouble(f"'{key}': results/measured has no {corpus}")
    return text(value(measured.runs[corpus], combination))


# ---- tables ----

def table(head, rows):
    """Columns behind the first are right-aligned."""
    ruler = ["---"] + ["--:"] * (len(head) - 1)
    return "".join("| " + " | ".join(row) + " |\n" for row in [head, ruler, *rows]).replace("|  |", "| |")


def shown(name):
    return SHOWN.get(name, name)


def both(run, name):
    rest, service = run.lines_per_mib(name, "purged"), run.lines_per_mib(name, "served")
    return rest if rest == service else f"{rest} / {service}"


def results(measured):
    runs = measured.runs.values()
    rows = [["lines of code"] + [f"{run.lines:,}" for run in runs]]
    for name in ORDER:
        rows.append([shown(name)] + [both(run, name) if name in run.names else "" for run in runs])
    return table(["lines/MiB at rest / in service"] + [f"`{run.name}`" for run in runs], rows)


def memory_table(run):
    rows = []
    for name in run.names:
        rest, service = run.rss(name, "purged"), run.rss(name, "served")
        disk, nodes = run.get(name, "disk_bytes.purged"), run.combinations[name]["nodes"]
        rows.append([shown(name), digits(rest / MIB, memory_digits(rest)),
                     digits(service / MIB, memory_digits(service)), run.lines_per_mib(name, "purged"),
                     run.lines_per_mib(name, "served"),
                     digits(run.lines * MIB / (rest + disk), memory_digits(rest + disk)),
                     small(disk / run.lines), small(8 * run.get(name, "tree_bytes") / nodes),
                     small(run.get(name, "source_bytes") / run.lines)])
    return table(["", "MiB at rest", "in service", "lines/MiB at rest", "in service", "at rest, disk counted",
                  "disk, bytes a line", "trees, bits a node", "sources, bytes a line"], rows)


def access_table(run):
    rows = [[shown(name)] + [microseconds(run.get(name, f"access.{each}.p50_ns")) for each in CLASSES]
            + [digits(run.get(name, "finalize_over_parse"), 2) if run.get(name, "finalize_over_parse") > 1e-4 else "0",
               digits(run.get(name, "build_over_parse"), 2)] for name in run.names]
    return table(["median, us"] + [f"{each} access" for each in CLASSES] + ["finalize / parse", "build / parse"], rows)


def opening_table(run):
    rows = []
    for name in run.names:
        get = lambda key: run.get(name, f"cold_open.{key}")
        pair = lambda key: " / ".join(filter(None, (microseconds(get(f"{key}.p50_ns")),
                                                   microseconds(get(f"{key}.p99_ns")))))
        slower = get("parse_over_tree_cached.slower_pct")
        rows.append([shown(name), pair("tree_cached"), pair("tree_uncached"), pair("source_cached"),
                     pair("source_uncached"), pair("parse"), digits(get("parse_over_tree_cached.p50"), 2),
                     "" if slower is None else f"{digits(slower, 1)} %"])
    return table(["us, 50 % / 99 %", "tree", "tree, uncached", "source", "source, uncached", "parsing",
                  "parsing / tree", "documents parsed sooner"], rows)


def noise_text(run):
    pairs = [(one["figures"]["rss_noise_pct.purged"], one["figures"]["parse_noise_pct"])
             for one in run.combinations.values()]
    if any(None in pair for pair in pairs):
        return "One repetition, so this file shows no noise."
    return (f"Equal cells differed by at most {digits(max(rss for rss, _ in pairs), 2)} % in memory at rest and "
            f"{digits(max(parse for _, parse in pairs), 2)} % in the time of parsing.")


def one_corpus(run):
    content, machine = run.content, run.content["machine"]
    repetitions = max(one["repetitions"] for one in content["combinations"])
    corpus = content["corpus"]
    return (f"## {run.name}\n\n{corpus['title']}: {corpus['files']:,} files, {corpus['lines']:,} lines.\n\n"
            f"```\n{content['command']}\n```\n\n"
            f"{content['created_utc'][:10]}, commit `{content['build']['commit'][:12]}`, {machine['cpu_model']}, "
            f"{machine['cpu_count']} cores, {machine['kernel']}; profile `{content['profile']}`, n = {repetitions}, "
            f"beside it: {content['beside']}. {noise_text(run)}\n\n"
            f"{memory_table(run)}\n{access_table(run)}\n{opening_table(run)}")


def measurements(measured):
    return "\n" + "\n".join(one_corpus(run) for run in measured.runs.values()) + "\n"


def stage(measured, name):
    rows = []
    for run in measured.runs.values():
        for each in STAGES[name]:
            if each in run.names:
                nodes, disk = run.combinations[each]["nodes"], run.get(each, "disk_bytes.purged")
                rows.append([f"`{run.name}` {shown(each)}", both(run, each),
                             small(8 * run.get(each, "tree_bytes") / nodes),
                             small(run.get(each, "source_bytes") / run.lines), small(disk / run.lines),
                             digits(run.get(each, "build_over_parse"), 2),
                             microseconds(run.get(each, "access.hot.p50_ns")),
                             microseconds(run.get(each, "cold_open.tree_cached.p50_ns"))])
    return table(["", "lines/MiB at rest / in service", "trees in memory, bits a node",
                  "sources in memory, bytes a line", "disk, bytes a line", "build / parse", "hot access, us", "cold open, us"], rows)


def speeds(bench, name):
    """How many times as fast as tree-sitter, by repetition. Walks are held against tree-sitter's cursor, its
    fastest way to see every node."""
    operation, _ = name.split("/")
    against = {"walk": "cursor", "ingest": "parse"}.get(operation, operation)
    times = bench["repetition_ns"]
    if name not in times:
        raise Trouble(f"the benchmarks of linux-core have no {name}")
    return [other / own for other, own in zip(times[f"{against}/tree-sitter"], times[name])]


def speed(measured):
    words = {"walk": "batch walk of every node, against its cursor", "cursor": "cursor walk of every node",
             "parent": "a random node's parent", "descendant": "the smallest node at a random byte",
             "count": "counting the nodes of a symbol", "ingest": "parsing and storing, against parsing alone"}
    bench = measured.benches["linux-core"]
    rows = []
    for operation, text in words.items():
        row = [text]
        for subject in ("p1", "p1+p3"):
            values = speeds(bench, f"{operation}/{subject}")
            row.append(f"{digits(statistics.median(values), 2)} ({digits(min(values), 2)} to {digits(max(values), 2)})")
        rows.append(row)
    return (table(["times as fast as tree-sitter", "p1", "p1+p3"], rows)
            + f"\n`{bench['command']}`; median (least to most) of "
            f"{len(next(iter(bench['repetition_ns'].values())))} interleaved repetitions; {bench['created_utc'][:10]}, "
            f"beside it: {bench['beside']}.\n")


def estimates(measured):
    rows = []
    for name, content in measured.estimates.items():
        bits, run = content["bits_per_node"], measured.runs[name]
        row = [f"`{name}`"] + [digits(bits[key], 3) for key in ("kinds", "closes", "paddings", "lengths", "total")]
        for combination in ("p1", "p1+p3", "p1+p2+p3"):
            nodes = run.combinations[combination]["nodes"] if combination in run.names else 0
            row.append(small(8 * run.get(combination, "tree_bytes") / nodes) if nodes else "")
        rows.append(row)
    return table(["bits a node", "kinds", "closes", "paddings", "lengths", "estimate", "p1", "p1+p3", "p1+p2+p3"], rows)


TABLES = {"results": results, "measurements": measurements, "speed": speed, "estimates": estimates}
TABLES.update({f"stage {name}": lambda measured, name=name: stage(measured, name) for name in STAGES})


# ---- papers ----

def filled(text, measured):
    def put_table(match):
        if match[2] not in TABLES:
            raise Trouble(f"there is no table '{match[2]}'; --list lists them")
        return match[1] + TABLES[match[2]](measured) + match[3]

    text = TABLE.sub(put_table, text)
    text = NUMBER.sub(lambda match: match[1] + number(measured, match[2]) + match[3], text)
    if text.count("<!-- table:") != len(TABLE.findall(text)) or text.count("<!-- n:") != len(NUMBER.findall(text)):
        raise Trouble("a marker without its end")
    return text


def typed_by_hand(text):
    """Measured numbers that no marker stands around."""
    for part in (CODE, TABLE):
        text = part.sub(lambda match: "\n" * match[0].count("\n"), text)
    bare = NUMBER.sub("N", text)
    return [(line, found[0]) for line, words in enumerate(bare.splitlines(), 1)
            for found in MEASURED_UNIT.finditer(words)]


def papers(root):
    return [root / "README.md", root / "ARCHITECTURE.md", root / "results/MEASUREMENTS.md",
            *sorted(root.glob("phases/*/README.md")), *sorted(root.glob("harness/*/README.md"))]


def check(path, old, new):
    """Says what is wrong with a paper; true where nothing is."""
    if old != new:
        print(f"{path} differs from results/measured; scripts/tables.py rewrites it:")
        changes = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
        for line in list(changes)[2:8]:
            print(f"  {line[:160]}")
    by_hand = typed_by_hand(new)
    for line, words in by_hand:
        print(f"{path}:{line}: '{words}' is typed by hand: put a marker around it, or leave it out")
    return old == new and not by_hand


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 where a paper differs")
    parser.add_argument("--list", action="store_true", help="list the tables and figures")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent,
                        help="the project's folder (default: that of this script)")
    arguments = parser.parse_args()
    if arguments.list:
        print("tables: " + ", ".join(TABLES) + "\nfigures: " + ", ".join(FIGURES))
        return 0
    measured, status = Measured(arguments.root / "results/measured"), 0
    for path in papers(arguments.root):
        shown_path, old = path.relative_to(arguments.root), path.read_text(encoding="utf-8")
        try:
            new = filled(old, measured)
        except (Trouble, KeyError) as error:
            print(f"tables: {shown_path}: {error}", file=sys.stderr)
            return 3
        if arguments.check:
            status = status if check(shown_path, old, new) else 1
        elif old != new:
            path.write_text(new, encoding="utf-8")
            print(f"{shown_path} rewritten")
    return status


if __name__ == "__main__":
    sys.exit(main())
