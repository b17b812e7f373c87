/* SPDX-License-Identifier: MIT
 *
 * scan.c - "every call_expression of this corpus". Whether a phrase holds a symbol is known
 * before a tree is looked at, so a scan reads codes and no tokens: some four bits a node. A
 * kernel: counting is one load and one addition a code.
 *
 * That knowledge is a table over the whole dictionary, which takes a pass over it to make. A
 * document of 50 nodes is not worth that pass: where no table is there and the document is
 * smaller than the dictionary, its phrases are looked at themselves. So the work for a document
 * never depends on the dictionary more than on the document. */
#include "cursor.h"

void p3_cursor_free_scans(struct p3_cursor *cursor) {
  for (uint32_t i = 0; i < cursor->scan_count; i++)
    stage_release(cursor->moves.ctx, STAGE_TREE, cursor->scans[i].counts);
  stage_release(cursor->moves.ctx, STAGE_TREE, cursor->scans);
  cursor->scans = NULL;
  cursor->scan_count = 0;
}

static bool token_has(const struct p3_tables *tables, struct tree_token token, uint16_t symbol) {
  return !(token.flags & TOKEN_GAP) && tables->kinds[token.kind].symbol == symbol;
}

/* before[i]: how often the symbol occurs in the pool in front of place i, modulo 256. `has` says
 * it of a token. */
static void pool_count(const struct p3_tables *tables, const uint8_t *has, uint8_t *before) {
  uint8_t sum = 0;
  for (uint32_t i = 0; i < tables->pool_count; i++) {
    before[i] = sum;
    sum = (uint8_t)(sum + has[tables->pool[i]]);
  }
  before[tables->pool_count] = sum;
}

_Static_assert(P3_PHRASE_TOKENS_MAX < 256, "what a phrase holds is known modulo 256");

/* Counts the symbol in every phrase: a phrase is a piece of the pool, and a difference of what is
 * in front of its ends takes no loop. Codes that no phrase has read as 0. */
static bool table_make(struct p3_cursor *c, struct p3_scan_table *table, uint16_t symbol) {
  const struct p3_tables *tables = &c->tables;
  uint32_t codes = 1u << tables->code_bits;
  uint8_t *counts = stage_resize(c->moves.ctx, STAGE_TREE, table->counts, codes);
  uint8_t *has = stage_allocate(c->moves.ctx, STAGE_TREE, (size_t)tables->token_count + tables->pool_count + 1);
  if (counts) table->counts = counts;
  if (!counts || !has) {
    stage_release(c->moves.ctx, STAGE_TREE, has);
    table->is_made = false;
    return false;
  }
  uint8_t *before = has + tables->token_count;
  for (uint32_t i = 0; i < tables->token_count; i++)
    has[i] = i != P3_ESCAPE && token_has(tables, tables->tokens[i], symbol);
  pool_count(tables, has, before);
  for (uint32_t p = 0; p < tables->phrase_count; p++) {
    const uint8_t *start = before + (tables->phrases[p] >> 8);
    counts[p] = (uint8_t)(start[tables->phrases[p] & 255] - *start);
  }
  memset(counts + tables->phrase_count, 0, codes - tables->phrase_count);
  stage_release(c->moves.ctx, STAGE_TREE, has);
  table->symbol = symbol;
  table->generation = c->tree.generation;
  table->phrase_count = tables->phrase_count;
  table->is_made = true;
  return true;
}

/* The counts of the open document's phrases, or NULL in *counts: the document is small, and phrase_count
 * tells. false: out of memory. */
static bool counts_of(struct p3_cursor *c, uint16_t symbol, const uint8_t **counts) {
  uint32_t language = c->tree.language;
  if (language >= c->scan_count) {
    struct p3_scan_table *scans = stage_resize(c->moves.ctx, STAGE_TREE, c->scans, (language + 1) * sizeof *scans);
    if (!scans) return false;
    memset(scans + c->scan_count, 0, (language + 1 - c->scan_count) * sizeof *scans);
    c->scans = scans;
    c->scan_count = language + 1;
  }
  struct p3_scan_table *table = &c->scans[language];
  bool is_known = table->is_made && table->symbol == symbol && table->generation == c->tree.generation &&
                  table->phrase_count == c->tables.phrase_count;
  bool is_small = c->tree.node_count < c->tables.pool_count;
  if (!is_known && !is_small && !table_make(c, table, symbol)) return false;
  *counts = is_known || !is_small ? table->counts : NULL;
  return true;
}

/* How often a phrase holds the symbol, by looking at its tokens; a code that no phrase has: 0. */
static uint32_t phrase_count(const struct p3_tables *tables, uint32_t phrase, uint16_t symbol) {
  if (phrase >= tables->phrase_count) return 0;
  const uint16_t *tokens = tables->pool + (tables->phrases[phrase] >> 8);
  uint32_t sum = 0;
  for (uint32_t i = 0; i < (tables->phrases[phrase] & 255); i++)
    sum += tokens[i] != P3_ESCAPE && token_has(tables, tables->tokens[tokens[i]], symbol);
  return sum;
}

/* Eight codes stand in `width` bytes, and four of them in the 8 bytes from where the first begins,
 * be it within a byte. With a width that the compiler knows, a code is a shift, a mask, a load
 * and an addition; two sums do not wait for each other. */
static inline __attribute__((always_inline)) uint32_t count_eights(const struct p3_tree *tree, const uint8_t *counts,
                                                                   uint32_t width) {
  const uint64_t mask = (UINT64_C(1) << width) - 1;
  const uint8_t *p = tree->codes;
  uint32_t even = 0, odd = 0;
  for (uint32_t left = tree->code_count / 8; left > 0; left--, p += width) {
    uint64_t low = p3_load64(p), high = p3_load64(p + 4 * width / 8) >> (4 * width & 7);
    for (uint32_t i = 0; i < 4; i += 2) {
      even += counts[low >> i * width & mask] + (uint32_t)counts[high >> i * width & mask];
      odd += counts[low >> (i + 1) * width & mask] + (uint32_t)counts[high >> (i + 1) * width & mask];
    }
  }
  return even + odd;
}

_Static_assert(P3_CODE_BITS_MIN == 8 && P3_CODE_BITS_MAX == 16, "count_codes knows each width");

static uint32_t count_codes(const struct p3_tree *tree, const uint8_t *counts) {
  uint32_t sum = 0, i = tree->code_count & ~7u;
  switch (tree->code_bits) {
    case 8:
      sum = count_eights(tree, counts, 8);
      break;
    case 9:
      sum = count_eights(tree, counts, 9);
      break;
    case 10:
      sum = count_eights(tree, counts, 10);
      break;
    case 11:
      sum = count_eights(tree, counts, 11);
      break;
    case 12:
      sum = count_eights(tree, counts, 12);
      break;
    case 13:
      sum = count_eights(tree, counts, 13);
      break;
    case 14:
      sum = count_eights(tree, counts, 14);
      break;
    case 15:
      sum = count_eights(tree, counts, 15);
      break;
    case 16:
      sum = count_eights(tree, counts, 16);
      break;
    default:
      i = 0;
      break;
  }
  for (; i < tree->code_count; i++) sum += counts[p3_code(tree, i)];
  return sum;
}

int p3_count_symbol(struct stage_cursor *cursor, uint16_t symbol, uint32_t *count) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  const uint8_t *counts;
  if (!counts_of(c, symbol, &counts)) return STAGE_OUT_OF_MEMORY;
  *count = counts ? count_codes(&c->tree, counts) : 0;
  for (uint32_t i = 0; !counts && i < c->tree.code_count; i++)
    *count += phrase_count(&c->tables, p3_code(&c->tree, i), symbol);
  for (uint32_t i = 0; i < c->tree.escape_count; i++)
    *count += token_has(&c->tables, p3_escaped_token(&c->tree, i), symbol);
  return STAGE_OK;
}

/* Whether the token that `at` is in front of is a node with the symbol. */
static bool is_at(const struct p3_cursor *c, struct p3_at at, uint16_t symbol) {
  return token_has(&c->tables, p3_next_token(&c->tables, &c->tree, &at), symbol);
}

/* The first code from `code` on whose phrase holds the symbol, escapes standing for any;
 * code_count: none does. */
static uint32_t next_code(const struct p3_cursor *c, const uint8_t *counts, uint16_t symbol, uint32_t code) {
  for (; code < c->tree.code_count; code++) {
    uint32_t phrase = p3_code(&c->tree, code);
    if (phrase == P3_ESCAPE || (counts ? counts[phrase] : phrase_count(&c->tables, phrase, symbol))) break;
  }
  return code;
}

/* The index of the next node with the symbol, from `at` on; UINT32_MAX: there is none. Blocks
 * without it are passed over whole: what a decoder knows in them is not needed. */
static uint32_t next_node(const struct p3_cursor *c, const uint8_t *counts, struct p3_at at, uint16_t symbol) {
  const struct p3_tree *tree = &c->tree;
  while (!p3_at_end(tree, &at)) {
    if (at.left == 0) {
      uint32_t code = next_code(c, counts, symbol, at.code), depth;
      if (code == tree->code_count) return UINT32_MAX;
      if (code / P3_BLOCK_CODES > at.code / P3_BLOCK_CODES) at = p3_at_block(tree, code / P3_BLOCK_CODES, &depth);
    }
    uint32_t node = at.node;
    if (is_at(c, at, symbol)) return node;
    struct tree_token token = p3_next_token(&c->tables, tree, &at);
    p3_token_over(&c->tables, tree, token, &at);
  }
  return UINT32_MAX;
}

bool p3_goto_next_symbol(struct stage_cursor *cursor, uint16_t symbol) {
  struct p3_cursor *c = (struct p3_cursor *)cursor;
  const uint8_t *counts;
  if (!counts_of(c, symbol, &counts)) {
    cursor->error = STAGE_OUT_OF_MEMORY;
    return false;
  }
  /* Behind the current node's own token: its children come next. */
  struct p3_at at = c->moves.spot.at;
  if (c->moves.spot.standing == TOKEN_AT_END) at = c->moves.frames[c->moves.spot.frame_count].after;
  uint32_t node = next_node(c, counts, at, symbol);
  return node != UINT32_MAX && token_goto_index(cursor, node);
}
