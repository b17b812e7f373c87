/* SPDX-License-Identifier: MIT */
#include "press.h"

#include <string.h>

#define ZDICT_STATIC_LINKING_ONLY
#include <zdict.h>
#include <zstd_errors.h>

#include "code_rest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static void *zstd_allocate(void *opaque, size_t bytes) {
  const struct press *press = opaque;
  return stage_allocate(press->ctx, press->kind, bytes ? bytes : 1);
}

static void zstd_release(void *opaque, void *p) {
  const struct press *press = opaque;
  stage_release(press->ctx, press->kind, p);
}

static ZSTD_customMem memory_of(struct press *press) { return (ZSTD_customMem){zstd_allocate, zstd_release, press}; }

/* ---- compressing ---- */

static void dictionary_in_free(struct press *press) {
  stage_release(press->ctx, press->kind, press->in_memory);
  press->in_memory = NULL;
  press->dictionary_in = NULL;
}

/* The level's way of searching is that of zstd's table for inputs of the press's size,
 * whatever the size of the dictionary: for larger ones the same level means another way. Only
 * the tables are as large as the dictionary asks. */
static ZSTD_compressionParameters dictionary_parameters(const struct press *press, int level) {
  uint32_t input_bytes = press->input_bytes ? press->input_bytes : PRESS_INPUT_BYTES;
  ZSTD_compressionParameters parameters = ZSTD_getCParams(level, input_bytes, 0);
  unsigned lg_bytes = 32u - (unsigned)__builtin_clz(press->dictionary_bytes + input_bytes);
  parameters.windowLog = lg_bytes;
  if (parameters.hashLog < lg_bytes) parameters.hashLog = lg_bytes;
  if (parameters.chainLog < lg_bytes) parameters.chainLog = lg_bytes;
  return parameters;
}

/* In memory of our own: ZSTD_createCDict_advanced (1.5.4) reads through NULL when its
 * allocation fails. */
static bool dictionary_in_make(struct press *press, int level) {
  if (press->dictionary_in && press->dictionary_level == level) return true;
  dictionary_in_free(press);
  press->dictionary_level = level;
  ZSTD_compressionParameters parameters = dictionary_parameters(press, level);
  size_t bytes = ZSTD_estimateCDictSize_advanced(press->dictionary_bytes, parameters, ZSTD_dlm_byRef);
  press->in_memory = stage_allocate(press->ctx, press->kind, bytes);
  if (!press->in_memory) return false;
  press->dictionary_in = ZSTD_initStaticCDict(press->in_memory, bytes, press->dictionary, press->dictionary_bytes,
                                              ZSTD_dlm_byRef, ZSTD_dct_fullDict, parameters);
  return press->dictionary_in != NULL;
}

static bool pack_begin(struct press *press, enum press_how how, int level, struct press_bytes prefix) {
  if (!press->compressor) press->compressor = ZSTD_createCCtx_advanced(memory_of(press));
  ZSTD_CCtx *c = press->compressor;
  if (!c || (how == PRESS_DICTIONARY && !dictionary_in_make(press, level))) return false;
  ZSTD_CCtx_reset(c, ZSTD_reset_session_and_parameters);
  bool good = !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_format, ZSTD_f_zstd1_magicless));
  good &= !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0));
  good &= !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 0));
  good &= !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_dictIDFlag, 0));
  good &= !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level));
  if (how == PRESS_DICTIONARY) good &= !ZSTD_isError(ZSTD_CCtx_refCDict(c, press->dictionary_in));
  if (how == PRESS_PREFIX) good &= !ZSTD_isError(ZSTD_CCtx_refPrefix(c, prefix.p, prefix.length));
  return good;
}

int press_pack(struct press *press, enum press_how how, int level, struct press_bytes bytes, struct press_bytes prefix,
               uint8_t *out, size_t room, size_t *packed) {
  *packed = 0;
  if (!pack_begin(press, how, level, prefix)) return STAGE_OUT_OF_MEMORY;
  size_t result = ZSTD_compress2(press->compressor, out, room, bytes.p, bytes.length);
  if (!ZSTD_isError(result)) *packed = result;
  else if (ZSTD_getErrorCode(result) != ZSTD_error_dstSize_tooSmall) return STAGE_OUT_OF_MEMORY;
  return STAGE_OK;
}

/* ---- decompressing ---- */

static bool unpack_begin(struct press *press, enum press_how how, struct press_bytes prefix) {
  if (!press->decompressor) press->decompressor = ZSTD_createDCtx_advanced(memory_of(press));
  ZSTD_DCtx *d = press->decompressor;
  if (!d) return false;
  if (how == PRESS_DICTIONARY && !press->dictionary_out) {
    press->dictionary_out = ZSTD_createDDict_advanced(press->dictionary, press->dictionary_bytes, ZSTD_dlm_byRef,
                                                      ZSTD_dct_fullDict, memory_of(press));
    if (!press->dictionary_out) return false;
  }
  ZSTD_DCtx_reset(d, ZSTD_reset_session_and_parameters);
  bool good = !ZSTD_isError(ZSTD_DCtx_setParameter(d, ZSTD_d_format, ZSTD_f_zstd1_magicless));
  if (how == PRESS_DICTIONARY) good &= !ZSTD_isError(ZSTD_DCtx_refDDict(d, press->dictionary_out));
  if (how == PRESS_PREFIX) good &= !ZSTD_isError(ZSTD_DCtx_refPrefix(d, prefix.p, prefix.length));
  return good;
}

bool press_unpack(struct press *press, enum press_how how, struct press_bytes frame, struct press_bytes prefix,
                  uint8_t *out, size_t length, int *error) {
  *error = STAGE_CORRUPT;
  if (how >= PRESS_HOW_COUNT || (how == PRESS_DICTIONARY && !press_dictionary_intact(press))) return false;
  if (how == PRESS_RAW) {
    if (frame.length != length) return false;
    if (length > 0) memcpy(out, frame.p, length);
    return true;
  }
  if (!unpack_begin(press, how, prefix)) {
    *error = STAGE_OUT_OF_MEMORY;
    return false;
  }
  size_t result = ZSTD_decompressDCtx(press->decompressor, out, length, frame.p, frame.length);
  if (ZSTD_isError(result) && ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) *error = STAGE_OUT_OF_MEMORY;
  return result == length;
}

/* ---- the dictionary ---- */

int press_learn(struct press *press, const uint8_t *samples, const size_t *sizes, uint32_t count, uint32_t most) {
  uint8_t *dictionary = stage_allocate(press->ctx, press->kind, most);
  if (!dictionary) return STAGE_OUT_OF_MEMORY;
  ZDICT_fastCover_params_t parameters = {.k = 256, .d = 6, .f = 18, .accel = 1, .nbThreads = 1};
  size_t bytes = ZDICT_trainFromBuffer_fastCover(dictionary, most, samples, sizes, count, parameters);
  if (ZDICT_isError(bytes)) {
    stage_release(press->ctx, press->kind, dictionary);
    return STAGE_OK;
  }
  uint8_t *exact = stage_resize(press->ctx, press->kind, dictionary, bytes);
  press_take(press, exact ? exact : dictionary, (uint32_t)bytes);
  return STAGE_OK;
}

void press_take(struct press *press, uint8_t *dictionary, uint32_t bytes) {
  press->dictionary = dictionary;
  press->dictionary_bytes = bytes;
  press->dictionary_hash = XXH3_64bits(dictionary, bytes);
}

/* Hashing 256 KiB takes 10 us, a sixth of unpacking a chunk: only the digest is looked at
 * at each access (by the chunk's checksum), the dictionary itself before it is digested. */
bool press_dictionary_intact(const struct press *press) {
  if (!press->dictionary) return false;
  return press->dictionary_out || XXH3_64bits(press->dictionary, press->dictionary_bytes) == press->dictionary_hash;
}

void press_unlearn(struct press *press) {
  press_rest(press);
  stage_release(press->ctx, press->kind, press->dictionary);
  press->dictionary = NULL;
  press->dictionary_bytes = 0;
}

void press_pack_rest(struct press *press) {
  ZSTD_freeCCtx(press->compressor);
  press->compressor = NULL;
  dictionary_in_free(press);
}

void press_rest(struct press *press) {
  press_pack_rest(press);
  ZSTD_freeDCtx(press->decompressor);
  ZSTD_freeDDict(press->dictionary_out);
  press->decompressor = NULL;
  press->dictionary_out = NULL;
}

void press_free(struct press *press) { press_unlearn(press); }

void press_code_rest(void) { code_rest((void (*)(void))ZSTD_compress2); }
