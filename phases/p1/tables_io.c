/* SPDX-License-Identifier: MIT
 *
 * tables_io.c - p1's tables as bytes. Behind the head of kit/tokens/tables_io.h:
 *
 *   documents
 *   number of languages; of each
 *     alphabet
 *     number of tokens, the escape's place with them; 0: there is not even that
 *     tokens, 8 bytes each
 *     number of one-byte codes
 *     generation */
#include "tables_io.h"

#define VERSION 1u
static const char tag[TABLES_TAG_BYTES] = {'p', '1', 't', 'b'};

/* ---- save ---- */

static void save_language(struct tables_writer *writer, const struct p1_language *language) {
  const struct p1_token_table *tokens = &language->current;
  tables_write_alphabet(writer, &language->alphabet);
  tables_write_number(writer, tokens->count);
  tables_write(writer, tokens->tokens, tokens->count * sizeof *tokens->tokens);
  tables_write_number(writer, tokens->one_byte);
  tables_write_number(writer, tokens->generation);
}

int p1_tables_save(const struct stage_ctx *ctx, const struct p1_languages *languages,
                   const struct tree_documents *documents, stage_write_fn *write, void *sink) {
  for (uint32_t i = 0; i < languages->count; i++) {
    if (!languages->p[i].previous.tokens) continue;
    STAGE_FAIL(ctx, "the tables cannot be saved: a finalizing was cut short; finalize again first");
    return STAGE_MISUSE;
  }
  struct tables_writer *writer = tables_writer_new(ctx, tag, VERSION, write, sink);
  if (!writer) return STAGE_OUT_OF_MEMORY;
  tables_write_documents(writer, documents);
  tables_write_number(writer, languages->count);
  for (uint32_t i = 0; i < languages->count; i++) save_language(writer, &languages->p[i]);
  return tables_writer_end(writer);
}

/* ---- load ---- */

static bool check_tokens(struct tables_reader *reader, const struct p1_language *language) {
  const struct p1_token_table *tokens = &language->current;
  if (tokens->count > 0 && token_key(&tokens->tokens[P1_ESCAPE]) != 0)
    return tables_bad(reader, "the escape's place is taken");
  for (uint32_t i = 1; i < tokens->count; i++) {
    const char *wrong = token_wrong(tokens->tokens[i], language->alphabet.kind_count, language->alphabet.padding_count);
    if (wrong) return tables_bad(reader, wrong);
  }
  return true;
}

static bool load_language(struct tables_reader *reader, struct p1_language *language) {
  struct p1_token_table *tokens = &language->current;
  void *items;
  uint32_t generation;
  if (!tables_read_alphabet(reader, &language->alphabet) || !tables_read_number(reader, P1_CODE_MAX, &tokens->count))
    return false;
  if (!tables_read_items(reader, tokens->count, sizeof *tokens->tokens, &items)) return false;
  tokens->tokens = items;
  tokens->capacity = tokens->count;
  if (!check_tokens(reader, language) || !tables_read_number(reader, 255, &tokens->one_byte) ||
      !tables_read_number(reader, UINT8_MAX, &generation))
    return false;
  tokens->generation = (uint8_t)generation;
  return (tokens->one_byte > 0 && tokens->count <= tokens->one_byte + (256 - tokens->one_byte) * 256) ||
         tables_bad(reader, "there are more tokens than codes");
}

static void languages_free(const struct stage_ctx *ctx, struct p1_languages *languages) {
  for (uint32_t i = 0; i < languages->count; i++) p1_language_free(&languages->p[i]);
  stage_release(ctx, STAGE_TREE, languages->p);
  *languages = (struct p1_languages){0};
}

static void load_languages(struct tables_reader *reader, struct p1_languages *languages) {
  uint32_t count;
  if (!tables_read_number(reader, UINT16_MAX + 1u, &count) || count == 0) return;
  /* Each takes bytes: a count that lies does not make a large table. */
  if (count > (uint64_t)(reader->end - reader->at)) {
    tables_bad(reader, "there are fewer languages than it says");
    return;
  }
  languages->p = stage_allocate(reader->ctx, STAGE_TREE, count * sizeof *languages->p);
  if (!languages->p) {
    reader->error = STAGE_OUT_OF_MEMORY;
    return;
  }
  while (languages->count < count && !reader->error) {
    struct p1_language *language = &languages->p[languages->count++];
    p1_language_init(language, reader->ctx);
    load_language(reader, language);
  }
}

int p1_tables_load(const struct stage_ctx *ctx, const void *bytes, uint64_t length, struct p1_languages *languages,
                   struct tree_documents *documents) {
  struct tables_reader reader;
  *languages = (struct p1_languages){0};
  if (tables_reader_open(&reader, ctx, tag, VERSION, bytes, length) && tables_read_documents(&reader, documents))
    load_languages(&reader, languages);
  int error = tables_reader_end(&reader);
  if (error) languages_free(ctx, languages);
  return error;
}
