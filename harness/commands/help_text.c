/* SPDX-License-Identifier: MIT
 *
 * help_text.c - see help_text.h. A command prints its help on standard output, which is a
 * file in memory meanwhile. */
#include "help_text.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/output.h"

static bool read_all(int fd, char **text, struct fault *fault) {
  struct stat status;
  if (fstat(fd, &status) != 0) return fault_set(fault, EXIT_CODE_SYSTEM, "a file in memory: %s", strerror(errno));
  *text = calloc(1, (size_t)status.st_size + 1);
  if (!*text) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  ssize_t got = pread(fd, *text, (size_t)status.st_size, 0);
  if (got == status.st_size) return true;
  fault_set(fault, EXIT_CODE_SYSTEM, "a file in memory: %s", got < 0 ? strerror(errno) : "was read in part");
  free(*text);
  *text = NULL;
  return false;
}

/* Runs `phasebench COMMAND [SUBCOMMAND] --help`; false where the system refused something. */
static bool run_into(int fd, const struct command *command, const char *subcommand, int *code, struct fault *fault) {
  char name[32], below[32], help[] = "--help";
  snprintf(name, sizeof name, "%s", command->name);
  snprintf(below, sizeof below, "%s", subcommand ? subcommand : "");
  char *argv[] = {name, subcommand ? below : help, subcommand ? help : NULL, NULL};
  int saved = dup(1);
  if (saved < 0) return fault_set(fault, EXIT_CODE_SYSTEM, "standard output: %s", strerror(errno));
  bool good = output_flush(fault);
  if (good && dup2(fd, 1) < 0) good = fault_set(fault, EXIT_CODE_SYSTEM, "a file in memory: %s", strerror(errno));
  if (good) {
    optind = 0; /* makes getopt forget the call before */
    *code = command->run(subcommand ? 3 : 2, argv);
    good = output_flush(fault);
  }
  if (dup2(saved, 1) < 0) good = fault_set(fault, EXIT_CODE_SYSTEM, "standard output: %s", strerror(errno));
  close(saved);
  return good;
}

bool help_text(const struct command *command, const char *subcommand, char **text, struct fault *fault) {
  *text = NULL;
  int fd = memfd_create("help", MFD_CLOEXEC);
  if (fd < 0) return fault_set(fault, EXIT_CODE_SYSTEM, "a file in memory: %s", strerror(errno));
  int code = EXIT_CODE_OK;
  bool ok = run_into(fd, command, subcommand, &code, fault) && code == EXIT_CODE_OK && read_all(fd, text, fault);
  if (code != EXIT_CODE_OK) {
    fault_set(fault, EXIT_CODE_INTERNAL, "`phasebench %s%s%s --help` ends with exit code %d", command->name,
              subcommand ? " " : "", subcommand ? subcommand : "", code);
  }
  close(fd);
  return ok;
}

/* Usage lines are those before the first empty one: "usage: phasebench corpus list [--json]" */
bool help_subcommand(const char *text, const char *command, unsigned index, char name[32]) {
  char before[64];
  snprintf(before, sizeof before, "phasebench %s ", command);
  const char *end = strstr(text, "\n\n");
  for (const char *at = text; (at = strstr(at, before)) && (!end || at < end);) {
    at += strlen(before);
    size_t word = strspn(at, "abcdefghijklmnopqrstuvwxyz|");
    if (word == 0 || !strchr(" \n", at[word])) continue;
    for (const char *stop = at + word; at < stop; at++) {
      size_t length = strcspn(at, "| \n");
      if (index-- == 0) {
        snprintf(name, 32, "%.*s", (int)length, at);
        return true;
      }
      at += length;
    }
  }
  return false;
}
