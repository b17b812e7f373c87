# SPDX-License-Identifier: MIT
#
# schema.sh - for shell tests: is a file what results/NAME.schema.json says? The exit code and the words are those of
# scripts/validate_result.py.
validates() { # validates NAME FILE
  /usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/scripts/validate_result.py" --schema \
    "$PHASEBENCH_SOURCE_DIR/results/$1.schema.json" "$2"
}
