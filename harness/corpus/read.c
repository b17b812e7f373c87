/* SPDX-License-Identifier: MIT
 *
 * read.c - every file of a corpus is read once: its size, lines, hash, and
 * whether it is text. Files are read into one buffer and not mapped, since a file
 * that shrinks meanwhile would end a mapping's reader by a signal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "build.h"

#define BINARY_PROBE_BYTES 8000 /* as git does */

struct buffer {
  uint8_t *bytes;
  size_t length, capacity;
  int error; /* the errno of what was not read last */
};

/* ---- the progress line ---- */

struct progress {
  bool shown;
  uint64_t total_bytes, total_files, begun_ns, last_ns;
};

/* At most five times a second, and not at all in the first half second. */
static void progress_show(struct progress *progress, const char *name, uint64_t files, uint64_t bytes) {
  uint64_t now = clock_ns();
  if (now - progress->begun_ns < CLOCK_NS_PER_S / 2 || now - progress->last_ns < CLOCK_NS_PER_S / 5) return;
  progress->last_ns = now;
  progress->shown = true;
  double elapsed_s = (double)(now - progress->begun_ns) / 1e9;
  double left_s = bytes ? elapsed_s * ((double)progress->total_bytes / (double)bytes - 1) : 0;
  fprintf(stderr, "\rreading corpus %s: %llu of %llu files, about %.0f s left \033[K", name, (unsigned long long)files,
          (unsigned long long)progress->total_files, left_s > 0 ? left_s : 0);
}

static void progress_end(const struct progress *progress) {
  if (progress->shown) fputs("\r\033[K", stderr);
}

bool corpus_file_path(const struct corpus *corpus, const struct corpus_file *file, char *path, size_t path_bytes) {
  int length = snprintf(path, path_bytes, "%s/%s", corpus->root, file->path);
  return length >= 0 && (size_t)length < path_bytes;
}

/* ---- one file ---- */

/* UNREADABLE is what stays so: not there, no permission, not a file. FAILED is what may be gone the next time. */
enum outcome { READ_DONE, READ_UNREADABLE, READ_HUGE, READ_FAILED };

static enum outcome unread(struct buffer *buffer, int error) {
  buffer->error = error;
  return exit_code_of_errno(error) == EXIT_CODE_INPUT ? READ_UNREADABLE : READ_FAILED;
}

static bool read_failed(const struct buffer *buffer, const char *path, struct fault *fault) {
  if (buffer->error == ENOMEM)
    return fault_set(fault, EXIT_CODE_SYSTEM,
                     "out of memory while %s was read; a smaller limit for the size of a file leaves it out", path);
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(buffer->error));
}

static bool reserve(struct buffer *buffer, size_t bytes) {
  if (bytes <= buffer->capacity) return true;
  size_t capacity = buffer->capacity ? buffer->capacity : 1 << 20;
  while (capacity < bytes) capacity *= 2;
  uint8_t *grown = realloc(buffer->bytes, capacity);
  if (!grown) return false;
  buffer->bytes = grown;
  buffer->capacity = capacity;
  return true;
}

/* Reads until the end, which need not be where stat saw it. */
static enum outcome read_open_file(int fd, uint64_t max_bytes, struct buffer *buffer) {
  struct stat status;
  if (fstat(fd, &status) != 0) return unread(buffer, errno);
  if (!S_ISREG(status.st_mode)) return READ_UNREADABLE;
  if ((uint64_t)status.st_size > max_bytes) return READ_HUGE;
  buffer->length = 0;
  for (;;) {
    if (!reserve(buffer, buffer->length > (size_t)status.st_size ? buffer->length * 2 : (size_t)status.st_size + 1)) {
      return unread(buffer, ENOMEM);
    }
    ssize_t got = read(fd, buffer->bytes + buffer->length, buffer->capacity - buffer->length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unread(buffer, errno);
    if (got == 0) return READ_DONE;
    buffer->length += (size_t)got;
    if (buffer->length > max_bytes) return READ_HUGE;
  }
}

static enum outcome read_file(const char *path, uint64_t max_bytes, struct buffer *buffer) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return unread(buffer, errno);
  enum outcome outcome = read_open_file(fd, max_bytes, buffer);
  close(fd);
  return outcome;
}

/* Newlines, and one for an unterminated last line. */
static uint64_t count_lines(const uint8_t *bytes, size_t length) {
  uint64_t lines = 0;
  for (size_t i = 0; i < length; i++) lines += bytes[i] == '\n';
  return lines + (length > 0 && bytes[length - 1] != '\n');
}

static struct corpus_file describe(const struct corpus_candidate *candidate, const struct buffer *buffer) {
  return (struct corpus_file){
      .path = candidate->path,
      .bytes = buffer->length,
      .lines = count_lines(buffer->bytes, buffer->length),
      .hash = XXH3_64bits(buffer->bytes, buffer->length),
      .language = candidate->language,
      .non_utf8 = !utf8_valid(buffer->bytes, buffer->length),
  };
}

static void count(struct corpus *corpus, const struct corpus_file *file) {
  corpus->lines += file->lines;
  corpus->bytes += file->bytes;
  corpus->empty_files += file->bytes == 0;
  corpus->non_utf8_files += file->non_utf8;
}

/* false: it changed while it was read. */
static bool read_steadily(const char *path, struct buffer *buffer, enum outcome *outcome) {
  struct stat before, after;
  if (lstat(path, &before) < 0) {
    *outcome = unread(buffer, errno);
    return true;
  }
  *outcome = read_file(path, CORPUS_MAX_FILE_BYTES, buffer);
  if (*outcome == READ_FAILED) return true;
  return lstat(path, &after) == 0 && before.st_ino == after.st_ino && before.st_size == after.st_size &&
         before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

static bool is_binary(const struct buffer *buffer) {
  size_t probe_bytes = buffer->length < BINARY_PROBE_BYTES ? buffer->length : BINARY_PROBE_BYTES;
  return probe_bytes && memchr(buffer->bytes, 0, probe_bytes);
}

enum corpus_again corpus_read_again(struct corpus *corpus, struct corpus_file *file, char **text, const char **why,
                                    struct fault *fault) {
  char path[PATH_MAX];
  struct buffer buffer = {0};
  enum outcome outcome = READ_UNREADABLE;
  bool is_steady = true;
  if (corpus_file_path(corpus, file, path, sizeof path)) {
    is_steady = read_steadily(path, &buffer, &outcome) || read_steadily(path, &buffer, &outcome);
  }
  *text = (char *)buffer.bytes;
  if (outcome == READ_FAILED) {
    read_failed(&buffer, path, fault);
    return CORPUS_AGAIN_FAULT;
  }
  *why = outcome == READ_UNREADABLE ? access(path, F_OK) < 0 ? "vanished" : "cannot be read"
         : outcome == READ_HUGE     ? corpus_skip_text(CORPUS_SKIP_HUGE)
         : !is_steady               ? "keeps changing"
         : is_binary(&buffer)       ? corpus_skip_text(CORPUS_SKIP_BINARY)
                                    : NULL;
  if (*why) return CORPUS_AGAIN_LEFT_OUT;
  const struct corpus_candidate candidate = {.path = file->path, .language = file->language};
  *file = describe(&candidate, &buffer);
  return CORPUS_AGAIN_READ;
}

bool corpus_leave_out(struct corpus *corpus, const bool *is_left_out, struct fault *fault) {
  size_t kept = 0;
  corpus->lines = corpus->bytes = corpus->empty_files = corpus->non_utf8_files = 0;
  for (size_t l = 0; l < corpus->language_count; l++) {
    struct corpus_language *language = &corpus->languages[l];
    language->files = language->lines = language->bytes = 0;
  }
  for (size_t i = 0; i < corpus->file_count; i++) {
    if (is_left_out[i]) continue;
    const struct corpus_file file = corpus->files[kept++] = corpus->files[i];
    struct corpus_language *language = &corpus->languages[file.language];
    count(corpus, &file);
    language->files++;
    language->lines += file.lines;
    language->bytes += file.bytes;
  }
  corpus->file_count = kept;
  return corpus_hash_contents(corpus, fault);
}

static bool read_candidate(struct corpus_build *build, const struct corpus_candidate *candidate, struct buffer *buffer,
                           struct fault *fault) {
  char path[PATH_MAX];
  struct corpus *corpus = build->corpus;
  enum outcome outcome = READ_UNREADABLE;
  if (snprintf(path, sizeof path, "%s/%s", corpus->root, candidate->path) < PATH_MAX) {
    outcome = read_file(path, build->max_file_bytes, buffer);
  }
  if (outcome == READ_FAILED) return read_failed(buffer, path, fault);
  if (outcome == READ_UNREADABLE) return corpus_skip_file(build, candidate->path, CORPUS_SKIP_UNREADABLE, fault);
  if (outcome == READ_HUGE) return corpus_skip_file(build, candidate->path, CORPUS_SKIP_HUGE, fault);
  if (is_binary(buffer)) return corpus_skip_file(build, candidate->path, CORPUS_SKIP_BINARY, fault);
  struct corpus_file *file = &corpus->files[corpus->file_count++];
  *file = describe(candidate, buffer);
  count(corpus, file);
  return true;
}

bool corpus_read(struct corpus_build *build, struct fault *fault) {
  struct corpus *corpus = build->corpus;
  struct buffer buffer = {0};
  struct progress progress = {.total_files = build->candidate_count, .begun_ns = clock_ns()};
  bool on_terminal = isatty(STDERR_FILENO);
  corpus->files = calloc(build->candidate_count + 1, sizeof *corpus->files);
  if (!corpus->files || !reserve(&buffer, 1 << 20)) {
    free(buffer.bytes);
    return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while the corpus was read");
  }
  for (size_t i = 0; i < build->candidate_count; i++) progress.total_bytes += build->candidates[i].bytes;
  bool ok = true;
  for (size_t i = 0; ok && i < build->candidate_count; i++) {
    ok = interrupt_none("the corpus was not read to its end", fault) &&
         read_candidate(build, &build->candidates[i], &buffer, fault);
    if (on_terminal) progress_show(&progress, corpus->name, i + 1, corpus->bytes);
  }
  progress_end(&progress);
  free(buffer.bytes);
  return ok;
}
