/* SPDX-License-Identifier: MIT */
#include "encode.h"

/* ---- buffers ---- */

static bool buffer_reserve(struct p1_encoder *encoder, struct p1_buffer *buffer, size_t more) {
  if (buffer->count + more <= buffer->capacity) return true;
  size_t capacity = (buffer->count + more) * 2;
  uint8_t *bytes = stage_resize(encoder->ctx, STAGE_TREE, buffer->bytes, capacity);
  if (!bytes) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

bool p1_entries_reserve(struct p1_encoder *encoder, uint32_t count) {
  if (count <= encoder->entry_capacity) return true;
  uint32_t capacity = count * 2;
  struct p1_entry *entries = stage_resize(encoder->ctx, STAGE_TREE, encoder->entries, capacity * sizeof *entries);
  if (!entries) return false;
  encoder->entries = entries;
  encoder->entry_capacity = capacity;
  return true;
}

void p1_encoder_init(struct p1_encoder *encoder, const struct stage_ctx *ctx) {
  *encoder = (struct p1_encoder){.ctx = ctx, .tokens = {.ctx = ctx}};
}

void p1_encoder_free(struct p1_encoder *encoder) {
  const struct stage_ctx *ctx = encoder->ctx;
  if (!ctx) return;
  stage_release(ctx, STAGE_TREE, encoder->codes.bytes);
  stage_release(ctx, STAGE_TREE, encoder->nibbles.bytes);
  stage_release(ctx, STAGE_TREE, encoder->blob.bytes);
  stage_release(ctx, STAGE_TREE, encoder->entries);
  tree_tokens_free(&encoder->tokens);
  p1_encoder_init(encoder, ctx);
}

/* ---- the blob ---- */

static void put16(uint8_t **p, uint32_t v) {
  uint16_t half = (uint16_t)v;
  memcpy(*p, &half, 2);
  *p += 2;
}
static void put32(uint8_t **p, uint32_t v) {
  memcpy(*p, &v, 4);
  *p += 4;
}

/* A block's entry as it is stored: relative to its super in the first four fields. */
static struct p1_entry entry_relative(const struct p1_entry *entries, uint32_t b) {
  struct p1_entry e = entries[b];
  const struct p1_entry *super = &entries[b & ~(P1_SUPER_BLOCKS - 1)];
  e.code -= super->code;
  e.nibble -= super->nibble;
  e.position -= super->position;
  e.row -= super->row;
  return e;
}

void p1_entry_reaches(struct p1_encoder *encoder, uint32_t depth) {
  if (encoder->entry_count == 0) return;
  struct p1_entry *entry = &encoder->entries[encoder->entry_count - 1];
  if (depth < entry->depth_min) entry->depth_min = depth;
}

static bool entries_fit_u16(const struct p1_entry *entries, uint32_t count) {
  uint32_t all = 0;
  for (uint32_t b = 0; b < count; b++) {
    struct p1_entry e = entry_relative(entries, b);
    all |= e.code | e.nibble | e.position | e.row | e.column | e.indent | e.depth | e.depth_min;
  }
  return all <= UINT16_MAX;
}

/* The entries that a blob has: none for a tree of one block. */
static uint32_t blocks_of(const struct p1_encoder *encoder) {
  return encoder->entry_count > 1 ? encoder->entry_count : 0;
}

uint64_t p1_blob_bytes(const struct p1_encoder *encoder, uint64_t code_bytes, uint64_t nibble_count) {
  uint32_t blocks = blocks_of(encoder), supers = (blocks + P1_SUPER_BLOCKS - 1) >> P1_SUPER_LG;
  uint64_t entry_bytes = entries_fit_u16(encoder->entries, blocks) ? 16 : 32;
  return P1_HEADER_BYTES + (uint64_t)supers * 32 + blocks * entry_bytes + code_bytes + (nibble_count + 1) / 2 +
         P1_TAIL_BYTES;
}

uint8_t *p1_blob_begin(const struct p1_encoder *encoder, const struct p1_tree *tree, uint8_t *p) {
  uint32_t blocks = blocks_of(encoder);
  bool wide = !entries_fit_u16(encoder->entries, blocks);
  *p++ = tree->generation;
  *p++ = wide;
  put16(&p, tree->language);
  put32(&p, tree->node_count);
  put32(&p, tree->code_bytes);
  put32(&p, tree->nibble_count);
  for (uint32_t b = 0; b < blocks; b += P1_SUPER_BLOCKS) {
    memcpy(p, &encoder->entries[b], 32);
    p += 32;
  }
  for (uint32_t b = 0; b < blocks; b++) {
    struct p1_entry e = entry_relative(encoder->entries, b);
    const uint32_t v[8] = {e.code, e.nibble, e.position, e.row, e.column, e.indent, e.depth, e.depth_min};
    for (int i = 0; i < 8; i++) wide ? put32(&p, v[i]) : put16(&p, v[i]);
  }
  return p;
}

/* Puts the blob together from codes, packed nibbles and entries. */
static int blob_finish(struct p1_encoder *encoder, uint8_t generation, uint32_t language, uint32_t node_count,
                       const uint8_t *packed_nibbles, uint32_t nibble_count) {
  if (encoder->codes.count > UINT32_MAX) {
    STAGE_FAIL(encoder->ctx, "a tree's codes need %zu bytes; the format holds 4 GiB", encoder->codes.count);
    return STAGE_LIMIT;
  }
  struct p1_tree tree = {.generation = generation,
                         .language = language,
                         .node_count = node_count,
                         .code_bytes = (uint32_t)encoder->codes.count,
                         .nibble_count = nibble_count};
  size_t nibble_bytes = ((size_t)nibble_count + 1) / 2;
  size_t length = (size_t)p1_blob_bytes(encoder, tree.code_bytes, nibble_count);
  encoder->blob.count = 0;
  if (!buffer_reserve(encoder, &encoder->blob, length)) return STAGE_OUT_OF_MEMORY;
  uint8_t *p = p1_blob_begin(encoder, &tree, encoder->blob.bytes);
  memcpy(p, encoder->codes.bytes, encoder->codes.count);
  p += encoder->codes.count;
  memcpy(p, packed_nibbles, nibble_bytes);
  memset(p + nibble_bytes, 0, P1_TAIL_BYTES);
  encoder->blob.count = length;
  return STAGE_OK;
}

/* ---- codes ---- */

/* Appends a code, and the token behind an escape. The caller has reserved 10 bytes. */
static void code_write(struct p1_buffer *codes, uint32_t one_byte, uint32_t code, struct tree_token token) {
  uint8_t *p = codes->bytes + codes->count;
  if (code < one_byte) {
    *p++ = (uint8_t)code;
  } else {
    uint32_t rest = code - one_byte;
    *p++ = (uint8_t)(one_byte + (rest >> 8));
    *p++ = (uint8_t)rest;
  }
  if (code == P1_ESCAPE) {
    memcpy(p, &token, sizeof token);
    p += sizeof token;
  }
  codes->count = (size_t)(p - codes->bytes);
}

/* Appends a number to the nibbles, one nibble a byte. The caller has reserved 12. */
static void number_write(struct p1_buffer *nibbles, uint32_t v) {
  uint8_t *p = nibbles->bytes + nibbles->count;
  if (v < 12) {
    *p++ = (uint8_t)v;
  } else if (v < 60) {
    *p++ = (uint8_t)(12 + ((v - 12) >> 4));
    *p++ = (uint8_t)((v - 12) & 15);
  } else {
    *p++ = 15;
    v -= 60;
    while (v > 7) {
      *p++ = (uint8_t)(8 | (v & 7));
      v >>= 3;
    }
    *p++ = (uint8_t)v;
  }
  nibbles->count = (size_t)(p - nibbles->bytes);
}

/* ---- a tree ---- */

/* Encoding under way. */
struct encoding {
  struct p1_encoder *encoder;
  struct p1_language *language;
  uint32_t node_count;
};

static int take_token(void *to, struct tree_token token, const uint32_t *numbers, uint32_t number_count) {
  struct encoding *encoding = to;
  struct p1_encoder *encoder = encoding->encoder;
  uint32_t code;
  int error = p1_intern_token(encoding->language, token, &code);
  if (error) return error;
  if (!buffer_reserve(encoder, &encoder->codes, 16) || !buffer_reserve(encoder, &encoder->nibbles, 12 * number_count))
    return STAGE_OUT_OF_MEMORY;
  code_write(&encoder->codes, encoding->language->current.one_byte, code, token);
  for (uint32_t i = 0; i < number_count; i++) number_write(&encoder->nibbles, numbers[i]);
  return STAGE_OK;
}

/* Each block begins with an entry. */
static int take_node(void *to, const struct tokens_at *at) {
  struct encoding *encoding = to;
  struct p1_encoder *encoder = encoding->encoder;
  p1_entry_reaches(encoder, at->depth); /* behind the tokens before it, which are of the block before */
  if ((encoding->node_count++ & (P1_BLOCK_NODES - 1)) == 0) {
    if (!p1_entries_reserve(encoder, encoder->entry_count + 1)) return STAGE_OUT_OF_MEMORY;
    encoder->entries[encoder->entry_count++] = (struct p1_entry){
        .code = (uint32_t)encoder->codes.count,
        .nibble = (uint32_t)encoder->nibbles.count,
        .position = at->position,
        .row = at->row,
        .column = at->column,
        .indent = at->indent,
        .depth = at->depth,
        .depth_min = at->depth,
    };
  }
  return STAGE_OK;
}

/* Two nibbles into a byte, in place. */
static void nibbles_pack(struct p1_buffer *nibbles) {
  size_t count = nibbles->count;
  for (size_t i = 0; i < count; i += 2) {
    uint8_t high = i + 1 < count ? nibbles->bytes[i + 1] : 0;
    nibbles->bytes[i / 2] = (uint8_t)(nibbles->bytes[i] | high << 4);
  }
}

int p1_encode(struct p1_encoder *encoder, struct p1_language *language, uint32_t language_number,
              const TSLanguage *grammar, const TSTree *tree) {
  encoder->codes.count = encoder->nibbles.count = encoder->entry_count = 0;
  struct encoding encoding = {.encoder = encoder, .language = language};
  const struct token_sink sink = {&encoding, take_node, take_token};
  int error = tree_tokens_write(&encoder->tokens, &language->alphabet, grammar, tree, TOKENS_PACKED, &sink);
  if (error) return error;
  p1_entry_reaches(encoder, 0);
  if (!buffer_reserve(encoder, &encoder->nibbles, 1)) return STAGE_OUT_OF_MEMORY;
  nibbles_pack(&encoder->nibbles);
  return blob_finish(encoder, language->current.generation, language_number, encoding.node_count,
                     encoder->nibbles.bytes, (uint32_t)encoder->nibbles.count);
}

int p1_transcode(struct p1_encoder *encoder, const struct p1_language *language, const struct p1_tree *tree,
                 const struct p1_tables *from) {
  encoder->codes.count = 0;
  encoder->entry_count = tree->block_count ? tree->block_count : 1;
  if (!p1_entries_reserve(encoder, encoder->entry_count)) return STAGE_OUT_OF_MEMORY;
  encoder->entries[0] = (struct p1_entry){0};
  for (uint32_t b = 0; b < tree->block_count; b++) encoder->entries[b] = p1_entry_at(tree, b);
  const uint8_t *p = tree->codes, *end = tree->codes + tree->code_bytes;
  uint32_t block = 0, one_byte = language->current.one_byte;
  while (p < end) {
    /* Only where a block's codes begin changes; they follow one another. */
    if (block < tree->block_count && encoder->entries[block].code == (uint32_t)(p - tree->codes)) {
      encoder->entries[block++].code = (uint32_t)encoder->codes.count;
    }
    struct tree_token token = p1_next_token(from, &p);
    if (!buffer_reserve(encoder, &encoder->codes, 16)) return STAGE_OUT_OF_MEMORY;
    uint32_t code = p1_token_code(language, token);
    code_write(&encoder->codes, one_byte, code, token);
  }
  return blob_finish(encoder, language->current.generation, tree->language, tree->node_count, tree->nibbles,
                     tree->nibble_count);
}
