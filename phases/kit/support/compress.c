/* SPDX-License-Identifier: MIT */
#include "compress.h"

#include <string.h>

#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>
#include <zstd_errors.h>

#include "code_rest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static void *zstd_allocate(void *opaque, size_t bytes) {
  const struct compressor *compressor = opaque;
  return stage_allocate(compressor->ctx, compressor->kind, bytes ? bytes : 1);
}

static void zstd_release(void *opaque, void *p) {
  const struct compressor *compressor = opaque;
  stage_release(compressor->ctx, compressor->kind, p);
}

static ZSTD_customMem memory_of(struct compressor *compressor) {
  return (ZSTD_customMem){zstd_allocate, zstd_release, compressor};
}

/* ---- compressing ---- */

static void dictionary_in_free(struct compressor *compressor) {
  stage_release(compressor->ctx, compressor->kind, compressor->in_memory);
  compressor->in_memory = NULL;
  compressor->dictionary_in = NULL;
}

/* The level's way of searching is that of zstd's table for inputs of the compressor's size,
 * whatever the size of the dictionary: for larger ones the same level means another way. Only
 * the tables are as large as the dictionary asks. */
static ZSTD_compressionParameters dictionary_parameters(const struct compressor *compressor, int level) {
  uint32_t input_bytes = compressor->input_bytes ? compressor->input_bytes : COMPRESS_INPUT_BYTES;
  ZSTD_compressionParameters parameters = ZSTD_getCParams(level, input_bytes, 0);
  unsigned lg_bytes = 32u - (unsigned)__builtin_clz(compressor->dictionary_bytes + input_bytes);
  parameters.windowLog = lg_bytes;
  if (parameters.hashLog < lg_bytes) parameters.hashLog = lg_bytes;
  if (parameters.chainLog < lg_bytes) parameters.chainLog = lg_bytes;
  return parameters;
}

/* In memory of our own: ZSTD_createCDict_advanced (1.5.4) reads through NULL when its
 * allocation fails. */
static bool dictionary_in_make(struct compressor *compressor, int level) {
  if (compressor->dictionary_in && compressor->dictionary_level == level) return true;
  dictionary_in_free(compressor);
  compressor->dictionary_level = level;
  ZSTD_compressionParameters parameters = dictionary_parameters(compressor, level);
  size_t bytes = ZSTD_estimateCDictSize_advanced(compressor->dictionary_bytes, parameters, ZSTD_dlm_byRef);
  compressor->in_memory = stage_allocate(compressor->ctx, compressor->kind, bytes);
  if (!compressor->in_memory) return false;
  compressor->dictionary_in =
      ZSTD_initStaticCDict(compressor->in_memory, bytes, compressor->dictionary, compressor->dictionary_bytes,
                           ZSTD_dlm_byRef, ZSTD_dct_fullDict, parameters);
  return compressor->dictionary_in != NULL;
}

static bool compress_begin(struct compressor *compressor, const struct compress_way *way) {
  enum compress_how how = way->how;
  if (!compressor->cctx) compressor->cctx = ZSTD_createCCtx_advanced(memory_of(compressor));
  ZSTD_CCtx *c = compressor->cctx;
  if (!c || (how == COMPRESS_DICTIONARY && !dictionary_in_make(compressor, way->level))) return false;
  ZSTD_CCtx_reset(c, ZSTD_reset_session_and_parameters);
  bool good = !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_format, ZSTD_f_zstd1_magicless));
  good &= !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0));
  good &= !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 0));
  good &= !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_dictIDFlag, 0));
  good &= !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, way->level));
  if (how == COMPRESS_DICTIONARY) good &= !ZSTD_isError(ZSTD_CCtx_refCDict(c, compressor->dictionary_in));
  if (how == COMPRESS_PREFIX) good &= !ZSTD_isError(ZSTD_CCtx_refPrefix(c, way->prefix.p, way->prefix.length));
  return good;
}

int compress_bytes(struct compressor *compressor, const struct compress_way *way, struct compress_slice bytes,
                   struct compress_room out, size_t *compressed) {
  *compressed = 0;
  if (!compress_begin(compressor, way)) return STAGE_OUT_OF_MEMORY;
  size_t result = ZSTD_compress2(compressor->cctx, out.p, out.bytes, bytes.p, bytes.length);
  if (!ZSTD_isError(result)) *compressed = result;
  else if (ZSTD_getErrorCode(result) != ZSTD_error_dstSize_tooSmall) return STAGE_OUT_OF_MEMORY;
  return STAGE_OK;
}

/* ---- decompressing ---- */

static bool decompress_begin(struct compressor *compressor, enum compress_how how, struct compress_slice prefix) {
  if (!compressor->dctx) compressor->dctx = ZSTD_createDCtx_advanced(memory_of(compressor));
  ZSTD_DCtx *d = compressor->dctx;
  if (!d) return false;
  if (how == COMPRESS_DICTIONARY && !compressor->dictionary_out) {
    compressor->dictionary_out = ZSTD_createDDict_advanced(compressor->dictionary, compressor->dictionary_bytes,
                                                           ZSTD_dlm_byRef, ZSTD_dct_fullDict, memory_of(compressor));
    if (!compressor->dictionary_out) return false;
  }
  ZSTD_DCtx_reset(d, ZSTD_reset_session_and_parameters);
  bool good = !ZSTD_isError(ZSTD_DCtx_setParameter(d, ZSTD_d_format, ZSTD_f_zstd1_magicless));
  if (how == COMPRESS_DICTIONARY) good &= !ZSTD_isError(ZSTD_DCtx_refDDict(d, compressor->dictionary_out));
  if (how == COMPRESS_PREFIX) good &= !ZSTD_isError(ZSTD_DCtx_refPrefix(d, prefix.p, prefix.length));
  return good;
}

bool decompress_bytes(struct compressor *compressor, const struct compress_way *way, struct compress_slice frame,
                      struct compress_room out, int *error) {
  enum compress_how how = way->how;
  *error = STAGE_CORRUPT;
  if (how >= COMPRESS_HOW_COUNT || (how == COMPRESS_DICTIONARY && !compress_dictionary_intact(compressor)))
    return false;
  if (how == COMPRESS_RAW) {
    if (frame.length != out.bytes) return false;
    if (out.bytes > 0) memcpy(out.p, frame.p, out.bytes);
    return true;
  }
  if (!decompress_begin(compressor, how, way->prefix)) {
    *error = STAGE_OUT_OF_MEMORY;
    return false;
  }
  size_t result = ZSTD_decompressDCtx(compressor->dctx, out.p, out.bytes, frame.p, frame.length);
  if (ZSTD_isError(result) && ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) *error = STAGE_OUT_OF_MEMORY;
  return result == out.bytes;
}

/* ---- the dictionary ---- */

int compress_learn(struct compressor *compressor, const uint8_t *samples, const size_t *sizes, uint32_t count,
                   uint32_t most) {
  uint8_t *dictionary = stage_allocate(compressor->ctx, compressor->kind, most);
  if (!dictionary) return STAGE_OUT_OF_MEMORY;
  ZDICT_fastCover_params_t parameters = {.k = 256, .d = 6, .f = 18, .accel = 1, .nbThreads = 1};
  size_t bytes = ZDICT_trainFromBuffer_fastCover(dictionary, most, samples, sizes, count, parameters);
  if (ZDICT_isError(bytes)) {
    stage_release(compressor->ctx, compressor->kind, dictionary);
    return STAGE_OK;
  }
  uint8_t *exact = stage_resize(compressor->ctx, compressor->kind, dictionary, bytes);
  compress_take(compressor, exact ? exact : dictionary, (uint32_t)bytes);
  return STAGE_OK;
}

void compress_take(struct compressor *compressor, uint8_t *dictionary, uint32_t bytes) {
  compressor->dictionary = dictionary;
  compressor->dictionary_bytes = bytes;
  compressor->dictionary_hash = XXH3_64bits(dictionary, bytes);
}

/* Hashing 256 KiB takes 10 us, a sixth of decompressing a chunk: only the digest is looked at
 * at each access (by the chunk's checksum), the dictionary itself before it is digested. */
bool compress_dictionary_intact(const struct compressor *compressor) {
  if (!compressor->dictionary) return false;
  return compressor->dictionary_out ||
         XXH3_64bits(compressor->dictionary, compressor->dictionary_bytes) == compressor->dictionary_hash;
}

void compress_unlearn(struct compressor *compressor) {
  compress_rest(compressor);
  stage_release(compressor->ctx, compressor->kind, compressor->dictionary);
  compressor->dictionary = NULL;
  compressor->dictionary_bytes = 0;
}

void compress_trim(struct compressor *compressor) {
  ZSTD_freeCCtx(compressor->cctx);
  compressor->cctx = NULL;
  dictionary_in_free(compressor);
}

void compress_rest(struct compressor *compressor) {
  compress_trim(compressor);
  ZSTD_freeDCtx(compressor->dctx);
  ZSTD_freeDDict(compressor->dictionary_out);
  compressor->dctx = NULL;
  compressor->dictionary_out = NULL;
}

void compress_free(struct compressor *compressor) { compress_unlearn(compressor); }

void compress_code_rest(void) { code_rest((void (*)(void))ZSTD_compress2); }
