/* SPDX-License-Identifier: MIT
 *
 * abort_asserts.h - the few names that codec_check.h takes from cmocka, for fuzz targets:
 * a check that fails ends the process, which is what a fuzzer looks for. */
#ifndef PHASEBENCH_ABORT_ASSERTS_H
#define PHASEBENCH_ABORT_ASSERTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define print_message(...) fprintf(stderr, __VA_ARGS__)
#define fail_msg(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())
#define assert_true(condition) ((condition) ? (void)0 : fail_msg("%s:%d: %s", __FILE__, __LINE__, #condition))
#define assert_int_equal(a, b) assert_true((a) == (b))
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_string_equal(a, b) assert_true(strcmp((a), (b)) == 0)

#endif
