/* SPDX-License-Identifier: MIT
 *
 * lru.h - things by key, of which those that nobody has pinned stay, last used first, as far as a
 * budget of bytes goes. What is pinned is counted apart and never let go of.
 *
 * Against scans there are two queues. A thing is on probation until it is used a second time, not
 * counting uses right behind each other; then it is protected, as long as what is protected is at
 * most LRU_PROTECTED_PCT of the budget. What must go is taken from those on probation first. */
#ifndef PHASEBENCH_P4C_LRU_H
#define PHASEBENCH_P4C_LRU_H

#include "stage.h"

#ifndef LRU_PROTECTED_PCT
#define LRU_PROTECTED_PCT 80u /* 0: one queue */
#endif

enum lru_queue { LRU_PROBATION, LRU_PROTECTED, LRU_PINNED, LRU_QUEUE_COUNT };

/* First in what is kept. */
struct lru_entry {
  struct lru_entry *next, *previous; /* of its queue, a ring */
  struct lru_entry *chain;           /* of its bucket */
  uint64_t key;
  uint64_t bytes;
  uint32_t pins;
  bool is_protected; /* where it goes when nobody has it pinned any more */
  bool is_stale;     /* in no bucket: released at the last unpin */
};

struct lru {
  const struct stage_ctx *ctx;
  void (*release)(const struct stage_ctx *ctx, struct lru_entry *entry);
  uint64_t budget_bytes;
  struct lru_entry queues[LRU_QUEUE_COUNT]; /* heads of the rings; bytes: of all in it */
  struct lru_entry **buckets;
  uint32_t bucket_mask;
  uint64_t last_key; /* used last */
  uint32_t count;    /* entries, pinned ones with them */
  uint64_t hits, misses, evictions, pinned_peak_bytes;
};

/* entry_bytes: of a small entry, for the number of buckets. STAGE_OUT_OF_MEMORY. */
int lru_init(struct lru *lru, const struct stage_ctx *ctx, uint64_t budget_bytes, uint64_t entry_bytes,
             void (*release)(const struct stage_ctx *ctx, struct lru_entry *entry));
/* Releases all, what is pinned too. */
void lru_free(struct lru *lru);

/* The entry of the key, or NULL; counts a hit or a miss. */
struct lru_entry *lru_find(struct lru *lru, uint64_t key);
/* Whether it is there; counts nothing. */
bool lru_has(const struct lru *lru, uint64_t key);
/* Takes an entry whose key is not there; it is pinned once. */
void lru_add(struct lru *lru, struct lru_entry *entry, uint64_t key, uint64_t bytes);
void lru_pin(struct lru *lru, struct lru_entry *entry);
void lru_unpin(struct lru *lru, struct lru_entry *entry);
/* Lets go of what nobody has pinned until that is at most so many bytes. */
void lru_trim(struct lru *lru, uint64_t bytes);
/* The key is not there any more; a pinned entry stays until its last unpin. */
void lru_forget(struct lru *lru, uint64_t key);

static inline uint64_t lru_pinned_bytes(const struct lru *lru) { return lru->queues[LRU_PINNED].bytes; }
static inline uint64_t lru_unpinned_bytes(const struct lru *lru) {
  return lru->queues[LRU_PROBATION].bytes + lru->queues[LRU_PROTECTED].bytes;
}

#endif
