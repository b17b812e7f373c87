/* SPDX-License-Identifier: MIT */
#include "coding.h"

#include "numbers.h"
#include "parse.h"

/* ---- life ---- */

/* A coding that holds nothing but the escape. */
static int coding_begin(const struct stage_ctx *ctx, bool is_plain, struct p3_coding *coding) {
  enum { FIRST = 64 };
  *coding = (struct p3_coding){
      .code_bits = P3_GROWING_CODE_BITS, .context_count = 1, .is_growing = true, .is_plain = is_plain};
  coding->tokens = stage_allocate(ctx, STAGE_TREE, FIRST * sizeof *coding->tokens);
  coding->phrases = stage_allocate(ctx, STAGE_TREE, FIRST * sizeof *coding->phrases);
  coding->pool = stage_allocate(ctx, STAGE_TREE, FIRST * sizeof *coding->pool);
  coding->numbers = stage_allocate(ctx, STAGE_TREE, (1u << P3_NUMBER_BITS) * sizeof *coding->numbers);
  if (!coding->tokens || !coding->phrases || !coding->pool || !coding->numbers) {
    p3_coding_free(ctx, coding);
    return STAGE_OUT_OF_MEMORY;
  }
  coding->token_capacity = coding->phrase_capacity = coding->pool_capacity = FIRST;
  coding->tokens[P3_ESCAPE] = P3_ESCAPE_TOKEN;
  coding->pool[0] = P3_ESCAPE;
  coding->phrases[0] = 1;
  coding->token_count = coding->pool_count = coding->phrase_count = 1;
  if (is_plain) p3_numbers_raw(coding->numbers);
  else p3_numbers_guess(coding->numbers);
  return STAGE_OK;
}

int p3_language_init(struct p3_language *language, const struct stage_ctx *ctx, bool is_plain) {
  *language = (struct p3_language){.alphabet = {.ctx = ctx}};
  return coding_begin(ctx, is_plain, &language->current);
}

/* What only encoding needs. */
static void coding_close(const struct stage_ctx *ctx, struct p3_coding *coding) {
  map_clear(&coding->token_map, ctx, STAGE_TREE);
  p3_trie_free(ctx, coding->trie);
  stage_release(ctx, STAGE_TREE, coding->number_codes);
  coding->trie = NULL;
  coding->number_codes = NULL;
}

void p3_coding_free(const struct stage_ctx *ctx, struct p3_coding *coding) {
  coding_close(ctx, coding);
  stage_release(ctx, STAGE_TREE, coding->tokens);
  stage_release(ctx, STAGE_TREE, coding->phrases);
  stage_release(ctx, STAGE_TREE, coding->pool);
  stage_release(ctx, STAGE_TREE, coding->numbers);
  *coding = (struct p3_coding){0};
}

/* ---- tables at rest ---- */

struct table {
  void *place; /* of the pointer to its entries */
  size_t bytes;
  uint32_t count, *capacity; /* of entries; capacity NULL: it is the count */
};
enum { TABLES = 10 };

static struct table table_of(void *place, uint32_t count, size_t entry_bytes, uint32_t *capacity) {
  return (struct table){place, count * entry_bytes, count, capacity};
}

/* Pointers of several types, by their bytes. */
static void *entries_of(const struct table *table) {
  void *entries;
  memcpy(&entries, table->place, sizeof entries);
  return entries;
}

static void entries_set(const struct table *table, void *entries) { memcpy(table->place, &entries, sizeof entries); }

static void tables_list(struct p3_language *l, struct table tables[TABLES]) {
  struct alphabet *a = &l->alphabet;
  struct p3_coding *c = &l->current;
  const struct table all[TABLES] = {
      table_of(&c->tokens, c->token_count, sizeof *c->tokens, &c->token_capacity),
      table_of(&c->phrases, c->phrase_count, sizeof *c->phrases, &c->phrase_capacity),
      table_of(&c->pool, c->pool_count, sizeof *c->pool, &c->pool_capacity),
      table_of(&c->numbers, c->context_count << P3_NUMBER_BITS, sizeof *c->numbers, NULL),
      table_of(&a->kinds, a->kind_count, sizeof *a->kinds, &a->kind_capacity),
      table_of(&a->paddings, a->padding_count, sizeof *a->paddings, &a->padding_capacity),
      table_of(&a->symbols.offsets, a->symbols.count, sizeof *a->symbols.offsets, NULL),
      table_of(&a->symbols.text, a->symbols.text_bytes, 1, &a->symbols.text_capacity),
      table_of(&a->fields.offsets, a->fields.count, sizeof *a->fields.offsets, NULL),
      table_of(&a->fields.text, a->fields.text_bytes, 1, &a->fields.text_capacity),
  };
  memcpy(tables, all, sizeof all);
}

static size_t table_room(const struct table *table) { return (table->bytes + 7) / 8 * 8; }

static size_t tables_bytes(const struct table tables[TABLES]) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < TABLES; i++) bytes += table_room(&tables[i]);
  return bytes;
}

/* Frees the block, and with it all tables. */
static void tables_forget(struct p3_language *l) {
  struct table tables[TABLES];
  tables_list(l, tables);
  for (uint32_t i = 0; i < TABLES; i++) entries_set(&tables[i], NULL);
  stage_release(l->alphabet.ctx, STAGE_TREE, l->rest);
  l->rest = NULL;
}

/* Gives each table an allocation of its own again. false: out of memory, and nothing has changed. */
static bool tables_wake(struct p3_language *l) {
  const struct stage_ctx *ctx = l->alphabet.ctx;
  struct table tables[TABLES];
  void *own[TABLES];
  uint32_t made = 0;
  tables_list(l, tables);
  for (; made < TABLES; made++) {
    own[made] = tables[made].bytes > 0 ? stage_allocate(ctx, STAGE_TREE, tables[made].bytes) : NULL;
    if (tables[made].bytes == 0) continue;
    if (!own[made]) break;
    memcpy(own[made], entries_of(&tables[made]), tables[made].bytes);
  }
  for (uint32_t i = 0; i < made; i++) {
    if (made < TABLES) stage_release(ctx, STAGE_TREE, own[i]);
    else entries_set(&tables[i], own[i]);
  }
  if (made < TABLES) return false;
  stage_release(ctx, STAGE_TREE, l->rest);
  l->rest = NULL;
  return true;
}

void p3_language_free(struct p3_language *language) {
  const struct stage_ctx *ctx = language->alphabet.ctx;
  if (!ctx) return;
  if (language->rest) tables_forget(language);
  alphabet_free(&language->alphabet);
  p3_coding_free(ctx, &language->current);
  p3_coding_free(ctx, &language->previous);
}

/* ---- encoding ---- */

/* A token as the map and the escapes hold it: without its context. */
static struct tree_token normal_token(struct tree_token token) {
  if (token.flags & TOKEN_LENGTH) token.length = 0;
  return token;
}

static int token_map_fill(const struct stage_ctx *ctx, struct p3_coding *coding) {
  if (coding->token_map.capacity > 0) return STAGE_OK;
  for (uint32_t i = 1; i < coding->token_count; i++) {
    struct tree_token token = normal_token(coding->tokens[i]);
    if (!map_add(&coding->token_map, ctx, STAGE_TREE, token_key(&token), i)) return STAGE_OUT_OF_MEMORY;
  }
  return STAGE_OK;
}

static int number_codes_make(const struct stage_ctx *ctx, struct p3_coding *coding) {
  if (coding->number_codes) return STAGE_OK;
  size_t count = (size_t)coding->context_count * (P3_NUMBER_VALUES + 1);
  coding->number_codes = stage_allocate(ctx, STAGE_TREE, count * sizeof *coding->number_codes);
  if (!coding->number_codes) return STAGE_OUT_OF_MEMORY;
  for (uint32_t c = 0; c < coding->context_count; c++)
    p3_numbers_invert(coding->numbers + ((size_t)c << P3_NUMBER_BITS),
                      coding->number_codes + (size_t)c * (P3_NUMBER_VALUES + 1));
  return STAGE_OK;
}

int p3_language_open(struct p3_language *language) {
  const struct stage_ctx *ctx = language->alphabet.ctx;
  struct p3_coding *coding = &language->current;
  if (language->rest && !tables_wake(language)) return STAGE_OUT_OF_MEMORY;
  int error = alphabet_open_maps(&language->alphabet);
  if (!error) error = token_map_fill(ctx, coding);
  if (!error) error = number_codes_make(ctx, coding);
  if (!error && !coding->is_growing && !coding->trie) {
    coding->trie = p3_trie_new(ctx, coding->phrases, coding->phrase_count, coding->pool, coding->token_count);
    if (!coding->trie) error = STAGE_OUT_OF_MEMORY;
  }
  if (error) p3_language_close(language);
  return error;
}

void p3_language_close(struct p3_language *language) {
  alphabet_close_maps(&language->alphabet);
  coding_close(language->alphabet.ctx, &language->current);
}

static bool table_reserve(const struct stage_ctx *ctx, void **table, uint32_t count, uint32_t *capacity, size_t bytes) {
  if (count < *capacity) return true;
  void *grown = stage_resize(ctx, STAGE_TREE, *table, (size_t)*capacity * 2 * bytes);
  if (!grown) return false;
  *table = grown;
  *capacity *= 2;
  return true;
}

/* Takes a new token in, as a phrase of its own. */
static int token_add(const struct stage_ctx *ctx, struct p3_coding *coding, struct tree_token token) {
  void *tokens = coding->tokens, *phrases = coding->phrases, *pool = coding->pool;
  bool room = table_reserve(ctx, &tokens, coding->token_count, &coding->token_capacity, sizeof *coding->tokens);
  coding->tokens = tokens;
  room = room && table_reserve(ctx, &phrases, coding->phrase_count, &coding->phrase_capacity, sizeof *coding->phrases);
  coding->phrases = phrases;
  room = room && table_reserve(ctx, &pool, coding->pool_count, &coding->pool_capacity, sizeof *coding->pool);
  coding->pool = pool;
  if (!room || !map_add(&coding->token_map, ctx, STAGE_TREE, token_key(&token), coding->token_count))
    return STAGE_OUT_OF_MEMORY;
  coding->phrases[coding->phrase_count++] = coding->pool_count << 8 | 1;
  coding->pool[coding->pool_count++] = (uint16_t)coding->token_count;
  coding->tokens[coding->token_count++] = token;
  return STAGE_OK;
}

int p3_token_number(struct p3_language *language, struct tree_token token, uint32_t *number) {
  struct p3_coding *coding = &language->current;
  token = normal_token(token);
  uint32_t found = map_get(&coding->token_map, token_key(&token));
  *number = found == MAP_NONE ? P3_ESCAPE : found;
  if (found != MAP_NONE || !coding->is_growing || coding->token_count == P3_TOKENS_MAX) return STAGE_OK;
  *number = coding->token_count;
  return token_add(language->alphabet.ctx, coding, token);
}

/* ---- generations ---- */

int p3_language_renew(struct p3_language *language, const struct p3_coding *coding) {
  uint8_t generation = (uint8_t)(language->current.generation + 1);
  coding_close(language->alphabet.ctx, &language->current);
  language->previous = language->current;
  language->current = *coding;
  language->current.generation = generation;
  return p3_language_open(language);
}

void p3_language_forget_previous(struct p3_language *language) {
  p3_coding_free(language->alphabet.ctx, &language->previous);
}

void p3_language_rest(struct p3_language *l) {
  const struct stage_ctx *ctx = l->alphabet.ctx;
  struct table tables[TABLES];
  if (l->rest) return;
  tables_list(l, tables);
  uint8_t *at = stage_allocate(ctx, STAGE_TREE, tables_bytes(tables));
  if (!at) return; /* a saving, no need */
  l->rest = at;
  for (uint32_t i = 0; i < TABLES; i++) {
    if (tables[i].bytes > 0) memcpy(at, entries_of(&tables[i]), tables[i].bytes);
    stage_release(ctx, STAGE_TREE, entries_of(&tables[i]));
    entries_set(&tables[i], at);
    if (tables[i].capacity) *tables[i].capacity = tables[i].count;
    at += table_room(&tables[i]);
  }
}

void p3_coding_tables(const struct p3_language *language, const struct p3_coding *coding, struct p3_tables *tables) {
  *tables = (struct p3_tables){
      .tokens = coding->tokens,
      .kinds = language->alphabet.kinds,
      .paddings = language->alphabet.paddings,
      .phrases = coding->phrases,
      .pool = coding->pool,
      .numbers = coding->numbers,
      .token_count = coding->token_count,
      .kind_count = language->alphabet.kind_count,
      .padding_count = language->alphabet.padding_count,
      .phrase_count = coding->phrase_count,
      .pool_count = coding->pool_count,
      .context_count = coding->context_count,
      .code_bits = coding->code_bits,
      .is_plain = coding->is_plain,
  };
}

bool p3_language_tables(const struct p3_language *language, uint8_t generation, struct p3_tables *tables) {
  const struct p3_coding *coding = &language->current;
  if (coding->generation != generation) {
    coding = &language->previous;
    if (!coding->tokens || coding->generation != generation) return false;
  }
  p3_coding_tables(language, coding, tables);
  return true;
}

uint64_t p3_coding_bytes(const struct p3_coding *coding) {
  return (uint64_t)coding->token_capacity * sizeof *coding->tokens +
         (uint64_t)coding->phrase_capacity * sizeof *coding->phrases +
         (uint64_t)coding->pool_capacity * sizeof *coding->pool +
         ((uint64_t)coding->context_count << P3_NUMBER_BITS) * sizeof *coding->numbers;
}
