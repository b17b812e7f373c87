/* SPDX-License-Identifier: MIT
 *
 * json_flat.h - a JSON value as paths and texts, for showing and comparing what has many members. */
#ifndef PHASEBENCH_JSON_FLAT_H
#define PHASEBENCH_JSON_FLAT_H

#include "json_out.h"

/* Calls each(sink, path, text) for every leaf in order: "a.b" of objects, "a" with its elements in one text, commas
 * between them, of arrays of leaves. What is null says why: "missing" has its reason and is not shown itself. */
typedef void json_leaf_fn(void *sink, const char *path, const char *text);
void json_flat(const cJSON *object, json_leaf_fn *each, void *sink);

/* Calls each(sink, path, reason) for every entry of every "missing" below; indices are not in the path. */
void json_reasons(const cJSON *object, json_leaf_fn *each, void *sink);

#endif
