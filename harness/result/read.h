/* SPDX-License-Identifier: MIT
 *
 * read.h - what result.c, cell.c and facts.c share: values of a result file, with faults that name
 * the file and the place in it. */
#ifndef PHASEBENCH_RESULT_READ_H
#define PHASEBENCH_RESULT_READ_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "result.h"

#define WHERE_BYTES 700

struct reader {
  struct result *result;
  struct fault *fault;
  char where[WHERE_BYTES]; /* file and place, for messages */
};

/* ---- values ---- */

static inline void *zeroed(size_t count, size_t bytes, struct reader *reader) {
  void *p = calloc(count ? count : 1, bytes);
  if (!p) fault_set(reader->fault, EXIT_CODE_SYSTEM, "%s: out of memory", reader->result->path);
  return p;
}

static inline bool wrong(struct reader *reader, const char *key, const char *expected) {
  return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: \"%s\" is not %s", reader->where, key, expected);
}

static inline bool read_text(struct reader *reader, const cJSON *object, const char *key, const char **text) {
  return json_get_text(object, key, reader->where, text, reader->fault);
}

/* Text or null. */
static inline bool read_text_or_null(struct reader *reader, const cJSON *object, const char *key, const char **text) {
  *text = NULL;
  if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, key))) return true;
  return read_text(reader, object, key, text);
}

/* A number that is exact: doubles count whole numbers up to 2^53. */
static inline bool read_number(struct reader *reader, const cJSON *object, const char *key, double *value) {
  if (!json_get_double(object, key, reader->where, value, reader->fault)) return false;
  if (!isfinite(*value) || fabs(*value) > (double)JSON_INTEGER_MAX) {
    return wrong(reader, key, "a number below 2^53, beyond which it would not be exact");
  }
  return true;
}

static inline bool read_count(struct reader *reader, const cJSON *object, const char *key, double *value) {
  if (!read_number(reader, object, key, value)) return false;
  return *value >= 0 && *value == floor(*value) ? true : wrong(reader, key, "a whole number that is not negative");
}

static inline bool read_unsigned(struct reader *reader, const cJSON *object, const char *key, unsigned *value) {
  double number;
  if (!read_count(reader, object, key, &number)) return false;
  if (number > 1000000000) return wrong(reader, key, "a number below 1,000,000,000");
  *value = (unsigned)number;
  return true;
}

/* Why `key` of this object is null; a fault when nothing says why. */
static inline bool read_reason(struct reader *reader, const cJSON *object, const char *key, const char **reason) {
  const cJSON *missing = cJSON_GetObjectItemCaseSensitive(object, "missing");
  const cJSON *text = cJSON_GetObjectItemCaseSensitive(missing, key);
  if (!cJSON_IsString(text) || !text->valuestring[0]) {
    return fault_set(reader->fault, EXIT_CODE_INPUT, "%s: \"%s\" is null and \"missing\" does not say why",
                     reader->where, key);
  }
  *reason = text->valuestring;
  return true;
}

/* A figure as its table says. */
static inline bool read_figure(struct reader *reader, const cJSON *object, const struct figure_row *row,
                               struct figure *figure) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, row->key);
  *figure = (struct figure){0};
  if (!item && (row->flags & FIGURE_OPTIONAL)) {
    figure->missing = result_not_written;
    return true;
  }
  if (cJSON_IsNull(item) && (row->flags & FIGURE_OR_NULL))
    return read_reason(reader, object, row->key, &figure->missing);
  if (!read_number(reader, object, row->key, &figure->value)) return false;
  if (!(row->flags & FIGURE_SIGNED) && figure->value < 0)
    return wrong(reader, row->key, "a number that is not negative");
  if ((row->flags & FIGURE_WHOLE) && figure->value != floor(figure->value))
    return wrong(reader, row->key, "a whole number");
  if ((row->flags & FIGURE_SHARE) && figure->value > 100) return wrong(reader, row->key, "at most 100");
  return true;
}

static inline bool read_figures(struct reader *reader, const cJSON *object, const struct figure_row *rows,
                                unsigned count, struct figure *figures) {
  for (unsigned i = 0; i < count; i++) {
    if (!read_figure(reader, object, &rows[i], &figures[i])) return false;
  }
  return true;
}

/* The same of the object `key`, or of null with a reason, which then is that of all. */
static inline bool read_figures_or_null(struct reader *reader, const cJSON *object, const char *key,
                                        const struct figure_row *rows, unsigned count, struct figure *figures) {
  const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
  const char *reason = NULL;
  if (cJSON_IsObject(member)) return read_figures(reader, member, rows, count, figures);
  if (!cJSON_IsNull(member)) return wrong(reader, key, "an object or null");
  if (!read_reason(reader, object, key, &reason)) return false;
  for (unsigned i = 0; i < count; i++) figures[i] = (struct figure){.missing = reason};
  return true;
}

static inline void place(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void place(struct reader *reader, const char *format, ...) {
  int used = snprintf(reader->where, sizeof reader->where, "%.400s: ", reader->result->path);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reader->where + used, sizeof reader->where - (size_t)used, format, arguments);
  va_end(arguments);
}

/* A cell of the file (cell.c); i counts them, for messages. */
bool result_read_cell(struct reader *reader, const cJSON *object, unsigned i, struct result_cell *cell);
/* Options, malloc_conf, facts and reasons (facts.c), when all cells were read. */
bool result_read_facts(struct reader *reader);
void result_free_facts(struct result *result);

#endif
