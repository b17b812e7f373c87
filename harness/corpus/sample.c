/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/open_file.h"

#define RANDOM_SAMPLE 101

static bool out_of_memory(struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while documents are read; try a smaller --max-bytes");
}

/* Draws into chosen; returns how many. */
static uint32_t draw(const struct corpus *corpus, uint64_t max_bytes, uint64_t seed, uint32_t *order, bool *chosen) {
  struct random_stream stream = random_stream_for(seed, RANDOM_SAMPLE, 0);
  uint64_t bytes = 0;
  uint32_t count = 0;
  for (uint32_t i = 0; i < corpus->file_count; i++) order[i] = i;
  random_shuffle(&stream, order, (uint32_t)corpus->file_count);
  for (uint32_t i = 0; i < corpus->file_count; i++) {
    uint64_t size = corpus->files[order[i]].bytes;
    if (size == 0 || size > UINT32_MAX || (count > 0 && bytes + size > max_bytes)) continue;
    chosen[order[i]] = true;
    bytes += size;
    count++;
  }
  return count;
}

bool sample_draw(const struct corpus *corpus, uint64_t max_bytes, uint64_t seed, uint32_t **files, uint32_t *count,
                 struct fault *fault) {
  uint32_t *order = calloc(corpus->file_count + 1, sizeof *order);
  bool *chosen = calloc(corpus->file_count + 1, sizeof *chosen);
  bool ok = (order && chosen) || out_of_memory(fault);
  *count = ok ? draw(corpus, max_bytes, seed, order, chosen) : 0;
  if (ok && *count == 0)
    ok = fault_set(fault, EXIT_CODE_INPUT, "corpus %s: it has no text to measure on", corpus->name);
  uint32_t n = 0;
  for (uint32_t i = 0; ok && i < corpus->file_count; i++) {
    if (chosen[i]) order[n++] = i;
  }
  free(chosen);
  if (!ok) free(order);
  *files = ok ? order : NULL;
  return ok;
}

bool sample_read(const struct corpus *corpus, const struct corpus_file *file, char **path, char **source,
                 struct fault *fault) {
  char name[4352];
  *path = *source = NULL;
  if (!corpus_file_path(corpus, file, name, sizeof name))
    return fault_set(fault, EXIT_CODE_INPUT, "%s/%s: the path is too long", corpus->root, file->path);
  *path = strdup(name);
  *source = malloc(file->bytes + 1);
  if (!*path || !*source) return out_of_memory(fault);
  const char *why;
  FILE *in = open_file_stream(name, NULL, &why);
  if (!in) return fault_set(fault, exit_code_of_errno(errno), "%s: cannot be opened: %s", name, why);
  size_t got = fread(*source, 1, file->bytes + 1, in);
  int error = ferror(in) ? errno : 0;
  fclose(in);
  if (error) return fault_set(fault, exit_code_of_errno(error), "%s: cannot be read: %s", name, strerror(error));
  return got == file->bytes ||
         fault_set(fault, EXIT_CODE_INPUT,
                   "%s: it has not the %llu bytes that it had when the corpus was read; let nobody "
                   "change it meanwhile, or try again",
                   name, (unsigned long long)file->bytes);
}
