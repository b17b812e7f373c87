/* SPDX-License-Identifier: MIT
 *
 * unpacked.h - byte strings that are in memory for their readers: those that are pinned, and as many
 * of the others, the last used first, as a budget holds. */
#ifndef PHASEBENCH_KIT_UNPACKED_H
#define PHASEBENCH_KIT_UNPACKED_H

#include "stage.h"

struct unpacked {
  struct unpacked *next;
  uint32_t id;
  uint32_t pins;
  uint32_t hits; /* how often it was found again */
  bool is_stale; /* another version was put: freed at the last unpin */
  uint64_t length;
  uint8_t bytes[];
};

/* Zeroed but for ctx, kind and budget is empty. */
struct unpacked_list {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  uint64_t budget_bytes;             /* of strings that nobody has pinned, their heads with them */
  uint64_t free_bytes, pinned_bytes; /* at present */
  struct unpacked *first;            /* the last used one */
  /* Called for each string that goes for lack of room, before it goes; may be NULL. It may not
   * touch the list. */
  void (*on_leave)(void *with, const struct unpacked *unpacked);
  void *with;
};

/* Makes room for `length` bytes as string `id`, for the caller to fill in and then to take in or to
 * give back. NULL: out of memory. */
struct unpacked *unpacked_new(struct unpacked_list *list, uint32_t id, uint64_t length);
void unpacked_discard(struct unpacked_list *list, struct unpacked *unpacked);
void unpacked_take(struct unpacked_list *list, struct unpacked *unpacked);

/* Finds a string and makes it the first; NULL: it is not here. */
struct unpacked *unpacked_find(struct unpacked_list *list, uint32_t id);
/* [offset, offset + length) of it, which the caller has checked. */
void unpacked_pin(struct unpacked_list *list, struct unpacked *unpacked, uint64_t offset, uint64_t length,
                  struct stage_pin *pin);
void unpacked_unpin(struct unpacked_list *list, struct stage_pin *pin);
/* Another version was put, or it was dropped: who has it pinned keeps it. */
void unpacked_forget(struct unpacked_list *list, uint32_t id);
/* Frees all that nobody has pinned; on_leave is not called. */
void unpacked_clear(struct unpacked_list *list);
/* Frees everything. */
void unpacked_free(struct unpacked_list *list);

#endif
