/* SPDX-License-Identifier: MIT
 *
 * json_out.h - JSON as phasebench writes and reads it, on top of cJSON.
 *
 * cJSON keeps numbers as doubles and prints them with 17 digits at best, so that a
 * 64-bit integer may come back changed. Here integers are written digit by digit,
 * and refused on reading where a double cannot hold them exactly (beyond 2^53 =
 * 9,007,199,254,740,992). Hashes are hex strings. A figure that is not known is null,
 * with the reason in the object "missing" beside it.
 *
 * The functions that add run out of memory only where the whole process does; they
 * then print a message and end it with EXIT_CODE_SYSTEM. */
#ifndef PHASEBENCH_JSON_OUT_H
#define PHASEBENCH_JSON_OUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "fault.h"

#define JSON_INTEGER_MAX (UINT64_C(1) << 53)

/* ---- building; `object` may be an array where key is NULL ---- */

cJSON *json_new_object(void);
cJSON *json_new_array(void);
/* Adds and returns a new member. */
cJSON *json_add_object(cJSON *object, const char *key);
cJSON *json_add_array(cJSON *object, const char *key);
/* Adds `item`, which is the object's from now on. */
void json_add_item(cJSON *object, const char *key, cJSON *item);

/* All digits, whatever the size; a reader refuses more than JSON_INTEGER_MAX. */
void json_add_u64(cJSON *object, const char *key, uint64_t value);
void json_add_i64(cJSON *object, const char *key, int64_t value);
/* %.17g, which reads back as the same double. value must be finite: NaN and
 * infinity are missing figures, not numbers (json_add_missing). */
void json_add_double(cJSON *object, const char *key, double value);
void json_add_bool(cJSON *object, const char *key, bool value);
/* NULL writes null. Bytes that are not UTF-8 are written as U+FFFD, since JSON is UTF-8. */
void json_add_text(cJSON *object, const char *key, const char *value);
/* A path, which is bytes, by path_to_text, so that json_get_path gives every one of them back. */
void json_add_path(cJSON *object, const char *key, const char *path);
/* 16 hex digits. */
void json_add_hash(cJSON *object, const char *key, uint64_t hash);
/* null at `key`, and the reason under "missing" of the same object. */
void json_add_missing(cJSON *object, const char *key, const char *reason);

/* Makes every number in `root` one that is printed with all of its digits (%.17g). cJSON prints
 * the numbers it has read with 15, so that a value read and written again may be another. */
void json_make_exact(cJSON *root);

/* text_make_printable on every text and key in `root`: for files whose text is going to be shown. */
void json_make_printable(cJSON *root);

/* ---- reading; `where` names the file in messages; faults are EXIT_CODE_INPUT ---- */

/* A whole number of 0 ... JSON_INTEGER_MAX. */
bool json_get_u64(const cJSON *object, const char *key, const char *where, uint64_t *value, struct fault *fault);
bool json_get_double(const cJSON *object, const char *key, const char *where, double *value, struct fault *fault);
bool json_get_bool(const cJSON *object, const char *key, const char *where, bool *value, struct fault *fault);
/* What json_add_path wrote. Faults: it is no such text, or does not fit. */
bool json_get_path(const cJSON *object, const char *key, const char *where, char *path, size_t path_bytes,
                   struct fault *fault);
/* The text stays the object's. */
bool json_get_text(const cJSON *object, const char *key, const char *where, const char **text, struct fault *fault);
bool json_get_array(const cJSON *object, const char *key, const char *where, const cJSON **array, struct fault *fault);
bool json_get_object(const cJSON *object, const char *key, const char *where, const cJSON **member,
                     struct fault *fault);
/* Reads 16 hex digits. */
bool json_get_hash(const cJSON *object, const char *key, const char *where, uint64_t *hash, struct fault *fault);

/* ---- files ---- */

/* Parses a whole text; trailing text is an error. `where` names it in messages. The caller deletes the
 * root (cJSON_Delete). NULL: no JSON (EXIT_CODE_INPUT), or out of memory (EXIT_CODE_SYSTEM). */
cJSON *json_parse(const char *text, size_t text_bytes, const char *where, struct fault *fault);

/* Reads and parses a whole file. Faults: those of json_parse, and what exit_code_of_errno says. */
bool json_read_file(const char *path, cJSON **root, struct fault *fault);
/* Whether a file may be put in place of what stands at `path`: a file, or nothing. A device, a
 * pipe, a folder or a link would be gone afterwards: EXIT_CODE_USAGE. */
bool json_may_replace(const char *path, struct fault *fault);
/* Writes `bytes` bytes as the file `path`, whole or not at all: to a temporary name in the
 * same folder, synced, closed, renamed. On failure (EXIT_CODE_SYSTEM, or what
 * json_may_replace says) what was there is still there and nothing else is left. */
bool json_write_bytes(const char *path, const void *bytes, size_t byte_count, struct fault *fault);
/* The same with a JSON value, indented, ending with a newline. */
bool json_write_file(const char *path, const cJSON *root, struct fault *fault);
/* A JSON value on standard output, indented; it is deleted. Faults: EXIT_CODE_SYSTEM, also where what was
 * printed did not arrive (a full disk). */
bool json_print(cJSON *root, struct fault *fault);

#endif
