#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every command with its Nth allocation refused, once and from then on: a sample of N.
# PHASEBENCH_FAULTS_ALL=1 takes every N (hours); faults.py --only COMMAND one command.
if [ "$PHASEBENCH_SANITIZED" = 1 ]; then
  echo "the sanitizers bring their own allocator"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
/usr/bin/python3 -B "$PHASEBENCH_SOURCE_DIR/harness/testing/faults.py" --sample 14 alloc
