/* SPDX-License-Identifier: MIT
 *
 * name.c - see name.h: a search tree of all texts that were kept. */
#include "name.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static void *names; /* of tsearch: its keys are the texts */

static int compare_texts(const void *a, const void *b) { return strcmp(a, b); }

bool name_keep(const char *text, const char **name, struct fault *fault) {
  void *found = tfind(text, &names, compare_texts);
  if (!found) {
    char *copy = strdup(text);
    found = copy ? tsearch(copy, &names, compare_texts) : NULL;
    if (!found) {
      free(copy);
      return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the name '%.200s'", text);
    }
  }
  *name = *(const char *const *)found;
  return true;
}
