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

static bool open_reserve(struct p1_encoder *encoder, uint32_t count) {
  if (count <= encoder->open_capacity) return true;
  uint32_t capacity = count * 2 + 64;
  struct p1_open *open = stage_resize(encoder->ctx, STAGE_TREE, encoder->open, capacity * sizeof *open);
  if (!open) return false;
  encoder->open = open;
  encoder->open_capacity = capacity;
  return true;
}

void p1_encoder_free(struct p1_encoder *encoder) {
  const struct stage_ctx *ctx = encoder->ctx;
  if (!ctx) return;
  stage_release(ctx, STAGE_TREE, encoder->tokens.bytes);
  stage_release(ctx, STAGE_TREE, encoder->nibbles.bytes);
  stage_release(ctx, STAGE_TREE, encoder->blob.bytes);
  stage_release(ctx, STAGE_TREE, encoder->entries);
  stage_release(ctx, STAGE_TREE, encoder->open);
  *encoder = (struct p1_encoder){.ctx = ctx};
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
  e.token -= super->token;
  e.nibble -= super->nibble;
  e.position -= super->position;
  e.row -= super->row;
  return e;
}

static bool entries_fit_u16(const struct p1_entry *entries, uint32_t count) {
  uint32_t all = 0;
  for (uint32_t b = 0; b < count; b++) {
    struct p1_entry e = entry_relative(entries, b);
    all |= e.token | e.nibble | e.position | e.row | e.column | e.indent | e.depth | e.depth_min;
  }
  return all <= UINT16_MAX;
}

/* The entries that a blob has: none for a tree of one block. */
static uint32_t blocks_of(const struct p1_encoder *encoder) {
  return encoder->entry_count > 1 ? encoder->entry_count : 0;
}

uint64_t p1_blob_bytes(const struct p1_encoder *encoder, uint64_t token_bytes, uint64_t nibble_count) {
  uint32_t blocks = blocks_of(encoder), supers = (blocks + P1_SUPER_BLOCKS - 1) >> P1_SUPER_LG;
  uint64_t entry_bytes = entries_fit_u16(encoder->entries, blocks) ? 16 : 32;
  return P1_HEADER_BYTES + (uint64_t)supers * 32 + blocks * entry_bytes + token_bytes + (nibble_count + 1) / 2 +
         P1_TAIL_BYTES;
}

uint8_t *p1_blob_begin(const struct p1_encoder *encoder, const struct p1_tree *tree, uint8_t *p) {
  uint32_t blocks = blocks_of(encoder);
  bool wide = !entries_fit_u16(encoder->entries, blocks);
  *p++ = tree->generation;
  *p++ = wide;
  put16(&p, tree->language);
  put32(&p, tree->node_count);
  put32(&p, tree->token_bytes);
  put32(&p, tree->nibble_count);
  for (uint32_t b = 0; b < blocks; b += P1_SUPER_BLOCKS) {
    memcpy(p, &encoder->entries[b], 32);
    p += 32;
  }
  for (uint32_t b = 0; b < blocks; b++) {
    struct p1_entry e = entry_relative(encoder->entries, b);
    const uint32_t v[8] = {e.token, e.nibble, e.position, e.row, e.column, e.indent, e.depth, e.depth_min};
    for (int i = 0; i < 8; i++) wide ? put32(&p, v[i]) : put16(&p, v[i]);
  }
  return p;
}

/* Puts the blob together from tokens, packed nibbles and entries. */
static int blob_finish(struct p1_encoder *encoder, uint8_t generation, uint32_t language, uint32_t node_count,
                       const uint8_t *packed_nibbles, uint32_t nibble_count) {
  if (encoder->tokens.count > UINT32_MAX) {
    STAGE_FAIL(encoder->ctx, "a tree's tokens need %zu bytes; the format holds 4 GiB", encoder->tokens.count);
    return STAGE_LIMIT;
  }
  struct p1_tree tree = {.generation = generation, .language = language, .node_count = node_count,
                         .token_bytes = (uint32_t)encoder->tokens.count, .nibble_count = nibble_count};
  size_t nibble_bytes = ((size_t)nibble_count + 1) / 2;
  size_t length = (size_t)p1_blob_bytes(encoder, tree.token_bytes, nibble_count);
  encoder->blob.count = 0;
  if (!buffer_reserve(encoder, &encoder->blob, length)) return STAGE_OUT_OF_MEMORY;
  uint8_t *p = p1_blob_begin(encoder, &tree, encoder->blob.bytes);
  memcpy(p, encoder->tokens.bytes, encoder->tokens.count);
  p += encoder->tokens.count;
  memcpy(p, packed_nibbles, nibble_bytes);
  memset(p + nibble_bytes, 0, P1_TAIL_BYTES);
  encoder->blob.count = length;
  return STAGE_OK;
}

/* ---- tokens ---- */

/* Appends a code, and the row behind an escape. The caller has reserved 10 bytes. */
static void token_write(struct p1_buffer *tokens, uint32_t one_byte, uint32_t code, struct p1_row row) {
  uint8_t *p = tokens->bytes + tokens->count;
  if (code < one_byte) {
    *p++ = (uint8_t)code;
  } else {
    uint32_t rest = code - one_byte;
    *p++ = (uint8_t)(one_byte + (rest >> 8));
    *p++ = (uint8_t)rest;
  }
  if (code == P1_ESCAPE) {
    memcpy(p, &row, sizeof row);
    p += sizeof row;
  }
  tokens->count = (size_t)(p - tokens->bytes);
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

/* Encoding under way: where the last token ended, and a token that waits for how many
 * ancestors close behind it. */
struct writer {
  struct p1_encoder *encoder;
  struct p1_language *language;
  uint32_t position, row, column, indent;
  uint32_t node_count, depth;
  struct p1_row pending;
  bool has_pending;
  bool has_errors; /* anywhere in the tree */
};

static int pending_flush(struct writer *w) {
  if (!w->has_pending) return STAGE_OK;
  w->has_pending = false;
  uint32_t code;
  int error = p1_intern_row(w->language, w->pending, &code);
  if (error) return error;
  if (!buffer_reserve(w->encoder, &w->encoder->tokens, 16)) return STAGE_OUT_OF_MEMORY;
  token_write(&w->encoder->tokens, w->language->current.one_byte, code, w->pending);
  return STAGE_OK;
}

/* One more ancestor closes behind the pending token. */
static int pending_close(struct writer *w) {
  if (w->pending.closes < UINT8_MAX) {
    w->pending.closes++;
    return STAGE_OK;
  }
  int error = pending_flush(w); /* goes on in an empty gap */
  w->pending = (struct p1_row){.flags = P1_GAP, .closes = 1};
  w->has_pending = true;
  return error;
}

/* Says in `row` how to get from where the writer is to (byte, point), and goes there. */
static int padding_write(struct writer *w, struct p1_row *row, uint32_t byte, TSPoint point) {
  if (byte < w->position || point.row < w->row) {
    STAGE_FAIL(w->encoder->ctx, "a node begins at byte %u, before byte %u where the one before it ends", byte,
               w->position);
    return STAGE_LIMIT;
  }
  uint32_t bytes = byte - w->position, rows = point.row - w->row;
  int error = STAGE_OK;
  bool written = false;
  if (rows == 0 && bytes <= UINT8_MAX && point.column == w->column + bytes) {
    row->advance = (uint8_t)bytes;
    written = true;
  } else if (rows > 0) {
    int64_t delta = (int64_t)point.column - w->indent;
    int64_t surplus = (int64_t)bytes - rows - point.column;
    if (rows <= UINT16_MAX && delta >= INT16_MIN && delta <= INT16_MAX && surplus >= 0 && surplus <= UINT16_MAX) {
      struct p1_padding padding = {
          .rows = (uint16_t)rows, .column_delta = (int16_t)delta, .surplus = (uint16_t)surplus};
      if (p1_intern_padding(w->language, padding, &row->pad, &error)) {
        row->flags |= P1_NEWLINE;
        written = true;
      }
    }
  }
  if (error) return error;
  if (!written) {
    struct p1_buffer *nibbles = &w->encoder->nibbles;
    if (!buffer_reserve(w->encoder, nibbles, 36)) return STAGE_OUT_OF_MEMORY;
    row->flags |= P1_EXPLICIT;
    number_write(nibbles, bytes);
    number_write(nibbles, rows);
    number_write(nibbles, point.column);
  }
  if (rows > 0) w->indent = point.column;
  w->position = byte;
  w->row = point.row;
  w->column = point.column;
  return STAGE_OK;
}

/* Says in `row` how long a leaf is, and goes to its end. */
static int leaf_write(struct writer *w, struct p1_row *row, bool named, uint32_t end_byte, TSPoint end_point) {
  if (end_byte < w->position || end_point.row < w->row) {
    STAGE_FAIL(w->encoder->ctx, "a node ends at byte %u, before byte %u where it begins", end_byte, w->position);
    return STAGE_LIMIT;
  }
  uint32_t bytes = end_byte - w->position, rows = end_point.row - w->row;
  struct p1_buffer *nibbles = &w->encoder->nibbles;
  if (!buffer_reserve(w->encoder, nibbles, 36)) return STAGE_OUT_OF_MEMORY;
  row->flags |= P1_LEAF;
  if (rows > 0 || end_point.column != w->column + bytes) {
    row->flags |= P1_LINES;
    number_write(nibbles, bytes);
    number_write(nibbles, rows);
    number_write(nibbles, end_point.column);
  } else if (bytes > UINT8_MAX || (named && bytes > 0)) {
    row->flags |= P1_LENGTH;
    number_write(nibbles, bytes);
  } else {
    row->length = (uint8_t)bytes;
  }
  w->position = end_byte;
  w->row = end_point.row;
  w->column = end_point.column;
  return STAGE_OK;
}

/* Before a node's token: the last token is complete, and each block begins with an entry. */
static int node_begin(struct writer *w) {
  int error = pending_flush(w);
  if (error) return error;
  struct p1_encoder *encoder = w->encoder;
  if ((w->node_count & (P1_BLOCK_NODES - 1)) == 0) {
    if (!p1_entries_reserve(encoder, encoder->entry_count + 1)) return STAGE_OUT_OF_MEMORY;
    encoder->entries[encoder->entry_count++] = (struct p1_entry){
        .token = (uint32_t)encoder->tokens.count,
        .nibble = (uint32_t)encoder->nibbles.count,
        .position = w->position,
        .row = w->row,
        .column = w->column,
        .indent = w->indent,
        .depth = w->depth,
        .depth_min = w->depth,
    };
  }
  struct p1_entry *entry = &encoder->entries[encoder->entry_count - 1];
  if (w->depth < entry->depth_min) entry->depth_min = w->depth;
  w->node_count++;
  return STAGE_OK;
}

/* The innermost open node ends; `end` is where. */
static int node_end(struct writer *w, const struct p1_open *end) {
  w->depth--;
  if (end->end_byte == w->position && end->end_point.row == w->row && end->end_point.column == w->column) {
    return pending_close(w);
  }
  int error = pending_flush(w);
  if (error) return error;
  struct p1_row row = {.flags = P1_GAP, .closes = 1};
  error = padding_write(w, &row, end->end_byte, end->end_point);
  w->pending = row;
  w->has_pending = true;
  return error;
}

/* Whether no child of a node has a field, for nodes so wide that it is worth asking once.
 * tree-sitter finds a child's field by climbing its hidden ancestors, of which a list of
 * a million items has thousands. A hidden node's fields are in its parent's field map as
 * inherited ones, up to the visible node: so where that has no child for any field, its
 * children have none. Within errors it need not be so; there each child is asked. */
static bool is_fieldless(TSNode node, uint32_t child_count) {
  enum { WIDE = 1024 };
  if (child_count < WIDE || ts_node_has_error(node)) return false;
  uint32_t count = ts_language_field_count(ts_node_language(node));
  for (uint32_t field = 1; field <= count; field++) {
    if (!ts_node_is_null(ts_node_child_by_field_id(node, (TSFieldId)field))) return false;
  }
  return true;
}

static struct p1_kind kind_of(const struct writer *w, const TSTreeCursor *cursor, TSNode node) {
  bool fieldless = w->depth > 0 && w->encoder->open[w->depth - 1].fieldless;
  uint16_t flags = 0;
  if (ts_node_is_named(node)) flags |= STAGE_NODE_NAMED;
  if (ts_node_is_extra(node)) flags |= STAGE_NODE_EXTRA;
  if (w->has_errors) { /* the root has an error if any node has: most trees need not be asked */
    if (ts_node_is_missing(node)) flags |= STAGE_NODE_MISSING;
    if (ts_node_is_error(node)) flags |= STAGE_NODE_ERROR;
    if (ts_node_has_error(node)) flags |= STAGE_NODE_HAS_ERROR;
  }
  return (struct p1_kind){
      .symbol = ts_node_symbol(node),
      .grammar_symbol = ts_node_grammar_symbol(node),
      .field = fieldless ? 0 : ts_tree_cursor_current_field_id(cursor),
      .flags = flags,
  };
}

static int counts_disagree(const struct writer *w, TSNode node, uint32_t found) {
  STAGE_FAIL(w->encoder->ctx, "the tree's own counts disagree: the %s at byte %u says another number than %u",
             ts_node_type(node), ts_node_start_byte(node), found);
  return STAGE_LIMIT;
}

/* The node under the cursor; *child_count is how many children it has. */
static int node_write(struct writer *w, const TSLanguage *grammar, const TSTreeCursor *cursor, uint32_t *child_count) {
  TSNode node = ts_tree_cursor_current_node(cursor);
  struct p1_row row = {0};
  struct p1_kind kind = kind_of(w, cursor, node);
  int error = node_begin(w);
  if (!error) error = p1_intern_kind(w->language, grammar, kind, &row.kind);
  if (!error) error = padding_write(w, &row, ts_node_start_byte(node), ts_node_start_point(node));
  if (error) return error;
  *child_count = ts_node_child_count(node);
  if (*child_count > 0) {
    if (!open_reserve(w->encoder, w->depth + 1)) return STAGE_OUT_OF_MEMORY;
    w->encoder->open[w->depth++] =
        (struct p1_open){ts_node_end_byte(node), ts_node_end_point(node), *child_count,
                         is_fieldless(node, *child_count)};
  } else {
    bool named = kind.flags & STAGE_NODE_NAMED;
    error = leaf_write(w, &row, named, ts_node_end_byte(node), ts_node_end_point(node));
  }
  w->pending = row;
  w->has_pending = true;
  return error;
}

/* Goes on to the node after the one just written, in preorder; *more is false behind the
 * last one. The children left of each open node say where to go, which spares the cursor
 * the moves that fail: half of them. */
static int cursor_advance(struct writer *w, TSTreeCursor *cursor, uint32_t child_count, bool *more) {
  *more = true;
  if (child_count > 0) {
    if (ts_tree_cursor_goto_first_child(cursor)) return STAGE_OK;
    return counts_disagree(w, ts_tree_cursor_current_node(cursor), 0);
  }
  while (w->depth > 0) {
    struct p1_open *parent = &w->encoder->open[w->depth - 1];
    if (--parent->children_left > 0) {
      if (ts_tree_cursor_goto_next_sibling(cursor)) return STAGE_OK;
      ts_tree_cursor_goto_parent(cursor);
      return counts_disagree(w, ts_tree_cursor_current_node(cursor), parent->children_left);
    }
    int error = node_end(w, parent);
    if (error) return error;
    ts_tree_cursor_goto_parent(cursor);
  }
  *more = false;
  return STAGE_OK;
}

static int tree_write(struct writer *w, const TSLanguage *grammar, TSNode root) {
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  w->has_errors = ts_node_has_error(root);
  int error = STAGE_OK;
  for (bool more = true; more && !error;) {
    uint32_t child_count = 0;
    error = node_write(w, grammar, &cursor, &child_count);
    if (!error) error = cursor_advance(w, &cursor, child_count, &more);
  }
  ts_tree_cursor_delete(&cursor);
  if (!error) error = pending_flush(w);
  /* A child more than its parent's count would have been passed over. */
  if (!error && w->node_count != ts_node_descendant_count(root)) error = counts_disagree(w, root, w->node_count);
  return error;
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
  encoder->tokens.count = encoder->nibbles.count = encoder->entry_count = 0;
  struct writer w = {.encoder = encoder, .language = language};
  int error = tree_write(&w, grammar, ts_tree_root_node(tree));
  if (error) return error;
  if (!buffer_reserve(encoder, &encoder->nibbles, 1)) return STAGE_OUT_OF_MEMORY;
  nibbles_pack(&encoder->nibbles);
  return blob_finish(encoder, language->current.generation, language_number, w.node_count, encoder->nibbles.bytes,
                     (uint32_t)encoder->nibbles.count);
}

int p1_transcode(struct p1_encoder *encoder, const struct p1_language *language, const struct p1_tree *tree,
                 const struct p1_tables *from) {
  encoder->tokens.count = 0;
  encoder->entry_count = tree->block_count ? tree->block_count : 1;
  if (!p1_entries_reserve(encoder, encoder->entry_count)) return STAGE_OUT_OF_MEMORY;
  encoder->entries[0] = (struct p1_entry){0};
  for (uint32_t b = 0; b < tree->block_count; b++) encoder->entries[b] = p1_entry_at(tree, b);
  const uint8_t *p = tree->tokens, *end = tree->tokens + tree->token_bytes;
  uint32_t block = 0, one_byte = language->current.one_byte;
  while (p < end) {
    /* Only where a block's tokens begin changes; they follow one another. */
    if (block < tree->block_count && encoder->entries[block].token == (uint32_t)(p - tree->tokens)) {
      encoder->entries[block++].token = (uint32_t)encoder->tokens.count;
    }
    struct p1_row row = p1_next_row(from, &p);
    if (!buffer_reserve(encoder, &encoder->tokens, 16)) return STAGE_OUT_OF_MEMORY;
    uint32_t code = p1_row_code(language, row);
    token_write(&encoder->tokens, one_byte, code, row);
  }
  return blob_finish(encoder, language->current.generation, tree->language, tree->node_count, tree->nibbles,
                     tree->nibble_count);
}
