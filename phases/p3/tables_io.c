/* SPDX-License-Identifier: MIT
 *
 * tables_io.c - p3's tables as bytes. Behind the head of kit/tokens/tables_io.h:
 *
 *   1: a plain coding, 0: a packed one
 *   documents
 *   number of languages; of each
 *     1; or 0, and nothing else: no document was in it
 *     alphabet
 *     tokens of all documents that were ever put
 *     1: the coding is growing, 0: it was learned
 *     generation
 *     number of tokens, the escape's place left out
 *     tokens, 8 bytes each
 *     of a learned coding
 *       width of codes
 *       number of token numbers in the pool; these, 2 bytes each
 *       number of phrases; of each where it begins in the pool, 3 bytes, and its tokens, 1 byte
 *     of a packed coding
 *       number of contexts; of each
 *         for each length of 1 to 8 bits the number of its codes, and their values in the
 *         order of the codes; 256 is the one that all other values share
 *
 * A growing coding has one phrase for each token, in the order of the tokens. Of prefix codes only
 * the lengths and the order are kept: the codes are canonical, and the look-up tables (512 bytes
 * a context) are made of them. */
#include "tables_io.h"

#include "numbers.h"

#define VERSION 2u /* 1 stripped numbers in the other order (reconstruct.c) */
static const char tag[TABLES_TAG_BYTES] = {'p', '3', 't', 'b'};

#define SHARED P3_NUMBER_VALUES /* the symbol of all values without a code */
#define ENTRIES (1u << P3_NUMBER_BITS)

/* ---- prefix codes ---- */

struct number_code {
  uint16_t symbol, bits;
};

static uint32_t reverse_bits(uint32_t value, uint32_t width) {
  uint32_t reversed = 0;
  for (uint32_t i = 0; i < width; i++) reversed |= (value >> i & 1) << (width - 1 - i);
  return reversed;
}

/* The codes of a look-up table in their order: shorter ones first, then by value as it is read. */
static uint32_t codes_of(const uint16_t *entries, struct number_code codes[ENTRIES]) {
  uint32_t count = 0;
  for (uint32_t bits = 1; bits <= P3_NUMBER_BITS; bits++) {
    for (uint32_t code = 0; code < 1u << bits; code++) {
      uint16_t entry = entries[reverse_bits(code, bits)];
      if ((entry & 15) != bits) continue;
      codes[count++] = (struct number_code){entry & P3_NUMBER_LONG ? SHARED : entry >> 4, (uint16_t)bits};
    }
  }
  return count;
}

/* Canonical codes as a look-up table; what they leave of it is as numbers.c leaves it. */
static void entries_fill(const struct number_code *codes, uint32_t count, uint16_t *entries) {
  uint32_t code = 0, bits = 0;
  for (uint32_t i = 0; i < ENTRIES; i++) entries[i] = P3_NUMBER_LONG;
  for (uint32_t i = 0; i < count; i++, code++) {
    for (; bits < codes[i].bits; bits++) code <<= 1;
    uint16_t entry = (uint16_t)((codes[i].symbol == SHARED ? P3_NUMBER_LONG : (uint32_t)codes[i].symbol << 4) | bits);
    for (uint32_t at = reverse_bits(code, bits); at < ENTRIES; at += 1u << bits) entries[at] = entry;
  }
}

static void save_numbers(struct tables_writer *writer, const uint16_t *entries) {
  struct number_code codes[ENTRIES];
  uint32_t count = codes_of(entries, codes), at = 0;
  for (uint32_t bits = 1; bits <= P3_NUMBER_BITS; bits++) {
    uint32_t end = at;
    while (end < count && codes[end].bits == bits) end++;
    tables_write_number(writer, end - at);
    for (; at < end; at++) tables_write_number(writer, codes[at].symbol);
  }
}

/* The codes fill the code space at most once, no value has two, and there is a shared one: so the
 * table is one that numbers can be written and read with. */
static bool load_numbers(struct tables_reader *reader, uint16_t *entries) {
  struct number_code codes[ENTRIES];
  bool has[P3_NUMBER_VALUES + 1] = {false};
  uint32_t count = 0, here, symbol, used = 0;
  for (uint32_t bits = 1; bits <= P3_NUMBER_BITS; bits++) {
    if (!tables_read_number(reader, (ENTRIES - used) >> (P3_NUMBER_BITS - bits), &here)) return false;
    used += here << (P3_NUMBER_BITS - bits);
    for (; here > 0; here--) {
      if (!tables_read_number(reader, SHARED, &symbol)) return false;
      if (has[symbol]) return tables_bad(reader, "a number has two codes");
      has[symbol] = true;
      codes[count++] = (struct number_code){(uint16_t)symbol, (uint16_t)bits};
    }
  }
  if (!has[SHARED]) return tables_bad(reader, "there is no code for all other numbers");
  entries_fill(codes, count, entries);
  return true;
}

/* ---- save ---- */

static void save_phrases(struct tables_writer *writer, const struct p3_coding *coding) {
  tables_write_number(writer, coding->code_bits);
  tables_write_number(writer, coding->pool_count);
  tables_write(writer, coding->pool, coding->pool_count * sizeof *coding->pool);
  tables_write_number(writer, coding->phrase_count);
  for (uint32_t i = 0; i < coding->phrase_count; i++) {
    uint32_t phrase = coding->phrases[i];
    phrase = phrase >> 8 | phrase << 24;
    tables_write(writer, &phrase, sizeof phrase);
  }
}

static void save_language(struct tables_writer *writer, const struct p3_language *language) {
  const struct p3_coding *coding = &language->current;
  tables_write_number(writer, language->alphabet.ctx != NULL);
  if (!language->alphabet.ctx) return;
  tables_write_alphabet(writer, &language->alphabet);
  tables_write_number(writer, language->tokens_put);
  tables_write_number(writer, coding->is_growing);
  tables_write_number(writer, coding->generation);
  tables_write_number(writer, coding->token_count - 1);
  tables_write(writer, coding->tokens + 1, (coding->token_count - 1) * sizeof *coding->tokens);
  if (!coding->is_growing) save_phrases(writer, coding);
  if (coding->is_plain) return;
  tables_write_number(writer, coding->context_count);
  for (uint32_t c = 0; c < coding->context_count; c++)
    save_numbers(writer, coding->numbers + ((size_t)c << P3_NUMBER_BITS));
}

int p3_tables_save(const struct stage_ctx *ctx, bool is_plain, const struct p3_languages *languages,
                   const struct tree_documents *documents, stage_write_fn *write, void *sink) {
  for (uint32_t i = 0; i < languages->count; i++) {
    if (!languages->p[i].previous.tokens) continue;
    STAGE_FAIL(ctx, "the tables cannot be saved: a finalizing was cut short; finalize again first");
    return STAGE_MISUSE;
  }
  struct tables_writer *writer = tables_writer_new(ctx, tag, VERSION, write, sink);
  if (!writer) return STAGE_OUT_OF_MEMORY;
  tables_write_number(writer, is_plain);
  tables_write_documents(writer, documents);
  tables_write_number(writer, languages->count);
  for (uint32_t i = 0; i < languages->count; i++) save_language(writer, &languages->p[i]);
  return tables_writer_end(writer);
}

/* ---- load ---- */

/* An array of so many items on the tree heap; NULL, and the reader's error, when out of memory. */
static void *array_new(struct tables_reader *reader, size_t count, size_t item_bytes) {
  void *items = reader->error ? NULL : stage_allocate(reader->ctx, STAGE_TREE, count * item_bytes);
  if (!items && !reader->error) reader->error = STAGE_OUT_OF_MEMORY;
  return items;
}

static bool load_tokens(struct tables_reader *reader, struct p3_coding *coding) {
  void *items;
  uint32_t count;
  if (!tables_read_number(reader, P3_TOKENS_MAX - 1, &count) ||
      !tables_read_items(reader, count, sizeof *coding->tokens, &items))
    return false;
  coding->tokens = array_new(reader, count + 1, sizeof *coding->tokens);
  if (coding->tokens) {
    coding->tokens[P3_ESCAPE] = P3_ESCAPE_TOKEN;
    if (count > 0) memcpy(coding->tokens + 1, items, count * sizeof *coding->tokens);
    coding->token_count = coding->token_capacity = count + 1;
  }
  stage_release(reader->ctx, STAGE_TREE, items);
  return coding->tokens != NULL;
}

static bool check_tokens(struct tables_reader *reader, const struct p3_language *language) {
  const struct p3_coding *coding = &language->current;
  for (uint32_t i = 1; i < coding->token_count; i++) {
    struct tree_token token = coding->tokens[i];
    const char *wrong = token_wrong(token, language->alphabet.kind_count, language->alphabet.padding_count);
    if (wrong) return tables_bad(reader, wrong);
    if ((token.flags & TOKEN_LENGTH) && token.length >= coding->context_count)
      return tables_bad(reader, "a token's numbers are in no context");
  }
  return true;
}

/* As p3_token_number would have made them. */
static bool grow_phrases(struct tables_reader *reader, struct p3_coding *coding) {
  coding->code_bits = P3_GROWING_CODE_BITS;
  coding->phrases = array_new(reader, coding->token_count, sizeof *coding->phrases);
  coding->pool = array_new(reader, coding->token_count, sizeof *coding->pool);
  if (reader->error) return false;
  for (uint32_t i = 0; i < coding->token_count; i++) {
    coding->phrases[i] = i << 8 | 1;
    coding->pool[i] = (uint16_t)i;
  }
  coding->phrase_count = coding->phrase_capacity = coding->pool_count = coding->pool_capacity = coding->token_count;
  return true;
}

static bool read_phrases(struct tables_reader *reader, struct p3_coding *coding) {
  uint32_t bits, count;
  void *items;
  if (!tables_read_number(reader, P3_CODE_BITS_MAX, &bits)) return false;
  if (bits < P3_CODE_BITS_MIN) return tables_bad(reader, "the codes are too short");
  coding->code_bits = (uint8_t)bits;
  if (!tables_read_number(reader, (1u << 24) - 1, &coding->pool_count) ||
      !tables_read_items(reader, coding->pool_count, sizeof *coding->pool, &items))
    return false;
  coding->pool = items;
  coding->pool_capacity = coding->pool_count;
  if (!tables_read_number(reader, UINT64_C(1) << bits, &count) ||
      !tables_read_items(reader, count, sizeof *coding->phrases, &items))
    return false;
  coding->phrases = items;
  coding->phrase_count = coding->phrase_capacity = count;
  for (uint32_t i = 0; i < count; i++) coding->phrases[i] = coding->phrases[i] << 8 | coding->phrases[i] >> 24;
  return true;
}

/* A phrase lies in the pool, and has no escape, but for phrase 0, which is nothing else. */
static bool check_phrase(struct tables_reader *reader, const struct p3_coding *coding, uint32_t i, bool *has) {
  uint32_t start = coding->phrases[i] >> 8, tokens = coding->phrases[i] & 255;
  if (tokens == 0 || tokens > P3_PHRASE_TOKENS_MAX || start > coding->pool_count || tokens > coding->pool_count - start)
    return tables_bad(reader, "a phrase does not lie in the pool");
  if (i == P3_ESCAPE && tokens != 1) return tables_bad(reader, "the escape is no phrase of one token");
  for (uint32_t k = 0; k < tokens; k++) {
    if ((coding->pool[start + k] == P3_ESCAPE) != (i == P3_ESCAPE))
      return tables_bad(reader, "an escape is in another phrase");
  }
  if (tokens == 1) has[coding->pool[start]] = true;
  return true;
}

/* Any sequence of tokens can be parsed: each is a phrase. */
static bool check_phrases(struct tables_reader *reader, const struct p3_coding *coding) {
  for (uint32_t i = 0; i < coding->pool_count; i++) {
    if (coding->pool[i] >= coding->token_count) return tables_bad(reader, "the pool names a token that is not there");
  }
  bool *has = array_new(reader, coding->token_count, sizeof *has);
  if (!has) return false;
  memset(has, 0, coding->token_count * sizeof *has);
  for (uint32_t i = 0; i < coding->phrase_count && !reader->error; i++) check_phrase(reader, coding, i, has);
  for (uint32_t i = 0; i < coding->token_count && !reader->error; i++) {
    if (!has[i]) tables_bad(reader, "a token is no phrase");
  }
  stage_release(reader->ctx, STAGE_TREE, has);
  return !reader->error;
}

static bool load_contexts(struct tables_reader *reader, struct p3_coding *coding) {
  coding->context_count = 1;
  if (!coding->is_plain && !tables_read_number(reader, P3_CONTEXT_COUNT_MAX, &coding->context_count)) return false;
  if (coding->context_count == 0) return tables_bad(reader, "there are no contexts");
  coding->numbers = array_new(reader, (size_t)coding->context_count << P3_NUMBER_BITS, sizeof *coding->numbers);
  if (!coding->numbers) return false;
  if (coding->is_plain) p3_numbers_raw(coding->numbers);
  for (uint32_t c = 0; c < coding->context_count && !coding->is_plain; c++) {
    if (!load_numbers(reader, coding->numbers + ((size_t)c << P3_NUMBER_BITS))) return false;
  }
  return true;
}

static bool load_language(struct tables_reader *reader, bool is_plain, struct p3_language *language) {
  struct p3_coding *coding = &language->current;
  uint32_t is_there, is_growing, generation;
  if (!tables_read_number(reader, 1, &is_there) || !is_there) return !reader->error;
  language->alphabet.ctx = reader->ctx;
  coding->is_plain = is_plain;
  if (!tables_read_alphabet(reader, &language->alphabet) || !tables_read_long(reader, &language->tokens_put) ||
      !tables_read_number(reader, 1, &is_growing) || !tables_read_number(reader, UINT8_MAX, &generation) ||
      !load_tokens(reader, coding))
    return false;
  coding->is_growing = is_growing;
  coding->generation = (uint8_t)generation;
  return (is_growing ? grow_phrases(reader, coding) : read_phrases(reader, coding) && check_phrases(reader, coding)) &&
         load_contexts(reader, coding) && check_tokens(reader, language);
}

static void languages_free(const struct stage_ctx *ctx, struct p3_languages *languages) {
  for (uint32_t i = 0; i < languages->count; i++) p3_language_free(&languages->p[i]);
  stage_release(ctx, STAGE_TREE, languages->p);
  *languages = (struct p3_languages){0};
}

static void load_languages(struct tables_reader *reader, bool is_plain, struct p3_languages *languages) {
  uint32_t count;
  if (!tables_read_number(reader, UINT16_MAX + 1u, &count) || count == 0) return;
  /* Each takes bytes: a count that lies does not make a large table. */
  if (count > (uint64_t)(reader->end - reader->at)) {
    tables_bad(reader, "there are fewer languages than it says");
    return;
  }
  languages->p = array_new(reader, count, sizeof *languages->p);
  while (languages->p && languages->count < count && !reader->error) {
    struct p3_language *language = &languages->p[languages->count++];
    *language = (struct p3_language){0};
    load_language(reader, is_plain, language);
  }
}

int p3_tables_load(const struct stage_ctx *ctx, bool is_plain, const void *bytes, uint64_t length,
                   struct p3_languages *languages, struct tree_documents *documents) {
  struct tables_reader reader;
  uint32_t was_plain;
  *languages = (struct p3_languages){0};
  if (tables_reader_open(&reader, ctx, tag, VERSION, bytes, length) && tables_read_number(&reader, 1, &was_plain)) {
    if (was_plain != is_plain)
      tables_bad(&reader, was_plain ? "they are of a p3 with no p1 below it" : "they are of a p3 above p1");
    else if (tables_read_documents(&reader, documents)) load_languages(&reader, is_plain, languages);
  }
  int error = tables_reader_end(&reader);
  if (error) languages_free(ctx, languages);
  return error;
}
