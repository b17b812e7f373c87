/* SPDX-License-Identifier: MIT
 *
 * reconstruct.c - a blob without what can be computed, and the way back.
 *
 * Stripped bytes:
 *   off size
 *     0    1 generation
 *     1    2 language
 *     3      codes, two bytes each; behind a code 0 the escaped token, 8 bytes; they end where
 *            the root ends
 *            numbers, as varints, from the end to here: the first byte of the first number is
 *            the last of all
 * Gone are counts, entries and footer: everything that an edit at the beginning of a text
 * changes in the whole blob. Codes and numbers stand in whole bytes, because an edit that
 * inserts bits would otherwise change every byte behind it. As both are read from their ends to
 * where they meet, one pass over the tokens finds everything (blob.c), and no count is needed. What is
 * reconstructed is a tree that may be decoded, whatever the bytes were; that it is the tree that was stripped is
 * known by the blob store's checksum: other bytes, or fewer, can be another tree's. */
#include "encode.h"

#define STRIPPED_HEADER_BYTES 3u

static uint8_t *strip_codes(const struct p3_tree *tree, uint8_t *p) {
  uint32_t escape = 0;
  for (uint32_t i = 0; i < tree->code_count; i++) {
    uint16_t code = (uint16_t)p3_code(tree, i);
    memcpy(p, &code, sizeof code);
    p += sizeof code;
    if (code != P3_ESCAPE || escape == tree->escape_count) continue;
    memcpy(p, tree->escapes + (size_t)escape++ * sizeof(struct tree_token), sizeof(struct tree_token));
    p += sizeof(struct tree_token);
  }
  return p;
}

/* Writes a varint's bytes from `end` downwards; returns where the last one is. */
static uint8_t *varint_write_down(uint8_t *end, uint32_t value) {
  for (; value >= 0x80; value >>= 7) *--end = (uint8_t)(value | 0x80);
  *--end = (uint8_t)value;
  return end;
}

int p3_strip(const struct p3_tables *tables, const struct p3_tree *tree, uint8_t *out, uint64_t room,
             uint64_t *stripped_length) {
  uint8_t *p = out;
  uint64_t fixed = STRIPPED_HEADER_BYTES + (uint64_t)tree->code_count * 2 + (uint64_t)tree->escape_count * 8;
  if (fixed > room) return STAGE_LIMIT;
  *p++ = tree->generation;
  *p++ = (uint8_t)tree->language;
  *p++ = (uint8_t)(tree->language >> 8);
  p = strip_codes(tree, p);
  struct p3_reader reader = {.tables = tables, .tree = tree};
  struct tree_token token;
  uint32_t numbers[TOKEN_NUMBERS_MAX];
  uint8_t *end = out + room, *first = end; /* numbers go down from the end of the room, and move to the codes */
  while (p3_read_token(&reader, &token, numbers)) {
    if (first - p < (ptrdiff_t)(TOKEN_NUMBERS_MAX * VARINT_BYTES_MAX)) return STAGE_LIMIT;
    for (uint32_t i = 0; i < token_number_count(token); i++) first = varint_write_down(first, numbers[i]);
  }
  memmove(p, first, (size_t)(end - first));
  *stripped_length = (uint64_t)(p - out) + (uint64_t)(end - first);
  return STAGE_OK;
}

bool p3_strip_coding(const uint8_t *stripped, uint64_t length, uint32_t *language, uint8_t *generation) {
  if (length <= STRIPPED_HEADER_BYTES) return false;
  *generation = stripped[0];
  *language = stripped[1] | (uint32_t)stripped[2] << 8;
  return true;
}

int p3_reconstruct(struct p3_encoder *encoder, const struct p3_tables *tables, const uint16_t *number_codes,
                   const uint8_t *stripped, uint64_t stripped_length) {
  uint32_t language;
  uint8_t generation;
  struct p3_wrong wrong;
  if (!p3_strip_coding(stripped, stripped_length, &language, &generation)) return STAGE_CORRUPT;
  struct p3_source source = {.codes = stripped + STRIPPED_HEADER_BYTES, .numbers = stripped + stripped_length};
  int error = p3_blob_build(encoder, &(struct p3_reading){tables, number_codes}, language, generation, &source, &wrong);
  if (error) return error == STAGE_LIMIT ? STAGE_CORRUPT : error;
  return source.codes == source.numbers ? STAGE_OK : STAGE_CORRUPT;
}
