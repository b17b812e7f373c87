/* SPDX-License-Identifier: MIT */
#include "version.h"

#include "build_commit.h"

const char *phasebench_version(void) { return PHASEBENCH_VERSION; }

const char *phasebench_date(void) { return BUILD_COMMIT_DATE; }
