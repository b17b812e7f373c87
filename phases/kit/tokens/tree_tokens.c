/* SPDX-License-Identifier: MIT */
#include "tree_tokens.h"

/* Writing under way: where the last token ended, and a token that waits for how many ancestors
 * close behind it. */
struct writer {
  struct tree_tokens *tokens;
  struct alphabet *alphabet;
  const TSLanguage *grammar;
  const struct token_sink *sink;
  enum tokens_form form;
  struct tokens_at at;
  uint32_t node_count;
  struct tree_token pending;
  uint32_t numbers[TOKEN_NUMBERS_MAX]; /* of the pending token */
  uint32_t number_count;
  bool has_pending;
  bool has_errors; /* anywhere in the tree */
};

void tree_tokens_free(struct tree_tokens *tokens) {
  if (!tokens->ctx) return;
  stage_release(tokens->ctx, STAGE_TREE, tokens->open);
  *tokens = (struct tree_tokens){.ctx = tokens->ctx};
}

static bool open_reserve(struct tree_tokens *tokens, uint32_t count) {
  if (count <= tokens->open_capacity) return true;
  uint32_t capacity = count * 2 + 64;
  struct tokens_open *open = stage_resize(tokens->ctx, STAGE_TREE, tokens->open, capacity * sizeof *open);
  if (!open) return false;
  tokens->open = open;
  tokens->open_capacity = capacity;
  return true;
}

/* ---- the pending token ---- */

static int pending_flush(struct writer *w) {
  if (!w->has_pending) return STAGE_OK;
  w->has_pending = false;
  return w->sink->token(w->sink->to, w->pending, w->numbers, w->number_count);
}

static void pending_begin(struct writer *w) {
  w->pending = (struct tree_token){0};
  w->number_count = 0;
  w->has_pending = true;
}

/* One more ancestor closes behind the pending token. */
static int pending_close(struct writer *w) {
  if (w->pending.closes < UINT8_MAX) {
    w->pending.closes++;
    return STAGE_OK;
  }
  int error = pending_flush(w); /* goes on in an empty gap */
  pending_begin(w);
  w->pending.flags = TOKEN_GAP;
  w->pending.closes = 1;
  return error;
}

static void numbers_add(struct writer *w, uint32_t bytes, uint32_t rows, uint32_t column) {
  w->numbers[w->number_count++] = bytes;
  w->numbers[w->number_count++] = rows;
  w->numbers[w->number_count++] = column;
}

/* ---- where things lie ---- */

static void go(struct writer *w, uint32_t byte, TSPoint point) {
  w->at.position = byte;
  w->at.row = point.row;
  w->at.column = point.column;
}

/* Whether a padding across lines went into the token. */
static bool padding_intern(struct writer *w, uint32_t bytes, uint32_t rows, uint32_t column, int *error) {
  int64_t delta = (int64_t)column - w->at.indent;
  int64_t surplus = (int64_t)bytes - rows - column;
  if (rows > UINT16_MAX || delta < INT16_MIN || delta > INT16_MAX || surplus < 0 || surplus > UINT16_MAX) return false;
  struct tree_padding padding = {.rows = (uint16_t)rows, .column_delta = (int16_t)delta, .surplus = (uint16_t)surplus};
  if (!alphabet_intern_padding(w->alphabet, padding, &w->pending.pad, error)) return false;
  w->pending.flags |= TOKEN_NEWLINE;
  return true;
}

/* Says in the pending token how to get from where the writer is to (byte, point), and goes there. */
static int padding_write(struct writer *w, uint32_t byte, TSPoint point) {
  if (byte < w->at.position || point.row < w->at.row) {
    STAGE_FAIL(w->tokens->ctx, "a node begins at byte %u, before byte %u where the one before it ends", byte,
               w->at.position);
    return STAGE_LIMIT;
  }
  uint32_t bytes = byte - w->at.position, rows = point.row - w->at.row;
  uint32_t most = w->form == TOKENS_PACKED ? UINT8_MAX : 0;
  int error = STAGE_OK;
  if (rows == 0 && bytes <= most && point.column == w->at.column + bytes) {
    w->pending.advance = (uint8_t)bytes;
  } else if (rows == 0 || w->form == TOKENS_PLAIN || !padding_intern(w, bytes, rows, point.column, &error)) {
    w->pending.flags |= TOKEN_EXPLICIT;
    numbers_add(w, bytes, rows, point.column);
  }
  if (rows > 0) w->at.indent = point.column;
  go(w, byte, point);
  return error;
}

/* Says in the pending token how long a leaf is, and goes to its end. */
static int leaf_write(struct writer *w, bool named, uint32_t end_byte, TSPoint end_point) {
  if (end_byte < w->at.position || end_point.row < w->at.row) {
    STAGE_FAIL(w->tokens->ctx, "a node ends at byte %u, before byte %u where it begins", end_byte, w->at.position);
    return STAGE_LIMIT;
  }
  uint32_t bytes = end_byte - w->at.position, rows = end_point.row - w->at.row;
  bool is_number = (named || w->form == TOKENS_PLAIN) && bytes > 0;
  w->pending.flags |= TOKEN_LEAF;
  if (rows > 0 || end_point.column != w->at.column + bytes) {
    w->pending.flags |= TOKEN_LINES;
    numbers_add(w, bytes, rows, end_point.column);
  } else if (bytes > UINT8_MAX || is_number) {
    w->pending.flags |= TOKEN_LENGTH;
    w->numbers[w->number_count++] = bytes;
  } else {
    w->pending.length = (uint8_t)bytes;
  }
  go(w, end_byte, end_point);
  return STAGE_OK;
}

/* The innermost open node ends; `end` is where. */
static int node_end(struct writer *w, const struct tokens_open *end) {
  w->at.depth--;
  if (end->end_byte == w->at.position && end->end_point.row == w->at.row && end->end_point.column == w->at.column) {
    return pending_close(w);
  }
  int error = pending_flush(w);
  if (error) return error;
  pending_begin(w);
  w->pending.flags = TOKEN_GAP;
  w->pending.closes = 1;
  return padding_write(w, end->end_byte, end->end_point);
}

/* ---- nodes ---- */

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

static struct tree_kind kind_of(const struct writer *w, const TSTreeCursor *cursor, TSNode node) {
  bool fieldless = w->at.depth > 0 && w->tokens->open[w->at.depth - 1].fieldless;
  uint16_t flags = 0;
  if (ts_node_is_named(node)) flags |= STAGE_NODE_NAMED;
  if (ts_node_is_extra(node)) flags |= STAGE_NODE_EXTRA;
  if (w->has_errors) { /* the root has an error if any node has: most trees need not be asked */
    if (ts_node_is_missing(node)) flags |= STAGE_NODE_MISSING;
    if (ts_node_is_error(node)) flags |= STAGE_NODE_ERROR;
    if (ts_node_has_error(node)) flags |= STAGE_NODE_HAS_ERROR;
  }
  return (struct tree_kind){
      .symbol = ts_node_symbol(node),
      .grammar_symbol = ts_node_grammar_symbol(node),
      .field = fieldless ? 0 : ts_tree_cursor_current_field_id(cursor),
      .flags = flags,
  };
}

static int counts_disagree(const struct writer *w, TSNode node, uint32_t found) {
  STAGE_FAIL(w->tokens->ctx, "the tree's own counts disagree: the %s at byte %u says another number than %u",
             ts_node_type(node), ts_node_start_byte(node), found);
  return STAGE_LIMIT;
}

/* The node under the cursor; *child_count is how many children it has. */
static int node_write(struct writer *w, const TSTreeCursor *cursor, uint32_t *child_count) {
  TSNode node = ts_tree_cursor_current_node(cursor);
  int error = pending_flush(w);
  if (!error && w->sink->node) error = w->sink->node(w->sink->to, &w->at);
  if (error) return error;
  w->node_count++;
  struct tree_kind kind = kind_of(w, cursor, node);
  pending_begin(w);
  error = alphabet_intern_kind(w->alphabet, w->grammar, kind, &w->pending.kind);
  if (!error) error = padding_write(w, ts_node_start_byte(node), ts_node_start_point(node));
  if (error) return error;
  *child_count = ts_node_child_count(node);
  if (*child_count == 0)
    return leaf_write(w, kind.flags & STAGE_NODE_NAMED, ts_node_end_byte(node), ts_node_end_point(node));
  if (!open_reserve(w->tokens, w->at.depth + 1)) return STAGE_OUT_OF_MEMORY;
  w->tokens->open[w->at.depth++] = (struct tokens_open){ts_node_end_byte(node), ts_node_end_point(node), *child_count,
                                                        is_fieldless(node, *child_count)};
  return STAGE_OK;
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
  while (w->at.depth > 0) {
    struct tokens_open *parent = &w->tokens->open[w->at.depth - 1];
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

int tree_tokens_write(struct tree_tokens *tokens, struct alphabet *alphabet, const TSLanguage *grammar,
                      const TSTree *tree, enum tokens_form form, const struct token_sink *sink) {
  TSNode root = ts_tree_root_node(tree);
  struct writer w = {.tokens = tokens,
                     .alphabet = alphabet,
                     .grammar = grammar,
                     .sink = sink,
                     .form = form,
                     .has_errors = ts_node_has_error(root)};
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  int error = STAGE_OK;
  for (bool more = true; more && !error;) {
    uint32_t child_count = 0;
    error = node_write(&w, &cursor, &child_count);
    if (!error) error = cursor_advance(&w, &cursor, child_count, &more);
  }
  ts_tree_cursor_delete(&cursor);
  if (!error) error = pending_flush(&w);
  /* A child more than its parent's count would have been passed over. */
  if (!error && w.node_count != ts_node_descendant_count(root)) error = counts_disagree(&w, root, w.node_count);
  return error;
}
