/* SPDX-License-Identifier: MIT
 *
 * size.h - numbers of bytes as people write and read them; units are of 1024s. The only parser of
 * such numbers. */
#ifndef PHASEBENCH_SIZE_H
#define PHASEBENCH_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* A mebibyte, for whole numbers and for dividing into a decimal one. */
#define MIB_BYTES (UINT64_C(1) << 20)
#define MIB 1048576.0

/* What a number may end in, for messages. */
#define SIZE_UNITS_TEXT "K, M, G, T or KiB, MiB, GiB, TiB (1024s)"

/* "4096", "64KiB", "1.5G": decimal digits, with a fraction only where a unit follows; what is less than
 * a byte is cut off. *has_unit (may be NULL): there was a unit. false: it is none, or not below 2^53. */
bool size_parse(const char *text, uint64_t *bytes, bool *has_unit);

#define SIZE_TEXT_BYTES 32
/* For people: "312 B", "64 KiB", "1.50 MiB"; returns text. */
const char *size_text(uint64_t bytes, char text[SIZE_TEXT_BYTES]);
/* Exactly, as size_parse reads it: "4MiB", "4095"; returns text. */
const char *size_exact_text(uint64_t bytes, char text[SIZE_TEXT_BYTES]);

#endif
