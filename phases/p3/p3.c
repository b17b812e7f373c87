/* SPDX-License-Identifier: MIT
 *
 * p3.c - the stage "p3 bytecode": a tree is a string of codes, each of which names a phrase of
 * tokens learned from the store (format.h, learn.h), and a cursor walks it in place. The bytes
 * go to the blob store below: p1 keeps them back to back, p2 chunks what is stripped of them.
 *
 * Above a codec that packs nodes (STAGE_PACKS_NODES: p1) it takes that over: paddings are
 * interned in tokens and numbers have prefix codes. Alone, operands have a fixed width.
 *
 * While documents come in, each token has a code of its own, so that a document is stored once
 * it is parsed and the parser's tree can go. Finalizing learns and writes each blob once more. */
#include "cursor.h"
#include "encode.h"
#include "learn.h"
#include "tables_io.h"

struct store {
  const struct stage_ctx *ctx;
  struct p3_encoder encoder;
  struct p3_encoder reconstructor; /* apart, since blob stores reconstruct while they are given the encoder's blob */
  struct p3_language *languages;
  uint32_t language_count;
  struct tree_documents documents;
  uint32_t renewals; /* how often codings were replaced: their generations come again */
  bool is_read;      /* a document was opened since the last finalizing */
};

static int store_open(const struct stage_ctx *ctx, void **out) {
  struct store *s = stage_allocate(ctx, STAGE_TREE, sizeof *s);
  if (!s) return STAGE_OUT_OF_MEMORY;
  *s = (struct store){.ctx = ctx};
  p3_encoder_init(&s->encoder, ctx);
  p3_encoder_init(&s->reconstructor, ctx);
  *out = s;
  return STAGE_OK;
}

static void tables_free(struct store *s) {
  for (uint32_t i = 0; i < s->language_count; i++) p3_language_free(&s->languages[i]);
  stage_release(s->ctx, STAGE_TREE, s->languages);
  s->languages = NULL;
  s->language_count = 0;
  s->renewals++;
  p3_encoder_free(&s->encoder);
  p3_encoder_free(&s->reconstructor);
}

static void store_close(void *store) {
  struct store *s = store;
  tables_free(s);
  stage_release(s->ctx, STAGE_TREE, s);
}

/* ---- documents ---- */

/* Nothing below packs nodes: operands are of fixed width. */
static bool is_plain(const struct store *s) {
  const struct stage_ops *below = s->ctx->codec_below.ops;
  return !below || !(below->flags & STAGE_PACKS_NODES);
}

/* A language's tables, made at its first document. */
static int language_get(struct store *s, uint32_t number, struct p3_language **out) {
  if (number > UINT16_MAX) return STAGE_LIMIT;
  if (number >= s->language_count) {
    struct p3_language *languages = stage_resize(s->ctx, STAGE_TREE, s->languages, (number + 1) * sizeof *languages);
    if (!languages) return STAGE_OUT_OF_MEMORY;
    s->languages = languages;
    while (s->language_count <= number) languages[s->language_count++] = (struct p3_language){0};
  }
  *out = &s->languages[number];
  return (*out)->alphabet.ctx ? STAGE_OK : p3_language_init(*out, s->ctx, is_plain(s));
}

static int tree_encode(struct store *s, const struct stage_document *document, const TSTree *tree) {
  struct p3_language *language = NULL;
  int error = language_get(s, document->language, &language);
  if (!error) error = p3_language_open(language);
  if (!error) error = p3_encode(&s->encoder, language, document->language, document->grammar, tree);
  return error;
}

static int put_tree(void *store, const struct stage_document *document, TSTree *tree) {
  struct store *s = store;
  int error = tree_encode(s, document, tree);
  ts_tree_delete(tree);
  if (!error) error = tree_documents_put(&s->documents, s->ctx, document->id, s->encoder.blob, s->encoder.blob_bytes);
  if (!error) s->languages[document->language].tokens_put += s->encoder.tokens.count;
  return error;
}

static int drop_tree(void *store, uint32_t id) {
  struct store *s = store;
  int error = tree_documents_drop(&s->documents, s->ctx, id);
  if (!error && s->documents.count == 0) tables_free(s); /* an empty store keeps nothing */
  return error;
}

static const struct p3_language *language_of(const struct store *s, uint32_t number) {
  return number < s->language_count && s->languages[number].alphabet.ctx ? &s->languages[number] : NULL;
}

/* Takes a blob apart; false: it is not one of this store's. */
static bool blob_open(const struct store *s, const uint8_t *bytes, uint64_t length, struct p3_tree *tree,
                      struct p3_tables *tables) {
  uint32_t number;
  uint8_t generation;
  if (!p3_blob_coding(bytes, length, &number, &generation)) return false;
  const struct p3_language *language = language_of(s, number);
  return language && p3_language_tables(language, generation, tables) &&
         p3_tree_open(bytes, length, tables->code_bits, tree);
}

/* Pins a document's blob and takes it apart. STAGE_NO_DOCUMENT where there is none. */
static int blob_pin(const struct store *s, uint32_t id, struct stage_pin *pin, struct p3_tree *tree,
                    struct p3_tables *tables) {
  int error = tree_documents_pin(s->ctx, id, pin);
  if (error) return error;
  if (blob_open(s, pin->bytes, pin->length, tree, tables)) return STAGE_OK;
  return tree_documents_refuse(s->ctx, id, pin);
}

/* How the numbers of a language at rest are written; on a stack, since it is needed for one call. */
struct number_codes {
  uint16_t codes[P3_CONTEXT_COUNT_MAX * (P3_NUMBER_VALUES + 1)];
};

/* What is needed to build blobs of a generation: tables, and how numbers are written, which is made in
 * `room` where the language is at rest. */
static int builder_open(const struct store *s, uint32_t number, uint8_t generation, struct p3_tables *tables,
                        const uint16_t **codes, struct number_codes *room) {
  const struct p3_language *language = language_of(s, number);
  if (!language || !p3_language_tables(language, generation, tables)) return STAGE_CORRUPT;
  *codes = language->current.number_codes;
  if (*codes && language->current.generation == generation) return STAGE_OK;
  for (uint32_t c = 0; c < tables->context_count; c++)
    p3_numbers_invert(tables->numbers + ((size_t)c << P3_NUMBER_BITS),
                      room->codes + (size_t)c * (P3_NUMBER_VALUES + 1));
  *codes = room->codes;
  return STAGE_OK;
}

int p3_validate_document(void *store, uint32_t id, const char **why, uint32_t *code) {
  struct store *s = store;
  const struct stage_link *blob_store = &s->ctx->blob_store[STAGE_TREE];
  struct stage_pin pin;
  struct p3_tables tables;
  struct number_codes room;
  const uint16_t *codes;
  uint32_t language;
  uint8_t generation;
  uint64_t length;
  *why = "the header is not one of this store's";
  *code = 0;
  int error = blob_store->ops->length(blob_store->store, STAGE_TREE, id, &length);
  if (!error) error = blob_store->ops->pin(blob_store->store, STAGE_TREE, id, 0, length, &pin);
  if (error) return error;
  error = STAGE_CORRUPT;
  if (p3_blob_coding(pin.bytes, length, &language, &generation))
    error = builder_open(s, language, generation, &tables, &codes, &room);
  if (!error) {
    struct p3_wrong wrong;
    error = p3_validate(&s->reconstructor, &(struct p3_reading){&tables, codes}, pin.bytes, pin.length, &wrong);
    *why = wrong.why;
    *code = wrong.code;
  }
  tree_documents_unpin(s->ctx, &pin);
  return error;
}

/* ---- for blob stores: what of a blob must be kept ---- */

static int strip(void *store, const void *bytes, uint64_t length, void *out, uint64_t *out_length) {
  const struct store *s = store;
  struct p3_tree tree;
  struct p3_tables tables;
  if (!blob_open(s, bytes, length, &tree, &tables)) {
    STAGE_FAIL(s->ctx, "%llu bytes to strip are no tree of this store's", (unsigned long long)length);
    return STAGE_CORRUPT;
  }
  return p3_strip(&tables, &tree, out, STAGE_STRIPPED_BYTES_MAX(length), out_length);
}

/* Working memory for larger blobs than this is given back at once: in service, most are smaller. */
#define RECONSTRUCTOR_BYTES_MAX (64u * 1024u)

static int reconstruct(void *store, const void *bytes, uint64_t stripped_length, void *out, uint64_t length) {
  struct store *s = store;
  struct p3_tables tables;
  struct number_codes room;
  const uint16_t *codes;
  uint32_t language;
  uint8_t generation;
  int error = STAGE_CORRUPT;
  if (p3_strip_coding(bytes, stripped_length, &language, &generation))
    error = builder_open(s, language, generation, &tables, &codes, &room);
  if (!error) error = p3_reconstruct(&s->reconstructor, &tables, codes, bytes, stripped_length);
  if (!error && s->reconstructor.blob_bytes != length) error = STAGE_CORRUPT;
  if (!error) memcpy(out, s->reconstructor.blob, length);
  /* Before the first document is opened, the caller is a blob store that finalizes: it leaves nothing behind. */
  if (!s->is_read || s->reconstructor.blob_capacity > RECONSTRUCTOR_BYTES_MAX) p3_encoder_free(&s->reconstructor);
  if (error == STAGE_CORRUPT)
    STAGE_FAIL(s->ctx, "%llu stripped bytes do not make a tree", (unsigned long long)stripped_length);
  return error;
}

/* ---- finalizing ---- */

/* Shows a document's tokens to its language's learner. */
static int document_see(struct p3_learner *learners, const struct p3_tree *tree, const struct p3_tables *tables) {
  struct p3_learner *learner = &learners[tree->language];
  struct p3_reader reader = {.tables = tables, .tree = tree};
  struct tree_token token;
  uint32_t numbers[TOKEN_NUMBERS_MAX];
  int error =
      p3_token_memo_open(learner->ctx, &learner->memo, tables, tree->generation) ? STAGE_OK : STAGE_OUT_OF_MEMORY;
  bool has_numbers = p3_learner_document_begin(learner);
  while (!error && (has_numbers ? p3_read_token(&reader, &token, numbers) : p3_read_token_only(&reader, &token))) {
    uint32_t escaped = P3_NOT_FOUND_YET;
    bool is_known = reader.number != P3_ESCAPE;
    error = p3_learner_token(learner, token, has_numbers ? numbers : NULL,
                             is_known ? &learner->memo.found[reader.number] : &escaped);
  }
  return error ? error : p3_learner_document_end(learner);
}

/* Calls `visit` for each document, which is pinned meanwhile; what it has put into the
 * encoder when it returns STAGE_OK and *renewed is put in the document's place. */
static int documents_visit(struct store *s,
                           int (*visit)(struct store *s, const struct p3_tree *tree, const struct p3_tables *tables,
                                        void *with, bool *renewed),
                           void *with) {
  for (uint32_t id = 0; id < s->documents.end; id++) {
    struct stage_pin pin;
    struct p3_tree tree;
    struct p3_tables tables;
    bool renewed = false;
    int error = blob_pin(s, id, &pin, &tree, &tables);
    if (error == STAGE_NO_DOCUMENT) continue;
    if (error) return error;
    error = visit(s, &tree, &tables, with, &renewed);
    tree_documents_unpin(s->ctx, &pin);
    if (!error && renewed) error = tree_documents_renew(s->ctx, id, s->encoder.blob, s->encoder.blob_bytes);
    if (error) return error;
  }
  return STAGE_OK;
}

static int visit_see(struct store *s, const struct p3_tree *tree, const struct p3_tables *tables, void *with,
                     bool *renewed) {
  (void)s, (void)renewed;
  return document_see(with, tree, tables);
}

static int visit_renew(struct store *s, const struct p3_tree *tree, const struct p3_tables *tables, void *with,
                       bool *renewed) {
  struct p3_language *language = &s->languages[tree->language];
  struct p3_token_memo *memos = with;
  *renewed = tree->generation != language->current.generation;
  return *renewed ? p3_transcode(&s->encoder, language, tree, tables, &memos[tree->language]) : STAGE_OK;
}

static int languages_open(struct store *s) {
  int error = STAGE_OK;
  for (uint32_t i = 0; i < s->language_count && !error; i++) {
    if (s->languages[i].alphabet.ctx) error = p3_language_open(&s->languages[i]);
  }
  return error;
}

/* Gives every language that was seen a new coding. */
static int codings_learn(struct store *s, struct p3_learner *learners) {
  int error = STAGE_OK;
  s->renewals++;
  for (uint32_t i = 0; i < s->language_count && !error; i++) {
    struct p3_coding coding;
    if (learners[i].total_tokens == 0) continue;
    error = p3_learn(&learners[i], &coding);
    p3_learner_free(&learners[i]);
    if (!error) error = p3_language_renew(&s->languages[i], &coding);
  }
  return error;
}

/* Writes every blob that is not of its language's current generation again. */
static int documents_renew(struct store *s) {
  struct p3_token_memo *memos = stage_allocate(s->ctx, STAGE_TREE, s->language_count * sizeof *memos);
  if (!memos) return STAGE_OUT_OF_MEMORY;
  memset(memos, 0, s->language_count * sizeof *memos);
  int error = documents_visit(s, visit_renew, memos);
  for (uint32_t i = 0; i < s->language_count; i++) stage_release(s->ctx, STAGE_TREE, memos[i].found);
  stage_release(s->ctx, STAGE_TREE, memos);
  for (uint32_t i = 0; i < s->language_count && !error; i++) {
    if (s->languages[i].alphabet.ctx) p3_language_forget_previous(&s->languages[i]);
  }
  return error;
}

static int learn(struct store *s) {
  struct p3_learner *learners = stage_allocate(s->ctx, STAGE_TREE, s->language_count * sizeof *learners);
  if (!learners) return STAGE_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < s->language_count; i++)
    learners[i] =
        (struct p3_learner){.ctx = s->ctx, .is_plain = is_plain(s), .expected_tokens = s->languages[i].tokens_put};
  int error = documents_visit(s, visit_see, learners);
  if (!error) error = codings_learn(s, learners);
  for (uint32_t i = 0; i < s->language_count; i++) p3_learner_free(&learners[i]);
  stage_release(s->ctx, STAGE_TREE, learners);
  return error ? error : documents_renew(s);
}

static int finalize(void *store) {
  struct store *s = store;
  int error = STAGE_OK;
  if (tree_documents_want_learning(&s->documents)) {
    error = languages_open(s);
    if (!error) error = documents_renew(s); /* of a finalizing that was cut short */
    if (!error) error = learn(s);
    if (!error) s->documents.fresh = 0;
  }
  p3_encoder_free(&s->encoder);
  p3_encoder_free(&s->reconstructor);
  s->is_read = false;
  for (uint32_t i = 0; i < s->language_count; i++) {
    if (!s->languages[i].alphabet.ctx) continue;
    p3_language_close(&s->languages[i]);
    p3_language_rest(&s->languages[i]);
  }
  return error;
}

/* ---- statistics ---- */

/* The bytes of all blobs by what they are for. */
struct parts {
  uint64_t entries, codes, escapes, numbers, headers, code_count, node_count;
};

static int visit_parts(struct store *s, const struct p3_tree *tree, const struct p3_tables *tables, void *with,
                       bool *renewed) {
  struct parts *parts = with;
  (void)s, (void)tables, (void)renewed;
  parts->entries += (uint64_t)(tree->codes - tree->entries) + (tree->block_count > 1 ? P3_WIDTHS_BYTES : 0);
  parts->codes += (uint64_t)(tree->escapes - tree->codes);
  parts->escapes += (uint64_t)(tree->numbers - tree->escapes);
  parts->numbers += tree->number_bytes;
  parts->headers += P3_FOOTER_BYTES + 2;
  parts->code_count += tree->code_count;
  parts->node_count += tree->node_count;
  return STAGE_OK;
}

static void stats(void *store, stage_stat_fn *emit, void *sink) {
  struct store *s = store;
  struct parts parts = {0};
  uint64_t tokens = 0, phrases = 0, coding = 0, alphabet = 0;
  for (uint32_t i = 0; i < s->language_count; i++) {
    const struct p3_language *l = &s->languages[i];
    tokens += l->current.token_count;
    phrases += l->current.phrase_count;
    coding += p3_coding_bytes(&l->current);
    alphabet += alphabet_bytes(&l->alphabet);
  }
  emit(sink, "tokens", "count", (double)tokens);
  emit(sink, "phrases", "count", (double)phrases);
  emit(sink, "dictionary_bytes", "bytes", (double)coding);
  emit(sink, "alphabet_bytes", "bytes", (double)alphabet);
  if (documents_visit(s, visit_parts, &parts) == STAGE_OK) {
    emit(sink, "code_bytes", "bytes", (double)parts.codes);
    emit(sink, "number_bytes", "bytes", (double)parts.numbers);
    emit(sink, "entry_bytes", "bytes", (double)parts.entries);
    emit(sink, "escape_bytes", "bytes", (double)parts.escapes);
    emit(sink, "header_bytes", "bytes", (double)parts.headers);
    emit(sink, "codes", "count", (double)parts.code_count);
    emit(sink, "nodes", "count", (double)parts.node_count);
  }
}

/* ---- for another process ---- */

static int save(void *store, stage_write_fn *write, void *sink) {
  const struct store *s = store;
  struct p3_languages languages = {s->languages, s->language_count};
  return p3_tables_save(s->ctx, is_plain(s), &languages, &s->documents, write, sink);
}

static int load(void *store, const void *bytes, uint64_t length) {
  struct store *s = store;
  struct p3_languages languages;
  struct tree_documents documents;
  int error = tree_documents_must_be_none(&s->documents, s->ctx);
  if (!error) error = p3_tables_load(s->ctx, is_plain(s), bytes, length, &languages, &documents);
  if (error) return error;
  tables_free(s);
  s->languages = languages.p;
  s->language_count = languages.count;
  s->documents = documents;
  return STAGE_OK;
}

/* ---- names ---- */

static const char *symbol_name(void *store, uint32_t language, uint16_t symbol) {
  const struct p3_language *l = language_of(store, language);
  return l ? alphabet_symbol_name(&l->alphabet, symbol) : NULL;
}

static const char *field_name(void *store, uint32_t language, uint16_t field) {
  const struct p3_language *l = language_of(store, language);
  return l ? alphabet_field_name(&l->alphabet, field) : NULL;
}

/* ---- cursors ---- */

struct cursor { /* p3_cursor first, so that the moves need not know the store */
  struct p3_cursor p3;
  struct store *store;
  uint32_t renewals; /* the store's, when its scans were made */
};

static int cursor_new(void *store, struct stage_cursor **out) {
  struct store *s = store;
  struct cursor *c = stage_allocate(s->ctx, STAGE_TREE, sizeof *c);
  if (!c) return STAGE_OUT_OF_MEMORY;
  *c = (struct cursor){.p3 = {.moves = {.ctx = s->ctx}}, .store = s};
  *out = &c->p3.moves.pub;
  return STAGE_OK;
}

static void cursor_close(struct stage_cursor *cursor) {
  struct cursor *c = (struct cursor *)cursor;
  if (!c->p3.open) return;
  c->p3.open = false;
  tree_documents_unpin(c->store->ctx, &c->p3.pin);
}

static int cursor_open(struct stage_cursor *cursor, uint32_t id) {
  struct cursor *c = (struct cursor *)cursor;
  struct p3_cursor *p3 = &c->p3;
  cursor_close(cursor);
  c->store->is_read = true;
  int error = blob_pin(c->store, id, &p3->pin, &p3->tree, &p3->tables);
  if (error) return error;
  if (c->renewals != c->store->renewals) p3_cursor_free_scans(p3);
  c->renewals = c->store->renewals;
  p3->open = true;
  return token_cursor_start(&p3->moves) ? STAGE_OK : p3->moves.pub.error;
}

static void cursor_delete(struct stage_cursor *cursor) {
  struct cursor *c = (struct cursor *)cursor;
  if (!c) return;
  cursor_close(cursor);
  token_cursor_free_frames(&c->p3.moves);
  p3_cursor_free_scans(&c->p3);
  stage_release(c->store->ctx, STAGE_TREE, c);
}

static const struct stage_ops ops = {
    .hdr = STAGE_HDR,
    .name = "p3",
    .summary = "bytecode: codes for phrases of nodes learned from the store, walked in place",
    .order = 30,
    .roles = STAGE_TREE_CODEC,
    .flags = STAGE_PACKS_NODES,
    .open = store_open,
    .close = store_close,
    .finalize = finalize,
    .stats = stats,
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
    TOKEN_CURSOR_HOOKS,
    .goto_first_child = p3_goto_first_child,
    .goto_next_sibling = p3_goto_next_sibling,
    .goto_parent = p3_goto_parent,
    .walk = p3_walk,
    .goto_next_symbol = p3_goto_next_symbol,
    .count_symbol = p3_count_symbol,
};

const struct stage_ops *phasebench_stage(void) { return &ops; }
