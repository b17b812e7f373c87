/* SPDX-License-Identifier: MIT
 *
 * setting.c - options of stages as a user sets them: parsed, and held against the
 * stages that there are before anything is measured. */
#include "setting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"

static bool name_take(const char *from, size_t length, char *to, size_t to_bytes) {
  if (length == 0 || length >= to_bytes) return false;
  memcpy(to, from, length);
  to[length] = '\0';
  return true;
}

bool store_setting_add(struct store_place *place, const char *text, struct fault *fault) {
  struct store_setting setting;
  const char *dot = strchr(text, '.'), *equals = dot ? strchr(dot, '=') : NULL;
  if (!equals || !name_take(text, (size_t)(dot - text), setting.stage, sizeof setting.stage) ||
      !name_take(dot + 1, (size_t)(equals - dot - 1), setting.option, sizeof setting.option) ||
      !size_parse(equals + 1, &setting.value, &setting.has_unit))
    return fault_set(fault, EXIT_CODE_USAGE,
                     "--set '%s': expected STAGE.OPTION=NUMBER, where the number is below 2^53 and, of bytes, may end "
                     "in " SIZE_UNITS_TEXT ", as in p4a.hot_bytes=256KiB",
                     text);
  unsigned i = 0;
  while (i < place->setting_count && (strcmp(place->settings[i].stage, setting.stage) != 0 ||
                                      strcmp(place->settings[i].option, setting.option) != 0))
    i++;
  if (i == STORE_SETTINGS_MAX)
    return fault_set(fault, EXIT_CODE_USAGE, "--set: more than %d settings", STORE_SETTINGS_MAX);
  place->settings[i] = setting;
  if (i == place->setting_count) place->setting_count++;
  return true;
}

void store_setting_text(const struct store_setting *setting, char text[STORE_SETTING_BYTES]) {
  snprintf(text, STORE_SETTING_BYTES, "%s.%s=%" PRIu64, setting->stage, setting->option, setting->value);
}

static bool is_of_bytes(const char *option) {
  size_t length = strlen(option);
  return strcmp(option, "bytes") == 0 || (length > 6 && strcmp(option + length - 6, "_bytes") == 0);
}

const char *store_option_text(const char *option, uint64_t value, char text[SIZE_TEXT_BYTES]) {
  if (is_of_bytes(option)) return size_exact_text(value, text);
  snprintf(text, SIZE_TEXT_BYTES, "%" PRIu64, value);
  return text;
}

void store_setting_show(const struct store_setting *setting, char text[STORE_SETTING_BYTES]) {
  char value[SIZE_TEXT_BYTES];
  snprintf(text, STORE_SETTING_BYTES, "%s.%s=%s", setting->stage, setting->option,
           store_option_text(setting->option, setting->value, value));
}

uint64_t store_setting_value(const struct store_place *place, const char *stage,
                             const struct stage_option_summary *option) {
  for (unsigned i = 0; i < place->setting_count; i++) {
    const struct store_setting *setting = &place->settings[i];
    if (strcmp(setting->stage, stage) == 0 && strcmp(setting->option, option->name) == 0) return setting->value;
  }
  return option->value;
}

bool store_setting_in_range(const struct store_setting *setting, uint64_t min, uint64_t max, struct fault *fault) {
  char value[SIZE_TEXT_BYTES], least[SIZE_TEXT_BYTES], most[SIZE_TEXT_BYTES];
  if (setting->value >= min && setting->value <= max) return true;
  return fault_set(fault, EXIT_CODE_USAGE, "--set %s.%s=%s: expected %s to %s", setting->stage, setting->option,
                   store_option_text(setting->option, setting->value, value),
                   store_option_text(setting->option, min, least), store_option_text(setting->option, max, most));
}

/* ---- is there such an option ---- */

static bool no_such_option(const struct stage_summary *stage, const char *option, struct fault *fault) {
  char names[STAGE_OPTIONS_MAX * 34] = "";
  size_t used = 0;
  for (uint32_t i = 0; i < stage->option_count; i++)
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", stage->options[i].name);
  if (stage->option_count == 0)
    return fault_set(fault, EXIT_CODE_USAGE, "--set %s.%s: the stage '%s' has no options", stage->name, option,
                     stage->name);
  return fault_set(fault, EXIT_CODE_USAGE, "--set %s.%s: the stage '%s' has no such option; its options: %s",
                   stage->name, option, stage->name, names);
}

static bool check_setting(const struct store_setting *setting, const struct stage_summary *stages, unsigned count,
                          struct fault *fault) {
  unsigned s = 0;
  while (s < count && strcmp(stages[s].name, setting->stage) != 0) s++;
  if (s == count)
    return fault_set(fault, EXIT_CODE_USAGE,
                     "--set %s.%s: there is no stage '%s' in %s; `phasebench stages` lists "
                     "stages and their options",
                     setting->stage, setting->option, setting->stage, paths_stage_dir());
  for (uint32_t o = 0; o < stages[s].option_count; o++) {
    const struct stage_option_summary *option = &stages[s].options[o];
    if (strcmp(option->name, setting->option) != 0) continue;
    if (setting->has_unit && !is_of_bytes(option->name))
      return fault_set(fault, EXIT_CODE_USAGE,
                       "--set %s.%s: is a count, not bytes: expected %" PRIu64 " to %" PRIu64 ", without a unit",
                       setting->stage, setting->option, option->min, option->max);
    return store_setting_in_range(setting, option->min, option->max, fault);
  }
  return no_such_option(&stages[s], setting->option, fault);
}

/* Room for stages, and how many are in it. */
struct stages {
  struct stage_summary *items;
  unsigned capacity, count;
};

/* Stages that combinations name by path, behind those of the folder. */
static bool add_modules(const struct combination *combinations, unsigned combination_count, struct stages *stages,
                        struct fault *fault) {
  for (unsigned c = 0; c < combination_count; c++) {
    for (unsigned s = 0; s < combinations[c].stage_count; s++) {
      if (!strchr(combinations[c].stages[s], '/') || stages->count == stages->capacity) continue;
      if (!stage_summarize(combinations[c].stages[s], &stages->items[stages->count], fault)) return false;
      stages->count++;
    }
  }
  return true;
}

/* Whether the stage is in one of the combinations, by name or by the path of its module. */
static bool is_used(const char *stage, const struct combination *combinations, unsigned count) {
  size_t length = strlen(stage);
  for (unsigned c = 0; c < count; c++) {
    for (unsigned s = 0; s < combinations[c].stage_count; s++) {
      const char *named = combinations[c].stages[s], *slash = strrchr(named, '/');
      if (slash) named = slash + 1;
      if (strncmp(named, stage, length) == 0 && (named[length] == '\0' || strcmp(named + length, ".so") == 0))
        return true;
    }
  }
  return false;
}

bool store_settings_check(const struct store_place *place, const struct combination *combinations, unsigned count,
                          struct fault *fault) {
  struct stages stages = {.capacity = 128};
  if (place->setting_count == 0) return true;
  stages.items = calloc(stages.capacity, sizeof *stages.items);
  if (!stages.items) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the list of stages");
  bool good = stage_list(stages.items, stages.capacity, &stages.count, fault) &&
              add_modules(combinations, count, &stages, fault);
  for (unsigned i = 0; good && i < place->setting_count; i++) {
    const struct store_setting *setting = &place->settings[i];
    good = check_setting(setting, stages.items, stages.count, fault);
    if (good && !is_used(setting->stage, combinations, count))
      good = fault_set(fault, EXIT_CODE_USAGE, "--set %s.%s: the stage '%s' is in no combination that is asked for",
                       setting->stage, setting->option, setting->stage);
  }
  free(stages.items);
  return good;
}
