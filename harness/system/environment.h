/* SPDX-License-Identifier: MIT
 *
 * environment.h - on what a result was measured, and with which build: the objects
 * "environment" and "phasebench" of a result. What cannot be found out is null, with
 * the reason in "missing" of the same object. */
#ifndef PHASEBENCH_ENVIRONMENT_H
#define PHASEBENCH_ENVIRONMENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {"version", "commit" (40 hex digits, or null), "dirty" (were there changes that are not
 * in that commit; null without one), "build_type", "sanitizers" (text, "" for none)}. The
 * caller owns it. */
cJSON *environment_build(void);

/* {"kernel", "machine", "cpu_model", "cpu_count" (online), "page_bytes", "memory_bytes",
 * "swap_bytes", "libc", "compiler", "compiler_flags", "allocator_version",
 * "tree_sitter_version", "governor", "transparent_hugepages", "virtualisation"}. The
 * caller owns it. */
cJSON *environment_record(void);

/* Why this build may not write results (Debug, sanitizers, coverage ...); NULL: it may. Static. */
const char *environment_unfit_build(void);

/* Reads a small file whole, as a text; false: `why` says why. */
bool environment_read(const char *path, char *text, size_t text_bytes, char why[256]);
/* A line of /proc/meminfo, such as "MemTotal"; false: `why` says what is wrong. */
bool environment_memory(const char *name, uint64_t *bytes, char why[256]);

/* The text after KEY and a colon at the start of a line, as in /proc/meminfo; NULL: there is none. Ends the line. */
char *environment_field(char *text, const char *key);

/* For tests: a folder that stands for "/" where /proc and /sys are read. */
void environment_set_root(const char *path);

#endif
