/* SPDX-License-Identifier: MIT
 *
 * fingerprint.c - what a corpus is known by: one hash over all that is measured of it. What it covers is
 * told at content_hash in corpus.h. */
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "build.h"

static void hash_number(XXH3_state_t *state, uint64_t value) {
  uint8_t bytes[8];
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> (8 * i));
  XXH3_128bits_update(state, bytes, sizeof bytes);
}

bool corpus_hash_contents(struct corpus *corpus, struct fault *fault) {
  XXH3_state_t *state = XXH3_createState();
  if (!state) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  XXH3_128bits_reset(state);
  for (size_t i = 0; i < corpus->file_count; i++) {
    const struct corpus_file *file = &corpus->files[i];
    const char *language = corpus->languages[file->language].name;
    XXH3_128bits_update(state, file->path, strlen(file->path) + 1);
    XXH3_128bits_update(state, language, strlen(language) + 1);
    hash_number(state, file->bytes);
    hash_number(state, file->hash);
  }
  for (size_t i = 0; i < corpus->edit_count; i++) {
    const struct corpus_edit *edit = &corpus->edits[i];
    const char *path = corpus->files[edit->file].path;
    XXH3_128bits_update(state, path, strlen(path) + 1);
    XXH3_128bits_update(state, edit->path, strlen(edit->path) + 1);
    hash_number(state, edit->bytes);
    hash_number(state, edit->hash);
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
  XXH3_freeState(state);
  for (size_t i = 0; i < sizeof canonical.digest; i++) {
    snprintf(corpus->content_hash + 2 * i, 3, "%02x", canonical.digest[i]);
  }
  return true;
}
