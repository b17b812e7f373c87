/* SPDX-License-Identifier: MIT */
#include "splice.h"

#include <string.h>

#include "../kit/varint.h"

enum form { FORM_RAW, FORM_PACKED, FORM_WHOLE, FORM_COUNT };

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
  struct press *press;
  struct press_bytes base, new_bytes;
  struct splice_hunks *hunks;
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
  while (bytes >> lg > SPLICE_ANCHORS_MAX) lg++;
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

/* Anchors in the order of the version; room for as many as there are slots. */
static uint32_t anchors_collect(const struct compare *compare, const struct range *r, uint32_t run,
                                struct slot *slots, uint32_t mask, unsigned sampling, struct anchor *anchors) {
  uint64_t sampled = ((uint64_t)1 << sampling) - 1;
  uint32_t count = 0;
  for (uint32_t at = r->new_at; at + run <= r->new_end; at++) {
    uint64_t hash = run_hash(compare->new_bytes.p + at, run);
    if (hash >> 32 & sampled) continue;
    const struct slot *slot = slot_of(slots, mask, hash);
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
  struct splice_hunks *hunks = compare->hunks;
  if (r.base_at == r.base_end && r.new_at == r.new_end) return STAGE_OK;
  if (hunks->count > 0) {
    struct splice_hunk *last = &hunks->p[hunks->count - 1];
    if (r.base_at - (last->base_at + last->base_bytes) < HUNK_GAP_MIN) {
      last->base_bytes = r.base_end - last->base_at;
      last->new_bytes = r.new_end - last->new_at;
      return STAGE_OK;
    }
  }
  if (hunks->count == hunks->capacity) {
    uint32_t capacity = hunks->capacity * 2 + 16;
    struct splice_hunk *p =
        stage_resize(compare->press->ctx, compare->press->kind, hunks->p, capacity * sizeof *p);
    if (!p) return STAGE_OUT_OF_MEMORY;
    hunks->p = p;
    hunks->capacity = capacity;
  }
  hunks->p[hunks->count++] =
      (struct splice_hunk){r.base_at, r.base_end - r.base_at, r.new_at, r.new_end - r.new_at};
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
  const struct stage_ctx *ctx = compare->press->ctx;
  enum stage_kind kind = compare->press->kind;
  struct slot *slots = stage_allocate(ctx, kind, (mask + 1ull) * sizeof *slots);
  struct anchor *anchors = stage_allocate(ctx, kind, (mask + 1ull) * sizeof *anchors);
  uint32_t *series = stage_allocate(ctx, kind, (mask + 1ull) * 2 * sizeof *series);
  int error = slots && anchors && series ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  uint32_t count = 0;
  if (!error) {
    for (uint32_t i = 0; i <= mask; i++) slots[i] = (struct slot){0, NOWHERE, NOWHERE};
    runs_note(compare, &r, run, slots, mask, sampling);
    count = anchors_collect(compare, &r, run, slots, mask, sampling, anchors);
    count = anchors_rising(anchors, count, series, series + mask + 1);
  }
  stage_release(ctx, kind, slots);
  stage_release(ctx, kind, series);
  if (!error) error = between_anchors(compare, r, step, anchors, count);
  stage_release(ctx, kind, anchors);
  return error;
}

int splice_diff(struct press *press, struct press_bytes base, struct press_bytes new_bytes, struct splice_hunks *hunks) {
  struct compare compare = {press, base, new_bytes, hunks};
  struct range all = {0, (uint32_t)base.length, 0, (uint32_t)new_bytes.length};
  return range_compare(&compare, all, 0);
}

/* ---- entries ---- */

/* Packing with a prefix pays from here on, and is tried up to here. */
#define PACK_BYTES_MIN 24u
#define PREFIX_BYTES_MAX (16u << 20)

static int level_of(size_t bytes) { return bytes <= 256 * 1024 ? 19 : 9; }

static size_t addresses_write(const struct splice_hunks *hunks, enum form form, uint8_t *p) {
  uint8_t *start = p;
  p += varint_write(p, (uint64_t)hunks->count * 4 + form);
  uint32_t base_at = 0;
  for (uint32_t i = 0; i < hunks->count; i++) {
    const struct splice_hunk *hunk = &hunks->p[i];
    p += varint_write(p, hunk->base_at - base_at);
    p += varint_write(p, hunk->base_bytes);
    p += varint_write(p, hunk->new_bytes);
    base_at = hunk->base_at + hunk->base_bytes;
  }
  return (size_t)(p - start);
}

static size_t hunks_new_bytes(const struct splice_hunks *hunks) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < hunks->count; i++) bytes += hunks->p[i].new_bytes;
  return bytes;
}

/* The smallest form of an entry, below `most` bytes, in `best`, whose size is *best_bytes (0:
 * none). `best` and `other` have room for `room` bytes. */
static int entry_choose(struct press *press, struct press_bytes base, struct press_bytes new_bytes,
                        const struct splice_hunks *hunks, size_t most, uint8_t *put_in, uint8_t *best, size_t room,
                        size_t *best_bytes) {
  size_t put_bytes = 0, packed;
  for (uint32_t i = 0; i < hunks->count; i++) {
    memcpy(put_in + put_bytes, new_bytes.p + hunks->p[i].new_at, hunks->p[i].new_bytes);
    put_bytes += hunks->p[i].new_bytes;
  }
  size_t head = addresses_write(hunks, FORM_RAW, best);
  *best_bytes = 0;
  if (head + put_bytes <= most) {
    memcpy(best + head, put_in, put_bytes);
    *best_bytes = head + put_bytes;
  }
  if (put_bytes < PACK_BYTES_MIN || base.length + new_bytes.length > PREFIX_BYTES_MAX) return STAGE_OK;
  size_t limit = *best_bytes ? *best_bytes - 1 : most;
  if (limit > room) limit = room;
  uint8_t *other = put_in + put_bytes; /* behind the bytes that are put in */
  head = addresses_write(hunks, FORM_PACKED, other);
  if (head < limit) {
    int error = press_pack(press, PRESS_PREFIX, level_of(base.length), (struct press_bytes){put_in, put_bytes}, base,
                           other + head, limit - head, &packed);
    if (error) return error;
    if (packed > 0) {
      *best_bytes = head + packed;
      memcpy(best, other, *best_bytes);
      limit = *best_bytes - 1;
    }
  }
  if (limit < 2) return STAGE_OK;
  other[0] = FORM_WHOLE;
  int error = press_pack(press, PRESS_PREFIX, level_of(base.length), new_bytes, base, other + 1, limit - 1, &packed);
  if (error || packed == 0) return error;
  *best_bytes = packed + 1;
  memcpy(best, other, *best_bytes);
  return STAGE_OK;
}

int splice_encode(struct press *press, struct press_bytes base, struct press_bytes new_bytes, size_t most,
                  uint8_t **entry, size_t *entry_bytes) {
  const struct stage_ctx *ctx = press->ctx;
  struct splice_hunks hunks = {0};
  uint8_t *best = NULL, *work = NULL;
  *entry = NULL;
  int error = splice_diff(press, base, new_bytes, &hunks);
  if (!error) {
    size_t put_bytes = hunks_new_bytes(&hunks);
    size_t room = (size_t)hunks.count * 15 + 16 + (put_bytes < most ? put_bytes : most);
    best = stage_allocate(ctx, press->kind, room);
    work = stage_allocate(ctx, press->kind, put_bytes + room + 1);
    if (!best || !work) error = STAGE_OUT_OF_MEMORY;
    else error = entry_choose(press, base, new_bytes, &hunks, most, work, best, room, entry_bytes);
  }
  if (!error && *entry_bytes > 0) {
    *entry = stage_allocate(ctx, press->kind, *entry_bytes);
    if (*entry) memcpy(*entry, best, *entry_bytes);
    else error = STAGE_OUT_OF_MEMORY;
  }
  stage_release(ctx, press->kind, best);
  stage_release(ctx, press->kind, work);
  stage_release(ctx, press->kind, hunks.p);
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

/* Copies base and `put` together as the hunks at p say. put_bytes is what the hunks put in. */
static bool hunks_apply(struct press_bytes base, const uint8_t *p, const uint8_t *end, uint64_t count,
                        const uint8_t *put, uint8_t *out, size_t length) {
  size_t base_at = 0, at = 0;
  for (uint64_t i = 0; i < count; i++) {
    struct hunk_bytes hunk;
    if (!hunk_read(&p, end, &hunk)) return false;
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

static int apply_packed(struct press *press, struct press_bytes base, const uint8_t *hunks, const uint8_t *frame,
                        const uint8_t *end, uint64_t count, uint64_t put_bytes, uint8_t *out, size_t length) {
  int error;
  if (put_bytes > length) return STAGE_CORRUPT;
  uint8_t *put = stage_allocate(press->ctx, press->kind, put_bytes ? (size_t)put_bytes : 1);
  if (!put) return STAGE_OUT_OF_MEMORY;
  struct press_bytes packed = {frame, (size_t)(end - frame)};
  if (press_unpack(press, PRESS_PREFIX, packed, base, put, (size_t)put_bytes, &error))
    error = hunks_apply(base, hunks, frame, count, put, out, length) ? STAGE_OK : STAGE_CORRUPT;
  stage_release(press->ctx, press->kind, put);
  return error;
}

int splice_apply(struct press *press, struct press_bytes base, struct press_bytes entry, uint8_t *out, size_t length) {
  const uint8_t *p = entry.p, *end = entry.p + entry.length;
  uint64_t head, put_bytes;
  size_t n = varint_read(p, end, &head);
  if (n == 0) return STAGE_CORRUPT;
  p += n;
  uint64_t count = head >> 2;
  int error;
  if ((head & 3) == FORM_WHOLE) {
    if (count > 0) return STAGE_CORRUPT;
    struct press_bytes frame = {p, (size_t)(end - p)};
    return press_unpack(press, PRESS_PREFIX, frame, base, out, length, &error) ? STAGE_OK : error;
  }
  const uint8_t *put = p;
  if (!hunks_skim(&put, end, count, &put_bytes)) return STAGE_CORRUPT;
  if ((head & 3) == FORM_PACKED) return apply_packed(press, base, p, put, end, count, put_bytes, out, length);
  if ((head & 3) != FORM_RAW || put_bytes != (uint64_t)(end - put)) return STAGE_CORRUPT;
  return hunks_apply(base, p, put, count, put, out, length) ? STAGE_OK : STAGE_CORRUPT;
}
