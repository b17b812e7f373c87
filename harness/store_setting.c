/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

/* "4096", "64KiB", "1MiB", "2GiB". */
static bool value_parse(const char *text, uint64_t *value) {
  static const struct {
    const char *unit;
    unsigned lg_bytes;
  } units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  char *end;
  if (!isdigit((unsigned char)text[0])) return false;
  errno = 0;
  unsigned long long number = strtoull(text, &end, 10);
  if (errno) return false;
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (strcmp(end, units[i].unit) != 0) continue;
    *value = (uint64_t)number << units[i].lg_bytes;
    return *value >> units[i].lg_bytes == number;
  }
  return false;
}

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
      !value_parse(equals + 1, &setting.value))
    return fault_set(fault, EXIT_CODE_USAGE,
                     "--set '%s': expected STAGE.OPTION=NUMBER, where the number may end in "
                     "KiB, MiB or GiB, as in p2.cache_bytes=256KiB",
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
