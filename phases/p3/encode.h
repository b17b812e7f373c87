/* SPDX-License-Identifier: MIT
 *
 * encode.h - a tree becomes a blob, a blob becomes a blob of another coding, and stripped
 * bytes become the blob that they are of. All three end in p3_blob_build, the only place where
 * blobs are made: it takes codes and numbers, checks each, and computes everything else. */
#ifndef PHASEBENCH_P3_ENCODE_H
#define PHASEBENCH_P3_ENCODE_H

#include "kit/tokens/tree_tokens.h"
#include "coding.h"
#include "numbers.h"

/* A growing array on the tree heap. */
struct p3_array {
  void *items;
  uint32_t count, capacity;
};

/* The working memory of encoding; it can be used again and again. */
struct p3_encoder {
  const struct stage_ctx *ctx;
  struct tree_tokens tree_tokens;
  struct p3_array tokens;  /* uint16_t: token numbers, before they are parsed */
  struct p3_array codes;   /* uint16_t */
  struct p3_array escapes; /* struct tree_token */
  struct p3_array numbers; /* uint32_t */
  struct p3_array entries; /* struct p3_entry */
  struct p3_bit_writer number_bits;
  uint8_t *blob;
  uint64_t blob_bytes, blob_capacity;
};

void p3_encoder_init(struct p3_encoder *encoder, const struct stage_ctx *ctx);
void p3_encoder_free(struct p3_encoder *encoder);
void p3_encoder_clear(struct p3_encoder *encoder);

/* Room for `needed` items; false: out of memory, or more than UINT32_MAX of them. */
bool p3_array_grow(const struct stage_ctx *ctx, struct p3_array *array, uint64_t needed, size_t item_bytes);
/* Room for `more` items. */
static inline bool p3_array_reserve(const struct stage_ctx *ctx, struct p3_array *array, uint64_t more,
                                    size_t item_bytes) {
  uint64_t needed = array->count + more;
  return needed <= array->capacity || p3_array_grow(ctx, array, needed, item_bytes);
}

/* Where codes and numbers come from. */
struct p3_source {
  /* Of stripped bytes: the codes go up from here, the numbers down from there, and they end where the two meet.
   * NULL: the codes are encoder->codes, the escaped tokens encoder->escapes, and `next` gives the numbers. */
  const uint8_t *codes, *numbers;
  /* The next number, of a context; false: there is none. */
  bool (*next)(struct p3_source *source, const struct p3_tables *tables, uint32_t context, uint32_t *number);
};

/* What codes and numbers are read with. `number_codes` as struct p3_coding has them. */
struct p3_reading {
  const struct p3_tables *tables;
  const uint16_t *number_codes;
};

/* What is wrong with bytes: why (static), and at which code it was found. */
struct p3_wrong {
  const char *why;
  uint32_t code;
};

/* Makes a blob of the source's codes and numbers; it is in encoder->blob until the next call, the codes
 * and escaped tokens in the encoder, which is cleared where they come with the source. STAGE_CORRUPT,
 * and wrong->why, where they are not those of a tree; STAGE_LIMIT where the tree is too large;
 * STAGE_OUT_OF_MEMORY. wrong->code is how far it came. Whether the source had more numbers is the
 * caller's to see. */
int p3_blob_build(struct p3_encoder *encoder, const struct p3_reading *reading, uint32_t language, uint8_t generation,
                  struct p3_source *source, struct p3_wrong *wrong);

/* Encodes a tree with the language's current coding, which is open for encoding; the blob is
 * in encoder->blob. STAGE_OUT_OF_MEMORY, or STAGE_LIMIT (told through ctx->fail). */
int p3_encode(struct p3_encoder *encoder, struct p3_language *language, uint32_t language_number,
              const TSLanguage *grammar, const TSTree *tree);

/* Reads all tokens and numbers of a blob that may be trusted, one after the other. */
struct p3_reader {
  const struct p3_tables *tables;
  const struct p3_tree *tree;
  struct p3_at at;
  uint32_t number; /* of the token that was read last, in the coding read; P3_ESCAPE: it has none */
};
/* The next token as the tables have it. Where no phrase is longer than a token, as while documents come
 * in, there is no phrase under way. */
static inline struct tree_token p3_reader_token(struct p3_reader *reader) {
  const struct p3_tables *tables = reader->tables;
  if (tables->phrase_count != tables->token_count) {
    struct tree_token token = p3_next_token(tables, reader->tree, &reader->at);
    reader->number = reader->at.next[-1];
    return token;
  }
  reader->number = tables->pool[tables->phrases[p3_code(reader->tree, reader->at.code++)] >> 8];
  return reader->number == P3_ESCAPE ? p3_escaped_token(reader->tree, reader->at.escape++)
                                     : tables->tokens[reader->number];
}

/* The same as p3_read_token, but for the numbers: these can be read no more. */
static inline bool p3_read_token_only(struct p3_reader *reader, struct tree_token *token) {
  if (p3_at_end(reader->tree, &reader->at)) return false;
  *token = p3_reader_token(reader);
  if (token->flags & TOKEN_LENGTH) token->length = 0;
  return true;
}

/* false: that was the last one. A token comes as kit/tokens/token.h has it, without context. */
static inline bool p3_read_token(struct p3_reader *reader, struct tree_token *out,
                                 uint32_t numbers[TOKEN_NUMBERS_MAX]) {
  if (p3_at_end(reader->tree, &reader->at)) return false;
  struct tree_token token = p3_reader_token(reader);
  if (token.flags & (TOKEN_EXPLICIT | TOKEN_LENGTH | TOKEN_LINES)) {
    uint32_t count = token_number_count(token), length_at = token.flags & TOKEN_LENGTH ? count - 1 : count;
    for (uint32_t i = 0; i < count; i++)
      numbers[i] = p3_number(reader->tables, reader->tree, i == length_at ? token.length : 0, &reader->at.bit);
    if (token.flags & TOKEN_LENGTH) token.length = 0;
  }
  *out = token;
  return true;
}

/* What tokens of one coding are in another, found once: [token_count of the coding read]. */
struct p3_token_memo {
  uint32_t *found; /* P3_NOT_FOUND_YET */
  uint32_t count;
  uint8_t generation; /* of the coding read */
};
#define P3_NOT_FOUND_YET UINT32_MAX
/* Gets a memo ready for tokens of `tables`; false: out of memory. */
bool p3_token_memo_open(const struct stage_ctx *ctx, struct p3_token_memo *memo, const struct p3_tables *tables,
                        uint8_t generation);

/* Writes a blob of tables `from` again with the language's current coding, which is open. `memo`
 * is zeroed before the first call, and the language's own. */
int p3_transcode(struct p3_encoder *encoder, struct p3_language *language, const struct p3_tree *tree,
                 const struct p3_tables *from, struct p3_token_memo *memo);

/* ---- validate.c ---- */

/* Whether a blob from nowhere may be decoded: every code, number and entry is checked against
 * the bytes that are there and against each other. STAGE_OK, STAGE_OUT_OF_MEMORY or
 * STAGE_CORRUPT, and then why and at which code it was found. */
int p3_validate(struct p3_encoder *encoder, const struct p3_reading *reading, const uint8_t *bytes, uint64_t length,
                struct p3_wrong *wrong);

/* ---- reconstruct.c ---- */

/* What struct stage_ops says of strip and reconstruct; `tables` are of the blob's generation.
 * STAGE_LIMIT where `room` bytes are not enough. */
int p3_strip(const struct p3_tables *tables, const struct p3_tree *tree, uint8_t *out, uint64_t room,
             uint64_t *stripped_length);
/* The language and generation of stripped bytes; false where there are too few of them. */
bool p3_strip_coding(const uint8_t *stripped, uint64_t length, uint32_t *language, uint8_t *generation);
/* The blob is in encoder->blob. */
int p3_reconstruct(struct p3_encoder *encoder, const struct p3_tables *tables, const uint16_t *number_codes,
                   const uint8_t *stripped, uint64_t stripped_length);

#endif
