#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds a JSON file against its schema, and then what it becomes when it is corrupt in one place: a member
removed, one added that nobody knows, a value or an element of another type, a value that is null without a
reason. Each must be refused.

usage: corrupt_json.py [--keep DIR] SCHEMA FILE [ALLOWED]...
  --keep DIR  writes what the schema refuses to DIR/N.json
  ALLOWED     remove:PATH or null:PATH, where that is no fault; in a PATH `#` is any element and `*` any
              member. One that is refused all the same, or names nothing, is an error.

Exit codes: 0 all as it must be; 3 not, and what.
"""
import copy
import fnmatch
import json
import pathlib
import sys

import jsonschema

LONG = 50  # elements; of a longer list one of each kind is kept, since each corrupts alike
NOTHING_LIKE_IT = {"no such member": None}


def kind(value):
    """Which members it has, and which of them are null."""
    return sorted((k, v is None) for k, v in value.items()) if isinstance(value, dict) else type(value).__name__


def shorten(value):
    if isinstance(value, dict):
        for member in value.values():
            shorten(member)
    elif isinstance(value, list):
        if len(value) > LONG:
            value[:] = {json.dumps(kind(v)): v for v in reversed(value)}.values()
        for element in value:
            shorten(element)


def places(value, path=()):
    """Every value, with the keys and indices that lead to it."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        yield from places(member, path + (key,))


def at(root, path):
    for key in path:
        root = root[key]
    return root


def name(path):
    return ".".join("#" if isinstance(key, int) else key for key in path)


def put(root, path, value):
    if not path:
        return value
    at(root, path[:-1])[path[-1]] = value
    return root


def corrupt(good):
    """(how, path, JSON), one for each kind of place."""
    done = set()
    for path, value in places(good):
        above = kind(at(good, path[:-1])) if path else None
        seen = (name(path), json.dumps(above), json.dumps(kind(value)))
        if seen in done:
            continue
        done.add(seen)
        yield "type", path, put(copy.deepcopy(good), path, [NOTHING_LIKE_IT] if value != [] else NOTHING_LIKE_IT)
        if value is not None:
            yield "null", path, put(copy.deepcopy(good), path, None)
        if path and isinstance(path[-1], str):
            less = copy.deepcopy(good)
            del at(less, path[:-1])[path[-1]]
            yield "remove", path, less
        if isinstance(value, (dict, list)):
            more = copy.deepcopy(good)
            at(more, path).update(NOTHING_LIKE_IT) if isinstance(value, dict) else at(more, path).append(NOTHING_LIKE_IT)
            yield "add", path, more


def main(arguments):
    keep = None
    if arguments[:1] == ["--keep"]:
        keep, arguments = pathlib.Path(arguments[1]), arguments[2:]
    schema, good, allowed = *(json.loads(pathlib.Path(a).read_text()) for a in arguments[:2]), arguments[2:]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    shorten(good)
    faults = [f"as it is: {e.json_path}: {e.message[:300]}" for e in validator.iter_errors(good)]
    met, refused = set(), 0
    for how, path, bad in corrupt(good):
        what = f"{how}:{name(path)}"
        matches = {a for a in allowed if fnmatch.fnmatchcase(what, a)}
        met |= matches
        valid = validator.is_valid(bad)
        if valid != bool(matches):
            faults.append(f"{what}: " + ("refused, and allowed" if matches else "not refused"))
        if not valid:
            refused += 1
            if keep:
                (keep / f"{refused}.json").write_text(json.dumps(bad))
    faults += [f"{a}: there is no such place" for a in allowed if a not in met]
    for fault in dict.fromkeys(faults):
        sys.stderr.write(f"{arguments[1]}: {fault}\n")
    print(f"{pathlib.Path(arguments[0]).name}: {refused} corrupt ones refused")
    return 3 if faults or refused == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
