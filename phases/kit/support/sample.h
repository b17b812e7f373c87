/* SPDX-License-Identifier: MIT
 *
 * sample.h - a sample of documents' bytes, in small pieces from all over, to learn a dictionary
 * from. */
#ifndef PHASEBENCH_KIT_SAMPLE_H
#define PHASEBENCH_KIT_SAMPLE_H

#include "stage.h"

struct sample {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  uint8_t *bytes; /* pieces back to back */
  size_t *sizes;  /* of the pieces */
  size_t used, room;
  uint32_t count, most;
  uint64_t seen, all;
};

/* For `documents` documents of `all` bytes together: a quarter of these, since learning takes
 * time, within 2 and 10 MiB. STAGE_OUT_OF_MEMORY: nothing is left. */
int sample_open(struct sample *sample, const struct stage_ctx *ctx, enum stage_kind kind, uint64_t all,
                uint32_t documents);
/* Shows the next document: as large a part of what was seen is taken as the sample is of all. */
void sample_take(struct sample *sample, const uint8_t *bytes, uint64_t length);
void sample_free(struct sample *sample);

#endif
