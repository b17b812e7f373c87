/* SPDX-License-Identifier: MIT
 *
 * diff.c - runs GNU diff, which every Debian has, and reads the line numbers that it
 * was told to print. Why a program and no library: a diff library in the program would
 * be in the memory of every cell.
 *
 * Asked of diff, for each group of changed lines, are four numbers in the format that its
 * manual calls line group formats ("%d" and a letter: e, n the line before and the
 * number of lines in the old file; E, N the same in the new one), and nothing for
 * unchanged ones. The hunks are then checked against both texts (diff_hunks_fit), so that a misreading
 * would be noticed. */
#include "diff.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP "%de %dn %dE %dN%c'\\012'"

/* Where each line begins, and at [count] where the text ends. */
struct lines {
  uint32_t *starts;
  uint32_t count;
};

static bool out_of_memory(struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for a diff");
}

static bool find_lines(const struct diff_text *text, struct lines *lines, struct fault *fault) {
  size_t newlines = 0;
  for (uint32_t i = 0; i < text->length; i++) newlines += text->bytes[i] == '\n';
  *lines = (struct lines){calloc(newlines + 2, sizeof *lines->starts), 0};
  if (!lines->starts) return out_of_memory(fault);
  for (uint32_t i = 0; i < text->length; i++) {
    if (i == 0 || text->bytes[i - 1] == '\n') lines->starts[lines->count++] = i;
  }
  lines->starts[lines->count] = text->length;
  return true;
}

/* ---- the program ---- */

/* Starts diff with its output in *pipe_fd. */
static bool start(const char *old, const char *new, pid_t *child, int *pipe_fd, struct fault *fault) {
  static char program[] = "diff", text[] = "--text", minimal[] = "--minimal",
              unchanged[] = "--unchanged-group-format=", changed[] = "--changed-group-format=" GROUP,
              gone[] = "--old-group-format=" GROUP, come[] = "--new-group-format=" GROUP, end[] = "--";
  char *const argv[] = {
      program, text, minimal, unchanged, changed, gone, come, end, (char *)(uintptr_t)old, (char *)(uintptr_t) new,
      NULL};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fault_set(fault, EXIT_CODE_SYSTEM, "no pipe for diff: %s", strerror(errno));
  posix_spawn_file_actions_t actions;
  int error = posix_spawn_file_actions_init(&actions);
  if (!error) {
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (!error) error = posix_spawnp(child, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
  }
  close(ends[1]);
  *pipe_fd = ends[0];
  if (!error) return true;
  close(ends[0]);
  return fault_set(fault, EXIT_CODE_SYSTEM, "the program 'diff' (Debian: diffutils) cannot be started: %s",
                   strerror(error));
}

/* 0: equal, 1: different; any other end is a fault. */
static bool finish(pid_t child, const char *old, const char *new, struct fault *fault) {
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fault_set(fault, EXIT_CODE_SYSTEM, "waiting for diff failed: %s", strerror(errno));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) return true;
  bool exited = WIFEXITED(status);
  return fault_set(fault, EXIT_CODE_SYSTEM, "diff of %s and %s failed (%s %d); GNU diff is needed", old, new,
                   exited ? "exit code" : "signal", exited ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* ---- its output ---- */

struct hunk_list {
  struct diff_hunk *hunks;
  size_t count, capacity;
};

static bool add(struct hunk_list *list, struct diff_hunk hunk, struct fault *fault) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    struct diff_hunk *grown = realloc(list->hunks, capacity * sizeof *grown);
    if (!grown) return out_of_memory(fault);
    list->hunks = grown;
    list->capacity = capacity;
  }
  list->hunks[list->count++] = hunk;
  return true;
}

/* Four numbers a line. */
static bool read_hunks(FILE *in, const struct lines *old, const struct lines *new, struct hunk_list *list,
                       struct fault *fault) {
  uint32_t before, gone, new_before, come;
  int got;
  while ((got = fscanf(in, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, &before, &gone, &new_before, &come)) == 4) {
    if (before > old->count || gone > old->count - before || new_before > new->count || come > new->count - new_before)
      return fault_set(fault, EXIT_CODE_INPUT, "diff names lines that are not there: did a file change meanwhile?");
    struct diff_hunk hunk = {old->starts[before], old->starts[before + gone] - old->starts[before],
                             new->starts[new_before + come] - new->starts[new_before]};
    if (!add(list, hunk, fault)) return false;
  }
  return got == EOF ||
         fault_set(fault, EXIT_CODE_SYSTEM, "diff did not print what it was asked for; GNU diff is needed");
}

bool diff_hunks_fit(const struct diff_text *old, const struct diff_text *new, const struct diff_hunk *hunks,
                    size_t count) {
  uint64_t at = 0, new_at = 0; /* in the two texts: what is behind was compared */
  for (size_t i = 0; i <= count; i++) {
    uint64_t start = i < count ? hunks[i].start : old->length;
    if (start < at || start > old->length) return false;
    uint64_t same = start - at;
    if (same > new->length - new_at || memcmp(old->bytes + at, new->bytes + new_at, same) != 0) return false;
    at = start;
    new_at += same;
    if (i == count) break;
    if (hunks[i].old_bytes > old->length - at || hunks[i].new_bytes > new->length - new_at) return false;
    at += hunks[i].old_bytes;
    new_at += hunks[i].new_bytes;
  }
  return new_at == new->length;
}

bool diff_texts(const struct diff_text *old, const struct diff_text *new, struct diff_hunk **hunks, size_t *count,
                struct fault *fault) {
  struct lines old_lines = {0}, new_lines = {0};
  struct hunk_list list = {0};
  pid_t child = 0;
  int pipe_fd = -1;
  bool ok = find_lines(old, &old_lines, fault) && find_lines(new, &new_lines, fault) &&
            start(old->path, new->path, &child, &pipe_fd, fault);
  if (ok) {
    FILE *in = fdopen(pipe_fd, "r");
    ok = in ? read_hunks(in, &old_lines, &new_lines, &list, fault) : out_of_memory(fault);
    if (in) fclose(in);
    else close(pipe_fd);
    ok = finish(child, old->path, new->path, fault) && ok;
  }
  free(old_lines.starts);
  free(new_lines.starts);
  if (ok && !diff_hunks_fit(old, new, list.hunks, list.count)) {
    ok = fault_set(fault, EXIT_CODE_INPUT,
                   "what diff says of %s and %s does not lead from one to the other: did a file change meanwhile?",
                   old->path, new->path);
  }
  if (!ok) {
    free(list.hunks);
    return false;
  }
  *hunks = list.hunks;
  *count = list.count;
  return true;
}
