/* SPDX-License-Identifier: MIT
 *
 * archive.c - opening and closing, the heads, committing. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

int archive_corrupt(const struct archive *archive, uint64_t offset, const char *format, ...) {
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  STAGE_FAIL(archive->ctx, "%s: byte %llu: %s; the file is damaged: restore it from a copy or build it anew",
             archive->file.path, (unsigned long long)offset, what);
  return STAGE_CORRUPT;
}

int archive_pread(struct archive *archive, uint64_t offset, void *out, size_t bytes) {
  archive->reads++;
  return file_io_read(&archive->file, offset, out, bytes);
}

/* ---- heads ---- */

uint64_t archive_head_hash(const uint8_t *head, unsigned slot) {
  return XXH3_64bits_withSeed(head, ARCHIVE_HEAD_BYTES - 8, slot * (uint64_t)ARCHIVE_HEAD_DISTANCE);
}

static int head_write(struct archive *archive, const struct archive_head *head, unsigned slot) {
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

/* ---- opening ---- */

static char *path_of(const struct archive *archive, const char *name, const char *ending) {
  size_t bytes = strlen(archive->ctx->directory) + strlen(name) + strlen(ending) + 2;
  char *path = stage_allocate(archive->ctx, archive->home, bytes);
  if (path) snprintf(path, bytes, "%s/%s%s", archive->ctx->directory, name, ending);
  return path;
}

static int settings_check(const struct stage_ctx *ctx, const char *name, struct archive_settings *settings) {
  bool good = ctx->directory && name[0] && !strchr(name, '/') && settings->kinds != 0 &&
              settings->kinds < 1u << STAGE_KIND_COUNT;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT && good; kind++) {
    if (!(settings->kinds >> kind & 1)) continue;
    good = settings->frame_bytes[kind] >= 64 && settings->dictionary_bytes[kind] <= ARCHIVE_DICTIONARY_BYTES_MAX &&
           settings->level[kind] >= 1 && settings->level[kind] <= ZSTD_maxCLevel();
    if (settings->frame_bytes[kind] > ARCHIVE_FRAME_BYTES_MAX) settings->frame_bytes[kind] = ARCHIVE_FRAME_BYTES_MAX;
  }
  if (good) return STAGE_OK;
  STAGE_FAIL(ctx,
             "%s: expected a folder, a file name, kinds, frames of at least 64 bytes, dictionaries of at most %u "
             "bytes and levels from 1 to %d",
             name, ARCHIVE_DICTIONARY_BYTES_MAX, ZSTD_maxCLevel());
  return STAGE_MISUSE;
}

static int file_open(struct archive *archive) {
  archive->file.path = archive->path;
  struct stat status;
  bool is_there = stat(archive->path, &status) == 0;
  if (is_there ? !S_ISREG(status.st_mode) : errno == ENOENT) { /* another kind of file may block who opens it */
    STAGE_FAIL(archive->ctx, "%s: %s; expected the file that was committed: restore it from a copy or build it anew",
               archive->path, is_there ? "is no regular file" : "is missing");
    return STAGE_CORRUPT;
  }
  int error = file_io_open(&archive->file, O_RDONLY);
  if (!error) error = archive_heads_read(archive, &archive->state.head, &archive->slot);
  if (!error) error = archive_index_read(archive, &archive->state);
  return error;
}

int archive_open(const struct stage_ctx *ctx, const char *name, const struct archive_settings *settings,
                 struct archive **out) {
  struct archive_settings checked = *settings;
  int error = settings_check(ctx, name, &checked);
  if (error) return error;
  enum stage_kind home = (enum stage_kind)__builtin_ctz(checked.kinds);
  struct archive *archive = stage_allocate(ctx, home, sizeof *archive);
  if (!archive) return STAGE_OUT_OF_MEMORY;
  *archive = (struct archive){.ctx = ctx, .home = home, .settings = checked, .file = {.ctx = ctx, .fd = -1}};
  archive->state.head.file_bytes = ARCHIVE_BODY_OFFSET;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    struct archive_kind *k = &archive->kinds[kind];
    k->compressor =
        (struct compressor){.ctx = ctx, .kind = (enum stage_kind)kind, .input_bytes = checked.frame_bytes[kind]};
    k->plain_frame = ARCHIVE_NONE;
  }
  archive->path = path_of(archive, name, "");
  archive->path_new = path_of(archive, name, ".new");
  error = archive->path && archive->path_new ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (!error && ctx->is_reopened) error = file_open(archive);
  if (error) archive_close(archive);
  else *out = archive;
  return error;
}

void archive_close(struct archive *archive) {
  if (!archive) return;
  const struct stage_ctx *ctx = archive->ctx;
  if (archive->writer) archive_abandon(archive);
  archive_rest(archive);
  if (archive->is_new) unlink(archive->path_new);
  file_io_close(&archive->file);
  stage_release(ctx, archive->home, archive->path);
  stage_release(ctx, archive->home, archive->path_new);
  stage_release(ctx, archive->home, archive);
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

/* ---- committing ---- */

static int sync_file(struct archive *archive) {
  int error = file_io_sync(&archive->file);
  if (error) archive->is_unsyncable = true;
  return error;
}

/* Behind the index: its bytes and their hash. */
static int catalogue_write(struct archive *archive, struct archive_head *head, const void *catalogue, uint64_t length) {
  uint8_t hash[8];
  head->catalogue_offset = head->file_bytes;
  head->catalogue_bytes = length;
  if (length > FILE_IO_BYTES_MAX) return STAGE_LIMIT;
  archive_put64(hash, XXH3_64bits_withSeed(length ? catalogue : "", (size_t)length, head->catalogue_offset));
  int error = file_io_write(&archive->file, head->file_bytes, catalogue, (size_t)length);
  if (!error) error = file_io_write(&archive->file, head->file_bytes + length, hash, sizeof hash);
  head->file_bytes += length + sizeof hash;
  return error;
}

/* The first commit: both heads, then the name. */
static int commit_first(struct archive *archive, const struct archive_head *head) {
  int error = head_write(archive, head, 0);
  if (!error) error = head_write(archive, head, 1);
  if (!error) error = sync_file(archive);
  if (!error) error = file_io_rename(archive->ctx, archive->path_new, archive->path);
  if (error) return error;
  archive->is_new = false;
  archive->file.path = archive->path;
  archive->state.head = *head;
  return file_io_sync_folder(archive->ctx, archive->ctx->directory);
}

/* A later one: what is new, then the head that does not count, which from then on does. The
 * other one follows without being waited for, so that a head corrupt later on does not bring
 * back an old state; should it fail, there is still one that counts. */
static int commit_again(struct archive *archive, const struct archive_head *head) {
  int error = sync_file(archive);
  if (!error) error = head_write(archive, head, !archive->slot);
  if (!error) error = sync_file(archive);
  if (error) return error;
  archive->state.head = *head;
  if (head_write(archive, head, archive->slot) != STAGE_OK) archive->slot = !archive->slot;
  return STAGE_OK;
}

int archive_commit(struct archive *archive, const void *catalogue, uint64_t length) {
  if (archive->writer || archive->state.head.index_bytes == 0) {
    STAGE_FAIL(archive->ctx, "%s: a commit without a finish before it", archive->path);
    return STAGE_MISUSE;
  }
  if (archive->is_unsyncable) {
    STAGE_FAIL(archive->ctx, "%s: an earlier sync failed, what was written since is lost; open it anew", archive->path);
    return STAGE_IO;
  }
  int error = archive_lock(archive);
  if (error) return error;
  struct archive_head head = archive->state.head;
  head.sequence++;
  error = catalogue_write(archive, &head, catalogue, length);
  if (!error) error = archive->is_new ? commit_first(archive, &head) : commit_again(archive, &head);
  if (!error) archive->is_ahead = false;
  if (!archive->is_ahead) archive_unlock(archive);
  return error;
}

uint64_t archive_catalogue_bytes(const struct archive *archive) { return archive->state.head.catalogue_bytes; }

int archive_catalogue(struct archive *archive, uint8_t *out) {
  const struct archive_head *head = &archive->state.head;
  uint8_t hash[8];
  if (head->catalogue_offset == 0) return STAGE_NO_DOCUMENT;
  int error = archive_pread(archive, head->catalogue_offset, out, (size_t)head->catalogue_bytes);
  if (!error) error = archive_pread(archive, head->catalogue_offset + head->catalogue_bytes, hash, sizeof hash);
  if (error) return error;
  if (archive_get64(hash) == XXH3_64bits_withSeed(out, (size_t)head->catalogue_bytes, head->catalogue_offset))
    return STAGE_OK;
  return archive_corrupt(archive, head->catalogue_offset, "the catalogue's %llu bytes do not give its hash",
                         (unsigned long long)head->catalogue_bytes);
}

/* ---- figures ---- */

struct archive_usage archive_usage(const struct archive *archive) {
  const struct archive_state *state = &archive->state;
  struct archive_usage usage = {.file_bytes = state->head.file_bytes,
                                .reads = archive->reads,
                                .frames_decompressed = archive->frames_decompressed};
  uint64_t live = ARCHIVE_BODY_OFFSET + state->segment_bytes + state->head.index_bytes;
  if (state->head.catalogue_offset) live += state->head.catalogue_bytes + 8;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    const struct archive_section *section = &state->sections[kind];
    usage.compressed_bytes[kind] = section->compressed_bytes;
    usage.plain_bytes[kind] = section->plain_bytes;
    usage.dictionary_bytes[kind] = section->dictionary_compressed;
    usage.index_bytes[kind] =
        (archive_pages(section->id_end) + archive_pages(section->frame_count)) * ARCHIVE_PAGE_BYTES;
    live += section->dictionary_compressed;
  }
  usage.dead_bytes = usage.file_bytes > live ? usage.file_bytes - live : 0;
  if (archive->writer) usage.file_bytes = archive->writer->at;
  return usage;
}
