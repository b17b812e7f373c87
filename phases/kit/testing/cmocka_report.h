/* SPDX-License-Identifier: MIT
 *
 * cmocka_report.h - for test programs: checks of stage_check.h that fail are failures of cmocka's
 * current test, and the next one runs: check_report_to(cmocka_report). Include cmocka.h first. */
#ifndef PHASEBENCH_KIT_CMOCKA_REPORT_H
#define PHASEBENCH_KIT_CMOCKA_REPORT_H

#include "stage_check.h"

static inline void cmocka_report(const char *file, int line, const char *message) {
  print_error("%s\n", message);
  _fail(file, line);
}

#endif
