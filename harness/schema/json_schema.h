/* SPDX-License-Identifier: MIT
 *
 * json_schema.h - the part of results/result.schema.json that follows from figures.h. */
#ifndef PHASEBENCH_JSON_SCHEMA_H
#define PHASEBENCH_JSON_SCHEMA_H

#include <stdio.h>

/* The members of "$defs" from the one to the other, the latter not among them, as whole lines. */
#define JSON_SCHEMA_FIRST "    \"checkpoint\": {\n"
#define JSON_SCHEMA_PAST "    \"stage_stats\": {\n"
void json_schema_write(FILE *out);

/* "start", "ingested", ... as an enum lists them. */
void json_schema_write_checkpoints(FILE *out);

#endif
