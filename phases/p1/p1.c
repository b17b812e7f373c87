/* SPDX-License-Identifier: MIT
 *
 * p1.c - the stage "p1 structural": varint, packing, interning. As a tree codec it turns
 * trees into the blobs of format.h; as a blob store it lays tree bytes back to back
 * in slabs (kit/support/slabs.h).
 *
 * While documents come in, codes are given out in the order in which tokens are first
 * seen, so that a document is stored once it is parsed and the parser's tree can go.
 * Finalizing counts how often each token occurs, ranks the tokens so that the commonest take
 * one byte, drops tokens not worth their place, and writes each blob once more. */
#include <stdlib.h>

#include "kit/support/slabs.h"
#include "cursor.h"
#include "encode.h"
#include "tables_io.h"

struct store {
  const struct stage_ctx *ctx;
  struct p1_encoder encoder;
  struct p1_language *languages;
  uint32_t language_count;
  struct tree_documents documents;
  struct slabs *slabs; /* the blob store's; made at the first put */
};

static int store_open(const struct stage_ctx *ctx, void **out) {
  struct store *s = stage_allocate(ctx, STAGE_TREE, sizeof *s);
  if (!s) return STAGE_OUT_OF_MEMORY;
  *s = (struct store){.ctx = ctx};
  p1_encoder_init(&s->encoder, ctx);
  *out = s;
  return STAGE_OK;
}

static void tables_free(struct store *s) {
  for (uint32_t i = 0; i < s->language_count; i++) p1_language_free(&s->languages[i]);
  stage_release(s->ctx, STAGE_TREE, s->languages);
  s->languages = NULL;
  s->language_count = 0;
  p1_encoder_free(&s->encoder);
}

static void store_close(void *store) {
  struct store *s = store;
  const struct stage_ctx *ctx = s->ctx;
  tables_free(s);
  slabs_delete(s->slabs);
  stage_release(ctx, STAGE_TREE, s);
}

/* ---- documents ---- */

static int language_get(struct store *s, uint32_t number, struct p1_language **out) {
  if (number > UINT16_MAX) return STAGE_LIMIT;
  if (number >= s->language_count) {
    struct p1_language *languages = stage_resize(s->ctx, STAGE_TREE, s->languages, (number + 1) * sizeof *languages);
    if (!languages) return STAGE_OUT_OF_MEMORY;
    s->languages = languages;
    while (s->language_count <= number) p1_language_init(&languages[s->language_count++], s->ctx);
  }
  *out = &s->languages[number];
  return STAGE_OK;
}

static int tree_encode(struct store *s, const struct stage_document *document, const TSTree *tree) {
  struct p1_language *language = NULL;
  int error = language_get(s, document->language, &language);
  if (!error) error = p1_language_open_maps(language);
  if (!error) error = p1_encode(&s->encoder, language, document->language, document->grammar, tree);
  return error;
}

static int put_tree(void *store, const struct stage_document *document, TSTree *tree) {
  struct store *s = store;
  int error = tree_encode(s, document, tree);
  ts_tree_delete(tree);
  if (!error)
    error = tree_documents_put(&s->documents, s->ctx, document->id, s->encoder.blob.bytes, s->encoder.blob.count);
  return error;
}

static int drop_tree(void *store, uint32_t id) {
  struct store *s = store;
  int error = tree_documents_drop(&s->documents, s->ctx, id);
  if (!error && s->documents.count == 0) tables_free(s); /* an empty store keeps nothing */
  return error;
}

/* Pins a document's blob and takes it apart. STAGE_NO_DOCUMENT where there is none. */
static int blob_pin(const struct store *s, uint32_t id, struct stage_pin *pin, struct p1_tree *tree,
                    struct p1_tables *tables) {
  int error = tree_documents_pin(s->ctx, id, pin);
  if (error) return error;
  if (p1_tree_open(pin->bytes, pin->length, tree) && tree->language < s->language_count &&
      p1_language_tables(&s->languages[tree->language], tree->generation, tables))
    return STAGE_OK;
  return tree_documents_refuse(s->ctx, id, pin);
}

int p1_validate_document(void *store, uint32_t id, const char **why, uint64_t *offset) {
  const struct store *s = store;
  struct stage_pin pin;
  struct p1_tree tree;
  struct p1_tables tables;
  *why = "the header is not one of this store's";
  *offset = 0;
  int error = blob_pin(s, id, &pin, &tree, &tables);
  if (error) return error;
  error = p1_validate(&tables, pin.bytes, pin.length, why, offset);
  tree_documents_unpin(s->ctx, &pin);
  return error;
}

/* ---- for blob stores: what of a blob must be kept ---- */

static int strip(void *store, const void *bytes, uint64_t length, void *out, uint64_t *out_length) {
  const struct store *s = store;
  struct p1_tree tree;
  if (!p1_tree_open(bytes, length, &tree)) {
    STAGE_FAIL(s->ctx, "%llu bytes to strip are no tree of this store's", (unsigned long long)length);
    return STAGE_CORRUPT;
  }
  *out_length = p1_strip(&tree, out);
  return STAGE_OK;
}

static int reconstruct(void *store, const void *bytes, uint64_t stripped_length, void *out, uint64_t length) {
  struct store *s = store;
  uint32_t language;
  uint8_t generation;
  struct p1_tables tables;
  int error = STAGE_CORRUPT;
  if (p1_strip_tables(bytes, stripped_length, &language, &generation) && language < s->language_count &&
      p1_language_tables(&s->languages[language], generation, &tables))
    error = p1_reconstruct(&s->encoder, &tables, bytes, stripped_length, out, length);
  if (error == STAGE_CORRUPT)
    STAGE_FAIL(s->ctx, "%llu stripped bytes do not make a tree", (unsigned long long)stripped_length);
  return error;
}

/* ---- finalizing ---- */

/* How often each token of a language occurs in the store. */
struct tally {
  struct map index; /* token -> place in tokens and counts */
  struct tree_token *tokens;
  uint32_t *counts;
  uint32_t count, capacity;
};

static void tally_free(const struct stage_ctx *ctx, struct tally *tally) {
  map_clear(&tally->index, ctx, STAGE_TREE);
  stage_release(ctx, STAGE_TREE, tally->tokens);
  stage_release(ctx, STAGE_TREE, tally->counts);
}

static int tally_add(const struct stage_ctx *ctx, struct tally *tally, struct tree_token token) {
  uint64_t key;
  memcpy(&key, &token, sizeof key);
  uint32_t i = map_get(&tally->index, key);
  if (i == MAP_NONE) {
    i = tally->count;
    if (i == tally->capacity) {
      uint32_t capacity = i ? i * 2 : 1024;
      struct tree_token *tokens = stage_resize(ctx, STAGE_TREE, tally->tokens, capacity * sizeof *tokens);
      if (tokens) tally->tokens = tokens;
      uint32_t *counts = stage_resize(ctx, STAGE_TREE, tally->counts, capacity * sizeof *counts);
      if (counts) tally->counts = counts;
      if (!tokens || !counts) return STAGE_OUT_OF_MEMORY;
      tally->capacity = capacity;
    }
    if (!map_add(&tally->index, ctx, STAGE_TREE, key, i)) return STAGE_OUT_OF_MEMORY;
    tally->tokens[i] = token;
    tally->counts[i] = 0;
    tally->count++;
  }
  if (tally->counts[i] < UINT32_MAX) tally->counts[i]++;
  return STAGE_OK;
}

static int tally_documents(const struct store *s, struct tally *tallies) {
  for (uint32_t id = 0; id < s->documents.end; id++) {
    struct stage_pin pin;
    struct p1_tree tree;
    struct p1_tables tables;
    int error = blob_pin(s, id, &pin, &tree, &tables);
    if (error == STAGE_NO_DOCUMENT) continue;
    if (error) return error;
    const uint8_t *p = tree.codes, *end = tree.codes + tree.code_bytes;
    while (p < end && !error) error = tally_add(s->ctx, &tallies[tree.language], p1_next_token(&tables, &p));
    tree_documents_unpin(s->ctx, &pin);
    if (error) return error;
  }
  return STAGE_OK;
}

/* Ranks a language's tokens by count and makes them its new generation. A token that occurs
 * once costs 9 bytes behind an escape, and 8 in the table beside its code: it stays out. */
static int language_rank(const struct store *s, struct p1_language *language, const struct tally *tally) {
  uint32_t *order = stage_allocate(s->ctx, STAGE_TREE, tally->count * sizeof *order);
  if (!order) return STAGE_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < tally->count; i++) order[i] = i;
  qsort_r(order, tally->count, sizeof *order, tree_documents_by_count, tally->counts);
  uint32_t kept = 0;
  while (kept < tally->count && kept + 1 < P1_CODE_MAX && tally->counts[order[kept]] > 1) kept++;
  struct tree_token *tokens = stage_allocate(s->ctx, STAGE_TREE, (kept + 1) * sizeof *tokens);
  if (tokens) {
    tokens[P1_ESCAPE] = (struct tree_token){0};
    for (uint32_t i = 0; i < kept; i++) tokens[i + 1] = tally->tokens[order[i]];
  }
  stage_release(s->ctx, STAGE_TREE, order);
  return tokens ? p1_language_renew(language, tokens, kept + 1) : STAGE_OUT_OF_MEMORY;
}

/* Writes every blob that is not of its language's current generation again. */
static int renew_documents(struct store *s) {
  for (uint32_t id = 0; id < s->documents.end; id++) {
    struct stage_pin pin;
    struct p1_tree tree;
    struct p1_tables tables;
    int error = blob_pin(s, id, &pin, &tree, &tables);
    if (error == STAGE_NO_DOCUMENT) continue;
    if (error) return error;
    const struct p1_language *language = &s->languages[tree.language];
    bool old = tree.generation != language->current.generation;
    if (old) error = p1_transcode(&s->encoder, language, &tree, &tables);
    tree_documents_unpin(s->ctx, &pin);
    if (old && !error) {
      error = tree_documents_renew(s->ctx, id, s->encoder.blob.bytes, s->encoder.blob.count);
    }
    if (error) return error;
  }
  for (uint32_t i = 0; i < s->language_count; i++) p1_language_forget_previous(&s->languages[i]);
  return STAGE_OK;
}

static int maps_open(struct store *s) {
  int error = STAGE_OK;
  for (uint32_t i = 0; i < s->language_count && !error; i++) error = p1_language_open_maps(&s->languages[i]);
  return error;
}

static int rank(struct store *s) {
  struct tally *tallies = stage_allocate(s->ctx, STAGE_TREE, s->language_count * sizeof *tallies);
  if (!tallies) return STAGE_OUT_OF_MEMORY;
  memset(tallies, 0, s->language_count * sizeof *tallies);
  int error = tally_documents(s, tallies);
  for (uint32_t i = 0; i < s->language_count; i++) {
    if (!error && tallies[i].count > 0) error = language_rank(s, &s->languages[i], &tallies[i]);
    tally_free(s->ctx, &tallies[i]);
  }
  stage_release(s->ctx, STAGE_TREE, tallies);
  return error ? error : renew_documents(s);
}

static int finalize(void *store) {
  struct store *s = store;
  int error = STAGE_OK;
  if (tree_documents_want_learning(&s->documents)) {
    error = maps_open(s);
    if (!error) error = renew_documents(s); /* of a finalizing that was cut short */
    if (!error) error = rank(s);
    if (!error) s->documents.fresh = 0;
  }
  p1_encoder_free(&s->encoder);
  for (uint32_t i = 0; i < s->language_count; i++) {
    p1_language_close_maps(&s->languages[i]);
    p1_language_trim(&s->languages[i]);
  }
  if (s->slabs && !error) error = slabs_finalize(s->slabs);
  return error;
}

static void stats(void *store, stage_stat_fn *emit, void *sink) {
  const struct store *s = store;
  uint64_t tokens = 0, kinds = 0, paddings = 0, bytes = 0;
  for (uint32_t i = 0; i < s->language_count; i++) {
    const struct p1_language *l = &s->languages[i];
    tokens += l->current.count;
    kinds += l->alphabet.kind_count;
    paddings += l->alphabet.padding_count;
    bytes += (uint64_t)l->current.capacity * sizeof *l->current.tokens + alphabet_bytes(&l->alphabet);
  }
  emit(sink, "tokens", "count", (double)tokens);
  emit(sink, "kinds", "count", (double)kinds);
  emit(sink, "paddings", "count", (double)paddings);
  emit(sink, "table_bytes", "bytes", (double)bytes);
  if (!s->slabs) return;
  struct slabs_usage usage = slabs_usage(s->slabs);
  emit(sink, "blob_bytes", "bytes", (double)usage.string_bytes);
  emit(sink, "slab_bytes", "bytes", (double)usage.slab_bytes);
  emit(sink, "directory_bytes", "bytes", (double)usage.directory_bytes);
}

/* ---- for another process ---- */

static int save(void *store, stage_write_fn *write, void *sink) {
  const struct store *s = store;
  struct p1_languages languages = {s->languages, s->language_count};
  return p1_tables_save(s->ctx, &languages, &s->documents, write, sink);
}

static int load(void *store, const void *bytes, uint64_t length) {
  struct store *s = store;
  struct p1_languages languages;
  struct tree_documents documents;
  int error = tree_documents_must_be_none(&s->documents, s->ctx);
  if (!error) error = p1_tables_load(s->ctx, bytes, length, &languages, &documents);
  if (error) return error;
  tables_free(s);
  s->languages = languages.p;
  s->language_count = languages.count;
  s->documents = documents;
  return STAGE_OK;
}

/* ---- names ---- */

static const char *symbol_name(void *store, uint32_t language, uint16_t symbol) {
  const struct store *s = store;
  return language < s->language_count ? alphabet_symbol_name(&s->languages[language].alphabet, symbol) : NULL;
}

static const char *field_name(void *store, uint32_t language, uint16_t field) {
  const struct store *s = store;
  return language < s->language_count ? alphabet_field_name(&s->languages[language].alphabet, field) : NULL;
}

/* ---- cursors ---- */

struct cursor { /* p1_cursor first, so that the moves need not know the store */
  struct p1_cursor p1;
  struct store *store;
};

static int cursor_new(void *store, struct stage_cursor **out) {
  struct store *s = store;
  struct cursor *c = stage_allocate(s->ctx, STAGE_TREE, sizeof *c);
  if (!c) return STAGE_OUT_OF_MEMORY;
  *c = (struct cursor){.p1 = {.moves = {.ctx = s->ctx}}, .store = s};
  *out = &c->p1.moves.pub;
  return STAGE_OK;
}

static void cursor_close(struct stage_cursor *cursor) {
  struct cursor *c = (struct cursor *)cursor;
  if (!c->p1.open) return;
  c->p1.open = false;
  tree_documents_unpin(c->store->ctx, &c->p1.pin);
}

static int cursor_open(struct stage_cursor *cursor, uint32_t id) {
  struct cursor *c = (struct cursor *)cursor;
  struct p1_cursor *p1 = &c->p1;
  cursor_close(cursor);
  int error = blob_pin(c->store, id, &p1->pin, &p1->tree, &p1->tables);
  if (error) return error;
  p1->open = true;
  p1->codes_end = p1->tree.codes + p1->tree.code_bytes;
  return token_cursor_start(&p1->moves) ? STAGE_OK : p1->moves.pub.error;
}

static void cursor_delete(struct stage_cursor *cursor) {
  struct cursor *c = (struct cursor *)cursor;
  if (!c) return;
  cursor_close(cursor);
  token_cursor_free_frames(&c->p1.moves);
  stage_release(c->store->ctx, STAGE_TREE, c);
}

/* ---- blob store ---- */

static int put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  struct store *s = store;
  (void)path;
  if (!s->slabs) s->slabs = slabs_new(s->ctx, kind);
  return s->slabs ? slabs_put(s->slabs, id, bytes, length) : STAGE_OUT_OF_MEMORY;
}

static int length_of(void *store, enum stage_kind kind, uint32_t id, uint64_t *length) {
  const struct store *s = store;
  const uint8_t *bytes;
  (void)kind;
  return s->slabs ? slabs_get(s->slabs, id, &bytes, length) : STAGE_NO_DOCUMENT;
}

static int pin_range(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length,
                     struct stage_pin *pin) {
  const struct store *s = store;
  const uint8_t *bytes;
  uint64_t all;
  (void)kind;
  int error = s->slabs ? slabs_get(s->slabs, id, &bytes, &all) : STAGE_NO_DOCUMENT;
  if (error) return error;
  if (offset > all || length > all - offset) return STAGE_OUT_OF_RANGE;
  *pin = (struct stage_pin){.bytes = bytes + offset, .length = length};
  return STAGE_OK;
}

static int unpin(void *store, enum stage_kind kind, struct stage_pin *pin) {
  (void)store;
  (void)kind;
  *pin = (struct stage_pin){0};
  return STAGE_OK;
}

static int drop(void *store, enum stage_kind kind, uint32_t id) {
  struct store *s = store;
  (void)kind;
  return s->slabs ? slabs_drop(s->slabs, id) : STAGE_NO_DOCUMENT;
}

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "p1",
    .summary = "structural: one token a node over a table per language, packed",
    .order = 10,
    .roles = STAGE_TREE_CODEC | STAGE_BLOB_STORE,
    .flags = STAGE_PACKS_NODES,
    .keeps = 1u << STAGE_TREE,
    .open = store_open,
    .close = store_close,
    .finalize = finalize,
    .stats = stats,
    .put = put,
    .length = length_of,
    .pin = pin_range,
    .unpin = unpin,
    .drop = drop,
    .put_tree = put_tree,
    .drop_tree = drop_tree,
    .strip = strip,
    .reconstruct = reconstruct,
    .save = save,
    .load = load,
    .symbol_name = symbol_name,
    .field_name = field_name,
    .cursor_new = cursor_new,
    .cursor_open = cursor_open,
    .cursor_close = cursor_close,
    .cursor_delete = cursor_delete,
    TOKEN_CURSOR_STEPS,
    TOKEN_CURSOR_HOOKS,
    .walk = token_walk,
};

const struct stage_ops *phasebench_stage(void) { return &ops; }
