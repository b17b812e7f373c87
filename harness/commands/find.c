/* SPDX-License-Identifier: MIT
 *
 * find.c - see find.h. */
#include "find.h"

#include <string.h>

#include "base/count.h"
#include "base/fault.h"
#include "base/text.h"

#define NAME_MAX_BYTES 32 /* longer words are no mistyped command */
#define COMMANDS_MAX 64

/* What was called otherwise in older versions. */
static const struct {
  const char *command; /* of which it is an option; NULL: it is a command */
  const char *old, *now;
} renamed[] = {{NULL, "bound", "estimate"}, {"report", "--bound", "--estimate"}, {"gate", "--treat", "--policy"}};

const struct command *command_find(const char *name) {
  for (size_t i = 0; i < command_count; i++) {
    if (strcmp(name, command_table[i].name) == 0) return &command_table[i];
  }
  return NULL;
}

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* Letters put in, left out, changed, or two neighbours swapped (optimal string alignment). */
static unsigned distance(const char *a, const char *b) {
  unsigned rows[3][NAME_MAX_BYTES + 1];
  size_t a_length = strlen(a), b_length = strlen(b);
  for (size_t j = 0; j <= b_length; j++) rows[0][j] = (unsigned)j;
  for (size_t i = 1; i <= a_length; i++) {
    unsigned *now = rows[i % 3], *before = rows[(i - 1) % 3], *two_before = rows[(i + 1) % 3];
    now[0] = (unsigned)i;
    for (size_t j = 1; j <= b_length; j++) {
      now[j] = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = least(now[j], two_before[j - 2] + 1);
    }
  }
  return rows[a_length % 3][b_length];
}

/* At most a third of the letters wrong (two of `report`), or the beginning of a name. */
const char *name_nearest(const char *name, const char *const *known, size_t count) {
  size_t length = strlen(name);
  const char *nearest = NULL;
  unsigned least_distance = NAME_MAX_BYTES;
  if (length < 2 || length > NAME_MAX_BYTES) return NULL;
  for (size_t i = 0; i < count; i++) {
    size_t longer = strlen(known[i]) > length ? strlen(known[i]) : length;
    if (strlen(known[i]) > NAME_MAX_BYTES) continue;
    unsigned far = strncmp(known[i], name, length) == 0 ? 1 : distance(name, known[i]);
    if (far >= least_distance || far > (longer < 6 ? 1 : longer / 3)) continue;
    least_distance = far;
    nearest = known[i];
  }
  return nearest;
}

void command_print_all(FILE *out) {
  fputs(
      "phasebench - how many lines of code fit in a megabyte, with every line's syntax tree at hand\n\n"
      "usage: phasebench COMMAND [OPTION]...\n\ncommands:\n",
      out);
  for (size_t i = 0; i < command_count; i++) {
    if (command_table[i].summary) fprintf(out, "  %-11s %s\n", command_table[i].name, command_table[i].summary);
  }
  fputs("\n`phasebench COMMAND --help` tells more, with an example.\n\nexit codes:\n", out);
#define X(name, number, text) fprintf(out, "  %2d  %s\n", number, text);
  EXIT_CODES(X)
#undef X
}

/* `owner`: the words in front of the name; `what`: what there is none of. */
static void print_unknown(const char *owner, const char *what, const char *name, const char *const *known,
                          size_t count) {
  const char *nearest = name_nearest(name, known, count);
  fprintf(stderr, "%s: there is no %s '", owner, what);
  text_print(stderr, name);
  fputs("'; ", stderr);
  if (nearest) fprintf(stderr, "did you mean '%s'? ", nearest);
  fprintf(stderr, "`%s --help` lists them\n", owner);
}

void subcommand_print_unknown(const char *command, const char *name, const char *const *known, size_t count) {
  char owner[NAME_MAX_BYTES + sizeof "phasebench "];
  snprintf(owner, sizeof owner, "phasebench %s", command);
  print_unknown(owner, "subcommand", name, known, count);
}

void command_print_unknown(const char *name) {
  for (size_t i = 0; i < COUNT(renamed); i++) {
    if (renamed[i].command || strcmp(name, renamed[i].old) != 0) continue;
    fprintf(stderr, "phasebench: `%s` is called `%s` now; `phasebench %s --help` tells more\n", name, renamed[i].now,
            renamed[i].now);
    return;
  }
  const char *known[COMMANDS_MAX];
  size_t count = 0;
  for (size_t i = 0; i < command_count && count < COMMANDS_MAX; i++) {
    if (command_table[i].summary) known[count++] = command_table[i].name;
  }
  print_unknown("phasebench", "command", name, known, count);
}

/* "--old" or "--old=VALUE" */
static bool is_option(const char *argument, const char *option) {
  size_t length = strlen(option);
  return strncmp(argument, option, length) == 0 && (argument[length] == '\0' || argument[length] == '=');
}

bool command_has_renamed_option(const struct command *command, int argc, char **argv) {
  for (size_t i = 0; i < COUNT(renamed); i++) {
    if (!renamed[i].command || strcmp(command->name, renamed[i].command) != 0) continue;
    for (int a = 1; a < argc && strcmp(argv[a], "--") != 0; a++) {
      if (!is_option(argv[a], renamed[i].old)) continue;
      fprintf(stderr, "phasebench %s: `%s` is called `%s` now; `phasebench %s --help` tells more\n", command->name,
              renamed[i].old, renamed[i].now, command->name);
      return true;
    }
  }
  return false;
}
