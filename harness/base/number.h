/* SPDX-License-Identifier: MIT
 *
 * number.h - numbers as text: exact for machines, readable for people. */
#ifndef PHASEBENCH_NUMBER_H
#define PHASEBENCH_NUMBER_H

/* The value as text that reads back as the same double, shortest form. */
void number_exact(double value, char *text, unsigned text_bytes);

/* 1234567.8 -> "1,234,568" (decimals 0). */
void number_readable(double value, int decimals, char *text, unsigned text_bytes);

#endif
