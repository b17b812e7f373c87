/* SPDX-License-Identifier: MIT
 *
 * cell_prefix.c - what the real edits cost as zstd writes a new version given the old one
 * ("zstd -19 --no-check --patch-from=OLD NEW"): the yardstick for journals of sources. Made by
 * each cell behind its last checkpoint, from the files, so that it is of the same edits and
 * no figure of memory has it. For the same reason the library is loaded here and not linked:
 * linked, its pages moved the figures of every cell, by 8 KiB at `purged`. */
#include <dlfcn.h>
#include <stdlib.h>

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "base/count.h"
#include "cell.h"

#define PREFIX_LEVEL 19

#define FUNCTIONS(X)        \
  X(ZSTD_createCCtx)        \
  X(ZSTD_freeCCtx)          \
  X(ZSTD_CCtx_reset)        \
  X(ZSTD_CCtx_setParameter) \
  X(ZSTD_CCtx_refPrefix)    \
  X(ZSTD_compress2)         \
  X(ZSTD_compressBound)     \
  X(ZSTD_isError)

struct zstd {
  void *library;
#define X(name) __typeof__(&name) name;
  FUNCTIONS(X)
#undef X
};

static bool zstd_load(struct zstd *zstd, struct fault *fault) {
  static const char soname[] = "libzstd.so.1";
  zstd->library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
  if (!zstd->library) return fault_set(fault, EXIT_CODE_SYSTEM, "%s cannot be loaded: %s", soname, dlerror());
#define X(name)                                        \
  *(void **)&zstd->name = dlsym(zstd->library, #name); \
  if (!zstd->name) return fault_set(fault, EXIT_CODE_SYSTEM, "%s has no " #name, soname);
  FUNCTIONS(X)
#undef X
  return true;
}

/* A window that holds both versions, as --patch-from takes it. */
static int window_log(uint64_t bytes) {
  int lg = ZSTD_WINDOWLOG_MIN;
  while (lg < ZSTD_WINDOWLOG_MAX_64 && (uint64_t)1 << lg < bytes) lg++;
  return lg;
}

struct work {
  struct zstd zstd;
  ZSTD_CCtx *context;
  char *out;
  size_t room;
};

/* One frame; 0: zstd failed. `bare` is without what a store knows anyway: magic number and size. */
static size_t frame_bytes(const struct work *work, const char *old, size_t old_bytes, const char *new, size_t new_bytes,
                          bool bare) {
  const struct zstd *zstd = &work->zstd;
  ZSTD_CCtx *context = work->context;
  zstd->ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  const struct {
    ZSTD_cParameter parameter;
    int value;
  } settings[] = {{ZSTD_c_compressionLevel, PREFIX_LEVEL},
                  {ZSTD_c_windowLog, window_log((uint64_t)old_bytes + new_bytes)},
                  {ZSTD_c_checksumFlag, 0},
                  {ZSTD_c_contentSizeFlag, !bare},
                  {ZSTD_c_format, bare ? ZSTD_f_zstd1_magicless : ZSTD_f_zstd1}};
  for (size_t i = 0; i < COUNT(settings); i++) {
    size_t result = zstd->ZSTD_CCtx_setParameter(context, settings[i].parameter, settings[i].value);
    if (zstd->ZSTD_isError(result)) return 0;
  }
  if (zstd->ZSTD_isError(zstd->ZSTD_CCtx_refPrefix(context, old, old_bytes))) return 0;
  size_t bytes = zstd->ZSTD_compress2(context, work->out, work->room, new, new_bytes);
  return zstd->ZSTD_isError(bytes) ? 0 : bytes;
}

static bool measure_document(struct cell *cell, uint32_t id, const struct work *work, struct fault *fault) {
  uint32_t length, count;
  if (!cell_read_text(cell, id, fault) || !cell_prepare_edit(cell, id, &length, &count, fault)) return false;
  size_t old_bytes = (size_t)cell->spec->files[id].bytes;
  for (int bare = 0; bare < 2; bare++) {
    size_t bytes = frame_bytes(work, cell->text, old_bytes, cell->edited_text, length, bare);
    if (!bytes) return fault_set(fault, EXIT_CODE_SYSTEM, "zstd cannot compress %s", cell->spec->files[id].path);
    *(bare ? &cell->edit_log.zstd_prefix_bare_bytes : &cell->edit_log.zstd_prefix_bytes) += bytes;
  }
  return true;
}

bool cell_measure_prefix(struct cell *cell, struct fault *fault) {
  struct work work = {0};
  if (!cell_edits_are_real(cell)) return true;
  bool good = zstd_load(&work.zstd, fault);
  if (good) {
    work.context = work.zstd.ZSTD_createCCtx();
    work.room = work.zstd.ZSTD_compressBound(cell->edited_text_bytes);
    work.out = malloc(work.room);
    good = (work.context && work.out) || fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for zstd");
  }
  for (uint32_t i = 0; good && i < cell->edited_count; i++)
    good = measure_document(cell, cell->edited[i], &work, fault);
  if (work.context) work.zstd.ZSTD_freeCCtx(work.context);
  free(work.out);
  if (work.zstd.library) dlclose(work.zstd.library);
  return good;
}
