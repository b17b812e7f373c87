/* SPDX-License-Identifier: MIT
 *
 * figures_json.c - see figures_json.h. */
#include "figures_json.h"

#include "base/json_out.h"

void measured_set(struct measured *measured, int64_t whole) {
  *measured = (struct measured){.whole = whole, .missing = NULL};
}

void measured_clear(struct measured *measured, unsigned count) {
  for (unsigned i = 0; i < count; i++) measured[i] = (struct measured){.missing = "this program does not measure it"};
}

void figures_json_add(cJSON *object, const struct figure_row *rows, const struct measured *values, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    if (values[i].missing) json_add_missing(object, rows[i].key, values[i].missing);
    else if (rows[i].flags & FIGURE_WHOLE) json_add_i64(object, rows[i].key, values[i].whole);
    else json_add_double(object, rows[i].key, values[i].real);
  }
}

void figures_json_add_whole(cJSON *object, const struct figure_row *rows, const uint64_t *values, unsigned count) {
  for (unsigned i = 0; i < count; i++) json_add_u64(object, rows[i].key, values[i]);
}
