/* SPDX-License-Identifier: MIT
 *
 * finalize.c - what lies below goes into the file, in the order of ids, so that neighbours share
 * frames. Below nothing is dropped before the file is whole: whatever fails on the way, each
 * document is where it was. What finalizing holds beyond the store is a sample for the dictionary, or
 * one document and what is kept of it, and the file's buffers. */
#include "kit/support/compress.h"
#include "kit/support/sample.h"
#include "kit/support/stripping.h"
#include "segments.h"

/* The sample is taken of at most so many bytes of trees: each must be reconstructed and stripped again. */
#define SAMPLED_BYTES_MAX (40u << 20)

/* ---- one document ---- */

typedef int finalize_fn(struct segments *s, uint32_t id, const struct stripping *kept, uint32_t length, void *data);

/* Hands what is to be kept of a document that lies below to `use`. */
static int with_kept(struct segments *s, uint32_t id, finalize_fn *use, void *data) {
  const struct stage_link *below = &s->ctx->below[STAGE_TREE];
  struct stage_pin pin;
  struct stripping kept;
  uint64_t length;
  int error = below->ops->length(below->store, STAGE_TREE, id, &length);
  if (!error) error = below->ops->pin(below->store, STAGE_TREE, id, 0, length, &pin);
  if (error) return error;
  error = stripping_make_apart(s->ctx, STAGE_TREE, pin.bytes, length, &kept);
  if (!error) {
    error = use(s, id, &kept, (uint32_t)length, data);
    stripping_free(s->ctx, STAGE_TREE, &kept);
  }
  int unpinned = below->ops->unpin(below->store, STAGE_TREE, &pin);
  return error ? error : unpinned;
}

static int add(struct segments *s, uint32_t id, const struct stripping *kept, uint32_t length, void *data) {
  (void)data;
  s->put_bytes += length;
  return archive_add(s->archive, STAGE_TREE, id, kept->bytes, (uint32_t)kept->length, length);
}

/* ---- the dictionary ---- */

static int sample_one(struct segments *s, uint32_t id, const struct stripping *kept, uint32_t length, void *data) {
  (void)s, (void)id, (void)length;
  sample_take(data, kept->bytes, kept->length);
  return STAGE_OK;
}

/* Of the documents that lie below, one in `every`: their number and their bytes. */
static int below_sum(const struct segments *s, uint32_t every, uint32_t *count, uint64_t *bytes) {
  const struct stage_link *below = &s->ctx->below[STAGE_TREE];
  uint32_t n = 0;
  *count = 0;
  *bytes = 0;
  for (uint32_t id = 0; id < s->id_capacity; id++) {
    uint64_t length;
    if (!segments_is_below(s, id) || n++ % every != 0) continue;
    int error = below->ops->length(below->store, STAGE_TREE, id, &length);
    if (error) return error;
    *bytes += length;
    ++*count;
  }
  return STAGE_OK;
}

static int dictionary_learn(struct segments *s) {
  struct sample sample;
  uint64_t bytes;
  uint32_t count, n = 0;
  if (SEGMENTS_DICTIONARY_BYTES == 0) return STAGE_OK;
  int error = below_sum(s, 1, &count, &bytes);
  if (error) return error;
  archive_expect(s->archive, STAGE_TREE, bytes); /* what is kept is less, but of the same order */
  uint32_t every = (uint32_t)(bytes / SAMPLED_BYTES_MAX) + 1;
  error = below_sum(s, every, &count, &bytes);
  if (!error) error = sample_open(&sample, s->ctx, STAGE_TREE, bytes, count);
  if (error) return error;
  for (uint32_t id = 0; id < s->id_capacity && !error; id++) {
    if (segments_is_below(s, id) && n++ % every == 0) error = with_kept(s, id, sample_one, &sample);
  }
  if (!error) error = archive_learn(s->archive, STAGE_TREE, sample.bytes, sample.sizes, sample.count);
  sample_free(&sample);
  return error;
}

/* ---- all ---- */

static bool is_anything_below(const struct segments *s) {
  for (uint32_t i = 0; i < s->id_capacity / 8; i++) {
    if (s->below[i] != 0) return true;
  }
  return false;
}

/* Documents that were dropped since the last finalizing. */
static int drop_dropped(struct segments *s) {
  uint32_t end = s->has_dropped ? archive_id_end(s->archive, STAGE_TREE) : 0;
  for (uint32_t id = 0; id < end; id++) {
    if (segments_is_finalized(s, id) || segments_is_below(s, id)) continue;
    int error = archive_drop(s->archive, STAGE_TREE, id);
    if (error && error != STAGE_NO_DOCUMENT) return error;
  }
  return STAGE_OK;
}

/* Whether a document that lies below is small, or not. */
static int size_is(const struct segments *s, uint32_t id, bool is_small, bool *is_wanted) {
  const struct stage_link *below = &s->ctx->below[STAGE_TREE];
  uint64_t length = 0;
  int error = below->ops->length(below->store, STAGE_TREE, id, &length);
  *is_wanted = (length <= SEGMENTS_SMALL_BYTES) == is_small;
  return error;
}

/* Keeping everything decompressed of a small store would take more than the store. */
static void budget_set(struct segments *s) {
  uint64_t most = s->put_bytes / s->ctx->options[SEGMENTS_CACHE_SHARE];
  if (most < SEGMENTS_CACHE_MIN) most = SEGMENTS_CACHE_MIN;
  if (s->ctx->options[SEGMENTS_CACHE_SHARE] == 1 || most > s->ctx->options[SEGMENTS_CACHE_BYTES])
    most = s->ctx->options[SEGMENTS_CACHE_BYTES];
  s->cache_lru.budget_bytes = most;
}

static int write_all(struct segments *s) {
  int error = archive_begin(s->archive);
  if (!error && !s->has_learned) error = dictionary_learn(s);
  if (!error) error = drop_dropped(s);
  /* Small ones first, into small frames. */
  for (int is_small = 1; is_small >= 0 && !error; is_small--) {
    error = archive_frames(s->archive, STAGE_TREE, is_small ? SEGMENTS_SMALL_FRAME_BYTES : SEGMENTS_FRAME_BYTES);
    for (uint32_t id = 0; id < s->id_capacity && !error; id++) {
      bool wanted = false;
      if (segments_is_below(s, id)) error = size_is(s, id, is_small, &wanted);
      if (wanted && !error) error = with_kept(s, id, add, NULL);
    }
  }
  if (!error) return archive_finish(s->archive);
  archive_abandon(s->archive);
  return error;
}

/* The file has them. */
static int drop_below(struct segments *s) {
  const struct stage_link *below = &s->ctx->below[STAGE_TREE];
  int error = STAGE_OK;
  for (uint32_t id = 0; id < s->id_capacity; id++) {
    if (!segments_is_below(s, id)) continue;
    segments_set_bit(s->finalized, id, true);
    segments_set_bit(s->below, id, false);
    int dropped = below->ops->drop(below->store, STAGE_TREE, id);
    if (!error) error = dropped;
  }
  return error;
}

int segments_finalize(struct segments *s) {
  int error = STAGE_OK;
  segments_evict(s); /* what is written may lie where something else lay */
  if (is_anything_below(s)) {
    error = segments_file_open(s);
    if (!error) error = write_all(s);
    if (!error) {
      s->has_dropped = false;
      s->has_learned = true;
      budget_set(s);
      error = drop_below(s);
    }
  }
  if (s->archive) archive_rest(s->archive);
  compress_code_rest();
  return error;
}
