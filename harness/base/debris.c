/* SPDX-License-Identifier: MIT
 *
 * debris.c - see debris.h. */
#include "debris.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define DEBRIS_MAX 4 /* nobody makes more folders at once; one too many stays where it is */

static struct {
  const char *path;
  void (*remove)(const char *path);
  pid_t owner;
} all[DEBRIS_MAX];

static void remove_all(void) {
  for (size_t i = 0; i < DEBRIS_MAX; i++) {
    if (all[i].path && all[i].owner == getpid()) all[i].remove(all[i].path);
    all[i].path = NULL;
  }
}

void debris_add(const char *path, void (*remove)(const char *path)) {
  static int is_registered;
  if (!is_registered) is_registered = atexit(remove_all) == 0;
  for (size_t i = 0; i < DEBRIS_MAX; i++) {
    if (all[i].path) continue;
    all[i].path = path;
    all[i].remove = remove;
    all[i].owner = getpid();
    return;
  }
}

void debris_forget(const char *path) {
  for (size_t i = 0; i < DEBRIS_MAX; i++) {
    if (all[i].path == path) all[i].path = NULL;
  }
}
