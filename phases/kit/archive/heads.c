/* SPDX-License-Identifier: MIT
 *
 * heads.c - the two heads, and the right to write, which rests on them. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- heads ---- */

uint64_t archive_head_hash(const uint8_t *head, unsigned slot) {
  return XXH3_64bits_withSeed(head, ARCHIVE_HEAD_BYTES - 8, slot * (uint64_t)ARCHIVE_HEAD_DISTANCE);
}

int archive_head_write(struct archive *archive, const struct archive_head *head, unsigned slot) {
  uint8_t bytes[ARCHIVE_HEAD_BYTES];
  const uint64_t fields[] = {head->sequence,    head->file_bytes,       head->index_offset,
                             head->index_bytes, head->catalogue_offset, head->catalogue_bytes};
  memcpy(bytes, ARCHIVE_MAGIC, 8);
  archive_put32(bytes + 8, ARCHIVE_VERSION);
  archive_put32(bytes + 12, archive->settings.kinds);
  for (unsigned i = 0; i < 6; i++) archive_put64(bytes + 16 + 8 * i, fields[i]);
  archive_put64(bytes + ARCHIVE_HEAD_BYTES - 8, archive_head_hash(bytes, slot));
  return file_io_write(&archive->file, slot * (uint64_t)ARCHIVE_HEAD_DISTANCE, bytes, sizeof bytes);
}

enum head_state { HEAD_ABSENT, HEAD_CORRUPT, HEAD_OTHER_VERSION, HEAD_INTACT };

static enum head_state head_parse(const uint8_t *bytes, unsigned slot, uint32_t *version, uint32_t *kinds,
                                  struct archive_head *head) {
  if (memcmp(bytes, ARCHIVE_MAGIC, 8) != 0) return HEAD_ABSENT;
  *version = archive_get32(bytes + 8);
  *kinds = archive_get32(bytes + 12);
  if (archive_get64(bytes + ARCHIVE_HEAD_BYTES - 8) != archive_head_hash(bytes, slot)) return HEAD_CORRUPT;
  if (*version != ARCHIVE_VERSION) return HEAD_OTHER_VERSION;
  uint64_t *fields[] = {&head->sequence,    &head->file_bytes,       &head->index_offset,
                        &head->index_bytes, &head->catalogue_offset, &head->catalogue_bytes};
  for (unsigned i = 0; i < 6; i++) *fields[i] = archive_get64(bytes + 16 + 8 * i);
  return HEAD_INTACT;
}

/* Everything that a head leads to lies in the file, catalogue and index each as a whole. */
static int head_check(struct archive *archive, const struct archive_head *head, unsigned slot) {
  uint64_t length, at = slot * (uint64_t)ARCHIVE_HEAD_DISTANCE, end = head->file_bytes;
  int error = file_io_length(&archive->file, &length);
  if (error) return error;
  if (end < ARCHIVE_BODY_OFFSET || end > FILE_IO_BYTES_MAX) {
    return archive_corrupt(archive, at, "the head names %llu bytes of file, expected at most %llu",
                           (unsigned long long)end, (unsigned long long)FILE_IO_BYTES_MAX);
  }
  if (length < end) {
    STAGE_FAIL(archive->ctx,
               "%s: is %llu bytes long, expected %llu; the file was cut short: restore it from a copy or "
               "build it anew",
               archive->file.path, (unsigned long long)length, (unsigned long long)end);
    return STAGE_CORRUPT;
  }
  bool good = head->index_offset >= ARCHIVE_BODY_OFFSET && head->index_offset <= end &&
              head->index_bytes >= ARCHIVE_INDEX_HEAD_BYTES && head->index_bytes <= end - head->index_offset &&
              head->catalogue_offset >= ARCHIVE_BODY_OFFSET && head->catalogue_offset <= end &&
              end - head->catalogue_offset >= 8 && head->catalogue_bytes <= end - head->catalogue_offset - 8;
  return good ? STAGE_OK : archive_corrupt(archive, at, "the head's index or catalogue does not lie in the file");
}

/* Why no head counts. */
static int heads_refused(struct archive *archive, const enum head_state *states, const uint32_t *versions) {
  for (unsigned slot = 0; slot < 2; slot++) {
    if (states[slot] != HEAD_OTHER_VERSION) continue;
    STAGE_FAIL(archive->ctx, "%s: is of version %u of the format, expected %u; build it anew", archive->file.path,
               versions[slot], ARCHIVE_VERSION);
    return STAGE_UNSUPPORTED;
  }
  if (states[0] == HEAD_CORRUPT || states[1] == HEAD_CORRUPT)
    return archive_corrupt(archive, 0, "neither head's bytes give its hash");
  return archive_corrupt(archive, 0, "no head, expected \"" ARCHIVE_MAGIC "\" at byte 0 or %u", ARCHIVE_HEAD_DISTANCE);
}

int archive_heads_read(struct archive *archive, struct archive_head *head, unsigned *slot) {
  uint8_t bytes[ARCHIVE_HEAD_BYTES];
  struct archive_head heads[2];
  enum head_state states[2];
  uint32_t versions[2] = {0}, kinds[2] = {0};
  for (unsigned s = 0; s < 2; s++) {
    int error = archive_pread(archive, s * (uint64_t)ARCHIVE_HEAD_DISTANCE, bytes, sizeof bytes);
    if (error) return error;
    states[s] = head_parse(bytes, s, &versions[s], &kinds[s], &heads[s]);
  }
  if (states[0] != HEAD_INTACT && states[1] != HEAD_INTACT) return heads_refused(archive, states, versions);
  if (states[0] == HEAD_INTACT && states[1] == HEAD_INTACT) *slot = heads[1].sequence > heads[0].sequence;
  else *slot = states[1] == HEAD_INTACT;
  *head = heads[*slot];
  if (kinds[*slot] != archive->settings.kinds) {
    STAGE_FAIL(archive->ctx, "%s: has the kinds of bytes 0x%x, expected 0x%x; open it with the stages that wrote it",
               archive->file.path, kinds[*slot], archive->settings.kinds);
    return STAGE_UNSUPPORTED;
  }
  return head_check(archive, head, *slot);
}

/* ---- the right to write ---- */

/* NAME.new, locked and empty. One whose builder died has no lock; one whose builder renamed or
 * removed it between our opening and locking is no longer at the path. */
static int new_file_open(struct archive *archive) {
  archive->file.path = archive->path_new;
  for (int attempt = 0; attempt < 100; attempt++) {
    int error = file_io_open(&archive->file, O_RDWR | O_CREAT);
    if (!error) error = file_io_lock(&archive->file);
    if (error) {
      file_io_close(&archive->file);
      return error;
    }
    if (file_io_is_at_path(&archive->file)) {
      archive->is_new = archive->is_writable = archive->is_locked = true;
      if (ftruncate(archive->file.fd, 0) == 0) return STAGE_OK;
      STAGE_FAIL(archive->ctx, "%s: cannot be emptied: %s; remove it", archive->path_new, strerror(errno));
      return STAGE_IO;
    }
    file_io_close(&archive->file);
  }
  STAGE_FAIL(archive->ctx, "%s: other processes keep making and removing it; choose another folder", archive->path_new);
  return STAGE_IO;
}

/* The committed file, open for writing, too. */
static int file_reopen(struct archive *archive) {
  struct file_io file = archive->file;
  int error = file_io_open(&file, O_RDWR);
  if (error) return error;
  file_io_close(&archive->file);
  archive->file = file;
  archive->is_writable = true;
  return STAGE_OK;
}

/* Whether the locked file is still the one whose state we have. */
static int unchanged_check(struct archive *archive) {
  struct archive_head head;
  unsigned slot;
  int error = archive_heads_read(archive, &head, &slot);
  if (error) return error;
  if (file_io_is_at_path(&archive->file) && head.sequence == archive->state.head.sequence &&
      head.index_offset == archive->state.head.index_offset)
    return STAGE_OK;
  STAGE_FAIL(archive->ctx, "%s: was changed by another process since it was opened; open it anew", archive->file.path);
  return STAGE_IO;
}

int archive_lock(struct archive *archive) {
  if (archive->is_locked) return STAGE_OK;
  if (archive->file.fd < 0) return new_file_open(archive);
  int error = archive->is_writable ? STAGE_OK : file_reopen(archive);
  if (!error) error = file_io_lock(&archive->file);
  if (error) return error;
  archive->is_locked = true;
  error = unchanged_check(archive);
  if (error) archive_unlock(archive);
  return error;
}

/* NAME.new stays locked for as long as it is there. */
void archive_unlock(struct archive *archive) {
  if (archive->is_new || !archive->is_locked) return;
  file_io_unlock(&archive->file);
  archive->is_locked = false;
}
