/* SPDX-License-Identifier: MIT
 *
 * prefix.c - see prefix.h. Each cell measures it after its last checkpoint, from the files, so that it is
 * of the same edits and in no figure of memory. For the same reason the library is loaded here and not
 * linked: linked, its pages moved the figures of every cell, by 8 KiB at `purged`. */
#include "prefix.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "base/count.h"

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

static const struct {
  const char *name;
  size_t offset; /* of its pointer in struct zstd */
} functions[] = {
#define X(name) {#name, offsetof(struct zstd, name)},
    FUNCTIONS(X)
#undef X
};

static bool zstd_load(struct zstd *zstd, struct fault *fault) {
  static const char soname[] = "libzstd.so.1";
  zstd->library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
  if (!zstd->library) return fault_set(fault, EXIT_CODE_SYSTEM, "%s cannot be loaded: %s", soname, dlerror());
  for (size_t i = 0; i < COUNT(functions); i++) {
    void *function = dlsym(zstd->library, functions[i].name);
    if (!function) return fault_set(fault, EXIT_CODE_SYSTEM, "%s has no %s", soname, functions[i].name);
    memcpy((char *)zstd + functions[i].offset, &function, sizeof function);
  }
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
static size_t frame_bytes(const struct work *work, struct cell_text old, struct cell_text new, bool bare) {
  const struct zstd *zstd = &work->zstd;
  ZSTD_CCtx *context = work->context;
  zstd->ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  const struct {
    ZSTD_cParameter parameter;
    int value;
  } settings[] = {{ZSTD_c_compressionLevel, PREFIX_LEVEL},
                  {ZSTD_c_windowLog, window_log((uint64_t)old.length + new.length)},
                  {ZSTD_c_checksumFlag, 0},
                  {ZSTD_c_contentSizeFlag, !bare},
                  {ZSTD_c_format, bare ? ZSTD_f_zstd1_magicless : ZSTD_f_zstd1}};
  for (size_t i = 0; i < COUNT(settings); i++) {
    size_t result = zstd->ZSTD_CCtx_setParameter(context, settings[i].parameter, settings[i].value);
    if (zstd->ZSTD_isError(result)) return 0;
  }
  if (zstd->ZSTD_isError(zstd->ZSTD_CCtx_refPrefix(context, old.bytes, old.length))) return 0;
  size_t bytes = zstd->ZSTD_compress2(context, work->out, work->room, new.bytes, new.length);
  return zstd->ZSTD_isError(bytes) ? 0 : bytes;
}

static bool measure_document(struct cell_prefix *prefix, struct cell_edit_plan *plan, struct cell_documents *documents,
                             uint32_t id, const struct work *work, struct fault *fault) {
  struct cell_prepared_edit prepared;
  if (!cell_read_text(documents, id, fault) || !cell_prepare_edit(plan, documents, id, &prepared, fault)) return false;
  const struct cell_text old = {documents->text, (uint32_t)documents->spec->files[id].bytes};
  const struct cell_text new = {plan->text, prepared.length};
  for (int bare = 0; bare < 2; bare++) {
    size_t bytes = frame_bytes(work, old, new, bare);
    if (!bytes) return fault_set(fault, EXIT_CODE_SYSTEM, "zstd cannot compress %s", documents->spec->files[id].path);
    *(bare ? &prefix->bare_bytes : &prefix->bytes) += bytes;
  }
  return true;
}

static bool work_begin(struct work *work, size_t text_bytes, struct fault *fault) {
  if (!zstd_load(&work->zstd, fault)) return false;
  work->context = work->zstd.ZSTD_createCCtx();
  work->room = work->zstd.ZSTD_compressBound(text_bytes);
  work->out = malloc(work->room);
  return (work->context && work->out) || fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for zstd");
}

static void work_end(struct work *work) {
  if (work->context) work->zstd.ZSTD_freeCCtx(work->context);
  free(work->out);
  if (work->zstd.library) dlclose(work->zstd.library);
}

bool cell_measure_prefix(struct cell_prefix *prefix, struct cell_edit_plan *plan, struct cell_documents *documents,
                         struct fault *fault) {
  struct work work = {0};
  if (!cell_edits_are_real(documents)) return true;
  bool good = work_begin(&work, plan->text_bytes, fault);
  for (uint32_t i = 0; good && i < plan->document_count; i++)
    good = measure_document(prefix, plan, documents, plan->documents[i], &work, fault);
  work_end(&work);
  return good;
}
