/* SPDX-License-Identifier: MIT
 *
 * limit.c - a sample of a corpus: whole files, drawn by seed, up to a number of lines. With
 * samples, memory is measured over corpora of one kind in several sizes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "build.h"

#define RANDOM_LIMIT 301

/* Goes through the files in a shuffled order, the same for every limit, and takes what still fits. */
static size_t choose(const struct corpus *corpus, const struct corpus_options *options, uint32_t *order, bool *chosen) {
  struct random_stream stream = random_stream_for(options->seed, RANDOM_LIMIT, 0);
  uint64_t lines = 0;
  size_t count = 0;
  for (size_t i = 0; i < corpus->file_count; i++) order[i] = (uint32_t)i;
  random_shuffle(&stream, order, (uint32_t)corpus->file_count);
  for (size_t i = 0; i < corpus->file_count; i++) {
    uint64_t more = corpus->files[order[i]].lines;
    if (more > options->max_lines - lines) continue;
    chosen[order[i]] = true;
    lines += more;
    count++;
  }
  return count;
}

/* Edits name their file by its place among the files. */
static void keep_edits(struct corpus *corpus, const bool *chosen, const uint32_t *place) {
  size_t kept = 0;
  for (size_t i = 0; i < corpus->edit_count; i++) {
    struct corpus_edit edit = corpus->edits[i];
    if (!chosen[edit.file]) continue;
    edit.file = place[edit.file];
    corpus->edits[kept++] = edit;
  }
  corpus->edit_count = kept;
}

/* In the corpus's order. */
static void keep_files(struct corpus *corpus, const bool *chosen, uint32_t *place) {
  size_t kept = 0;
  corpus->lines = corpus->bytes = corpus->empty_files = corpus->non_utf8_files = 0;
  for (size_t i = 0; i < corpus->file_count; i++) {
    if (!chosen[i]) continue;
    struct corpus_file file = corpus->files[i];
    place[i] = (uint32_t)kept;
    corpus->lines += file.lines;
    corpus->bytes += file.bytes;
    corpus->empty_files += file.bytes == 0;
    corpus->non_utf8_files += file.non_utf8;
    corpus->files[kept++] = file;
  }
  corpus->file_count = kept;
}

/* A sample is another corpus and has another name, so that no claim about the whole corpus is held against it. */
static void name_sample(struct corpus_build *build, const struct corpus_options *options) {
  struct corpus *corpus = build->corpus;
  struct obstack *strings = build->strings;
  corpus->sample.of = corpus->name;
  corpus->sample.max_lines = options->max_lines;
  corpus->sample.seed = options->seed;
  obstack_printf(strings, "%s:max-lines-%" PRIu64, corpus->name, options->max_lines);
  obstack_1grow(strings, '\0');
  corpus->name = obstack_finish(strings);
  obstack_printf(strings, "%s; a sample of whole files with at most %" PRIu64 " lines, seed %" PRIu64, corpus->title,
                 options->max_lines, options->seed);
  obstack_1grow(strings, '\0');
  corpus->title = obstack_finish(strings);
}

bool corpus_limit(struct corpus_build *build, const struct corpus_options *options, struct fault *fault) {
  struct corpus *corpus = build->corpus;
  if (options->max_lines == 0) return true;
  uint32_t *order = calloc(corpus->file_count + 1, sizeof *order);
  bool *chosen = calloc(corpus->file_count + 1, sizeof *chosen);
  bool ok = order && chosen;
  if (!ok) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  corpus->sample.all_files = corpus->file_count;
  corpus->sample.all_lines = corpus->lines;
  if (ok && choose(corpus, options, order, chosen) == 0) {
    ok = fault_set(fault, EXIT_CODE_INPUT, "the corpus '%s' has no file of at most %" PRIu64 " lines", corpus->name,
                   options->max_lines);
  }
  if (ok) {
    keep_files(corpus, chosen, order); /* order becomes the new place of each file */
    keep_edits(corpus, chosen, order);
    name_sample(build, options);
  }
  free(order);
  free(chosen);
  return ok;
}
