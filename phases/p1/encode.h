/* SPDX-License-Identifier: MIT
 *
 * encode.h - a tree becomes a blob; a blob becomes a blob of another generation. */
#ifndef PHASEBENCH_P1_ENCODE_H
#define PHASEBENCH_P1_ENCODE_H

#include "kit/tokens/tree_tokens.h"
#include "tables.h"

/* A growing byte buffer on the stage's heap. */
struct p1_buffer {
  uint8_t *bytes;
  size_t count, capacity;
};

/* The working memory of encoding; it can be used again and again. */
struct p1_encoder {
  const struct stage_ctx *ctx;
  struct p1_buffer codes, nibbles, blob; /* nibbles: one a byte, until the blob is put together */
  struct p1_entry *entries;
  uint32_t entry_count, entry_capacity;
  struct tree_tokens tokens;
};

void p1_encoder_init(struct p1_encoder *encoder, const struct stage_ctx *ctx);
void p1_encoder_free(struct p1_encoder *encoder);

/* Encodes a tree with the language's current tables, whose maps are open; the blob is in
 * encoder->blob until the next call. STAGE_OUT_OF_MEMORY, or STAGE_LIMIT where the tree
 * is not of the shape that tree-sitter promises (told through ctx->fail). */
int p1_encode(struct p1_encoder *encoder, struct p1_language *language, uint32_t language_number,
              const TSLanguage *grammar, const TSTree *tree);

/* Writes a blob of tables `from` again with the codes of the language's current tables,
 * whose token map is open; tokens that these do not hold go behind escapes. */
int p1_transcode(struct p1_encoder *encoder, const struct p1_language *language, const struct p1_tree *tree,
                 const struct p1_tables *from);

/* ---- putting a blob together: encode.c and reconstruct.c ---- */

bool p1_entries_reserve(struct p1_encoder *encoder, uint32_t count);
/* So many nodes are open behind a token of the last entry's block. */
void p1_entry_reaches(struct p1_encoder *encoder, uint32_t depth);
/* The size of a blob with encoder->entries. */
uint64_t p1_blob_bytes(const struct p1_encoder *encoder, uint64_t code_bytes, uint64_t nibble_count);
/* Writes header, supers and blocks at p; returns where the codes begin. Of `tree` only the
 * numbers are read. */
uint8_t *p1_blob_begin(const struct p1_encoder *encoder, const struct p1_tree *tree, uint8_t *p);

/* ---- reconstruct.c ---- */

/* What struct stage_ops says of strip and reconstruct; `tables` are of the blob's generation. */
uint64_t p1_strip(const struct p1_tree *tree, uint8_t *out);
/* The language and generation of stripped bytes; false where there are too few of them. */
bool p1_strip_tables(const uint8_t *stripped, uint64_t length, uint32_t *language, uint8_t *generation);
int p1_reconstruct(struct p1_encoder *encoder, const struct p1_tables *tables, const uint8_t *stripped,
                   uint64_t stripped_length, uint8_t *out, uint64_t length);

#endif
