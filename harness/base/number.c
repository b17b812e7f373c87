/* SPDX-License-Identifier: MIT */
#include "number.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return (unsigned)(digit - '0');
  if (digit >= 'a' && digit <= 'f') return (unsigned)(digit - 'a') + 10;
  return UINT_MAX;
}

const char *number_read(const char *text, unsigned base, uint64_t *value) {
  const char *at = text;
  uint64_t number = 0;
  for (unsigned digit; (digit = digit_value(*at)) < base; at++) {
    if (number > (UINT64_MAX - digit) / base) return NULL;
    number = number * base + digit;
  }
  if (at == text) return NULL;
  *value = number;
  return at;
}

bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *value) {
  uint64_t number;
  const char *end = number_read(text, 10, &number);
  if (!end || *end || number < least || number > most) return false;
  *value = number;
  return true;
}

bool number_take(char **at, unsigned base, uint64_t most, char ending, uint64_t *value) {
  uint64_t number;
  const char *end = number_read(*at, base, &number);
  if (!end || *end != ending || number > most) return false;
  *value = number;
  *at += end + 1 - *at;
  return true;
}

const char *number_read_kilobytes(const char *text, uint64_t *bytes) {
  uint64_t number;
  const char *end = number_read(text + strspn(text, " \t"), 10, &number);
  if (!end || strncmp(end, " kB", 3) != 0 || number > UINT64_MAX / 1024) return NULL;
  *bytes = number * 1024;
  return end + 3;
}

void number_exact(double value, char *text, unsigned text_bytes) {
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, text_bytes, "%.*g", digits, value);
    if (strtod(text, NULL) == value && !strchr(text, 'e')) return;
  }
  if (value == floor(value) && fabs(value) < 9007199254740992.0) snprintf(text, text_bytes, "%.0f", value);
}

void number_readable(double value, int decimals, char *text, unsigned text_bytes) {
  char digits[400];
  snprintf(digits, sizeof digits, "%.*f", decimals, value);
  const char *first = digits + (digits[0] == '-');
  size_t whole = strcspn(first, "."), used = 0;
  if (digits[0] == '-') text[used++] = '-';
  for (size_t i = 0; first[i] && used + 2 < text_bytes; i++) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0) text[used++] = ',';
    text[used++] = first[i];
  }
  text[used] = '\0';
}
