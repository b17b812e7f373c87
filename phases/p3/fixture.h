/* SPDX-License-Identifier: MIT
 *
 * fixture.h - for tests and fuzz targets: the two forms of p3. */
#ifndef PHASEBENCH_P3_FIXTURE_H
#define PHASEBENCH_P3_FIXTURE_H

#include "kit/testing/token_codec.h"
#include "format.h"

static inline int fixture_validate(void *store, uint32_t id, const char **why, uint64_t *where) {
  uint32_t code;
  int error = p3_validate_document(store, id, why, &code);
  *where = code;
  return error;
}

/* A codec of which p3 only looks at the flags. */
static const struct stage_ops fixture_below = {
    .hdr = STAGE_HDR, .name = "packs", .order = 10, .roles = STAGE_TREE_CODEC, .flags = STAGE_PACKS_NODES};

static const struct token_codec fixture_forms[] = {
    {"packed", &fixture_below, fixture_validate},
    {"plain", NULL, fixture_validate},
};

#endif
