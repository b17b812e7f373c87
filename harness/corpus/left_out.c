/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>

#include "base/text.h"
#include "corpus.h"

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
