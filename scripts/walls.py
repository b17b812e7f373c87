#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether the walls between rooms, kit libraries and stages stand: walls.py SOURCE BUILD

Includes are looked at in the sources, calls in the libraries of a build. What a room or kit library may
use is what its line in CMake says, and what those use. Prints what is wrong; exit code 1 if anything is.
"""
import re
import subprocess
import sys
from pathlib import Path

# The one stage that is built with another one's sources: phases/baseline/CMakeLists.txt says why.
STAGE_EXCEPTIONS = {("baseline", "skeleton")}
# Headers that every room or stage may find without a folder: the contract, the checks, what CMake writes.
BARE = {"stage.h", "stage_check.h", "build_commit.h", "gate_default.h"}


def uses_of(cmake, call, prefix):
    """{name: names it may use, with theirs} from lines like room(NAME USES A B LIBRARIES ...)."""
    direct = {}
    for name, rest in re.findall(call + r"\((\w+)\s*([^)]*)\)", re.sub(r"#.*", "", cmake)):
        words = rest.split()
        if prefix:  # kit_room(NAME ... LIBRARIES kit_X ...)
            direct[name] = {w[len(prefix):] for w in words if w.startswith(prefix)}
        else:  # room(NAME USES X ... LIBRARIES ...)
            named = words[words.index("USES") + 1:] if "USES" in words else []
            direct[name] = set(named[:named.index("LIBRARIES")] if "LIBRARIES" in named else named)
    closed = {}
    for name in direct:
        closed[name], waiting = set(), list(direct[name])
        while waiting:
            used = waiting.pop()
            if used not in closed[name]:
                closed[name].add(used)
                waiting += direct.get(used, ())
    return closed


def sources_of(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h", ".cc") and "corpus" not in p.parts)


def includes_of(path):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(errors="replace"), re.M)


def check_includes(source, rooms, kit, wrong):
    """Every include of a source, by the folder that it stands in."""
    harness, phases = source / "harness", source / "phases"
    stages = {p.parent.name for p in phases.glob("*/CMakeLists.txt")} - {"kit"}
    count = 0
    for path in sources_of(harness) + sources_of(phases):
        kind, folder = path.relative_to(source).parts[:2]
        where = path.relative_to(source)
        for name in includes_of(path):
            count += 1
            first = name.split("/")[0]
            if "../" in name:
                wrong.append(f'{where}: #include "{name}" leaves its folder')
            elif "/" not in name:
                if name not in BARE and not any((p / name).is_file() for p in (path.parent, *path.parents)
                                                if p.is_relative_to(source / kind / folder)):
                    wrong.append(f'{where}: #include "{name}" is in none of its folders')
            elif kind == "harness":
                tests = path.name.startswith(("test_", "fuzz_")) or folder == "testing"
                may = {folder} | rooms.get(folder, set(rooms) if folder == "testing" else set())
                if first not in may and not (tests and first in {"testing", "kit", "skeleton"}):
                    wrong.append(f'{where}: #include "{name}": {folder} may not use {first}')
            elif first != "kit" and first != folder and (folder, first) not in STAGE_EXCEPTIONS:
                wrong.append(f'{where}: #include "{name}": a stage knows no other stage')
            elif first == "kit" and folder == "kit":
                own, other = path.relative_to(phases).parts[1], name.split("/")[1]
                tests = path.name.startswith(("test_", "fuzz_")) or own == "testing"
                if other != own and not tests and other not in folders_used(own, kit):
                    wrong.append(f'{where}: #include "{name}": kit/{own} may not use kit/{other}')
    if count < 500 or len(stages) < 8:
        wrong.append(f"found only {count} includes and {len(stages)} stages")


def folders_used(folder, kit):
    """Folders of the kit that a folder's libraries may use (support and support_zstd are one folder)."""
    return {used.split("_")[0] for name in kit if name.split("_")[0] == folder for used in kit[name]}


def symbols(library):
    """(defined, {undefined: object}) of a static library."""
    defined, undefined = set(), {}
    text = subprocess.run(["nm", "-A", library], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        words = line.split()
        if words[-2] == "U":
            undefined.setdefault(words[-1], words[0].split(":")[-2])
        elif words[-2] in "TDBRVWC":
            defined.add(words[-1])
    return defined, undefined


def check_links(folder, prefix, uses, wrong):
    """No library calls what only a library that it may not use defines."""
    tables = {name: symbols(path) for name in uses if (path := folder / f"lib{prefix}{name}.a").is_file()}
    links = 0
    for name, (own, undefined) in sorted(tables.items()):
        for symbol, member in sorted(undefined.items()):
            owners = {other for other in tables if other != name and symbol in tables[other][0]}
            if symbol in own or not owners:
                continue
            links += 1
            if not owners & uses[name]:
                wrong.append(f"lib{prefix}{name}.a: {member} calls {symbol} of {', '.join(sorted(owners))},"
                             f" which {name} may not use")
    return len(tables), links


def check_names(source, wrong):
    """A file that names itself in its first comment has that name; comments name headers that there are."""
    names = {path.name for folder in ("harness", "phases") for path in (source / folder).rglob("*.[ch]")}
    for path in sources_of(source / "phases"):
        text = path.read_text(errors="replace")
        said = re.search(r"^ \* (\w+\.[ch]) - ", text[:400], re.M)
        if said and said[1] != path.name:
            wrong.append(f"{path.relative_to(source)}: calls itself {said[1]}")
        for comment in re.findall(r"/\*.*?\*/", text, re.S):
            for name in re.findall(r"[\w/]+\.h\b", comment):
                if name.split("/")[-1] not in names | {"cmocka.h", "api.h"}:
                    wrong.append(f"{path.relative_to(source)}: a comment names {name}, which is not there")


def main():
    source, build = Path(sys.argv[1]), Path(sys.argv[2])
    wrong = []
    rooms = uses_of((source / "harness/CMakeLists.txt").read_text(), r"\broom", "")
    kit = uses_of((source / "phases/kit/CMakeLists.txt").read_text(), r"\bkit_room", "kit_")
    for name, used in rooms.items():
        if name in used:
            wrong.append(f"the room {name} uses itself")
    for path in sorted((source / "harness").iterdir()):
        if path.is_file() and path.name != "CMakeLists.txt" and path.suffix != ".cmake":
            wrong.append(f"harness/{path.name}: only folders and CMake files lie there")
        if path.is_dir() and path.name != "testing" and path.name not in rooms:
            wrong.append(f"harness/{path.name}: a folder that is no room")
    check_includes(source, rooms, kit, wrong)
    check_names(source, wrong)
    room_count, room_links = check_links(build / "harness", "room_", rooms, wrong)
    kit_count, kit_links = check_links(build / "phases/kit", "kit_", kit, wrong)
    if room_count < 12 or room_links < 200 or kit_count < 4 or kit_links < 20:
        wrong.append(f"found only {room_count} libraries of rooms with {room_links} calls, {kit_count} of the kit"
                     f" with {kit_links}")
    print("\n".join(wrong) or f"{room_count} rooms, {kit_count} kit libraries, {room_links + kit_links} calls between them")
    return 1 if wrong else 0


sys.exit(main())
