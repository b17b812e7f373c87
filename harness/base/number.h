/* SPDX-License-Identifier: MIT
 *
 * number.h - numbers from text, and as text: exact for machines, readable for people. The only reader of whole
 * numbers outside JSON. */
#ifndef PHASEBENCH_NUMBER_H
#define PHASEBENCH_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the digits at the beginning of a text, base 10 or 16 (0-9a-f): no sign, no space, no "0x". Returns
 * where they end; NULL: there is no digit, or the number has more than 64 bits. */
const char *number_read(const char *text, unsigned base, uint64_t *value);

/* The whole text is a decimal number from least to most; else false, and *value stays. */
bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *value);

/* Reads a number of at most `most` that `ending` follows, and moves past both; else false, and *at stays. */
bool number_take(char **at, unsigned base, uint64_t most, char ending, uint64_t *value);

/* Reads " 123 kB", as /proc writes it. Returns where it ends; NULL: it is not so, or has more than 64 bits. */
const char *number_read_kilobytes(const char *text, uint64_t *bytes);

/* The value as text that reads back as the same double, shortest form. */
void number_exact(double value, char *text, unsigned text_bytes);

/* 1234567.8 -> "1,234,568" (decimals 0). */
void number_readable(double value, int decimals, char *text, unsigned text_bytes);

#endif
