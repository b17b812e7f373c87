/* SPDX-License-Identifier: MIT
 *
 * archive.c - opening and closing, committing. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

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
  int error = archive_head_write(archive, head, 0);
  if (!error) error = archive_head_write(archive, head, 1);
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
  if (!error) error = archive_head_write(archive, head, !archive->slot);
  if (!error) error = sync_file(archive);
  if (error) return error;
  archive->state.head = *head;
  if (archive_head_write(archive, head, archive->slot) != STAGE_OK) archive->slot = !archive->slot;
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
