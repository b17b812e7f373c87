/* SPDX-License-Identifier: MIT */
#include "delta.h"

#include <string.h>

#include "kit/support/varint.h"

enum form { FORM_RAW, FORM_BLOCK, FORM_FRAME, FORM_COUNT };

/* ---- anchors ---- */

struct anchor {
  uint32_t base_at, new_at;
};

/* A run of bytes and where it occurs; at UINT32_MAX: nowhere; MANY: more than once. */
struct slot {
  uint64_t hash;
  uint32_t base_at, new_at;
};
#define NOWHERE UINT32_MAX
#define MANY (UINT32_MAX - 1)

/* The working memory of one comparison. */
struct compare {
  struct compressor *compressor;
  struct compress_slice base, new_bytes;
  struct delta_hunks *hunks;
};

struct range {
  uint32_t base_at, base_end, new_at, new_end;
};

static uint64_t run_hash(const uint8_t *p, uint32_t run) {
  uint64_t head, tail;
  uint32_t head32, tail32;
  if (run >= 8) {
    memcpy(&head, p, 8);
    memcpy(&tail, p + run - 8, 8);
  } else {
    memcpy(&head32, p, 4);
    memcpy(&tail32, p + run - 4, 4);
    head = head32;
    tail = tail32;
  }
  uint64_t h = head * 0x9e3779b97f4a7c15ull ^ (tail + 0x632be59bd9b4e019ull) * 0xbf58476d1ce4e5b9ull;
  h ^= h >> 29;
  h *= 0x94d049bb133111ebull;
  return h ^ (h >> 32);
}

static struct slot *slot_of(struct slot *slots, uint32_t mask, uint64_t hash) {
  uint32_t i = (uint32_t)hash & mask;
  while ((slots[i].base_at != NOWHERE || slots[i].new_at != NOWHERE) && slots[i].hash != hash) i = (i + 1) & mask;
  slots[i].hash = hash;
  return &slots[i];
}

/* Only each run whose hash has this many low zero bits is looked at, in large documents. */
static unsigned sampling_of(uint64_t bytes) {
  unsigned lg = 0;
  while (bytes >> lg > DELTA_ANCHORS_MAX) lg++;
  return lg;
}

static void runs_note(const struct compare *compare, const struct range *r, uint32_t run, struct slot *slots,
                      uint32_t mask, unsigned sampling) {
  uint64_t sampled = ((uint64_t)1 << sampling) - 1;
  uint32_t noted = 0, most = mask / 4 * 3;
  for (uint32_t at = r->base_at; at + run <= r->base_end && noted < most; at++) {
    uint64_t hash = run_hash(compare->base.p + at, run);
    if (hash >> 32 & sampled) continue;
    struct slot *slot = slot_of(slots, mask, hash);
    if (slot->base_at == NOWHERE) noted++;
    slot->base_at = slot->base_at == NOWHERE ? at : MANY;
  }
  for (uint32_t at = r->new_at; at + run <= r->new_end; at++) {
    uint64_t hash = run_hash(compare->new_bytes.p + at, run);
    if (hash >> 32 & sampled) continue;
    struct slot *slot = slot_of(slots, mask, hash);
    if (slot->base_at == NOWHERE) continue; /* the place was not taken and stays free */
    slot->new_at = slot->new_at == NOWHERE ? at : MANY;
  }
}

/* Which runs were looked at, and where they are found. */
struct runs {
  uint32_t bytes; /* of one */
  unsigned sampling;
  struct slot *slots;
  uint32_t mask;
};

/* Anchors in the order of the version; room for as many as there are slots. */
static uint32_t anchors_collect(const struct compare *compare, const struct range *r, const struct runs *runs,
                                struct anchor *anchors) {
  uint64_t sampled = ((uint64_t)1 << runs->sampling) - 1;
  uint32_t run = runs->bytes;
  uint32_t count = 0;
  for (uint32_t at = r->new_at; at + run <= r->new_end; at++) {
    uint64_t hash = run_hash(compare->new_bytes.p + at, run);
    if (hash >> 32 & sampled) continue;
    const struct slot *slot = slot_of(runs->slots, runs->mask, hash);
    if (slot->base_at >= MANY || slot->new_at != at) continue;
    if (memcmp(compare->base.p + slot->base_at, compare->new_bytes.p + at, run) != 0) continue;
    /* Consecutive ones of one diagonal are one. */
    if (count > 0 && anchors[count - 1].base_at - anchors[count - 1].new_at == slot->base_at - at &&
        at - anchors[count - 1].new_at < run) {
      continue;
    }
    anchors[count++] = (struct anchor){slot->base_at, at};
  }
  return count;
}

/* The longest series that rises in the base too, in place; returns its length. `tails` and
 * `previous` have room for count. */
static uint32_t anchors_rising(struct anchor *anchors, uint32_t count, uint32_t *tails, uint32_t *previous) {
  uint32_t length = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t low = 0, high = length;
    while (low < high) {
      uint32_t middle = (low + high) / 2;
      if (anchors[tails[middle]].base_at < anchors[i].base_at) low = middle + 1;
      else high = middle;
    }
    previous[i] = low > 0 ? tails[low - 1] : UINT32_MAX;
    tails[low] = i;
    if (low == length) length++;
  }
  uint32_t at = length > 0 ? tails[length - 1] : 0;
  for (uint32_t i = length; i-- > 0; at = previous[at]) tails[i] = at;
  for (uint32_t i = 0; i < length; i++) anchors[i] = anchors[tails[i]];
  return length;
}

/* ---- hunks ---- */

/* Two hunks with fewer equal bytes between them than this are one: a hunk costs three bytes
 * of addresses. */
#define HUNK_GAP_MIN 4u

static int hunk_add(struct compare *compare, struct range r) {
  struct delta_hunks *hunks = compare->hunks;
  if (r.base_at == r.base_end && r.new_at == r.new_end) return STAGE_OK;
  if (hunks->count > 0) {
    struct delta_hunk *last = &hunks->p[hunks->count - 1];
    if (r.base_at - (last->base_at + last->base_bytes) < HUNK_GAP_MIN) {
      last->base_bytes = r.base_end - last->base_at;
      last->new_bytes = r.new_end - last->new_at;
      return STAGE_OK;
    }
  }
  if (hunks->count == hunks->capacity) {
    uint32_t capacity = hunks->capacity * 2 + 16;
    struct delta_hunk *p =
        stage_resize(compare->compressor->ctx, compare->compressor->kind, hunks->p, capacity * sizeof *p);
    if (!p) return STAGE_OUT_OF_MEMORY;
    hunks->p = p;
    hunks->capacity = capacity;
  }
  hunks->p[hunks->count++] = (struct delta_hunk){r.base_at, r.base_end - r.base_at, r.new_at, r.new_end - r.new_at};
  return STAGE_OK;
}

static void trim(const struct compare *compare, struct range *r) {
  while (r->base_at < r->base_end && r->new_at < r->new_end &&
         compare->base.p[r->base_at] == compare->new_bytes.p[r->new_at]) {
    r->base_at++;
    r->new_at++;
  }
  while (r->base_at < r->base_end && r->new_at < r->new_end &&
         compare->base.p[r->base_end - 1] == compare->new_bytes.p[r->new_end - 1]) {
    r->base_end--;
    r->new_end--;
  }
}

static const uint32_t run_bytes[] = {16, 6};
#define RUN_COUNT (sizeof run_bytes / sizeof run_bytes[0])

static int range_compare(struct compare *compare, struct range r, unsigned step);

/* What lies between the anchors; an anchor is grown to both sides as far as bytes agree. */
static int between_anchors(struct compare *compare, struct range r, unsigned step, const struct anchor *anchors,
                           uint32_t count) {
  int error = STAGE_OK;
  for (uint32_t i = 0; i < count && !error; i++) {
    if (anchors[i].base_at < r.base_at || anchors[i].new_at < r.new_at) continue;
    struct range gap = {r.base_at, anchors[i].base_at, r.new_at, anchors[i].new_at};
    error = range_compare(compare, gap, step + 1);
    r.base_at = anchors[i].base_at;
    r.new_at = anchors[i].new_at;
    while (r.base_at < r.base_end && r.new_at < r.new_end &&
           compare->base.p[r.base_at] == compare->new_bytes.p[r.new_at]) {
      r.base_at++;
      r.new_at++;
    }
  }
  return error ? error : range_compare(compare, r, step + 1);
}

/* One step for each length of run: recursion is no deeper than RUN_COUNT. */
static int range_compare(struct compare *compare, struct range r, unsigned step) {
  trim(compare, &r);
  if (step == RUN_COUNT) return hunk_add(compare, r);
  uint32_t run = run_bytes[step], base_bytes = r.base_end - r.base_at, new_bytes = r.new_end - r.new_at;
  if (base_bytes < run || new_bytes < run) return range_compare(compare, r, step + 1);
  unsigned sampling = sampling_of((uint64_t)base_bytes + new_bytes);
  uint32_t lg = 4;
  while ((uint64_t)1 << lg < ((uint64_t)base_bytes >> sampling) * 2) lg++;
  uint32_t mask = (1u << lg) - 1;
  const struct stage_ctx *ctx = compare->compressor->ctx;
  enum stage_kind kind = compare->compressor->kind;
  struct slot *slots = stage_allocate(ctx, kind, (mask + 1ull) * sizeof *slots);
  struct anchor *anchors = stage_allocate(ctx, kind, (mask + 1ull) * sizeof *anchors);
  uint32_t *series = stage_allocate(ctx, kind, (mask + 1ull) * 2 * sizeof *series);
  int error = slots && anchors && series ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  uint32_t count = 0;
  if (!error) {
    for (uint32_t i = 0; i <= mask; i++) slots[i] = (struct slot){0, NOWHERE, NOWHERE};
    runs_note(compare, &r, run, slots, mask, sampling);
    count = anchors_collect(compare, &r, &(struct runs){run, sampling, slots, mask}, anchors);
    count = anchors_rising(anchors, count, series, series + mask + 1);
  }
  stage_release(ctx, kind, slots);
  stage_release(ctx, kind, series);
  if (!error) error = between_anchors(compare, r, step, anchors, count);
  stage_release(ctx, kind, anchors);
  return error;
}

int delta_diff(struct compressor *compressor, struct compress_slice base, struct compress_slice new_bytes,
               struct delta_hunks *hunks) {
  struct compare compare = {compressor, base, new_bytes, hunks};
  struct range all = {0, (uint32_t)base.length, 0, (uint32_t)new_bytes.length};
  return range_compare(&compare, all, 0);
}

/* ---- entries ---- */

/* Compressing with a prefix may pay from here on, and is tried up to here. */
#define COMPRESS_BYTES_MIN 8u
#define PREFIX_BYTES_MAX (16u << 20)

/* What a frame of one compressed block begins with (RFC 8878, 3.1.1): a descriptor without
 * any option, a window of 128 KiB, and the block's header, which says its size. */
#define FRAME_HEAD_BYTES 5u
#define FRAME_WINDOW 0x38
#define BLOCK_IS_LAST 1u
#define BLOCK_COMPRESSED 2u

static int level_of(size_t bytes) { return bytes <= 256 * 1024 ? 19 : 9; }

static void frame_head_write(uint8_t *p, size_t block_bytes) {
  uint32_t block = (uint32_t)block_bytes << 3 | BLOCK_COMPRESSED << 1 | BLOCK_IS_LAST;
  p[0] = 0;
  p[1] = FRAME_WINDOW;
  for (int i = 0; i < 3; i++) p[2 + i] = (uint8_t)(block >> 8 * i);
}

/* Whether the first bytes can be made again from the frame's size. The window does not
 * matter: the decoder has all of the version in one piece. */
static bool frame_is_block(const uint8_t *frame, size_t bytes) {
  uint8_t head[FRAME_HEAD_BYTES];
  if (bytes < FRAME_HEAD_BYTES || bytes - FRAME_HEAD_BYTES > ZSTD_BLOCKSIZE_MAX) return false;
  frame_head_write(head, bytes - FRAME_HEAD_BYTES);
  return frame[0] == 0 && memcmp(frame + 2, head + 2, FRAME_HEAD_BYTES - 2) == 0;
}

#define HUNK_BYTES_MAX 15u /* three varints of 32 bits */

static size_t hunks_new_bytes(const struct delta_hunks *hunks) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < hunks->count; i++) bytes += hunks->p[i].new_bytes;
  return bytes;
}

static size_t addresses_write(const struct delta_hunks *hunks, enum form form, uint8_t *p) {
  uint8_t *start = p;
  p += varint_write(p, (uint64_t)hunks->count * FORM_COUNT + form);
  uint32_t base_at = 0;
  for (uint32_t i = 0; i < hunks->count; i++) {
    const struct delta_hunk *hunk = &hunks->p[i];
    p += varint_write(p, hunk->base_at - base_at);
    p += varint_write(p, hunk->base_bytes);
    p += varint_write(p, hunk->new_bytes);
    base_at = hunk->base_at + hunk->base_bytes;
  }
  return (size_t)(p - start);
}

/* Hunks with fewer equal bytes between them than `gap` become one. */
static void hunks_merge(struct delta_hunks *hunks, uint32_t gap) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < hunks->count; i++) {
    struct delta_hunk hunk = hunks->p[i], *last = count > 0 ? &hunks->p[count - 1] : NULL;
    if (last && hunk.base_at - (last->base_at + last->base_bytes) < gap) {
      last->base_bytes = hunk.base_at + hunk.base_bytes - last->base_at;
      last->new_bytes = hunk.new_at + hunk.new_bytes - last->new_at;
    } else {
      hunks->p[count++] = hunk;
    }
  }
  hunks->count = count;
}

/* An entry in the making. */
struct making {
  struct compressor *compressor;
  struct compress_slice base, new_bytes;
  size_t most;             /* bytes that the next try may have */
  uint8_t *best, *try;     /* room for `room` bytes each */
  size_t room, best_bytes; /* best_bytes 0: there is none yet */
};

static void making_take(struct making *m, size_t bytes) {
  uint8_t *best = m->try;
  m->try = m->best;
  m->best = best;
  m->best_bytes = bytes;
  m->most = bytes - 1;
}

/* What the hunks put in, back to back. */
static void put_in_collect(const struct making *m, const struct delta_hunks *hunks, uint8_t *p) {
  for (uint32_t i = 0; i < hunks->count; i++) {
    memcpy(p, m->new_bytes.p + hunks->p[i].new_at, hunks->p[i].new_bytes);
    p += hunks->p[i].new_bytes;
  }
}

static void try_raw(struct making *m, const struct delta_hunks *hunks) {
  size_t put_bytes = hunks_new_bytes(hunks), head = addresses_write(hunks, FORM_RAW, m->try);
  if (head + put_bytes > m->most) return;
  put_in_collect(m, hunks, m->try + head);
  making_take(m, head + put_bytes);
}

/* zstd wants a little more room than what it writes in the end. */
#define FRAME_SLACK_BYTES 64u

/* The frame of `bytes`, which are what the hunks put in, or without hunks the whole version. */
static int try_frame(struct making *m, const struct delta_hunks *hunks, struct compress_slice bytes) {
  size_t head = addresses_write(hunks, FORM_BLOCK, m->try), compressed;
  if (bytes.length < COMPRESS_BYTES_MIN || head >= m->most) return STAGE_OK;
  size_t room = m->room - head;
  int level = level_of(m->base.length);
  int error = compress_bytes(m->compressor, &(struct compress_way){COMPRESS_PREFIX, level, m->base}, bytes,
                             (struct compress_room){m->try + head, room}, &compressed);
  if (error || compressed == 0) return error;
  if (frame_is_block(m->try + head, compressed)) {
    compressed -= FRAME_HEAD_BYTES;
    memmove(m->try + head, m->try + head + FRAME_HEAD_BYTES, compressed);
  } else {
    addresses_write(hunks, FORM_FRAME, m->try);
  }
  if (head + compressed <= m->most) making_take(m, head + compressed);
  return STAGE_OK;
}

static int try_compressed(struct making *m, const struct delta_hunks *hunks) {
  const struct compressor *compressor = m->compressor;
  struct compress_slice bytes = {NULL, hunks_new_bytes(hunks)};
  uint8_t *put_in = stage_allocate(compressor->ctx, compressor->kind, bytes.length + 1);
  if (!put_in) return STAGE_OUT_OF_MEMORY;
  put_in_collect(m, hunks, put_in);
  bytes.p = put_in;
  int error = try_frame(m, hunks, bytes);
  stage_release(compressor->ctx, compressor->kind, put_in);
  return error;
}

/* Distances within which hunks are made one: equal bytes may compress to less than addresses. Eight
 * distances instead of two save 0.3 % of ts-versions' entries. */
static const uint32_t gaps[] = {HUNK_GAP_MIN, 16};

static int making_try(struct making *m, struct delta_hunks *hunks) {
  int error = STAGE_OK;
  try_raw(m, hunks);
  if (m->base.length + m->new_bytes.length > PREFIX_BYTES_MAX) return STAGE_OK;
  for (size_t i = 0; i < sizeof gaps / sizeof gaps[0] && !error; i++) {
    uint32_t count = hunks->count;
    hunks_merge(hunks, gaps[i]);
    if (i == 0 || hunks->count < count) error = try_compressed(m, hunks);
  }
  hunks->count = 0;
  return error ? error : try_frame(m, hunks, m->new_bytes);
}

int delta_encode(struct compressor *compressor, struct compress_slice base, struct compress_slice new_bytes,
                 const struct delta_hunks *hunks, size_t most, struct delta_entry *entry) {
  const struct stage_ctx *ctx = compressor->ctx;
  size_t put_bytes = hunks_new_bytes(hunks), head_bytes = VARINT_BYTES_MAX + (size_t)hunks->count * HUNK_BYTES_MAX;
  struct making m = {.compressor = compressor, .base = base, .new_bytes = new_bytes, .most = most};
  m.room = head_bytes + (put_bytes < most ? put_bytes : most) + FRAME_SLACK_BYTES;
  m.best = stage_allocate(ctx, compressor->kind, m.room);
  m.try = stage_allocate(ctx, compressor->kind, m.room);
  struct delta_hunks merged = {stage_allocate(ctx, compressor->kind, (hunks->count + 1ull) * sizeof *merged.p),
                               hunks->count, hunks->count + 1};
  int error = STAGE_OUT_OF_MEMORY;
  if (m.best && m.try && merged.p) {
    if (hunks->count > 0) memcpy(merged.p, hunks->p, hunks->count * sizeof *merged.p);
    error = making_try(&m, &merged);
  }
  *entry = (struct delta_entry){error || m.best_bytes == 0 ? NULL : m.best, m.best_bytes};
  if (!entry->p) stage_release(ctx, compressor->kind, m.best);
  stage_release(ctx, compressor->kind, m.try);
  stage_release(ctx, compressor->kind, merged.p);
  return error;
}

/* ---- reading ---- */

struct hunk_bytes {
  uint64_t skip, left_out, put_in;
};

static bool hunk_read(const uint8_t **p, const uint8_t *end, struct hunk_bytes *hunk) {
  uint64_t *const fields[] = {&hunk->skip, &hunk->left_out, &hunk->put_in};
  for (int i = 0; i < 3; i++) {
    size_t n = varint_read(*p, end, fields[i]);
    if (n == 0 || *fields[i] > UINT32_MAX) return false;
    *p += n;
  }
  return true;
}

/* Where the bytes that are put in begin, and their number; false: the hunks end early. */
static bool hunks_skim(const uint8_t **p, const uint8_t *end, uint64_t count, uint64_t *put_bytes) {
  struct hunk_bytes hunk;
  *put_bytes = 0;
  if (count > (uint64_t)(end - *p) / 3) return false;
  for (uint64_t i = 0; i < count; i++) {
    if (!hunk_read(p, end, &hunk)) return false;
    *put_bytes += hunk.put_in;
  }
  return true;
}

/* Hunks as they are stored, and the bytes that they put in. */
struct stored_hunks {
  const uint8_t *p, *end;
  uint64_t count;
  const uint8_t *put;
};

/* Copies the base and what the hunks put in together, as they say. */
static bool hunks_apply(struct compress_slice base, struct stored_hunks hunks, uint8_t *out, size_t length) {
  const uint8_t *put = hunks.put;
  size_t base_at = 0, at = 0;
  for (uint64_t i = 0; i < hunks.count; i++) {
    struct hunk_bytes hunk;
    if (!hunk_read(&hunks.p, hunks.end, &hunk)) return false;
    if (hunk.skip > base.length - base_at || hunk.skip > length - at) return false;
    memcpy(out + at, base.p + base_at, (size_t)hunk.skip);
    base_at += (size_t)hunk.skip;
    at += (size_t)hunk.skip;
    if (hunk.left_out > base.length - base_at || hunk.put_in > length - at) return false;
    memcpy(out + at, put, (size_t)hunk.put_in);
    base_at += (size_t)hunk.left_out;
    at += (size_t)hunk.put_in;
    put += hunk.put_in;
  }
  if (base.length - base_at != length - at) return false;
  if (length > at) memcpy(out + at, base.p + base_at, length - at);
  return true;
}

/* Decompresses what a frame holds; a block gets its first bytes back. */
static int frame_decompress(struct compressor *compressor, struct compress_slice base, enum form form,
                            struct compress_slice frame, uint8_t *out, size_t length) {
  int error;
  if (form == FORM_FRAME)
    return decompress_bytes(compressor, &(struct compress_way){.how = COMPRESS_PREFIX, .prefix = base}, frame,
                            (struct compress_room){out, length}, &error)
               ? STAGE_OK
               : error;
  if (frame.length > ZSTD_BLOCKSIZE_MAX) return STAGE_CORRUPT;
  uint8_t *whole = stage_allocate(compressor->ctx, compressor->kind, FRAME_HEAD_BYTES + frame.length);
  if (!whole) return STAGE_OUT_OF_MEMORY;
  frame_head_write(whole, frame.length);
  memcpy(whole + FRAME_HEAD_BYTES, frame.p, frame.length);
  frame = (struct compress_slice){whole, FRAME_HEAD_BYTES + frame.length};
  bool good = decompress_bytes(compressor, &(struct compress_way){.how = COMPRESS_PREFIX, .prefix = base}, frame,
                               (struct compress_room){out, length}, &error);
  stage_release(compressor->ctx, compressor->kind, whole);
  return good ? STAGE_OK : error;
}

/* Decompresses the bytes that an entry puts in; allocated, the caller's. */
static int put_in_decompress(struct compressor *compressor, struct compress_slice base, enum form form,
                             struct compress_slice frame, uint64_t put_bytes, uint8_t **put_in) {
  *put_in = stage_allocate(compressor->ctx, compressor->kind, put_bytes ? (size_t)put_bytes : 1);
  if (!*put_in) return STAGE_OUT_OF_MEMORY;
  int error = frame_decompress(compressor, base, form, frame, *put_in, (size_t)put_bytes);
  if (!error) return STAGE_OK;
  stage_release(compressor->ctx, compressor->kind, *put_in);
  return error;
}

int delta_apply(struct compressor *compressor, struct compress_slice base, struct compress_slice entry, uint8_t *out,
                size_t length) {
  const uint8_t *p = entry.p, *end = entry.p + entry.length;
  uint64_t head, put_bytes;
  size_t n = varint_read(p, end, &head);
  if (n == 0) return STAGE_CORRUPT;
  p += n;
  uint64_t count = head / FORM_COUNT;
  enum form form = (enum form)(head % FORM_COUNT);
  if (form != FORM_RAW && count == 0)
    return frame_decompress(compressor, base, form, (struct compress_slice){p, (size_t)(end - p)}, out, length);
  const uint8_t *put = p;
  if (!hunks_skim(&put, end, count, &put_bytes) || put_bytes > length) return STAGE_CORRUPT;
  if (form == FORM_RAW) {
    if (put_bytes != (uint64_t)(end - put)) return STAGE_CORRUPT;
    return hunks_apply(base, (struct stored_hunks){p, put, count, put}, out, length) ? STAGE_OK : STAGE_CORRUPT;
  }
  uint8_t *put_in;
  int error =
      put_in_decompress(compressor, base, form, (struct compress_slice){put, (size_t)(end - put)}, put_bytes, &put_in);
  if (error) return error;
  error = hunks_apply(base, (struct stored_hunks){p, put, count, put_in}, out, length) ? STAGE_OK : STAGE_CORRUPT;
  stage_release(compressor->ctx, compressor->kind, put_in);
  return error;
}
