#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes result files for tests. Nothing in them was measured: the corpus is called
"invented", and they go to the file given, never into results/.

usage: sample_result.py [OPTION]... OUT.json
  --lines-per-mib NAME=N,...  combinations and what each is to show at `purged`
                              (default: baseline=1500,p1=20000)
  --subsets N                 instead: the baseline and all combinations of N invented stages,
                              2**N in all
  --served-factor F           lines/MiB at `served` = F x at `purged` (default 0.8)
  --repetitions N             default 3
  --profiles A,B              default strict
  --corpus NAME --files N --lines N
  --sample-of NAME            the corpus is a sample of that one
  --fail NAME=STATUS          each cell of this combination ended so (crashed, failed,
                              timeout, memory_limit)
  --fail-one NAME             only its last repetition failed
  --null KEY                  this checkpoint figure was not readable
  --instrument                add a null-stage cell
  --sanitized                 as a build with sanitizers would write it
  --break VARIANT             corrupt the file; --list-broken names the variants that the schema
                              refuses, --list-contradictory those that only the program can
"""
import argparse
import copy
import json
import pathlib
import sys

MIB = 1 << 20
WHOLE_SCHEMA = json.loads((pathlib.Path(__file__).resolve().parent.parent / "results" / "result.schema.json").read_text())
SCHEMA = WHOLE_SCHEMA["$defs"]
CHECKPOINTS = [item["properties"]["name"]["const"] for item in SCHEMA["checkpoints"]["prefixItems"]]
CLASSES = SCHEMA["latency_of_class"]["properties"]["class"]["enum"]
OWNERS = SCHEMA["mapping"]["properties"]["owner"]["enum"]
START_RSS = 9 * MIB


def plain(schema):
    """The simplest value that the schema takes: 0, an object of such values, the first name of a list."""
    if "$ref" in schema:
        return plain(SCHEMA[schema["$ref"].rsplit("/", 1)[1]])
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in schema:
        return schema["enum"][0]
    if "object" in kinds:
        return {key: plain(schema["properties"][key]) for key in schema.get("required", [])}
    simple = {"array": [], "string": "invented", "boolean": False, "null": None}
    return next((simple[kind] for kind in kinds if kind in simple and kind != "null"), 0)


def filled(name, value):
    """With the simplest value of each figure that the schema requires and nothing here gives a meaning: a new one.
    What the schema does not know any more is left out."""
    properties, required = SCHEMA[name]["properties"], SCHEMA[name]["required"]
    known = {key: worth for key, worth in value.items() if key in properties}
    return {**known, **{key: plain(properties[key]) for key in required if key not in known}}


def unmeasured(name, why):
    """Each figure null, with a reason."""
    keys = [key for key in SCHEMA[name]["required"] if key != "missing"]
    return {**{key: None for key in keys}, "missing": {key: why for key in keys}}


def heap(owner, allocated, resident):
    return filled("heap", {"owner": owner, "allocated_bytes": allocated, "active_bytes": resident,
                           "dirty_bytes": 0, "metadata_bytes": 0, "resident_bytes": resident})


def checkpoint(index, above, is_baseline, codec):
    """above: RSS above start. Parts sum up to RSS."""
    rss = START_RSS + above
    tree = int(above * (0.85 if is_baseline else 0.30))
    source = int(above * (0.08 if is_baseline else 0.60))
    harness = 300000
    unexplained = 0 if above <= 0 else 40960
    anonymous = START_RSS - 6 * MIB + above
    overhead = anonymous - tree - source - harness - unexplained
    heaps = [heap("harness", harness, harness + overhead // 2)]
    heaps.append(heap("tree-sitter", tree if is_baseline else 0, (tree + overhead - overhead // 2) if is_baseline else 0))
    heaps.append(heap("baseline.source", source, source))
    if not is_baseline:
        heaps.append(heap(codec + ".tree", tree, tree + overhead - overhead // 2))
    mapped = {"anonymous": anonymous, "stack": 65536, "program": 2 * MIB, "stage": 65536, "library": 4 * MIB - 131072}
    return filled("checkpoint", {
        "name": CHECKPOINTS[index], "elapsed_ns": index * 1000000000,
        "rss_bytes": rss, "pss_bytes": rss - 2 * MIB, "private_bytes": rss - 3 * MIB, "shared_bytes": 3 * MIB,
        "anonymous_bytes": anonymous, "file_bytes": 6 * MIB, "swap_bytes": 0, "peak_rss_bytes": rss + MIB,
        "minor_faults_count": 100 + index, "major_faults_count": 0, "disk_bytes": 0,
        "jemalloc": filled("jemalloc", {
            "allocated_bytes": tree + source + harness, "active_bytes": anonymous, "metadata_bytes": 65536,
            "resident_bytes": anonymous, "mapped_bytes": anonymous + MIB, "retained_bytes": 0}),
        "mappings": [{"owner": owner, "rss_bytes": mapped.get(owner, 0)} for owner in OWNERS],
        "heaps": heaps, "unexplained_bytes": unexplained, "missing": {}})


def cell(arguments, name, per_mib, profile, repetition, position):
    stages = ["baseline"] + ([] if name == "baseline" else name.split("+"))
    base = {"combination": name, "stages": stages, "kind": "measured", "profile": profile, "repetition": repetition,
            "position": position, "status": "ok", "reason": None, "wall_ns": 12000000000}
    status = dict(pair.split("=") for pair in arguments.fail).get(name)
    if name in arguments.fail_one and repetition == arguments.repetitions - 1:
        status = "failed"
    if status:
        base["status"] = status
        base["reason"] = {"crashed": "killed by signal 11", "timeout": "no end after 600 s",
                          "memory_limit": "RSS above 4294967296 bytes",
                          "failed": "document src/a.c, node 17: end_byte is 40, expected 41"}[status]
        base["proof"] = None
        if status == "failed":
            base["proof"] = proof("failed", base["reason"], 1)
            base["proof"]["first_mismatch"] = {"document": "src/a.c", "node": 17, "fact": "end_byte",
                                               "expected": 41, "found": 40}
        return base
    # A little noise, the same in each run: +0, +1, -1, +2 ... thousandths.
    noise = 1 + (0.001 * ((repetition + 1) // 2) * (1 if repetition % 2 else -1))
    purged = int(arguments.lines / per_mib * MIB * noise)
    factors = [0, 1.3, 1.2, 1, 1, 1 / arguments.served_factor, 1.02 / arguments.served_factor, 0.01]
    is_baseline = name == "baseline"
    checkpoints = [checkpoint(i, int(purged * f), is_baseline, stages[-1]) for i, f in enumerate(factors)]
    at = {h["owner"]: h["allocated_bytes"] for h in checkpoints[3]["heaps"]}
    for key in arguments.null:
        for c in checkpoints:
            c[key] = None
            c["missing"][key] = "the kernel does not tell"
    nodes = 7 * arguments.lines
    accesses = {"hot": (10, 600), "warm": (20, 250), "cold": (40, 120), "frozen": (30, 30)}  # documents, accesses
    base.update({
        "allocator_options": "narenas:1", "checkpoints": checkpoints,
        "self_test": {"status": "passed", "planted_bytes": 16 * MIB, "found_bytes": 16 * MIB + 4096,
                      "after_free_bytes": 4096, "tolerance_bytes": 262144, "missing": {}},
        "trees": filled("trees", {
            "nodes": nodes, "tree_bytes": at["tree-sitter"] if is_baseline else at[stages[-1] + ".tree"],
            "source_bytes": at["baseline.source"], "missing": {}}),
        "edits": edits(is_baseline, checkpoints[6], checkpoints[5]),
        "timings": filled("timings", {
            "parse_ns": 4000000000, "store_ns": 0 if is_baseline else 600000000,
            "free_ns": 0 if is_baseline else 400000000, "finalize_ns": 1000000,
            "walk_ns": nodes * (90 if is_baseline else 8), "walked_nodes": nodes,
            "edit_parse_ns": 2000000, "edit_store_ns": 100000}),
        "latency": [filled("latency_of_class", {
            "class": c, "documents": n, "accesses": a, "p50_ns": 1000 * (i + 1), "p90_ns": 2000 * (i + 1),
            "p99_ns": 9000 * (i + 1), "max_ns": 20000 * (i + 1), "mean_ns": 1300.5 * (i + 1)})
                    for i, c in enumerate(CLASSES) for n, a in [accesses.get(c, (0, 0))]],
        "cold_open": cold_open(is_baseline),
        "stage_stats": [] if is_baseline else [{"stage": stages[-1], "name": "events", "unit": "1", "value": 9.5e6}],
        "proof": proof("passed", None, 0, arguments.files, nodes, 30 * arguments.lines)})
    return base


def edits(is_baseline, edited, served):
    """What an invented stage's journal says; the baseline has none."""
    def heap(c, ending):
        return sum(h["allocated_bytes"] for h in c["heaps"] if h["owner"].endswith(ending))
    e = {"source": "versions", "documents": 100, "hunks": 300, "inserted_lines": 1000, "deleted_lines": 800,
         "inserted_bytes": 30000, "deleted_bytes": 24000, "missing": {}}
    for kind, ending in (("tree", "tree-sitter" if is_baseline else ".tree"), ("source", ".source")):
        e[f"heap_{kind}_bytes"] = heap(edited, ending) - heap(served, ending) if edited["heaps"] else None
        if not edited["heaps"]:
            e["missing"][f"heap_{kind}_bytes"] = "the allocator does not tell"
        for key, value in (("", 7000), ("p50_", 25), ("p90_", 160), ("max_", 900)):
            e[f"journal_{kind}_{key}bytes"] = None if is_baseline else value
            if is_baseline:
                e["missing"][f"journal_{kind}_{key}bytes"] = f"no stage reports journal_{kind}_bytes"
    e.update(zstd_prefix_source_bytes=6400, zstd_prefix_bare_source_bytes=5600)
    return filled("edits", e)


def cold_open(is_baseline):
    """The baseline writes no files: nothing can be cold."""
    def latency(p50):
        return filled("cold_open_latency", {"p50_ns": p50, "p90_ns": 3 * p50, "p99_ns": 9 * p50, "max_ns": 20 * p50,
                                            "mean_ns": 1.5 * p50})

    def ratio(p50, least, slower):
        return filled("cold_open_ratio", {"p50": p50, "min": least, "slower_pct": slower})
    t = {"documents": 800, "cold_documents": 0 if is_baseline else 790, "tree_cached": latency(50000),
         "source_cached": latency(4000), "parse": latency(2000000), "missing": {},
         "parse_over_tree_cached": ratio(40.5, 2.25, 0)}
    t["tree_uncached"] = None if is_baseline else latency(250000)
    t["source_uncached"] = None if is_baseline else latency(90000)
    t["parse_over_tree_uncached"] = None if is_baseline else ratio(8.5, 0.75, 1.25)
    if is_baseline:
        t["missing"] = {k: "there is nothing to drop" for k in t if k.endswith("_uncached")}
    return filled("cold_open", t)


def proof(status, reason, mismatches, documents=1, nodes=18, source=100):
    return {"status": status, "reason": reason, "documents_compared": documents, "nodes_compared": nodes,
            "source_bytes_compared": source, "moves_compared": 10 * nodes, "mismatches": mismatches,
            "first_mismatch": None}


def instrument(arguments, position, profile):
    c = cell(arguments, "baseline", 100000, profile, 0, position)
    c.update({"combination": "null", "stages": ["baseline", "null"], "kind": "instrument",
              "proof": proof("not_applicable", "the stage keeps nothing", 0, 0, 0, 0), "latency": [], "stage_stats": []})
    del c["cold_open"]
    c["trees"] = unmeasured("trees", "the stage keeps nothing")
    return c


def subsets(count):
    """Each stage saves memory and costs nothing, the first one most; no two combinations are alike."""
    names = [f"p{i + 1}" for i in range(count)]
    for mask in range(1 << count):
        chosen = [n for i, n in enumerate(names) if mask >> i & 1]
        yield "+".join(chosen) or "baseline", 1500 * 1.35 ** sum(count - i for i in range(count) if mask >> i & 1)


def build(arguments):
    if arguments.subsets is not None:
        arguments.lines_per_mib = ",".join(f"{n}={v}" for n, v in sorted(subsets(arguments.subsets)))
    wanted = [(n, float(v)) for n, v in (p.split("=") for p in arguments.lines_per_mib.split(","))]
    profiles = arguments.profiles.split(",")
    cells = []
    for repetition in range(arguments.repetitions):
        for profile in profiles:
            for name, per_mib in wanted:
                cells.append(cell(arguments, name, per_mib, profile, repetition, len(cells)))
            if arguments.instrument and repetition == 0:
                cells.append(dict(instrument(arguments, len(cells), profile), repetition=repetition))
    names = [n for n, _ in wanted] + (["null"] if arguments.instrument else [])
    return {
        "schema": WHOLE_SCHEMA["properties"]["schema"]["const"], "created_utc": "2026-01-02T03:04:05Z",
        "phasebench": {"version": "0.1.0", "commit": None, "build_type": "RelWithDebInfo", "sanitizers": "",
                       "missing": {"commit": "an invented result"}},
        "environment": {"kernel": "Linux 6.1.0", "cpu_model": "Invented CPU", "cpu_count": 2, "page_bytes": 4096,
                        "memory_bytes": 8 << 30, "libc": "glibc 2.36", "compiler": "GNU 12.2.0",
                        "compiler_flags": "-O2 -g -DNDEBUG", "allocator_version": "5.3.0",
                        "tree_sitter_version": "0.25.0", "governor": None, "transparent_hugepages": "madvise",
                        "swap_bytes": 0, "missing": {"governor": "no cpufreq in this machine"}},
        "corpus": {"name": arguments.corpus, "title": "Invented for a test; nothing was measured",
                   "files": arguments.files, "lines": arguments.lines, "bytes": 30 * arguments.lines,
                   "content_hash": "0123456789abcdef" * 2, "empty_files": 0, "non_utf8_files": 1,
                   "skipped": {"unknown_extension": 4},
                   "languages": [{"name": "c", "files": arguments.files, "lines": arguments.lines,
                                  "bytes": 30 * arguments.lines, "grammar_package": "tree-sitter-c",
                                  "grammar_version": "0.24.1", "grammar_abi": 15}]},
        "settings": {"combinations": names, "profiles": profiles, "repetitions": arguments.repetitions, "seed": 1,
                     "cell_timeout_s": 600, "cell_memory_limit_bytes": 4 << 30,
                     "unexplained_limit": "the larger of 1 MiB and 2 % of RSS",
                     "malloc_conf": {p: "background_thread:false" for p in profiles}, "excludes": [], "aslr": "off",
                     "huge_pages": "off", "cpu": None, "allow_unfit_build": False, "plan_hash": "0123456789abcdef",
                     "notes": ["invented: nothing was measured"], "missing": {"cpu": "an invented result"}},
        "cells": cells, "complete": True}


def sanitize(result):
    """No jemalloc there: no heaps, no self-test, no options of an allocator."""
    why = "this build has no jemalloc"
    result["phasebench"]["sanitizers"] = "address,undefined"
    for c in result["cells"]:
        c["allocator_options"] = None
        c["self_test"].update(status="unavailable", found_bytes=None, after_free_bytes=None,
                              missing={"found_bytes": why, "after_free_bytes": why})
        for key in ("heap_tree_bytes", "heap_source_bytes"):
            c["edits"][key] = None
            c["edits"]["missing"][key] = why
        c["trees"].update(tree_bytes=None, source_bytes=None, missing={"tree_bytes": why, "source_bytes": why})
        for checkpoint_of_cell in c["checkpoints"]:
            for key in ("jemalloc", "heaps", "unexplained_bytes"):
                checkpoint_of_cell[key] = None
                checkpoint_of_cell["missing"][key] = why


# ---- what can be wrong with a result; each function corrupts a good one ----

def last(result):
    return result["cells"][-1]


def missing_unit(r):
    c = last(r)["checkpoints"][3]
    c["rss"] = c.pop("rss_bytes")


def null_without_reason(r):
    last(r)["checkpoints"][3]["rss_bytes"] = None


def reason_without_null(r):
    last(r)["checkpoints"][3]["missing"]["rss_bytes"] = "a reason for a figure that is there"


def figure_in_failed_cell(r):
    last(r).update(status="failed", reason="wrong answer")


def failed_without_reason(r):
    c = last(r)
    for key in ("checkpoints", "trees", "edits", "timings", "latency", "cold_open", "stage_stats"):
        del c[key]
    c["status"] = "crashed"


def checkpoint_missing(r):
    del last(r)["checkpoints"][5]


def checkpoints_out_of_order(r):
    c = last(r)["checkpoints"]
    c[3], c[4] = c[4], c[3]


def proof_failed_but_ok(r):
    last(r)["proof"].update(status="failed", reason="node 3 differs", mismatches=1)


def mismatches_in_passed_proof(r):
    last(r)["proof"]["mismatches"] = 2


def proof_missing(r):
    del last(r)["proof"]


def nothing_compared(r):
    last(r)["proof"]["nodes_compared"] = 0


def negative_bytes(r):
    last(r)["checkpoints"][3]["disk_bytes"] = -1


def fraction_of_a_byte(r):
    last(r)["checkpoints"][3]["pss_bytes"] = 0.5


def figure_as_text(r):
    last(r)["trees"]["tree_bytes"] = "12345"


def unknown_owner(r):
    last(r)["checkpoints"][3]["mappings"][0]["owner"] = "nobody"


def unknown_key(r):
    last(r)["checkpoints"][3]["estimated_bytes"] = 1


def other_schema(r):
    r["schema"] = "phasebench-result-3"


def incomplete(r):
    r["complete"] = False


def no_cells(r):
    r["cells"] = []


def bad_hash(r):
    r["corpus"]["content_hash"] = "0x1234"


def self_test_failed_but_ok(r):
    last(r)["self_test"]["status"] = "failed"


def self_test_unavailable_in_release(r):
    last(r)["self_test"].update(status="unavailable", found_bytes=None, after_free_bytes=None,
                                missing={"found_bytes": "x", "after_free_bytes": "x"})


def edits_missing(r):
    del last(r)["edits"]


def edit_source_unknown(r):
    last(r)["edits"]["source"] = "guessed"


def journal_null_without_reason(r):
    last(r)["edits"].update(journal_tree_bytes=None, missing={})


def cold_open_missing(r):
    del last(r)["cold_open"]


def cold_open_null_without_reason(r):
    last(r)["cold_open"].update(tree_cached=None)


def cold_open_without_ratio(r):
    del last(r)["cold_open"]["parse_over_tree_cached"]


def cold_open_share_above_all(r):
    last(r)["cold_open"]["parse_over_tree_cached"]["slower_pct"] = 101


def prefix_null_without_reason(r):
    last(r)["edits"].update(zstd_prefix_source_bytes=None, missing={})


def no_allocator_options_in_release(r):
    last(r)["allocator_options"] = None


def setting_null_without_reason(r):
    r["settings"]["missing"] = {}


def environment_null_without_reason(r):
    r["environment"]["cpu_model"] = None


BROKEN = {f.__name__: f for f in (
    missing_unit, null_without_reason, reason_without_null, figure_in_failed_cell, failed_without_reason,
    checkpoint_missing, checkpoints_out_of_order, proof_failed_but_ok, mismatches_in_passed_proof, proof_missing,
    nothing_compared, negative_bytes, fraction_of_a_byte, figure_as_text, unknown_owner, unknown_key, other_schema,
    incomplete, no_cells, bad_hash, self_test_failed_but_ok, self_test_unavailable_in_release,
    cold_open_missing, cold_open_null_without_reason, cold_open_without_ratio, cold_open_share_above_all,
    edits_missing, edit_source_unknown, journal_null_without_reason, prefix_null_without_reason,
    no_allocator_options_in_release, setting_null_without_reason, environment_null_without_reason)}


# ---- each figure is a good one, but they contradict each other: no schema can say that ----

def language_files(r):
    r["corpus"]["languages"][0]["files"] += 1


def language_lines(r):
    r["corpus"]["languages"][0]["lines"] -= 1


def corpus_bytes(r):
    r["corpus"]["bytes"] += 1


def mappings_too_small(r):
    last(r)["checkpoints"][3]["mappings"][0]["rss_bytes"] -= 65536 + 4096


def rss_too_small(r):
    last(r)["checkpoints"][5]["rss_bytes"] -= 65536 + 4096


def cell_missing(r):
    r["cells"].pop()


def repetitions_too_many(r):
    r["settings"]["repetitions"] += 1


def profile_unmeasured(r):
    r["settings"]["profiles"].append("stock")


CONTRADICTORY = {f.__name__: f for f in (
    language_files, language_lines, corpus_bytes, mappings_too_small, rss_too_small, cell_missing,
    repetitions_too_many, profile_unmeasured)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines-per-mib", default="baseline=1500,p1=20000")
    parser.add_argument("--subsets", type=int)
    parser.add_argument("--served-factor", type=float, default=0.8)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--profiles", default="strict")
    parser.add_argument("--corpus", default="invented")
    parser.add_argument("--sample-of")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=300000)
    for name in ("--fail", "--fail-one", "--null"):
        parser.add_argument(name, action="append", default=[])
    parser.add_argument("--instrument", action="store_true")
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--break", dest="corrupt", choices=sorted([*BROKEN, *CONTRADICTORY]))
    parser.add_argument("--list-broken", action="store_true")
    parser.add_argument("--list-contradictory", action="store_true")
    parser.add_argument("out", nargs="?")
    arguments = parser.parse_args()
    if arguments.list_broken:
        print("\n".join(BROKEN))
        return 0
    if arguments.list_contradictory:
        print("\n".join(CONTRADICTORY))
        return 0
    if not arguments.out:
        parser.error("OUT.json is missing")
    result = copy.deepcopy(build(arguments))  # corrupting one cell must not touch another
    if arguments.sample_of:
        result["corpus"]["sample"] = {"of": arguments.sample_of, "max_lines": arguments.lines, "seed": 1,
                                      "all_files": 9999, "all_lines": 9999999}
    if arguments.sanitized:
        sanitize(result)
    if arguments.corrupt:
        (BROKEN | CONTRADICTORY)[arguments.corrupt](result)
    with open(arguments.out, "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
