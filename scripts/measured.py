#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes the figures that the papers show out of a result file, and writes them as a small file.

    scripts/measured.py results/ts-1720.json -o results/measured/ts-1720.json --beside "nothing else"

The input is what `phasebench run --output`, `phasebench bench --json` or `phasebench estimate --json` wrote.
The output is committed, and scripts/tables.py makes the tables of the papers from it. Figures are not rounded here:
tables.py does that. Of several repetitions each figure is the median.

Results of version 0.1.0 (schema phasebench-result-1), which the program itself refuses, are accepted on purpose: their
figures are read by their old names, so that what was measured then need not be measured again."""

import argparse
import json
import re
import statistics
import sys

SCHEMA = "phasebench-measured-1"
# Results of version 0.1.0 have the old words. The first name that a file has is taken.
OPENED = ("cold_open", "thaw")
FINALIZE = ("finalize_ns", "settle_ns")
OPENINGS = {
    "tree_cached": ("tree_cached", "tree_warm"),
    "tree_uncached": ("tree_uncached", "tree_cold"),
    "source_cached": ("source_cached", "source_warm"),
    "source_uncached": ("source_uncached", "source_cold"),
    "parse": ("parse",),
    "parse_over_tree_cached": ("parse_over_tree_cached", "parse_over_tree_warm"),
    "parse_over_tree_uncached": ("parse_over_tree_uncached", "parse_over_tree_cold"),
}
CLASSES = ("hot", "warm", "cold", "frozen")
DEFAULT_TIMEOUT_S = 3600


def first(values, names):
    """The value under the first of the names that is there; None where none is."""
    return next((values[name] for name in names if name in values), None)


def figures_of_cell(cell):
    """The figures of one cell, flat: name to number, or None where the cell has none."""
    points = {point["name"]: point for point in cell["checkpoints"]}
    start, out = points["start"]["rss_bytes"], {}
    for name in ("purged", "served"):
        out[f"rss_above_start_bytes.{name}"] = points[name]["rss_bytes"] - start
        out[f"disk_bytes.{name}"] = points[name]["disk_bytes"]
    out["tree_bytes"] = cell["trees"]["tree_bytes"]
    out["source_bytes"] = cell["trees"]["source_bytes"]
    times = cell["timings"]
    finalize = first(times, FINALIZE)
    out["parse_ns"], out["finalize_over_parse"] = times["parse_ns"], finalize / times["parse_ns"]
    out["build_over_parse"] = (times["parse_ns"] + times["store_ns"] + finalize) / times["parse_ns"]
    for latency in cell["latency"]:
        for percentile in ("p50_ns", "p99_ns"):
            out[f"access.{latency['class']}.{percentile}"] = latency[percentile]
    opened = first(cell, OPENED) or {}
    for name, names in OPENINGS.items():
        numbers = first(opened, names) or {}
        for key in ("p50_ns", "p99_ns", "p50", "slower_pct"):
            if key in numbers:
                out[f"cold_open.{name}.{key}"] = numbers[key]
    return out


def spread_pct(values):
    """How far equal cells lie apart, in per cent of their median; None with a single one."""
    return 100 * (max(values) - min(values)) / statistics.median(values) if len(values) > 1 else None


def combination_of(cells, lines):
    """The medians over the repetitions of one combination, and their noise."""
    each = [figures_of_cell(cell) for cell in cells]
    figures = {}
    for name in each[0]:
        values = [figure[name] for figure in each]
        figures[name] = None if None in values else statistics.median(values)
    for point in ("purged", "served"):
        key = f"rss_above_start_bytes.{point}"
        values = [figure[key] for figure in each]
        figures[f"lines_per_mib.{point}"] = statistics.median(lines * 1048576 / value for value in values)
        figures[f"rss_noise_pct.{point}"] = spread_pct(values)
    figures["parse_noise_pct"] = spread_pct([figure["parse_ns"] for figure in each])
    return {"combination": cells[0]["combination"], "repetitions": len(cells), "nodes": cells[0]["trees"]["nodes"],
            "figures": figures}


def command_of(result, profile, measured):
    """The command that makes such a result, from its settings."""
    settings, words = result["settings"], ["phasebench", "run", "--corpus", result["corpus"]["name"]]
    words += ["--combos", ",".join(one["combination"] for one in measured)]
    words += ["--profile", profile, "--reps", str(settings["repetitions"])]
    if settings["seed"] != 1:
        words += ["--seed", str(settings["seed"])]
    if not any(cell["kind"] == "instrument" for cell in result["cells"]):
        words.append("--no-instrument")
    if settings["cell_timeout_s"] != DEFAULT_TIMEOUT_S:
        words += ["--timeout", str(settings["cell_timeout_s"])]
    return " ".join(words)


def machine_of(environment):
    names = ("cpu_model", "cpu_count", "memory_bytes", "kernel", "libc", "compiler", "virtualisation")
    machine = {name: environment.get(name) for name in names}
    machine["kernel"] = re.match(r"\S* ?[0-9.]*", machine["kernel"] or "").group() # not how it was built
    return machine


def from_result(result, profile, beside):
    cells = [cell for cell in result["cells"] if cell["kind"] == "measured" and cell["profile"] == profile]
    if not cells:
        raise ValueError(f"no measured cell of profile {profile}")
    bad = [cell["combination"] for cell in cells if cell["status"] != "ok"]
    if bad or not result["complete"]:
        raise ValueError(f"not every cell is there and ok: {', '.join(bad) or 'the run is not complete'}")
    names = [name for name in result["settings"]["combinations"] if any(c["combination"] == name for c in cells)]
    lines = result["corpus"]["lines"]
    measured = [combination_of([c for c in cells if c["combination"] == name], lines) for name in names]
    corpus = {key: result["corpus"][key] for key in ("name", "title", "files", "lines", "bytes", "content_hash")}
    return {"schema": SCHEMA, "kind": "run", "command": command_of(result, profile, measured),
            "created_utc": result["created_utc"], "build": result["phasebench"],
            "machine": machine_of(result["environment"]), "beside": beside, "profile": profile, "corpus": corpus,
            "combinations": measured}


def from_bench(bench, command, commit, beside):
    """Google Benchmark's own format: nanoseconds of each repetition, by operation and subject."""
    runs = {}
    for run in bench["benchmarks"]:
        if run["run_type"] == "iteration" and not run.get("error_occurred"):
            name = run["run_name"].removesuffix("/real_time")
            nanoseconds = run["real_time"] * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]
            runs.setdefault(name, {})[run["repetition_index"]] = nanoseconds
    if not runs:
        raise ValueError("no benchmark in it")
    times = {name: [values[index] for index in sorted(values)] for name, values in sorted(runs.items())}
    return {"schema": SCHEMA, "kind": "bench", "command": command, "created_utc": bench["context"]["date"],
            "build": {"commit": commit}, "machine": {"cpu_count": bench["context"]["num_cpus"]}, "beside": beside,
            "repetition_ns": times}


def from_estimate(estimate, commit):
    """The context-mixing estimate is the same on every machine: neither time nor machine belongs to it."""
    word = estimate["schema"].split("-")[1]  # version 0.1.0 called it a bound
    command = f"phasebench {word} --corpus {estimate['corpus']} --json FILE"
    if estimate["max_bytes"]:
        command += f" --max-bytes {estimate['max_bytes']}"
    return {"schema": SCHEMA, "kind": "estimate", "command": command,
            "build": {"version": estimate["version"], "commit": commit}, "corpus": {"name": estimate["corpus"]},
            "bits_per_node": estimate["total"]["bits_per_node"], "nodes": estimate["total"]["node_count"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="what `phasebench run`, `bench --json` or `estimate --json` wrote")
    parser.add_argument("-o", "--output", required=True, help="results/measured/NAME.json")
    parser.add_argument("--beside", default="other work", choices=("nothing else", "other work"),
                        help="what else the machine did meanwhile (default: other work)")
    parser.add_argument("--profile", default="strict", help="allocator profile (default: strict)")
    parser.add_argument("--command", help="of a bench file, which does not tell it: the command that made it")
    parser.add_argument("--commit", help="of a file that does not tell it: the program's commit, 40 digits")
    arguments = parser.parse_args()
    with open(arguments.result, encoding="utf-8") as file:
        content = json.load(file)
    try:
        if "cells" not in content and not re.fullmatch("[0-9a-f]{40}", arguments.commit or ""):
            raise ValueError("it does not tell the program's commit: --commit must")
        if "benchmarks" in content:
            if not arguments.command:
                raise ValueError("it does not tell the command that made it: --command must")
            measured = from_bench(content, arguments.command, arguments.commit, arguments.beside)
        elif "bits_per_node" in content.get("total", {}):
            measured = from_estimate(content, arguments.commit)
        else:
            measured = from_result(content, arguments.profile, arguments.beside)
    except (KeyError, TypeError, ValueError) as error:
        print(f"measured: {arguments.result}: {error}", file=sys.stderr)
        return 3
    with open(arguments.output, "w", encoding="utf-8") as file:
        json.dump(measured, file, indent=1, ensure_ascii=False)
        file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
