/* SPDX-License-Identifier: MIT
 *
 * misbehave.c - stages for tests of cells: the skeleton, which does one thing that no stage may, chosen
 * at compile time. It does it in the batch walk, so that a cell that finds it has figures to lose.
 *   MISBEHAVE_FORKS    starts a process that holds memory
 *   MISBEHAVE_DAEMON   starts one that leaves the session
 *   MISBEHAVE_TAKES    16 MiB by plain malloc
 *   MISBEHAVE_FORGETS  16 MiB from its heap that nobody frees
 *   MISBEHAVE_EXITS    exit(0), as if all were well
 *   MISBEHAVE_STOPS    SIGSTOP
 *   MISBEHAVE_FLOODS   writes without end
 *   MISBEHAVE_CRASHES  reads where nothing is */
#include "stage.h"

const struct stage_ops *well_behaved_stage(void);
#define phasebench_stage well_behaved_stage
#include "skeleton/cursor.c"
#include "skeleton/records.c"
#include "skeleton/skeleton.c"
#undef phasebench_stage

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define HELD_BYTES (16u << 20)

static const struct stage_ops *honest; /* the skeleton */
static struct stage_ops misbehaving;
static const struct stage_ctx *context;
static bool did_it;

static int misbehaving_open(const struct stage_ctx *ctx, void **store) {
  context = ctx;
  return honest->open(ctx, store);
}

static int do_it(void) {
#if defined(MISBEHAVE_FORKS)
  if (fork() == 0) {
    char *held = malloc(HELD_BYTES);
    if (held) memset(held, 1, HELD_BYTES);
    sleep(600);
    _exit(0);
  }
#elif defined(MISBEHAVE_DAEMON)
  if (daemon(1, 1) != 0) return STAGE_CORRUPT;
#elif defined(MISBEHAVE_TAKES)
  char *held = malloc(HELD_BYTES);
  if (held) memset(held, 1, HELD_BYTES);
#elif defined(MISBEHAVE_FORGETS)
  char *held = stage_allocate(context, STAGE_TREE, HELD_BYTES);
  if (held) memset(held, 1, HELD_BYTES);
#elif defined(MISBEHAVE_EXITS)
  exit(0);
#elif defined(MISBEHAVE_STOPS)
  raise(SIGSTOP);
#elif defined(MISBEHAVE_FLOODS)
  for (;;) {
    if (write(STDERR_FILENO, "flood flood flood flood flood\n", 30) < 0) _exit(3);
  }
#elif defined(MISBEHAVE_CRASHES)
  int *volatile nowhere = NULL;
  return *nowhere;
#endif
  return STAGE_OK;
}

static int misbehaving_walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  int error = did_it ? STAGE_OK : do_it();
  did_it = true;
  return error ? error : honest->walk(cursor, nodes, capacity, count);
}

const struct stage_ops *phasebench_stage(void) {
  honest = well_behaved_stage();
  misbehaving = *honest;
  misbehaving.name = MISBEHAVE_NAME;
  misbehaving.open = misbehaving_open;
  misbehaving.walk = misbehaving_walk;
  return &misbehaving;
}
