/* SPDX-License-Identifier: MIT
 *
 * learn.c - a file's dictionary: learned from most of the samples and tried on the
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

static bool lesson_make(struct archive *archive, enum stage_kind kind, const uint8_t *samples, const size_t *sizes,
                        uint32_t count, struct lesson *lesson) {
  size_t all = 0, at = 0;
  for (uint32_t i = 0; i < count; i++) all += sizes[i];
  lesson->bytes = stage_allocate(archive->ctx, kind, all ? all : 1);
  lesson->sizes = stage_allocate(archive->ctx, kind, (size_t)count * sizeof *lesson->sizes);
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

static void lesson_free(struct archive *archive, enum stage_kind kind, struct lesson *lesson) {
  stage_release(archive->ctx, kind, lesson->bytes);
  stage_release(archive->ctx, kind, lesson->sizes);
}

/* What the trial's bytes take, in frames. */
static int trial(struct archive *archive, enum stage_kind kind, const struct lesson *lesson, enum compress_how how,
                 uint64_t *bytes) {
  const uint8_t *p = lesson->bytes + lesson->learn_bytes;
  size_t left = lesson->trial_bytes, room = archive->settings.frame_bytes[kind];
  int error = STAGE_OK;
  *bytes = 0;
  while (left > 0 && !error) {
    struct compress_slice frame = {p, left < room ? left : room};
    size_t compressed;
    error = compress_bytes(&archive->kinds[kind].compressor,
                           &(struct compress_way){.how = how, .level = archive->settings.level[kind]}, frame,
                           (struct compress_room){archive->writer->compressed, frame.length}, &compressed);
    *bytes += compressed ? compressed : frame.length;
    p += frame.length;
    left -= frame.length;
  }
  return error;
}

/* Compresses the dictionary into `out`, which has room for it as it is. */
static int dictionary_compress(struct archive *archive, enum stage_kind kind, uint8_t *out, size_t *compressed) {
  struct compressor *compressor = &archive->kinds[kind].compressor;
  struct compress_slice dictionary = {compressor->dictionary, compressor->dictionary_bytes};
  int error =
      compress_bytes(compressor, &(struct compress_way){.how = COMPRESS_PLAIN, .level = ARCHIVE_DICTIONARY_LEVEL},
                     dictionary, (struct compress_room){out, dictionary.length - 1}, compressed);
  if (error || *compressed > 0) return error;
  memcpy(out, dictionary.p, dictionary.length);
  *compressed = dictionary.length;
  return STAGE_OK;
}

static int dictionary_write(struct archive *archive, enum stage_kind kind, const uint8_t *compressed, size_t bytes) {
  struct archive_writer *writer = archive->writer;
  struct archive_section *section = &writer->dictionary[kind];
  section->dictionary_offset = writer->at;
  section->dictionary_compressed = (uint32_t)bytes;
  section->dictionary_plain = archive->kinds[kind].compressor.dictionary_bytes;
  section->dictionary_hash = XXH3_64bits_withSeed(compressed, bytes, writer->at);
  int error = file_io_write(&archive->file, writer->at, compressed, bytes);
  writer->at += bytes;
  return error;
}

/* Writes the dictionary where it saves more than it takes, else forgets it. */
static int dictionary_judge(struct archive *archive, enum stage_kind kind, const struct lesson *lesson) {
  struct compressor *compressor = &archive->kinds[kind].compressor;
  uint64_t with, without, expected = archive->expected[kind];
  if (expected < lesson->learn_bytes) expected = lesson->learn_bytes;
  size_t compressed = 0;
  uint8_t *out = stage_allocate(archive->ctx, kind, compressor->dictionary_bytes);
  int error = out ? dictionary_compress(archive, kind, out, &compressed) : STAGE_OUT_OF_MEMORY;
  if (!error) error = trial(archive, kind, lesson, COMPRESS_DICTIONARY, &with);
  if (!error) error = trial(archive, kind, lesson, COMPRESS_PLAIN, &without);
  if (!error) {
    double saved = ((double)without - (double)with) / (double)lesson->trial_bytes * (double)expected;
    if (saved > (double)compressed) error = dictionary_write(archive, kind, out, compressed);
    else compress_unlearn(compressor);
  }
  stage_release(archive->ctx, kind, out);
  return error;
}

static int learn(struct archive *archive, enum stage_kind kind, const uint8_t *samples, const size_t *sizes,
                 uint32_t count) {
  struct lesson lesson = {0};
  uint32_t most = archive->settings.dictionary_bytes[kind];
  int error = lesson_make(archive, kind, samples, sizes, count, &lesson) ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (most > lesson.learn_bytes / DICTIONARY_SHARE) most = (uint32_t)(lesson.learn_bytes / DICTIONARY_SHARE);
  if (!error && most >= DICTIONARY_BYTES_MIN && lesson.trial_bytes > 0) {
    error = compress_learn(&archive->kinds[kind].compressor, lesson.bytes, lesson.sizes, lesson.count, most);
    if (!error && archive->kinds[kind].compressor.dictionary) error = dictionary_judge(archive, kind, &lesson);
  }
  lesson_free(archive, kind, &lesson);
  return error;
}

void archive_expect(struct archive *archive, enum stage_kind kind, uint64_t kept_bytes) {
  if (archive_has(archive, kind)) archive->expected[kind] = kept_bytes;
}

int archive_learn(struct archive *archive, enum stage_kind kind, const uint8_t *samples, const size_t *sizes,
                  uint32_t count) {
  if (!archive->writer || !archive_has(archive, kind) || archive->writer->dictionary[kind].dictionary_plain > 0 ||
      archive->writer->kinds[kind].frame_count > 0 || archive->writer->kinds[kind].frame_used > 0) {
    STAGE_FAIL(archive->ctx, "%s: a dictionary is learned once, between begin and the first add of its kind",
               archive->path);
    return STAGE_MISUSE;
  }
  if (archive->settings.dictionary_bytes[kind] == 0 || count < SAMPLES_MIN) return STAGE_OK;
  int error = learn(archive, kind, samples, sizes, count);
  if (error) archive_abandon(archive);
  return error;
}
