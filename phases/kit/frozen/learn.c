/* SPDX-License-Identifier: MIT
 *
 * frozen_learn.c - a file's dictionary: learned from most of the samples and tried on the
 * others, which it has not seen. */
#include "internal.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define TRIAL_EVERY 8u /* of the samples one in so many is for trying */
#define SAMPLES_MIN 16u
#define DICTIONARY_BYTES_MIN 1024u
#define DICTIONARY_SHARE 4u /* a dictionary is at most this part of what it is learned from */
#define TRIAL_BYTES_MAX (1u << 20)

/* The samples, parted. */
struct lesson {
  uint8_t *bytes; /* for learning, then for trying */
  size_t *sizes;  /* for learning */
  uint32_t count;
  size_t learn_bytes, trial_bytes;
};

static bool lesson_make(struct frozen *frozen, enum stage_kind kind, const uint8_t *samples, const size_t *sizes,
                        uint32_t count, struct lesson *lesson) {
  size_t all = 0, at = 0;
  for (uint32_t i = 0; i < count; i++) all += sizes[i];
  lesson->bytes = stage_allocate(frozen->ctx, kind, all ? all : 1);
  lesson->sizes = stage_allocate(frozen->ctx, kind, (size_t)count * sizeof *lesson->sizes);
  if (!lesson->bytes || !lesson->sizes) return false;
  for (unsigned is_trial = 0; is_trial < 2; is_trial++) {
    const uint8_t *sample = samples;
    for (uint32_t i = 0; i < count; sample += sizes[i], i++) {
      if ((i % TRIAL_EVERY == TRIAL_EVERY - 1) != is_trial) continue;
      memcpy(lesson->bytes + at, sample, sizes[i]);
      at += sizes[i];
      if (!is_trial) lesson->sizes[lesson->count++] = sizes[i];
    }
    if (!is_trial) lesson->learn_bytes = at;
  }
  lesson->trial_bytes = all - lesson->learn_bytes < TRIAL_BYTES_MAX ? all - lesson->learn_bytes : TRIAL_BYTES_MAX;
  return true;
}

static void lesson_free(struct frozen *frozen, enum stage_kind kind, struct lesson *lesson) {
  stage_release(frozen->ctx, kind, lesson->bytes);
  stage_release(frozen->ctx, kind, lesson->sizes);
}

/* What the trial's bytes take, in frames. */
static int trial(struct frozen *frozen, enum stage_kind kind, const struct lesson *lesson, enum press_how how,
                 uint64_t *bytes) {
  const uint8_t *p = lesson->bytes + lesson->learn_bytes;
  size_t left = lesson->trial_bytes, room = frozen->settings.frame_bytes[kind];
  int error = STAGE_OK;
  *bytes = 0;
  while (left > 0 && !error) {
    struct press_bytes frame = {p, left < room ? left : room};
    size_t packed;
    error = press_pack(&frozen->kinds[kind].press, how, frozen->settings.level[kind], frame, (struct press_bytes){0},
                       frozen->writer->packed, frame.length, &packed);
    *bytes += packed ? packed : frame.length;
    p += frame.length;
    left -= frame.length;
  }
  return error;
}

/* Packs the dictionary into `out`, which has room for it as it is. */
static int dictionary_pack(struct frozen *frozen, enum stage_kind kind, uint8_t *out, size_t *packed) {
  struct press *press = &frozen->kinds[kind].press;
  struct press_bytes dictionary = {press->dictionary, press->dictionary_bytes};
  int error = press_pack(press, PRESS_PLAIN, FROZEN_DICTIONARY_LEVEL, dictionary, (struct press_bytes){0}, out,
                         dictionary.length - 1, packed);
  if (error || *packed > 0) return error;
  memcpy(out, dictionary.p, dictionary.length);
  *packed = dictionary.length;
  return STAGE_OK;
}

static int dictionary_write(struct frozen *frozen, enum stage_kind kind, const uint8_t *packed, size_t bytes) {
  struct frozen_writer *writer = frozen->writer;
  struct frozen_section *section = &writer->dictionary[kind];
  section->dictionary_offset = writer->at;
  section->dictionary_packed = (uint32_t)bytes;
  section->dictionary_plain = frozen->kinds[kind].press.dictionary_bytes;
  section->dictionary_hash = XXH3_64bits_withSeed(packed, bytes, writer->at);
  int error = file_io_write(&frozen->file, writer->at, packed, bytes);
  writer->at += bytes;
  return error;
}

/* Writes the dictionary where it saves more than it takes, else forgets it. */
static int dictionary_judge(struct frozen *frozen, enum stage_kind kind, const struct lesson *lesson) {
  struct press *press = &frozen->kinds[kind].press;
  uint64_t with, without, expected = frozen->expected[kind];
  if (expected < lesson->learn_bytes) expected = lesson->learn_bytes;
  size_t packed = 0;
  uint8_t *out = stage_allocate(frozen->ctx, kind, press->dictionary_bytes);
  int error = out ? dictionary_pack(frozen, kind, out, &packed) : STAGE_OUT_OF_MEMORY;
  if (!error) error = trial(frozen, kind, lesson, PRESS_DICTIONARY, &with);
  if (!error) error = trial(frozen, kind, lesson, PRESS_PLAIN, &without);
  if (!error) {
    double saved = ((double)without - (double)with) / (double)lesson->trial_bytes * (double)expected;
    if (saved > (double)packed) error = dictionary_write(frozen, kind, out, packed);
    else press_unlearn(press);
  }
  stage_release(frozen->ctx, kind, out);
  return error;
}

static int learn(struct frozen *frozen, enum stage_kind kind, const uint8_t *samples, const size_t *sizes,
                 uint32_t count) {
  struct lesson lesson = {0};
  uint32_t most = frozen->settings.dictionary_bytes[kind];
  int error = lesson_make(frozen, kind, samples, sizes, count, &lesson) ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (most > lesson.learn_bytes / DICTIONARY_SHARE) most = (uint32_t)(lesson.learn_bytes / DICTIONARY_SHARE);
  if (!error && most >= DICTIONARY_BYTES_MIN && lesson.trial_bytes > 0) {
    error = press_learn(&frozen->kinds[kind].press, lesson.bytes, lesson.sizes, lesson.count, most);
    if (!error && frozen->kinds[kind].press.dictionary) error = dictionary_judge(frozen, kind, &lesson);
  }
  lesson_free(frozen, kind, &lesson);
  return error;
}

void frozen_expect(struct frozen *frozen, enum stage_kind kind, uint64_t kept_bytes) {
  if (frozen_has(frozen, kind)) frozen->expected[kind] = kept_bytes;
}

int frozen_learn(struct frozen *frozen, enum stage_kind kind, const uint8_t *samples, const size_t *sizes,
                 uint32_t count) {
  if (!frozen->writer || !frozen_has(frozen, kind) || frozen->writer->dictionary[kind].dictionary_plain > 0 ||
      frozen->writer->kinds[kind].frame_count > 0 || frozen->writer->kinds[kind].frame_used > 0) {
    STAGE_FAIL(frozen->ctx, "%s: a dictionary is learned once, between begin and the first add of its kind",
               frozen->path);
    return STAGE_MISUSE;
  }
  if (frozen->settings.dictionary_bytes[kind] == 0 || count < SAMPLES_MIN) return STAGE_OK;
  int error = learn(frozen, kind, samples, sizes, count);
  if (error) frozen_abandon(frozen);
  return error;
}
