/* SPDX-License-Identifier: MIT */
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
