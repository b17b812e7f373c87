/* SPDX-License-Identifier: MIT
 *
 * left_out.c - files that a corpus leaves out: the reasons as texts, and what a user is told. */
#include <limits.h>
#include <stdio.h>

#include "base/text.h"
#include "corpus.h"

static const struct {
  const char *name, *text;
} skips[CORPUS_SKIP_COUNT] = {
    [CORPUS_SKIP_UNKNOWN_EXTENSION] = {"unknown_extension", "no language is known for the extension"},
    [CORPUS_SKIP_EXCLUDED] = {"excluded", "left out by a pattern"},
    [CORPUS_SKIP_UNREADABLE] = {"unreadable", "cannot be read"},
    [CORPUS_SKIP_BINARY] = {"binary", "a NUL byte within the first 8,000 bytes"},
    [CORPUS_SKIP_HUGE] = {"huge", "larger than the limit for a file"},
    [CORPUS_SKIP_SYMLINK] = {"symlink", "a symbolic link, which is not followed"},
    [CORPUS_SKIP_SPECIAL] = {"special", "not a regular file"},
};

const char *corpus_skip_name(enum corpus_skip why) { return skips[why].name; }
const char *corpus_skip_text(enum corpus_skip why) { return skips[why].text; }

void corpus_tell_left_out(const char *program, const struct corpus *corpus) {
  enum { NAMED = 3 };
  if (corpus->skipped_file_count == 0) return;
  fprintf(stderr, "%s: %zu left out:", program, corpus->skipped_file_count);
  for (size_t i = 0; i < corpus->skipped_file_count && i < NAMED; i++) {
    char text[4 * PATH_MAX + 1];
    const struct corpus_skipped *skipped = &corpus->skipped_files[i];
    fprintf(stderr, "%s %s (%s)", i ? "," : "",
            path_to_text(skipped->path, text, sizeof text) ? text : "(a name that is too long)",
            corpus_skip_text(skipped->why));
  }
  fprintf(stderr, "%s; `phasebench corpus show --dir DIR` lists what is left out\n",
          corpus->skipped_file_count > NAMED ? ", ..." : "");
}

void corpus_tell_largest(const char *program, const struct corpus *corpus) {
  static const uint64_t LARGE_BYTES = UINT64_C(1) << 20;
  const struct corpus_file *largest = corpus->files;
  static struct path_shown shown;
  for (size_t i = 1; i < corpus->file_count; i++) {
    if (corpus->files[i].bytes > largest->bytes) largest = &corpus->files[i];
  }
  if (corpus->file_count < 2 || largest->bytes < LARGE_BYTES || largest->bytes < corpus->bytes / 2) return;
  fprintf(stderr,
          "%s: %s is %.0f %% of the bytes (%.1f MiB): times and figures per line are mostly its own; "
          "--exclude leaves it out\n",
          program, path_show(largest->path, &shown), 100 * (double)largest->bytes / (double)corpus->bytes,
          (double)largest->bytes / 1048576);
}
