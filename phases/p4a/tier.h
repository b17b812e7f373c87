/* SPDX-License-Identifier: MIT
 *
 * tier.h - the documents of one kind, each in the coldest place that its use allows:
 *
 *   spooled  on its way in, until finalizing (spool.h)
 *   cold     in the archive file (kit/archive/archive.h), where finalizing puts everything
 *   warm     also in the blob store below, compressed as that does it: what was in use more than once and
 *            had to make room among the hot ones. Budget: warm_bytes, of plain bytes.
 *   hot      also decompressed in memory. Budget: hot_bytes, of those that nobody has pinned, and no more
 *            than one part in hot_share of all bytes but for 128 KiB: keeping everything hot of a small
 *            store would take more than the store.
 *
 * A pin makes a document hot; where it was cold, that is a cold open. Hot documents leave in the order
 * of their last use. One that was found again since its cold open becomes warm; another one is in the
 * file alone from then on, so that one pass over everything pushes nothing out of the warm ones. A
 * version that was put after finalizing is in the blob store below until the next finalizing
 * ("dirty"); it is never dropped for room. */
#ifndef PHASEBENCH_P4A_TIER_H
#define PHASEBENCH_P4A_TIER_H

#include "kit/archive/archive.h"
#include "kit/support/cache.h"
#include "spool.h"

/* What is special about a document: one byte for each, once any is special. */
enum tier_flag {
  TIER_BELOW = 1u << 0, /* the blob store below has its present version */
  TIER_DIRTY = 1u << 1, /* and the file has not */
  TIER_GONE = 1u << 2,  /* dropped; the file still has it */
};

/* A warm document, in a list of which the last used is the first. */
struct warm {
  struct warm *next;
  uint32_t id;
  uint32_t length;
};

struct tier_counts {
  uint64_t hot_hits, warm_hits, cold_opens;  /* pins by where the document was */
  uint64_t evicted_to_warm, evicted_to_cold; /* hot ones that made room */
  uint64_t warm_to_cold, warm_refused;       /* refused: the blob store below could not take it */
  uint64_t archive;                          /* documents written to the file */
};

struct tier {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  struct archive *archive; /* the store's */
  uint32_t frame_bytes;    /* of its frames of this kind */
  struct spool spool;
  bool is_finalized;
  struct cache hot;
  uint64_t hot_budget_bytes, hot_share; /* options */
  uint64_t archive_bytes;               /* of what the file has, as put */
  struct warm *warm;
  uint64_t warm_bytes, warm_budget_bytes;
  uint8_t *flags;
  uint32_t flag_count;
  uint32_t dirty_count, gone_count;
  uint32_t archive_count; /* documents in the file */
  struct tier_counts counts;
};

/* In place; `archive` is the store's. */
void tier_init(struct tier *tier, const struct stage_ctx *ctx, enum stage_kind kind, struct archive *archive);
/* What the file has is there from now on: after archive_open of a file that was committed, and after
 * archive_finish. */
int tier_count_archive(struct tier *tier);
void tier_free(struct tier *tier);

/* Sets the budget of the hot ones by what the file has. */
void tier_budget(struct tier *tier);

/* As the hooks of struct stage_ops. */
int tier_put(struct tier *tier, uint32_t id, const uint8_t *bytes, uint64_t length);
int tier_length(struct tier *tier, uint32_t id, uint64_t *length);
int tier_pin(struct tier *tier, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin);
int tier_drop(struct tier *tier, uint32_t id);
void tier_evict(struct tier *tier);
/* Every document was dropped. */
bool tier_is_empty(const struct tier *tier);

/* finalize.c: writes what is spooled or dirty, between archive_begin and archive_finish. Fails with STAGE_LIMIT
 * where the file grows beyond `file_bytes_max` (0: no limit). */
int tier_freeze(struct tier *tier, uint64_t file_bytes_max);
/* After archive_finish: what was written is kept nowhere else, and nothing is hot or warm. */
int tier_rest(struct tier *tier);

/* ---- between tier.c and finalize.c ---- */

uint8_t tier_flags(const struct tier *tier, uint32_t id);
/* false: out of memory. */
bool tier_flags_set(struct tier *tier, uint32_t id, uint8_t flags);

#endif
