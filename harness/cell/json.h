/* SPDX-License-Identifier: MIT
 *
 * json.h - a cell as its part of a result. */
#ifndef PHASEBENCH_CELL_JSON_H
#define PHASEBENCH_CELL_JSON_H

#include <cjson/cJSON.h>

#include "base/fault.h"

struct cell;

/* With figures if the fault is none, else with status, reason and proof. Sorts what was measured. */
cJSON *cell_json(struct cell *cell, const struct fault *fault);

#endif
