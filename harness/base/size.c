/* SPDX-License-Identifier: MIT
 *
 * size.c - see size.h. */
#include "size.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "json_out.h"

#include "count.h"

#define DIGITS_MAX 15 /* before and behind the point together: a double holds them */

static const struct {
  const char *name;
  unsigned lg_bytes;
} units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
enum { UNIT_COUNT = COUNT(units) };

/* "K" and "KiB" alike. 0: neither. */
static unsigned unit_lg_bytes(const char *text) {
  for (unsigned i = 0; i < UNIT_COUNT; i++) {
    if (strcmp(text, units[i].name) == 0 || (text[0] == units[i].name[0] && !text[1])) return units[i].lg_bytes;
  }
  return 0;
}

static bool parse_fraction(const char *text, unsigned lg_bytes, uint64_t *bytes) {
  double value = ldexp(strtod(text, NULL), (int)lg_bytes);
  if (!(value < (double)JSON_INTEGER_MAX)) return false;
  *bytes = (uint64_t)value;
  return true;
}

bool size_parse(const char *text, uint64_t *bytes, bool *has_unit) {
  size_t whole = strspn(text, "0123456789"), fraction = 0;
  if (text[whole] == '.') fraction = 1 + strspn(text + whole + 1, "0123456789");
  const char *unit = text + whole + fraction;
  unsigned lg_bytes = unit_lg_bytes(unit);
  if (whole == 0 || fraction == 1 || (*unit && lg_bytes == 0) || (fraction && !*unit)) return false;
  if (has_unit) *has_unit = *unit != 0;
  if (fraction) return whole + fraction <= DIGITS_MAX + 1 && parse_fraction(text, lg_bytes, bytes);
  uint64_t number = 0;
  for (size_t i = 0; i < whole; i++) {
    number = 10 * number + (uint64_t)(text[i] - '0');
    if (number >= JSON_INTEGER_MAX) return false;
  }
  if (number >= JSON_INTEGER_MAX >> lg_bytes) return false;
  *bytes = number << lg_bytes;
  return true;
}

const char *size_text(uint64_t bytes, char text[SIZE_TEXT_BYTES]) {
  unsigned i = 0;
  while (i + 1 < UNIT_COUNT && bytes >> units[i + 1].lg_bytes != 0) i++;
  if (bytes < 1024) snprintf(text, SIZE_TEXT_BYTES, "%" PRIu64 " B", bytes);
  else if ((bytes & ((UINT64_C(1) << units[i].lg_bytes) - 1)) == 0)
    snprintf(text, SIZE_TEXT_BYTES, "%" PRIu64 " %s", bytes >> units[i].lg_bytes, units[i].name);
  else snprintf(text, SIZE_TEXT_BYTES, "%.2f %s", ldexp((double)bytes, -(int)units[i].lg_bytes), units[i].name);
  return text;
}

const char *size_exact_text(uint64_t bytes, char text[SIZE_TEXT_BYTES]) {
  const char *unit = "";
  unsigned lg_bytes = 0;
  for (unsigned i = 0; i < UNIT_COUNT && bytes != 0; i++) {
    if ((bytes & ((UINT64_C(1) << units[i].lg_bytes) - 1)) != 0) break;
    unit = units[i].name;
    lg_bytes = units[i].lg_bytes;
  }
  snprintf(text, SIZE_TEXT_BYTES, "%" PRIu64 "%s", bytes >> lg_bytes, unit);
  return text;
}
