/* SPDX-License-Identifier: MIT
 *
 * liar.h - tells the test stage "liar" in this process which lie to tell from now on. */
#ifndef PHASEBENCH_LIAR_H
#define PHASEBENCH_LIAR_H

#include "stage.h"

typedef void liar_choose_fn(const char *lie);
STAGE_EXPORT void liar_choose(const char *lie);

#endif
