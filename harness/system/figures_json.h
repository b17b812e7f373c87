/* SPDX-License-Identifier: MIT
 *
 * figures_json.h - writes measured figures by their table (schema/figures.h). */
#ifndef PHASEBENCH_FIGURES_JSON_H
#define PHASEBENCH_FIGURES_JSON_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "schema/figures.h"

/* What was measured, or why it was not. A figure that nobody set is written as not measured. */
struct measured {
  union {
    int64_t whole; /* of figures with FIGURE_WHOLE */
    double real;
  };
  const char *missing; /* NULL: the value is there */
};

void measured_set(struct measured *measured, int64_t whole);
/* `count` figures, all of them missing. */
void measured_clear(struct measured *measured, unsigned count);

void figures_json_add(cJSON *object, const struct figure_row *rows, const struct measured *values, unsigned count);
/* Whole figures, all of which are there. */
void figures_json_add_whole(cJSON *object, const struct figure_row *rows, const uint64_t *values, unsigned count);

#endif
