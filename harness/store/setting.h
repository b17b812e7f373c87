/* SPDX-License-Identifier: MIT
 *
 * setting.h - options of stages as a user sets them ("p4a.hot_bytes=1MiB"), and where a store keeps its
 * files: all that is told to store_open beside the combination. */
#ifndef PHASEBENCH_SETTING_H
#define PHASEBENCH_SETTING_H

#include <stdint.h>

#include "base/fault.h"
#include "base/size.h"
#include "combination.h"
#include "stage_list.h"

struct store_setting {
  char stage[16], option[32];
  uint64_t value;
  bool has_unit; /* it was given in KiB, MiB ...: the option must be one of bytes */
};

#define STORE_SETTINGS_MAX 32
struct store_place {
  /* The folder for the stages' files, empty unless is_reopened. Made where a stage needs it
   * (STAGE_USES_DISK). NULL: a new one in $TMPDIR, else /var/tmp, which store_close removes. The text is the
   * caller's. */
  const char *directory;
  bool is_reopened; /* the directory holds what the same stages committed */
  struct store_setting settings[STORE_SETTINGS_MAX];
  unsigned setting_count;
};

/* Parses "STAGE.OPTION=VALUE" (the units are size.h's) and adds it; a later one of the same
 * name wins. Values lie below 2^53, as in all of JSON here. Faults: EXIT_CODE_USAGE. */
bool store_setting_add(struct store_place *place, const char *text, struct fault *fault);
/* The inverse, in digits alone; and for people, with a unit where it is of bytes and the unit is exact. */
#define STORE_SETTING_BYTES 80
void store_setting_text(const struct store_setting *setting, char text[STORE_SETTING_BYTES]);
void store_setting_show(const struct store_setting *setting, char text[STORE_SETTING_BYTES]);
/* A value of an option for people, as --set takes it: the option's name says whether it is of bytes
 * (its unit is last). Returns text. */
const char *store_option_text(const char *option, uint64_t value, char text[SIZE_TEXT_BYTES]);

/* EXIT_CODE_USAGE where the value is not from min to max. */
bool store_setting_in_range(const struct store_setting *setting, uint64_t min, uint64_t max, struct fault *fault);
/* Is each option that is set one of a stage of the stage folder, or of one that a combination names by its
 * path? Is its value in its range, and the stage in one of the combinations? Faults: EXIT_CODE_USAGE, and those of
 * stage_list. */
bool store_settings_check(const struct store_place *place, const struct combination *combinations, unsigned count,
                          struct fault *fault);
/* The value of an option of a stage, as set or as it comes. */
uint64_t store_setting_value(const struct store_place *place, const char *stage,
                             const struct stage_option_summary *option);

#endif
