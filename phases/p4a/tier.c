/* SPDX-License-Identifier: MIT
 *
 * tier.c - documents in and out of memory. */
#include "tier.h"

#include <string.h>

#include "kit/support/stripping.h"

static void on_leave(void *with, const struct cache_entry *decompressed);

void tier_init(struct tier *tier, const struct stage_ctx *ctx, enum stage_kind kind, struct archive *archive) {
  *tier = (struct tier){.ctx = ctx, .kind = kind, .archive = archive};
  spool_init(&tier->spool, ctx, kind);
  tier->hot = (struct cache){.ctx = ctx, .kind = kind, .on_leave = on_leave, .with = tier};
}

#define HOT_BYTES_MIN (128u << 10)

void tier_budget(struct tier *tier) {
  uint64_t most = tier->archive_bytes / tier->hot_share;
  if (most < HOT_BYTES_MIN) most = HOT_BYTES_MIN;
  if (tier->hot_share == 1 || most > tier->hot_budget_bytes) most = tier->hot_budget_bytes;
  tier->hot.budget_bytes = most;
}

int tier_count_archive(struct tier *tier) {
  uint32_t end = archive_id_end(tier->archive, tier->kind);
  tier->is_finalized = true;
  tier->archive_count = 0;
  tier->archive_bytes = 0;
  for (uint32_t id = 0; id < end; id++) {
    struct archive_row row;
    int error = archive_find(tier->archive, tier->kind, id, &row);
    if (error == STAGE_NO_DOCUMENT) continue;
    if (error) return error;
    tier->archive_count++;
    tier->archive_bytes += row.length;
  }
  tier_budget(tier);
  return STAGE_OK;
}

/* ---- flags ---- */

uint8_t tier_flags(const struct tier *tier, uint32_t id) { return id < tier->flag_count ? tier->flags[id] : 0; }

bool tier_flags_set(struct tier *tier, uint32_t id, uint8_t flags) {
  uint8_t old = tier_flags(tier, id);
  if (id >= tier->flag_count) {
    if (flags == 0) return true;
    uint64_t wanted = (uint64_t)id + id / 4 + 64;
    if (wanted > UINT32_MAX) wanted = UINT32_MAX;
    if (wanted <= id) return false;
    uint8_t *grown = stage_resize(tier->ctx, tier->kind, tier->flags, (size_t)wanted);
    if (!grown) return false;
    memset(grown + tier->flag_count, 0, (size_t)wanted - tier->flag_count);
    tier->flags = grown;
    tier->flag_count = (uint32_t)wanted;
  }
  tier->dirty_count += ((flags & TIER_DIRTY) != 0) - ((old & TIER_DIRTY) != 0);
  tier->gone_count += ((flags & TIER_GONE) != 0) - ((old & TIER_GONE) != 0);
  tier->flags[id] = flags;
  return true;
}

/* ---- warm ---- */

static const struct stage_link *below_of(const struct tier *tier) { return &tier->ctx->below[tier->kind]; }

static struct warm **warm_place(struct tier *tier, uint32_t id) {
  struct warm **at = &tier->warm;
  while (*at && (*at)->id != id) at = &(*at)->next;
  return at;
}

/* Takes a document off the list; what the blob store below has is left alone. */
static void warm_unlist(struct tier *tier, uint32_t id) {
  struct warm **at = warm_place(tier, id), *warm = *at;
  if (!warm) return;
  *at = warm->next;
  tier->warm_bytes -= warm->length;
  stage_release(tier->ctx, tier->kind, warm);
}

static int warm_drop(struct tier *tier, uint32_t id) {
  const struct stage_link *below = below_of(tier);
  warm_unlist(tier, id);
  tier_flags_set(tier, id, tier_flags(tier, id) & (uint8_t)~TIER_BELOW);
  return below->ops->drop(below->store, tier->kind, id);
}

/* Drops the documents behind the budget, the longest unused ones. */
static int warm_trim(struct tier *tier, uint64_t most) {
  while (tier->warm && tier->warm_bytes > most) {
    struct warm *last = tier->warm;
    while (last->next) last = last->next;
    int error = warm_drop(tier, last->id);
    tier->counts.warm_to_cold++;
    if (error) return error;
  }
  return STAGE_OK;
}

static bool warm_take(struct tier *tier, const struct cache_entry *decompressed) {
  const struct stage_link *below = below_of(tier);
  struct warm *warm = stage_allocate(tier->ctx, tier->kind, sizeof *warm);
  if (!warm) return false;
  if (!tier_flags_set(tier, decompressed->id, TIER_BELOW) ||
      below->ops->put(below->store, tier->kind, decompressed->id, decompressed->bytes, decompressed->length, NULL) !=
          STAGE_OK) {
    tier_flags_set(tier, decompressed->id, 0);
    stage_release(tier->ctx, tier->kind, warm);
    return false;
  }
  *warm = (struct warm){tier->warm, decompressed->id, (uint32_t)decompressed->length};
  tier->warm = warm;
  tier->warm_bytes += warm->length;
  return true;
}

/* A hot document makes room. One that cannot be taken below is still in the file. */
static void on_leave(void *with, const struct cache_entry *decompressed) {
  struct tier *tier = with;
  if (!tier->is_finalized || (tier_flags(tier, decompressed->id) & (TIER_BELOW | TIER_GONE))) return;
  if (decompressed->hits == 0 || decompressed->length > tier->warm_budget_bytes) {
    tier->counts.evicted_to_cold++;
  } else if (warm_take(tier, decompressed)) {
    tier->counts.evicted_to_warm++;
    (void)warm_trim(tier, tier->warm_budget_bytes);
  } else {
    tier->counts.warm_refused++;
  }
}

/* ---- out ---- */

static int read_below(struct tier *tier, uint32_t id, struct cache_entry **out) {
  const struct stage_link *below = below_of(tier);
  struct stage_pin pin;
  uint64_t length;
  int error = below->ops->length(below->store, tier->kind, id, &length);
  if (!error) error = below->ops->pin(below->store, tier->kind, id, 0, length, &pin);
  if (error) return error;
  *out = cache_new(&tier->hot, id, length);
  if (*out && length > 0) memcpy((*out)->bytes, pin.bytes, (size_t)length);
  error = below->ops->unpin(below->store, tier->kind, &pin);
  if (!*out) return STAGE_OUT_OF_MEMORY;
  if (error) cache_discard(&tier->hot, *out);
  struct warm **at = warm_place(tier, id), *warm = *at;
  if (warm) { /* the first of the list again */
    *at = warm->next;
    warm->next = tier->warm;
    tier->warm = warm;
  }
  tier->counts.warm_hits++;
  return error;
}

/* Stripped bytes are kept only where their number is another than that of the bytes that were put: so
 * the two lengths of a row tell which of the two the file has. */
static int read_archive(struct tier *tier, uint32_t id, struct cache_entry **out) {
  struct archive_row row;
  int error = archive_find(tier->archive, tier->kind, id, &row);
  if (error) return error;
  *out = cache_new(&tier->hot, id, row.length);
  if (!*out) return STAGE_OUT_OF_MEMORY;
  if (row.kept == row.length) {
    error = archive_read(tier->archive, tier->kind, id, &row, (*out)->bytes);
  } else {
    uint8_t *stripped = stage_allocate(tier->ctx, tier->kind, row.kept ? row.kept : 1);
    error = stripped ? archive_read(tier->archive, tier->kind, id, &row, stripped) : STAGE_OUT_OF_MEMORY;
    if (!error) error = stripping_undo(tier->ctx, stripped, row.kept, (*out)->bytes, row.length);
    stage_release(tier->ctx, tier->kind, stripped);
  }
  if (error) cache_discard(&tier->hot, *out);
  tier->counts.cold_opens++;
  return error;
}

static int read_spooled(struct tier *tier, uint32_t id, const struct spool_entry *entry, struct cache_entry **out) {
  *out = cache_new(&tier->hot, id, entry->length);
  if (!*out) return STAGE_OUT_OF_MEMORY;
  int error = spool_read(&tier->spool, entry, (*out)->bytes);
  if (error) cache_discard(&tier->hot, *out);
  return error;
}

static int cold_open(struct tier *tier, uint32_t id, struct cache_entry **out) {
  uint8_t flags = tier_flags(tier, id);
  const struct spool_entry *entry = spool_find(&tier->spool, id);
  int error;
  if (entry) error = read_spooled(tier, id, entry, out);
  else if (flags & TIER_BELOW) error = read_below(tier, id, out);
  else if (flags & TIER_GONE) error = STAGE_NO_DOCUMENT;
  else error = read_archive(tier, id, out);
  if (!error) cache_take(&tier->hot, *out);
  return error;
}

int tier_pin(struct tier *tier, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin) {
  struct cache_entry *decompressed = cache_find(&tier->hot, id);
  if (decompressed) {
    tier->counts.hot_hits++;
  } else {
    int error = cold_open(tier, id, &decompressed);
    if (error) return error;
  }
  if (offset > decompressed->length || length > decompressed->length - offset) return STAGE_OUT_OF_RANGE;
  cache_pin(&tier->hot, decompressed, offset, length, pin);
  return STAGE_OK;
}

int tier_length(struct tier *tier, uint32_t id, uint64_t *length) {
  const struct stage_link *below = below_of(tier);
  uint8_t flags = tier_flags(tier, id);
  const struct spool_entry *entry = spool_find(&tier->spool, id);
  struct archive_row row;
  if (entry) {
    *length = entry->length;
    return STAGE_OK;
  }
  if (flags & TIER_BELOW) return below->ops->length(below->store, tier->kind, id, length);
  if (flags & TIER_GONE) return STAGE_NO_DOCUMENT;
  int error = archive_find(tier->archive, tier->kind, id, &row);
  *length = error ? 0 : row.length;
  return error;
}

/* ---- in ---- */

int tier_put(struct tier *tier, uint32_t id, const uint8_t *bytes, uint64_t length) {
  const struct stage_link *below = below_of(tier);
  if (!tier->is_finalized) {
    int error = spool_put(&tier->spool, id, bytes, length);
    if (!error) cache_forget(&tier->hot, id);
    return error;
  }
  if (length >= UINT32_MAX) return STAGE_LIMIT;
  uint8_t flags = tier_flags(tier, id);
  if (!tier_flags_set(tier, id, flags)) return STAGE_OUT_OF_MEMORY;
  int error = below->ops->put(below->store, tier->kind, id, bytes, length, NULL);
  if (error) return error;
  cache_forget(&tier->hot, id);
  warm_unlist(tier, id);
  return tier_flags_set(tier, id, TIER_BELOW | TIER_DIRTY) ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

static int drop_finalized(struct tier *tier, uint32_t id) {
  uint8_t flags = tier_flags(tier, id);
  struct archive_row row;
  int in_file = archive_find(tier->archive, tier->kind, id, &row);
  if (in_file != STAGE_OK && in_file != STAGE_NO_DOCUMENT) return in_file;
  bool is_here = (flags & TIER_BELOW) || (in_file == STAGE_OK && !(flags & TIER_GONE));
  if (!is_here) return STAGE_NO_DOCUMENT;
  if (!tier_flags_set(tier, id, flags | TIER_GONE)) return STAGE_OUT_OF_MEMORY;
  int error = flags & TIER_BELOW ? warm_drop(tier, id) : STAGE_OK;
  tier_flags_set(tier, id, in_file == STAGE_OK ? TIER_GONE : 0);
  return error;
}

int tier_drop(struct tier *tier, uint32_t id) {
  cache_forget(&tier->hot, id);
  if (spool_find(&tier->spool, id)) {
    spool_drop(&tier->spool, id);
    if (tier->spool.count == 0) spool_free(&tier->spool);
    return STAGE_OK;
  }
  return drop_finalized(tier, id);
}

bool tier_is_empty(const struct tier *tier) {
  return tier->spool.count == 0 && tier->dirty_count == 0 && tier->gone_count == tier->archive_count;
}

void tier_evict(struct tier *tier) {
  cache_clear(&tier->hot);
  (void)warm_trim(tier, 0);
}

void tier_free(struct tier *tier) {
  while (tier->warm) warm_unlist(tier, tier->warm->id);
  spool_free(&tier->spool);
  cache_free(&tier->hot);
  stage_release(tier->ctx, tier->kind, tier->flags);
}
