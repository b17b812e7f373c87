/* SPDX-License-Identifier: MIT
 *
 * check_stage.c - failures, grammars, and a stage on its own: its heaps are malloc, its blob store is
 * a list of copies. */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage_check.h"

/* ---- failures ---- */

static check_report_fn *reporter;

void check_report_to(check_report_fn *report) { reporter = report; }

void check_failed(const char *file, int line, const char *format, ...) {
  char message[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (reporter) reporter(file, line, message);
  else fprintf(stderr, "%s:%d: %s\n", file, line, message);
  abort();
}

/* ---- a grammar and a parser ---- */

const TSLanguage *check_grammar(const char *language) {
  const char *folder = getenv("PHASEBENCH_GRAMMAR_DIR"), *build = getenv("PHASEBENCH_BUILD_DIR");
  char text[4096];
  if (folder) snprintf(text, sizeof text, "%s/%s.so", folder, language);
  else snprintf(text, sizeof text, "%s/grammars/%s.so", build ? build : ".", language);
  void *module = dlopen(text, RTLD_NOW | RTLD_LOCAL); /* stays: the test's trees read it */
  if (!module) check_failed(__FILE__, __LINE__, "%s (PHASEBENCH_GRAMMAR_DIR is the folder of grammars)", dlerror());
  snprintf(text, sizeof text, "tree_sitter_%s", language);
  const TSLanguage *(*entry)(void);
  *(void **)&entry = dlsym(module, text);
  if (!entry) check_failed(__FILE__, __LINE__, "%s.so has no %s", language, text);
  return entry();
}

TSTree *check_parse(const TSLanguage *grammar, const char *source, size_t bytes) {
  TSParser *parser = ts_parser_new();
  CHECK_THAT(ts_parser_set_language(parser, grammar));
  TSTree *tree = ts_parser_parse_string(parser, NULL, source, (uint32_t)bytes);
  CHECK_THAT(tree);
  ts_parser_delete(parser);
  return tree;
}

/* ---- heaps and the blob store ---- */

static void *check_allocate(struct stage_heap *heap, size_t bytes) {
  (void)heap;
  return malloc(bytes);
}
static void *check_resize(struct stage_heap *heap, void *p, size_t bytes) {
  (void)heap;
  return realloc(p, bytes);
}
static void check_release(struct stage_heap *heap, void *p) {
  (void)heap;
  free(p);
}

int check_put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  struct check_bytes *kept = &((struct check_blob_store *)store)->kept[kind][id];
  (void)path;
  CHECK_THAT(id < CHECK_DOCUMENTS_MAX);
  free(kept->p);
  kept->p = malloc(length ? length : 1); /* exact, so that the address sanitizer sees reads past the end */
  CHECK_THAT(kept->p);
  memcpy(kept->p, bytes, length);
  kept->length = length;
  return STAGE_OK;
}
int check_length(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  const struct check_bytes *kept = &((struct check_blob_store *)store)->kept[kind][id];
  *length = kept->length;
  return kept->p ? STAGE_OK : STAGE_NO_DOCUMENT;
}
static int check_pin(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                     struct stage_pin *pin) {
  struct check_blob_store *blob_store = store;
  const struct check_bytes *kept = &blob_store->kept[kind][id];
  if (!kept->p) return STAGE_NO_DOCUMENT;
  if (offset > kept->length || length > kept->length - offset) return STAGE_OUT_OF_RANGE;
  *pin = (struct stage_pin){kept->p + offset, length, NULL};
  blob_store->pins++;
  return STAGE_OK;
}
static int check_unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  (void)kind, (void)pin;
  ((struct check_blob_store *)store)->pins--;
  return STAGE_OK;
}
static int check_drop(void *store, enum stage_kind kind, uint32_t id) {
  struct check_bytes *kept = &((struct check_blob_store *)store)->kept[kind][id];
  if (!kept->p) return STAGE_NO_DOCUMENT;
  free(kept->p);
  *kept = (struct check_bytes){NULL, 0};
  return STAGE_OK;
}

void check_fail(const struct stage_ctx *ctx, const char *file, int line, const char *format, ...) {
  va_list arguments;
  (void)ctx;
  fprintf(stderr, "%s:%d: the stage gives a reason: ", file, line);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

const struct stage_heap_ops *check_heap_ops(void) {
  static const struct stage_heap_ops ops = {check_allocate, check_resize, check_release};
  return &ops;
}
const struct stage_ops *check_blob_store_ops(void) {
  static const struct stage_ops ops = {.hdr = STAGE_HDR,
                                       .name = "check",
                                       .put = check_put,
                                       .length = check_length,
                                       .pin = check_pin,
                                       .unpin = check_unpin,
                                       .drop = check_drop};
  return &ops;
}

/* ---- a stage ---- */

void check_stage_open_in(struct check_stage *stage, const struct stage_ops *ops, struct stage_ctx ctx) {
  memset(stage, 0, sizeof *stage);
  stage->ops = ops;
  stage->ctx = ctx;
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++)
    stage->ctx.blob_store[kind] = stage->ctx.below[kind] =
        (struct stage_link){check_blob_store_ops(), &stage->blob_store};
  CHECK_THAT(ops->open(&stage->ctx, &stage->store) == STAGE_OK);
}

void check_stage_open(struct check_stage *stage, const struct stage_ops *ops) {
  check_stage_open_in(stage, ops,
                      (struct stage_ctx){.hdr = STAGE_HDR, .heap_ops = check_heap_ops(), .fail = check_fail});
}

void check_stage_open_alone(struct check_stage *stage, const struct stage_ops *ops) {
  check_stage_open(stage, ops);
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++)
    if (ops->keeps & (1u << kind)) stage->ctx.blob_store[kind] = (struct stage_link){ops, stage->store};
}

void check_stage_close(struct check_stage *stage) {
  if (stage->blob_store.pins > 0)
    check_failed(__FILE__, __LINE__, "%u pins were not let go of", stage->blob_store.pins);
  stage->ops->close(stage->store);
  for (int kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    for (int i = 0; i < CHECK_DOCUMENTS_MAX; i++) free(stage->blob_store.kept[kind][i].p);
  }
}

void check_put_document(struct check_stage *stage, uint32_t id, uint32_t language, const TSLanguage *grammar,
                        const char *source, size_t bytes) {
  struct stage_document document = {id, language, grammar, NULL, source, (uint32_t)bytes};
  CHECK_THAT(check_put(&stage->blob_store, STAGE_SOURCE, id, source, bytes, NULL) == STAGE_OK);
  CHECK_THAT(stage->ops->put_tree(stage->store, &document, check_parse(grammar, source, bytes)) == STAGE_OK);
}

int check_finalize(struct check_stage *stage) {
  return stage->ops->finalize ? stage->ops->finalize(stage->store) : STAGE_OK;
}
