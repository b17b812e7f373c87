#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks result files against results/result.schema.json with a real validator.

usage: validate_result.py [--schema FILE] FILE...

Needs Debian's python3-jsonschema, and Debian's own python3 (/usr/bin/python3).
Exit codes: 0 all files are valid; 2 wrong command line; 3 a file is not valid or
cannot be read; 4 the validator is not installed.
"""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    sys.stderr.write("validate_result.py: the Python module jsonschema is missing; "
                     "run: apt-get install python3-jsonschema, and start me with /usr/bin/python3\n")
    sys.exit(4)

SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "results" / "result.schema.json"


def no_constant(text):
    raise ValueError(f"{text} is not JSON")


def no_repeated_key(pairs):
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} occurs twice in one object")
    return dict(pairs)


def load(path):
    """JSON, strictly: no NaN, no key twice, UTF-8."""
    text = pathlib.Path(path).read_bytes().decode("utf-8")
    return json.loads(text, parse_constant=no_constant, object_pairs_hook=no_repeated_key)


def deepest(error):
    """The error that says most: through anyOf and $ref down to a leaf."""
    while error.context:
        error = max(error.context, key=lambda e: len(e.absolute_path))
    return error


def check(validator, path):
    try:
        instance = load(path)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{path}: cannot be read as JSON: {error}\n")
        return False
    wanted = validator.schema.get("properties", {}).get("schema", {}).get("const")
    found = instance.get("schema") if isinstance(instance, dict) else None
    if wanted is not None and found != wanted:
        sys.stderr.write(f"{path}: $.schema: {json.dumps(found)[:60]}, but {json.dumps(wanted)} was expected\n")
        return False
    errors = sorted(validator.iter_errors(instance), key=lambda e: [str(p) for p in e.absolute_path])
    for error in errors[:20]:
        leaf = deepest(error)
        message = leaf.message if len(leaf.message) <= 300 else f"{leaf.message[:80]} ... {leaf.message[-200:]}"
        sys.stderr.write(f"{path}: {leaf.json_path}: {message}\n")
    if len(errors) > 20:
        sys.stderr.write(f"{path}: and {len(errors) - 20} more\n")
    return not errors


def main(arguments):
    schema_path = SCHEMA
    if arguments[:1] == ["--schema"] and len(arguments) >= 2:
        schema_path, arguments = pathlib.Path(arguments[1]), arguments[2:]
    if arguments[:1] in (["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    if not arguments or arguments[0].startswith("-"):
        sys.stderr.write("usage: validate_result.py [--schema FILE] FILE...\n")
        return 2
    try:
        schema = load(schema_path)
        jsonschema.Draft202012Validator.check_schema(schema)
    except (OSError, ValueError, jsonschema.SchemaError) as error:
        sys.stderr.write(f"{schema_path}: the schema itself cannot be used: {error}\n")
        return 3
    validator = jsonschema.Draft202012Validator(schema)
    good = [check(validator, path) for path in arguments]
    return 0 if all(good) else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
