/* SPDX-License-Identifier: MIT
 *
 * lru.c - see lru.h. */
#include "lru.h"

#include <string.h>

#include "kit/support/map.h"

#define LRU_BUCKETS_MIN 8u
#define LRU_BUCKETS_MAX 65536u

#define LRU_NO_KEY UINT64_MAX

int lru_init(struct lru *lru, const struct stage_ctx *ctx, uint64_t budget_bytes, uint64_t entry_bytes,
             void (*release)(const struct stage_ctx *ctx, struct lru_entry *entry)) {
  uint32_t buckets = LRU_BUCKETS_MIN;
  while (buckets < LRU_BUCKETS_MAX && buckets * entry_bytes < budget_bytes) buckets *= 2;
  *lru = (struct lru){
      .ctx = ctx, .release = release, .budget_bytes = budget_bytes, .bucket_mask = buckets - 1, .last_key = LRU_NO_KEY};
  lru->buckets = stage_allocate(ctx, STAGE_TREE, buckets * sizeof(struct lru_entry *));
  if (!lru->buckets) return STAGE_OUT_OF_MEMORY;
  memset(lru->buckets, 0, buckets * sizeof(struct lru_entry *));
  for (int i = 0; i < LRU_QUEUE_COUNT; i++) lru->queues[i].next = lru->queues[i].previous = &lru->queues[i];
  return STAGE_OK;
}

/* ---- queues and buckets ---- */

static enum lru_queue queue_of(const struct lru_entry *entry) {
  if (entry->pins > 0) return LRU_PINNED;
  return entry->is_protected ? LRU_PROTECTED : LRU_PROBATION;
}

static void enqueue(struct lru *lru, struct lru_entry *entry) {
  struct lru_entry *head = &lru->queues[queue_of(entry)];
  entry->next = head->next;
  entry->previous = head;
  head->next->previous = entry;
  head->next = entry;
  head->bytes += entry->bytes;
}

static void dequeue(struct lru *lru, struct lru_entry *entry) {
  entry->next->previous = entry->previous;
  entry->previous->next = entry->next;
  lru->queues[queue_of(entry)].bytes -= entry->bytes;
}

static struct lru_entry **place_of(struct lru *lru, uint64_t key) {
  struct lru_entry **at = &lru->buckets[(uint32_t)map_hash(key) & lru->bucket_mask];
  while (*at && (*at)->key != key) at = &(*at)->chain;
  return at;
}

bool lru_has(const struct lru *lru, uint64_t key) {
  const struct lru_entry *entry = lru->buckets[(uint32_t)map_hash(key) & lru->bucket_mask];
  while (entry && entry->key != key) entry = entry->chain;
  return entry != NULL;
}

/* It is in no queue. */
static void let_go(struct lru *lru, struct lru_entry *entry) {
  if (!entry->is_stale) *place_of(lru, entry->key) = entry->chain;
  lru->count--;
  lru->release(lru->ctx, entry);
}

/* What is protected keeps within its share: the least lately used goes back on probation. */
static void demote(struct lru *lru) {
  struct lru_entry *head = &lru->queues[LRU_PROTECTED];
  while (head->bytes > lru->budget_bytes / 100 * LRU_PROTECTED_PCT) {
    struct lru_entry *last = head->previous;
    dequeue(lru, last);
    last->is_protected = false;
    enqueue(lru, last);
  }
}

/* ---- use ---- */

struct lru_entry *lru_find(struct lru *lru, uint64_t key) {
  struct lru_entry *entry = *place_of(lru, key);
  if (!entry) {
    lru->misses++;
    return NULL;
  }
  lru->hits++;
  bool is_again = key != lru->last_key;
  lru->last_key = key;
  if (entry->pins > 0) {
    entry->is_protected |= is_again && LRU_PROTECTED_PCT > 0;
    return entry;
  }
  dequeue(lru, entry);
  entry->is_protected |= is_again && LRU_PROTECTED_PCT > 0;
  enqueue(lru, entry);
  demote(lru);
  return entry;
}

void lru_add(struct lru *lru, struct lru_entry *entry, uint64_t key, uint64_t bytes) {
  struct lru_entry **bucket = &lru->buckets[(uint32_t)map_hash(key) & lru->bucket_mask];
  *entry = (struct lru_entry){.chain = *bucket, .key = key, .bytes = bytes};
  *bucket = entry;
  lru->last_key = key;
  lru->count++;
  enqueue(lru, entry);
  lru_pin(lru, entry);
}

void lru_pin(struct lru *lru, struct lru_entry *entry) {
  if (entry->pins > 0) {
    entry->pins++;
    return;
  }
  dequeue(lru, entry);
  entry->pins = 1;
  enqueue(lru, entry);
  if (lru_pinned_bytes(lru) > lru->pinned_peak_bytes) lru->pinned_peak_bytes = lru_pinned_bytes(lru);
}

void lru_unpin(struct lru *lru, struct lru_entry *entry) {
  if (entry->pins > 1) {
    entry->pins--;
    return;
  }
  dequeue(lru, entry);
  entry->pins = 0;
  /* One that fills the budget alone must not drive out all others. */
  if (entry->is_stale || entry->bytes > lru->budget_bytes) {
    lru->evictions += !entry->is_stale;
    let_go(lru, entry);
    return;
  }
  enqueue(lru, entry);
  demote(lru);
}

void lru_trim(struct lru *lru, uint64_t bytes) {
  while (lru_unpinned_bytes(lru) > bytes) {
    struct lru_entry *head = &lru->queues[LRU_PROBATION];
    if (head->previous == head) head = &lru->queues[LRU_PROTECTED];
    struct lru_entry *last = head->previous;
    dequeue(lru, last);
    let_go(lru, last);
    lru->evictions++;
  }
}

void lru_forget(struct lru *lru, uint64_t key) {
  struct lru_entry **at = place_of(lru, key), *entry = *at;
  if (!entry) return;
  if (entry->pins == 0) {
    dequeue(lru, entry);
    let_go(lru, entry);
    return;
  }
  *at = entry->chain;
  entry->is_stale = true;
}

void lru_free(struct lru *lru) {
  for (int i = 0; i < LRU_QUEUE_COUNT; i++) {
    struct lru_entry *head = &lru->queues[i];
    while (lru->buckets && head->next != head) {
      struct lru_entry *entry = head->next;
      dequeue(lru, entry);
      let_go(lru, entry);
    }
  }
  stage_release(lru->ctx, STAGE_TREE, lru->buckets);
  lru->buckets = NULL;
}
