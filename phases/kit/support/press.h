/* SPDX-License-Identifier: MIT
 *
 * press.h - zstd with all of its memory on the stage's heap: frames without magic number,
 * length, checksum and dictionary id (12 bytes a frame), since the directory knows these
 * better. Who uses it links stage_kit_zstd. */
#ifndef PHASEBENCH_KIT_PRESS_H
#define PHASEBENCH_KIT_PRESS_H

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "stage.h"

/* What a frame is read with. Stored: in p2's chunk table and loose documents, in frozen files. */
enum press_how {
  PRESS_RAW,        /* no frame: the bytes themselves */
  PRESS_PLAIN,      /* nothing */
  PRESS_DICTIONARY, /* the store's dictionary */
  PRESS_PREFIX,     /* other bytes, the base */
  PRESS_HOW_COUNT,
};

#define PRESS_INPUT_BYTES (32u * 1024u)

/* Zeroed but for ctx and kind is a press without a dictionary. Contexts are made when
 * needed. In place: zstd keeps the press's address. */
struct press {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  ZSTD_CCtx *compressor;
  ZSTD_DCtx *decompressor;
  const ZSTD_CDict *dictionary_in; /* digested for compressing, of level dictionary_level; in in_memory */
  void *in_memory;
  ZSTD_DDict *dictionary_out;
  int dictionary_level;
  uint32_t input_bytes; /* of most that is packed with the dictionary; 0: PRESS_INPUT_BYTES */
  uint8_t *dictionary;
  uint32_t dictionary_bytes;
  uint64_t dictionary_hash; /* XXH3 */
};

struct press_bytes {
  const uint8_t *p;
  size_t length;
};

/* Compresses at `level` into out, which has room for `room` bytes. *packed is 0 where the
 * frame does not fit. `prefix` is read for PRESS_PREFIX only. STAGE_OUT_OF_MEMORY. */
int press_pack(struct press *press, enum press_how how, int level, struct press_bytes bytes, struct press_bytes prefix,
               uint8_t *out, size_t room, size_t *packed);
/* The way back: writes exactly `length` bytes. false where the frame does not give these;
 * *error is then STAGE_CORRUPT or STAGE_OUT_OF_MEMORY. Reads and writes nothing out of
 * bounds, whatever the frame is. */
bool press_unpack(struct press *press, enum press_how how, struct press_bytes frame, struct press_bytes prefix,
                  uint8_t *out, size_t length, int *error);

/* Learns a dictionary of at most `most` bytes from samples that lie back to back. Without
 * enough samples there is none, which is no error. */
int press_learn(struct press *press, const uint8_t *samples, const size_t *sizes, uint32_t count, uint32_t most);
/* Takes a dictionary, which is the press's from now on; there was none. */
void press_take(struct press *press, uint8_t *dictionary, uint32_t bytes);
/* Forgets the dictionary; nothing was packed with it that will be read. */
void press_unlearn(struct press *press);
/* Whether the dictionary is still the one that was learned. */
bool press_dictionary_intact(const struct press *press);

/* Gives back what only packing needs: up to 8 MiB at the highest level. */
void press_pack_rest(struct press *press);
/* Gives back what can be made again. */
void press_rest(struct press *press);
void press_free(struct press *press);
/* Gives back what the process has of the library's code (code_rest.h): after learning and packing. */
void press_code_rest(void);

#endif
