/* SPDX-License-Identifier: MIT
 *
 * count.h - how many elements an array has. */
#ifndef PHASEBENCH_COUNT_H
#define PHASEBENCH_COUNT_H

/* Of an array, not of a pointer to one: then the compiler warns (-Wsizeof-pointer-div). */
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#endif
