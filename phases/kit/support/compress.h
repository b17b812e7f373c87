/* SPDX-License-Identifier: MIT
 *
 * compress.h - zstd with all of its memory on the stage's heap: frames without magic number,
 * length, checksum and dictionary id (12 bytes a frame), since the directory knows these
 * better. Who uses it links kit_support_zstd. */
#ifndef PHASEBENCH_KIT_COMPRESS_H
#define PHASEBENCH_KIT_COMPRESS_H

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "stage.h"

/* What a frame is read with. Stored: in p2's chunk table and loose documents, in archive files. */
enum compress_how {
  COMPRESS_RAW,        /* no frame: the bytes themselves */
  COMPRESS_PLAIN,      /* nothing */
  COMPRESS_DICTIONARY, /* the store's dictionary */
  COMPRESS_PREFIX,     /* other bytes, the base */
  COMPRESS_HOW_COUNT,
};

#define COMPRESS_INPUT_BYTES (32u * 1024u)

/* Zeroed but for ctx and kind is a compressor without a dictionary. Contexts are made when
 * needed. In place: zstd keeps the compressor's address. */
struct compressor {
  const struct stage_ctx *ctx;
  enum stage_kind kind;
  ZSTD_CCtx *cctx;
  ZSTD_DCtx *dctx;
  const ZSTD_CDict *dictionary_in; /* digested for compressing, of level dictionary_level; in in_memory */
  void *in_memory;
  ZSTD_DDict *dictionary_out;
  int dictionary_level;
  uint32_t input_bytes; /* of most that is compressed with the dictionary; 0: COMPRESS_INPUT_BYTES */
  uint8_t *dictionary;
  uint32_t dictionary_bytes;
  uint64_t dictionary_hash; /* XXH3 */
};

struct compress_slice {
  const uint8_t *p;
  size_t length;
};
/* Where output goes. */
struct compress_room {
  uint8_t *p;
  size_t bytes;
};
/* How a frame is made and read. */
struct compress_way {
  enum compress_how how;
  int level;                    /* zstd's; nothing where a frame is read */
  struct compress_slice prefix; /* of COMPRESS_PREFIX: the base */
};

/* *compressed is 0 where the frame does not fit. STAGE_OUT_OF_MEMORY. */
int compress_bytes(struct compressor *compressor, const struct compress_way *way, struct compress_slice bytes,
                   struct compress_room out, size_t *compressed);
/* The way back: writes exactly out.bytes. false where the frame does not give these;
 * *error is then STAGE_CORRUPT or STAGE_OUT_OF_MEMORY. Reads and writes nothing out of
 * bounds, whatever the frame is. */
bool decompress_bytes(struct compressor *compressor, const struct compress_way *way, struct compress_slice frame,
                      struct compress_room out, int *error);

/* Learns a dictionary of at most `most` bytes from samples that lie back to back. Without
 * enough samples there is none, which is no error. */
int compress_learn(struct compressor *compressor, const uint8_t *samples, const size_t *sizes, uint32_t count,
                   uint32_t most);
/* Takes a dictionary, which is the compressor's from now on; there was none. */
void compress_take(struct compressor *compressor, uint8_t *dictionary, uint32_t bytes);
/* Forgets the dictionary; nothing was compressed with it that will be read. */
void compress_unlearn(struct compressor *compressor);
/* Whether the dictionary is still the one that was learned. */
bool compress_dictionary_intact(const struct compressor *compressor);

/* Gives back what only compressing needs: up to 8 MiB at the highest level. */
void compress_trim(struct compressor *compressor);
/* Gives back what can be made again. */
void compress_rest(struct compressor *compressor);
void compress_free(struct compressor *compressor);
/* Gives back what the process has of the library's code (code_rest.h): after learning and compressing. */
void compress_code_rest(void);

#endif
