/* SPDX-License-Identifier: MIT */
#include "commands.h"

const char *phasebench_version(void) { return PHASEBENCH_VERSION; }
