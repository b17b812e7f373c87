#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every command with the Nth call of one kind failing (faults.c), and holds the outcome against the rules:
the exit code is 4, or 0 with the very output of a run without faults; a message names what was refused; nothing
crashes; and what stood at the place of an output is the old or the new one, whole.

usage: faults.py [--all] [--only COMMAND] [--sample N] alloc|KIND:ERRNO...

A sample of N calls of each is tried, or all of them (--all, or PHASEBENCH_FAULTS_ALL in the environment)."""
import argparse
import errno
import json
import os
import re
import shutil
import subprocess
import sys

BUILD = os.environ["PHASEBENCH_BUILD_DIR"]
SOURCE = os.environ["PHASEBENCH_SOURCE_DIR"]
PROGRAM = os.environ["PHASEBENCH"]
SHIM = f"{BUILD}/testing/faults.so"
FAULT_WORDS = r"out of memory|memory exhausted|Cannot allocate memory"


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as out:
        out.write(text)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def run(arguments, environment=None):
    """Exit code, output, messages."""
    done = subprocess.run([PROGRAM, *arguments], env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=120)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def must(arguments):
    code, out, said = run(arguments)
    assert code == 0, (arguments, code, said)
    return out


def tree_of(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            found[os.path.relpath(path, folder)] = read(path)
    return found


class Case:
    """A command; what it needs before each run; what is wrong after one (None: nothing)."""

    def __init__(self, name, arguments, prepare=None, check=None, steady=True, codes=(0,)):
        self.name, self.arguments, self.prepare, self.check = name, arguments, prepare, check
        self.steady, self.codes = steady, codes


def file_case(name, arguments, path, whole, steady=True, codes=(0,)):
    """A command that writes the file `path`, where an old one stands."""
    expected = []

    def prepare():
        write(path, "old\n")

    def check(code):
        now = read(path)
        if now == b"old\n":
            return None if code not in codes else f"exit code {code} and {path} is the old one"
        if code in codes and not expected:
            expected.append(now)
        if not whole(now) or (steady and expected and now != expected[0]):
            return f"{path} is neither the old nor the new one ({len(now)} bytes)"
        left = [n for n in os.listdir(os.path.dirname(path) or ".") if ".tmp-" in n]
        return f"left: {left}" if left and code != 4 else None

    return Case(name, arguments, prepare, check, steady, codes)


def is_json(data):
    try:
        return json.loads(data) is not None
    except ValueError:
        return False


def folders_left():
    """Half made folders; they are gone afterwards."""
    left = [name for name in os.listdir(".") if ".making-" in name]
    for name in left:
        shutil.rmtree(name)
    return left


def store_build_case():
    def prepare():
        shutil.rmtree("built.store", ignore_errors=True)
        shutil.copytree("old.store", "built.store")

    def check(code):
        verified, out, said = run(["store", "verify", "--json", "built.store"])
        if verified != 0:
            return f"the store is neither old nor new: {said}"
        documents = json.loads(out)["documents"]
        if documents != 3 and not (documents == 1 and code != 0):
            return f"exit code {code} and the store has {documents} documents"
        return None

    return Case("store build", ["store", "build", "--dir", "code", "--stages", "p1+p2+p4a", "-o", "built.store"],
                prepare, check)


def export_case(name, option):
    wanted = {}

    def prepare():
        shutil.rmtree("out", ignore_errors=True)

    def check(code):
        found = tree_of("out") if os.path.isdir("out") else {}
        if not wanted and code == 0:
            wanted.update(found)
        if code == 0 and found != wanted:
            return f"success, and of {len(wanted)} files {sum(found.get(k) == v for k, v in wanted.items())} are right"
        for path, data in found.items():
            if wanted.get(path) != data and ".phasebench-export-" not in path:
                return f"{path} is not what was stored"
        return None

    return Case(name, ["store", "export", *option, "new.store", "-o", "out"], prepare, check)


def folder_case(name, arguments, whole, steady=True):
    """A command that fills the folder `page`."""

    def prepare():
        shutil.rmtree("page", ignore_errors=True)

    def check(code):
        if code == 0 and not all(os.path.getsize(f"page/{n}") for n in whole):
            return "success, and a file is empty"
        return None

    return Case(name, arguments, prepare, check, steady)


def run_case():
    """One process for the command; its cells have no faults."""

    def prepare():
        shutil.rmtree("results", ignore_errors=True)
        os.mkdir("results")

    def check(code):
        made = os.path.exists("results/run.json")
        if made != (code == 0) and not (made and code == 4):
            return f"exit code {code}, and there is {'a' if made else 'no'} result"
        return None if not made or is_json(read("results/run.json")) else "the result is not whole"

    return Case("run", ["run", "--dir", "code", "--combos", "baseline", "--reps", "1", "--profile", "strict",
                        "--no-instrument", "--quiet", "--output", "results/run.json"], prepare, check, False)


def make_inputs():
    write("code/a.c", "int main(void) { return 0; }\n")
    write("code/deep/b.c", "int f(int x) {\n  return x + 1; /* one more */\n}\n")
    write("code/c.py", "def g(a):\n  return a\n")
    write("code/.gitignore", "*.log\n")
    write("less/a.c", "int old;\n")
    write("corpora/tiny.json", json.dumps({
        "schema": "phasebench-corpus-1", "name": "tiny", "title": "three files", "license": "MIT",
        "source": {"directory": os.path.abspath("code")}}))
    sample = ["/usr/bin/python3", "-B", f"{SOURCE}/scripts/sample_result.py", "--repetitions", "3"]
    subprocess.run([*sample, "a.json"], check=True, stdout=subprocess.DEVNULL)
    shutil.copy("a.json", "b.json")
    stages = ["--stages", "p1+p2+p4a"]
    must(["store", "build", "--dir", "less", *stages, "-o", "old.store"])
    must(["store", "build", "--dir", "code", *stages, "-o", "new.store"])
    must(["baseline", "save", "a.json", "--name", "kept", "--dir", "baselines"])


def cases():
    return [
        Case("help", ["help"]),
        Case("help --man", ["help", "--man"]),
        Case("help store build", ["help", "store", "build"]),
        Case("version", ["version"]),
        Case("stages", ["stages", "--json"]),
        Case("corpus list", ["corpus", "list", "--json"]),
        Case("corpus show", ["corpus", "show", "--json", "--dir", "code"]),
        Case("metrics", ["metrics", "--json", "a.json"]),
        Case("claims", ["claims", "--json", "a.json"], codes=(0, 11)),
        file_case("gate --json", ["gate", "a.json", "b.json", "--json", "gate.json"], "gate.json", is_json),
        file_case("gate --junit", ["gate", "./a.json", "./b.json", "--junit", "gate.xml"], "gate.xml",
                  lambda data: data.endswith(b">\n")),
        Case("baseline list", ["baseline", "list", "--dir", "baselines"]),
        Case("baseline show", ["baseline", "show", "kept", "--dir", "baselines"]),
        file_case("baseline save", ["baseline", "save", "b.json", "--name", "made", "--dir", "made", "--replace"],
                  "made/made.json", is_json),
        Case("attribution", ["attribution", "--json", "a.json"]),
        Case("compare", ["compare", "--json", "a.json", "b.json"]),
        folder_case("compare -o", ["compare", "a.json", "b.json", "-o", "page"], ["index.html", "compare.csv"]),
        folder_case("report", ["report", "a.json", "-o", "page"], ["index.html", "report.txt", "report.md"], False),
        store_build_case(),
        Case("store info", ["store", "info", "--json", "new.store"]),
        Case("store open", ["store", "open", "--json", "new.store"], steady=False),
        Case("store verify", ["store", "verify", "new.store"]),
        Case("store verify --sources", ["store", "verify", "--json", "--sources", "new.store"]),
        export_case("store export", []),
        export_case("store export --trees", ["--trees", "json"]),
        Case("doctor", ["doctor", "--json"], steady=False, codes=(0, 3, 4)),
        run_case(),
    ]


class Tried:
    """All runs of one kind of fault."""

    def __init__(self, kind, number, onward):
        self.kind, self.number, self.onward = kind, number, onward
        self.words = FAULT_WORDS if kind == "alloc" or number == errno.ENOMEM else re.escape(os.strerror(number))

    def environment(self, at):
        found = {"LD_PRELOAD": SHIM, "FAULTS_KIND": self.kind, "FAULTS_AT": str(at), "FAULTS_ERRNO": str(self.number),
                 "FAULTS_SKIP": "/proc/"}
        if self.onward:
            found["FAULTS_ONWARD"] = "1"
        return found

    def count(self, case):
        """How many calls of the kind the command makes, and what it prints without a fault."""
        if case.prepare:
            case.prepare()
        code, out, said = run(case.arguments, {**self.environment(0), "FAULTS_COUNT": os.path.abspath("count")})
        wrong = case.check(code) if case.check else None
        assert code in case.codes and not wrong, (case.name, code, said, wrong)
        return int(read("count")), code, out

    def wrong(self, case, at, expected):
        if case.prepare:
            case.prepare()
        code, out, said = run(case.arguments, self.environment(at))
        if code < 0 or code > 14:
            return f"crashed ({code}): {said[-300:]}"
        if code in case.codes and code != 4:
            if case.steady and (code, out) != expected:
                return f"exit code {code} and another output: {said[-300:]}"
        elif code != 4:
            return f"exit code {code}: {said[-300:]}"
        elif not re.search(self.words, said + (out.decode("utf-8", "replace") if case.codes != (0,) else "")):
            return f"the message does not name it: {said[-300:]}"
        left = folders_left()
        if left and not self.onward:  # without memory no folder can be listed, and so not emptied
            return f"left: {left}"
        return case.check(code) if case.check else None


def positions(count, sample):
    """A spread of 1 to count: the first ones, the last, and evenly in between."""
    if sample is None or count <= sample:
        return range(1, count + 1)
    return sorted({1, 2, count} | {1 + (2 * i + 1) * count // (2 * sample) for i in range(sample - 3)} - {0})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--sample", type=int, default=6)
    parser.add_argument("faults", nargs="+")
    options = parser.parse_args()
    sample = None if options.all or os.environ.get("PHASEBENCH_FAULTS_ALL") else options.sample
    make_inputs()
    runs = failures = 0
    for fault in options.faults:
        kind, _, name = fault.partition(":")
        for case in cases():
            if options.only and case.name != options.only:
                continue
            for onward in (False, True):
                tried = Tried(kind, getattr(errno, name or "ENOMEM"), onward)
                count, *expected = tried.count(case)
                for at in positions(count, sample):
                    runs += 1
                    wrong = tried.wrong(case, at, tuple(expected))
                    if wrong:
                        failures += 1
                        print(f"FAILED: {case.name}: {fault} {at} of {count}{' and on' if onward else ''}: {wrong}")
    print(f"{runs} runs, {failures} failures")
    return 1 if failures or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
