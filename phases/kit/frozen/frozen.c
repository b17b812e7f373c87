/* SPDX-License-Identifier: MIT
 *
 * frozen.c - opening and closing, the heads, committing. */
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

int frozen_corrupt(const struct frozen *frozen, uint64_t offset, const char *format, ...) {
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  STAGE_FAIL(frozen->ctx, "%s: byte %llu: %s; the file is damaged: restore it from a copy or build it anew",
             frozen->file.path, (unsigned long long)offset, what);
  return STAGE_CORRUPT;
}

int frozen_pread(struct frozen *frozen, uint64_t offset, void *out, size_t bytes) {
  frozen->reads++;
  return file_io_read(&frozen->file, offset, out, bytes);
}

/* ---- heads ---- */

uint64_t frozen_head_hash(const uint8_t *head, unsigned slot) {
  return XXH3_64bits_withSeed(head, FROZEN_HEAD_BYTES - 8, slot * (uint64_t)FROZEN_HEAD_DISTANCE);
}

static int head_write(struct frozen *frozen, const struct frozen_head *head, unsigned slot) {
  uint8_t bytes[FROZEN_HEAD_BYTES];
  const uint64_t fields[] = {head->sequence,    head->file_bytes,       head->index_offset,
                             head->index_bytes, head->catalogue_offset, head->catalogue_bytes};
  memcpy(bytes, FROZEN_MAGIC, 8);
  frozen_put32(bytes + 8, FROZEN_VERSION);
  frozen_put32(bytes + 12, frozen->settings.kinds);
  for (unsigned i = 0; i < 6; i++) frozen_put64(bytes + 16 + 8 * i, fields[i]);
  frozen_put64(bytes + FROZEN_HEAD_BYTES - 8, frozen_head_hash(bytes, slot));
  return file_io_write(&frozen->file, slot * (uint64_t)FROZEN_HEAD_DISTANCE, bytes, sizeof bytes);
}

enum head_state { HEAD_ABSENT, HEAD_SPOILED, HEAD_OTHER_VERSION, HEAD_INTACT };

static enum head_state head_parse(const uint8_t *bytes, unsigned slot, uint32_t *version, uint32_t *kinds,
                                  struct frozen_head *head) {
  if (memcmp(bytes, FROZEN_MAGIC, 8) != 0) return HEAD_ABSENT;
  *version = frozen_get32(bytes + 8);
  *kinds = frozen_get32(bytes + 12);
  if (frozen_get64(bytes + FROZEN_HEAD_BYTES - 8) != frozen_head_hash(bytes, slot)) return HEAD_SPOILED;
  if (*version != FROZEN_VERSION) return HEAD_OTHER_VERSION;
  uint64_t *fields[] = {&head->sequence,    &head->file_bytes,       &head->index_offset,
                        &head->index_bytes, &head->catalogue_offset, &head->catalogue_bytes};
  for (unsigned i = 0; i < 6; i++) *fields[i] = frozen_get64(bytes + 16 + 8 * i);
  return HEAD_INTACT;
}

/* Everything that a head leads to lies in the file, catalogue and index each as a whole. */
static int head_check(struct frozen *frozen, const struct frozen_head *head, unsigned slot) {
  uint64_t length, at = slot * (uint64_t)FROZEN_HEAD_DISTANCE, end = head->file_bytes;
  int error = file_io_length(&frozen->file, &length);
  if (error) return error;
  if (end < FROZEN_BODY_OFFSET || end > FILE_IO_BYTES_MAX) {
    return frozen_corrupt(frozen, at, "the head names %llu bytes of file, expected at most %llu",
                          (unsigned long long)end, (unsigned long long)FILE_IO_BYTES_MAX);
  }
  if (length < end) {
    STAGE_FAIL(frozen->ctx,
               "%s: is %llu bytes long, expected %llu; the file was cut short: restore it from a copy or "
               "build it anew",
               frozen->file.path, (unsigned long long)length, (unsigned long long)end);
    return STAGE_CORRUPT;
  }
  bool good = head->index_offset >= FROZEN_BODY_OFFSET && head->index_offset <= end &&
              head->index_bytes >= FROZEN_INDEX_HEAD_BYTES && head->index_bytes <= end - head->index_offset &&
              head->catalogue_offset >= FROZEN_BODY_OFFSET && head->catalogue_offset <= end &&
              end - head->catalogue_offset >= 8 && head->catalogue_bytes <= end - head->catalogue_offset - 8;
  return good ? STAGE_OK : frozen_corrupt(frozen, at, "the head's index or catalogue does not lie in the file");
}

/* Why no head counts. */
static int heads_refused(struct frozen *frozen, const enum head_state *states, const uint32_t *versions) {
  for (unsigned slot = 0; slot < 2; slot++) {
    if (states[slot] != HEAD_OTHER_VERSION) continue;
    STAGE_FAIL(frozen->ctx, "%s: is of version %u of the format, expected %u; build it anew", frozen->file.path,
               versions[slot], FROZEN_VERSION);
    return STAGE_UNSUPPORTED;
  }
  if (states[0] == HEAD_SPOILED || states[1] == HEAD_SPOILED)
    return frozen_corrupt(frozen, 0, "neither head's bytes give its hash");
  return frozen_corrupt(frozen, 0, "no head, expected \"" FROZEN_MAGIC "\" at byte 0 or %u", FROZEN_HEAD_DISTANCE);
}

int frozen_heads_read(struct frozen *frozen, struct frozen_head *head, unsigned *slot) {
  uint8_t bytes[FROZEN_HEAD_BYTES];
  struct frozen_head heads[2];
  enum head_state states[2];
  uint32_t versions[2] = {0}, kinds[2] = {0};
  for (unsigned s = 0; s < 2; s++) {
    int error = frozen_pread(frozen, s * (uint64_t)FROZEN_HEAD_DISTANCE, bytes, sizeof bytes);
    if (error) return error;
    states[s] = head_parse(bytes, s, &versions[s], &kinds[s], &heads[s]);
  }
  if (states[0] != HEAD_INTACT && states[1] != HEAD_INTACT) return heads_refused(frozen, states, versions);
  if (states[0] == HEAD_INTACT && states[1] == HEAD_INTACT) *slot = heads[1].sequence > heads[0].sequence;
  else *slot = states[1] == HEAD_INTACT;
  *head = heads[*slot];
  if (kinds[*slot] != frozen->settings.kinds) {
    STAGE_FAIL(frozen->ctx, "%s: has the kinds of bytes 0x%x, expected 0x%x; open it with the stages that wrote it",
               frozen->file.path, kinds[*slot], frozen->settings.kinds);
    return STAGE_UNSUPPORTED;
  }
  return head_check(frozen, head, *slot);
}

/* ---- opening ---- */

static char *path_of(const struct frozen *frozen, const char *name, const char *ending) {
  size_t bytes = strlen(frozen->ctx->directory) + strlen(name) + strlen(ending) + 2;
  char *path = stage_allocate(frozen->ctx, frozen->home, bytes);
  if (path) snprintf(path, bytes, "%s/%s%s", frozen->ctx->directory, name, ending);
  return path;
}

static int settings_check(const struct stage_ctx *ctx, const char *name, struct frozen_settings *settings) {
  bool good = ctx->directory && name[0] && !strchr(name, '/') && settings->kinds != 0 &&
              settings->kinds < 1u << STAGE_KIND_COUNT;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT && good; kind++) {
    if (!(settings->kinds >> kind & 1)) continue;
    good = settings->frame_bytes[kind] >= 64 && settings->dictionary_bytes[kind] <= FROZEN_DICTIONARY_BYTES_MAX &&
           settings->level[kind] >= 1 && settings->level[kind] <= ZSTD_maxCLevel();
    if (settings->frame_bytes[kind] > FROZEN_FRAME_BYTES_MAX) settings->frame_bytes[kind] = FROZEN_FRAME_BYTES_MAX;
  }
  if (good) return STAGE_OK;
  STAGE_FAIL(ctx,
             "%s: expected a folder, a file name, kinds, frames of at least 64 bytes, dictionaries of at most %u "
             "bytes and levels from 1 to %d",
             name, FROZEN_DICTIONARY_BYTES_MAX, ZSTD_maxCLevel());
  return STAGE_MISUSE;
}

static int file_open(struct frozen *frozen) {
  frozen->file.path = frozen->path;
  struct stat status;
  bool is_there = stat(frozen->path, &status) == 0;
  if (is_there ? !S_ISREG(status.st_mode) : errno == ENOENT) { /* another kind of file may block who opens it */
    STAGE_FAIL(frozen->ctx, "%s: %s; expected the file that was committed: restore it from a copy or build it anew",
               frozen->path, is_there ? "is no regular file" : "is missing");
    return STAGE_CORRUPT;
  }
  int error = file_io_open(&frozen->file, O_RDONLY);
  if (!error) error = frozen_heads_read(frozen, &frozen->state.head, &frozen->slot);
  if (!error) error = frozen_index_read(frozen, &frozen->state);
  return error;
}

int frozen_open(const struct stage_ctx *ctx, const char *name, const struct frozen_settings *settings,
                struct frozen **out) {
  struct frozen_settings checked = *settings;
  int error = settings_check(ctx, name, &checked);
  if (error) return error;
  enum stage_kind home = (enum stage_kind)__builtin_ctz(checked.kinds);
  struct frozen *frozen = stage_allocate(ctx, home, sizeof *frozen);
  if (!frozen) return STAGE_OUT_OF_MEMORY;
  *frozen = (struct frozen){.ctx = ctx, .home = home, .settings = checked, .file = {.ctx = ctx, .fd = -1}};
  frozen->state.head.file_bytes = FROZEN_BODY_OFFSET;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    struct frozen_kind *k = &frozen->kinds[kind];
    k->press = (struct press){.ctx = ctx, .kind = (enum stage_kind)kind, .input_bytes = checked.frame_bytes[kind]};
    k->plain_frame = FROZEN_NONE;
  }
  frozen->path = path_of(frozen, name, "");
  frozen->path_new = path_of(frozen, name, ".new");
  error = frozen->path && frozen->path_new ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  if (!error && ctx->is_reopened) error = file_open(frozen);
  if (error) frozen_close(frozen);
  else *out = frozen;
  return error;
}

void frozen_close(struct frozen *frozen) {
  if (!frozen) return;
  const struct stage_ctx *ctx = frozen->ctx;
  if (frozen->writer) frozen_abandon(frozen);
  frozen_rest(frozen);
  if (frozen->is_new) unlink(frozen->path_new);
  file_io_close(&frozen->file);
  stage_release(ctx, frozen->home, frozen->path);
  stage_release(ctx, frozen->home, frozen->path_new);
  stage_release(ctx, frozen->home, frozen);
}

/* ---- the right to write ---- */

/* NAME.new, locked and empty. One whose builder died has no lock; one whose builder renamed or
 * removed it between our opening and locking is no longer at the path. */
static int new_file_open(struct frozen *frozen) {
  frozen->file.path = frozen->path_new;
  for (int attempt = 0; attempt < 100; attempt++) {
    int error = file_io_open(&frozen->file, O_RDWR | O_CREAT);
    if (!error) error = file_io_lock(&frozen->file);
    if (error) {
      file_io_close(&frozen->file);
      return error;
    }
    if (file_io_is_at_path(&frozen->file)) {
      frozen->is_new = frozen->is_writable = frozen->is_locked = true;
      if (ftruncate(frozen->file.fd, 0) == 0) return STAGE_OK;
      STAGE_FAIL(frozen->ctx, "%s: cannot be emptied: %s; remove it", frozen->path_new, strerror(errno));
      return STAGE_IO;
    }
    file_io_close(&frozen->file);
  }
  STAGE_FAIL(frozen->ctx, "%s: other processes keep making and removing it; choose another folder", frozen->path_new);
  return STAGE_IO;
}

/* The committed file, open for writing, too. */
static int file_reopen(struct frozen *frozen) {
  struct file_io file = frozen->file;
  int error = file_io_open(&file, O_RDWR);
  if (error) return error;
  file_io_close(&frozen->file);
  frozen->file = file;
  frozen->is_writable = true;
  return STAGE_OK;
}

/* Whether the locked file is still the one whose state we have. */
static int unchanged_check(struct frozen *frozen) {
  struct frozen_head head;
  unsigned slot;
  int error = frozen_heads_read(frozen, &head, &slot);
  if (error) return error;
  if (file_io_is_at_path(&frozen->file) && head.sequence == frozen->state.head.sequence &&
      head.index_offset == frozen->state.head.index_offset)
    return STAGE_OK;
  STAGE_FAIL(frozen->ctx, "%s: was changed by another process since it was opened; open it anew", frozen->file.path);
  return STAGE_IO;
}

int frozen_lock(struct frozen *frozen) {
  if (frozen->is_locked) return STAGE_OK;
  if (frozen->file.fd < 0) return new_file_open(frozen);
  int error = frozen->is_writable ? STAGE_OK : file_reopen(frozen);
  if (!error) error = file_io_lock(&frozen->file);
  if (error) return error;
  frozen->is_locked = true;
  error = unchanged_check(frozen);
  if (error) frozen_unlock(frozen);
  return error;
}

/* NAME.new stays locked for as long as it is there. */
void frozen_unlock(struct frozen *frozen) {
  if (frozen->is_new || !frozen->is_locked) return;
  file_io_unlock(&frozen->file);
  frozen->is_locked = false;
}

/* ---- committing ---- */

static int sync_file(struct frozen *frozen) {
  int error = file_io_sync(&frozen->file);
  if (error) frozen->is_unsyncable = true;
  return error;
}

/* Behind the index: its bytes and their hash. */
static int catalogue_write(struct frozen *frozen, struct frozen_head *head, const void *catalogue, uint64_t length) {
  uint8_t hash[8];
  head->catalogue_offset = head->file_bytes;
  head->catalogue_bytes = length;
  if (length > FILE_IO_BYTES_MAX) return STAGE_LIMIT;
  frozen_put64(hash, XXH3_64bits_withSeed(length ? catalogue : "", (size_t)length, head->catalogue_offset));
  int error = file_io_write(&frozen->file, head->file_bytes, catalogue, (size_t)length);
  if (!error) error = file_io_write(&frozen->file, head->file_bytes + length, hash, sizeof hash);
  head->file_bytes += length + sizeof hash;
  return error;
}

/* The first commit: both heads, then the name. */
static int commit_first(struct frozen *frozen, const struct frozen_head *head) {
  int error = head_write(frozen, head, 0);
  if (!error) error = head_write(frozen, head, 1);
  if (!error) error = sync_file(frozen);
  if (!error) error = file_io_rename(frozen->ctx, frozen->path_new, frozen->path);
  if (error) return error;
  frozen->is_new = false;
  frozen->file.path = frozen->path;
  frozen->state.head = *head;
  return file_io_sync_folder(frozen->ctx, frozen->ctx->directory);
}

/* A later one: what is new, then the head that does not count, which from then on does. The
 * other one follows without being waited for, so that a head spoiled later on does not bring
 * back an old state; should it fail, there is still one that counts. */
static int commit_again(struct frozen *frozen, const struct frozen_head *head) {
  int error = sync_file(frozen);
  if (!error) error = head_write(frozen, head, !frozen->slot);
  if (!error) error = sync_file(frozen);
  if (error) return error;
  frozen->state.head = *head;
  if (head_write(frozen, head, frozen->slot) != STAGE_OK) frozen->slot = !frozen->slot;
  return STAGE_OK;
}

int frozen_commit(struct frozen *frozen, const void *catalogue, uint64_t length) {
  if (frozen->writer || frozen->state.head.index_bytes == 0) {
    STAGE_FAIL(frozen->ctx, "%s: a commit without a finish before it", frozen->path);
    return STAGE_MISUSE;
  }
  if (frozen->is_unsyncable) {
    STAGE_FAIL(frozen->ctx, "%s: an earlier sync failed, what was written since is lost; open it anew", frozen->path);
    return STAGE_IO;
  }
  int error = frozen_lock(frozen);
  if (error) return error;
  struct frozen_head head = frozen->state.head;
  head.sequence++;
  error = catalogue_write(frozen, &head, catalogue, length);
  if (!error) error = frozen->is_new ? commit_first(frozen, &head) : commit_again(frozen, &head);
  if (!error) frozen->is_ahead = false;
  if (!frozen->is_ahead) frozen_unlock(frozen);
  return error;
}

uint64_t frozen_catalogue_bytes(const struct frozen *frozen) { return frozen->state.head.catalogue_bytes; }

int frozen_catalogue(struct frozen *frozen, uint8_t *out) {
  const struct frozen_head *head = &frozen->state.head;
  uint8_t hash[8];
  if (head->catalogue_offset == 0) return STAGE_NO_DOCUMENT;
  int error = frozen_pread(frozen, head->catalogue_offset, out, (size_t)head->catalogue_bytes);
  if (!error) error = frozen_pread(frozen, head->catalogue_offset + head->catalogue_bytes, hash, sizeof hash);
  if (error) return error;
  if (frozen_get64(hash) == XXH3_64bits_withSeed(out, (size_t)head->catalogue_bytes, head->catalogue_offset))
    return STAGE_OK;
  return frozen_corrupt(frozen, head->catalogue_offset, "the catalogue's %llu bytes do not give its hash",
                        (unsigned long long)head->catalogue_bytes);
}

/* ---- figures ---- */

struct frozen_usage frozen_usage(const struct frozen *frozen) {
  const struct frozen_state *state = &frozen->state;
  struct frozen_usage usage = {
      .file_bytes = state->head.file_bytes, .reads = frozen->reads, .frames_unpacked = frozen->frames_unpacked};
  uint64_t live = FROZEN_BODY_OFFSET + state->segment_bytes + state->head.index_bytes;
  if (state->head.catalogue_offset) live += state->head.catalogue_bytes + 8;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    const struct frozen_section *section = &state->sections[kind];
    usage.packed_bytes[kind] = section->packed_bytes;
    usage.plain_bytes[kind] = section->plain_bytes;
    usage.dictionary_bytes[kind] = section->dictionary_packed;
    usage.index_bytes[kind] = (frozen_pages(section->id_end) + frozen_pages(section->frame_count)) * FROZEN_PAGE_BYTES;
    live += section->dictionary_packed;
  }
  usage.dead_bytes = usage.file_bytes > live ? usage.file_bytes - live : 0;
  if (frozen->writer) usage.file_bytes = frozen->writer->at;
  return usage;
}
