/* SPDX-License-Identifier: MIT
 *
 * token_codec.h - for tests and fuzz targets of codecs that write trees as tokens (token.h): such a
 * codec, and that it takes its own bytes for valid. */
#ifndef PHASEBENCH_KIT_TOKEN_CODEC_H
#define PHASEBENCH_KIT_TOKEN_CODEC_H

#include "stage_check.h"

/* A codec under test, or one of its forms. Its table is that of phasebench_stage. */
struct token_codec {
  const char *name;
  const struct stage_ops *below; /* the codec of the next lower order; NULL: there is none */
  /* Whether a document's blob may be decoded; if not, why, and where it was found. */
  int (*validate)(void *store, uint32_t id, const char **why, uint64_t *where);
};

static inline void token_codec_check_valid(const struct token_codec *codec, void *store, uint32_t id) {
  const char *why;
  uint64_t where;
  if (codec->validate(store, id, &why, &where))
    check_failed(__FILE__, __LINE__, "%s: document %u, at %lu: %s", codec->name, id, (unsigned long)where, why);
}

#endif
