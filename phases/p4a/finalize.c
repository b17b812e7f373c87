/* SPDX-License-Identifier: MIT
 *
 * finalize.c - documents on their way into the archive file. */
#include "kit/support/sample.h"
#include "kit/support/stripping.h"
#include "tier.h"

/* The dictionary's sample is drawn from so much of what is spooled: reading all of a large
 * corpus for it would take longer than learning. */
#define SAMPLED_BYTES_MAX (UINT64_C(40) << 20)

/* The bytes of a document as they were put; allocated, the caller's. */
static int spooled_read(struct tier *tier, const struct spool_entry *entry, uint8_t **bytes) {
  *bytes = stage_allocate(tier->ctx, tier->kind, entry->length ? entry->length : 1);
  if (!*bytes) return STAGE_OUT_OF_MEMORY;
  int error = spool_read(&tier->spool, entry, *bytes);
  if (!error) return STAGE_OK;
  stage_release(tier->ctx, tier->kind, *bytes);
  return error;
}

/* ---- the dictionary ---- */

/* Takes one spooled document in `every` into the sample; *kept_bytes is what is kept of them. */
static int sample_spooled(struct tier *tier, struct sample *sample, uint32_t every, uint64_t *kept_bytes) {
  int error = STAGE_OK;
  *kept_bytes = 0;
  for (uint32_t id = 0, n = 0; id < tier->spool.id_end && !error; id++) {
    const struct spool_entry *entry = spool_find(&tier->spool, id);
    if (!entry || n++ % every != 0) continue;
    uint8_t *bytes;
    struct stripping kept;
    error = spooled_read(tier, entry, &bytes);
    if (error) break;
    error = stripping_make_apart(tier->ctx, tier->kind, bytes, entry->length, &kept);
    if (!error) {
      sample_take(sample, kept.bytes, kept.length);
      *kept_bytes += kept.length;
      stripping_free(tier->ctx, tier->kind, &kept);
    }
    stage_release(tier->ctx, tier->kind, bytes);
  }
  return error;
}

static int learn(struct tier *tier) {
  struct sample sample;
  uint32_t every = (uint32_t)(tier->spool.bytes / SAMPLED_BYTES_MAX) + 1;
  if (tier->spool.count == 0) return STAGE_OK;
  int error = sample_open(&sample, tier->ctx, tier->kind, tier->spool.bytes / every, tier->spool.count);
  if (error) return error;
  uint64_t kept_bytes;
  error = sample_spooled(tier, &sample, every, &kept_bytes);
  archive_expect(tier->archive, tier->kind, kept_bytes * every);
  if (!error && sample.count > 0)
    error = archive_learn(tier->archive, tier->kind, sample.bytes, sample.sizes, sample.count);
  sample_free(&sample);
  return error;
}

/* ---- documents ---- */

static int freeze_bytes(struct tier *tier, uint32_t id, const uint8_t *bytes, uint64_t length,
                        uint64_t file_bytes_max) {
  struct stripping kept;
  int error = stripping_make_apart(tier->ctx, tier->kind, bytes, length, &kept);
  if (error) return error;
  error = archive_add(tier->archive, tier->kind, id, kept.bytes, (uint32_t)kept.length, (uint32_t)length);
  stripping_free(tier->ctx, tier->kind, &kept);
  tier->counts.archive++;
  if (error || file_bytes_max == 0 || archive_usage(tier->archive).file_bytes <= file_bytes_max) return error;
  STAGE_FAIL(tier->ctx,
             "the archive file would grow beyond p4a.cold_bytes=%llu; set it higher "
             "(--set p4a.cold_bytes=N), or to 0 for no limit",
             (unsigned long long)file_bytes_max);
  return STAGE_LIMIT;
}

/* Small ones are read sooner out of small frames, and cost little there. */
#define SMALL_BYTES 512u
#define SMALL_FRAME_BYTES 4096u

static int freeze_spooled(struct tier *tier, bool is_small, uint64_t file_bytes_max) {
  int error = STAGE_OK;
  for (uint32_t id = 0; id < tier->spool.id_end && !error; id++) {
    const struct spool_entry *entry = spool_find(&tier->spool, id);
    uint8_t *bytes;
    if (!entry || (entry->length <= SMALL_BYTES) != is_small) continue;
    error = spooled_read(tier, entry, &bytes);
    if (error) break;
    error = freeze_bytes(tier, id, bytes, entry->length, file_bytes_max);
    stage_release(tier->ctx, tier->kind, bytes);
  }
  return error;
}

static int freeze_dirty(struct tier *tier, uint32_t id, uint64_t file_bytes_max) {
  const struct stage_link *below = &tier->ctx->below[tier->kind];
  struct stage_pin pin;
  uint64_t length;
  int error = below->ops->length(below->store, tier->kind, id, &length);
  if (!error) error = below->ops->pin(below->store, tier->kind, id, 0, length, &pin);
  if (error) return error;
  error = freeze_bytes(tier, id, pin.bytes, length, file_bytes_max);
  int unpinned = below->ops->unpin(below->store, tier->kind, &pin);
  return error ? error : unpinned;
}

int tier_freeze(struct tier *tier, uint64_t file_bytes_max) {
  int error = tier->is_finalized ? STAGE_OK : learn(tier);
  if (!error) error = archive_frames(tier->archive, tier->kind, SMALL_FRAME_BYTES);
  if (!error) error = freeze_spooled(tier, true, file_bytes_max);
  if (!error) error = archive_frames(tier->archive, tier->kind, tier->frame_bytes);
  if (!error) error = freeze_spooled(tier, false, file_bytes_max);
  for (uint32_t id = 0; id < tier->flag_count && !error; id++) {
    if (tier->flags[id] & TIER_DIRTY) error = freeze_dirty(tier, id, file_bytes_max);
    else if (tier->flags[id] & TIER_GONE) error = archive_drop(tier->archive, tier->kind, id);
  }
  return error;
}

int tier_rest(struct tier *tier) {
  const struct stage_link *below = &tier->ctx->below[tier->kind];
  spool_free(&tier->spool);
  tier_evict(tier);
  int error = STAGE_OK;
  for (uint32_t id = 0; id < tier->flag_count; id++) {
    if ((tier->flags[id] & TIER_DIRTY) && !error) error = below->ops->drop(below->store, tier->kind, id);
    tier_flags_set(tier, id, 0);
  }
  stage_release(tier->ctx, tier->kind, tier->flags);
  tier->flags = NULL;
  tier->flag_count = 0;
  return error ? error : tier_count_archive(tier);
}
