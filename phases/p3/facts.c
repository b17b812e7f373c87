/* SPDX-License-Identifier: MIT
 *
 * facts.c - what phrases do to a decoder's state, computed by decoding them once with all
 * numbers 0. */
#include "coding.h"

/* A phrase's facts in the making, in numbers wide enough for any phrase. */
struct sums {
  int32_t fixed, tail, indent;
  uint32_t rows, newlines, nodes, numbers, tail_numbers, contexts;
  int32_t depth, depth_min, node_min;
};

static void padding_add(struct sums *sums, struct tree_row row, const struct tree_padding *paddings) {
  if (!(row.flags & ROW_NEWLINE)) {
    sums->fixed += row.advance;
    sums->tail += row.advance;
    return;
  }
  const struct tree_padding *pad = &paddings[row.pad];
  sums->indent += pad->column_delta;
  sums->fixed += pad->rows + pad->surplus + sums->indent;
  sums->rows += pad->rows;
  sums->newlines++;
  sums->tail = 0;
  sums->tail_numbers = 0;
}

static void leaf_add(struct sums *sums, struct tree_row row) {
  if (!(row.flags & ROW_LENGTH)) {
    sums->fixed += row.length;
    sums->tail += row.length;
    return;
  }
  if (sums->numbers < P3_FACTS_NUMBERS_MAX) sums->contexts |= (uint32_t)row.length << (3 * sums->numbers);
  sums->numbers++;
  sums->tail_numbers++;
}

static void row_add(struct sums *sums, struct tree_row row, const struct tree_padding *paddings) {
  padding_add(sums, row, paddings);
  if (!(row.flags & ROW_GAP)) {
    if (sums->depth < sums->node_min) sums->node_min = sums->depth;
    sums->nodes++;
  }
  if (row.flags & ROW_LEAF) leaf_add(sums, row);
  sums->depth += row.flags & (ROW_LEAF | ROW_GAP) ? -(int32_t)row.closes : 1;
  if (sums->depth < sums->depth_min) sums->depth_min = sums->depth;
}

static bool fits(const struct sums *s) {
  return s->numbers <= P3_FACTS_NUMBERS_MAX && s->newlines <= 7 && s->fixed >= -1024 && s->fixed <= 1023 &&
         s->indent >= -128 && s->indent <= 127 && s->tail >= 0 && s->tail <= 255 && s->rows <= 31 && s->nodes <= 127 &&
         s->depth >= -128 && s->depth <= 127 && s->depth_min >= -128 && s->node_min >= -128;
}

static struct p3_facts facts_of(const struct p3_coding *coding, uint32_t phrase, const struct tree_padding *paddings) {
  struct sums s = {.depth_min = 127, .node_min = 127};
  const uint16_t *rows = coding->pool + (coding->phrases[phrase] >> 8);
  for (uint32_t i = 0; i < (coding->phrases[phrase] & 255); i++) {
    struct tree_row row = coding->rows[rows[i]];
    if (rows[i] == P3_ESCAPE || (row.flags & (ROW_EXPLICIT | ROW_LINES))) return (struct p3_facts){.is_complex = 1};
    row_add(&s, row, paddings);
  }
  if (!fits(&s)) return (struct p3_facts){.is_complex = 1};
  return (struct p3_facts){.contexts = s.contexts, .numbers = s.numbers, .tail_numbers = s.tail_numbers,
                           .newlines = s.newlines, .fixed = s.fixed, .indent = s.indent,
                           .fixed_tail = (uint32_t)s.tail, .rows = s.rows, .nodes = s.nodes, .net = s.depth,
                           .depth_min = s.depth_min, .node_min = s.node_min};
}

int p3_facts_make(const struct stage_ctx *ctx, struct p3_coding *coding, const struct tree_padding *paddings) {
  coding->facts = stage_allocate(ctx, STAGE_TREE, coding->phrase_count * sizeof *coding->facts);
  if (!coding->facts) return STAGE_OUT_OF_MEMORY;
  for (uint32_t p = 0; p < coding->phrase_count; p++) coding->facts[p] = facts_of(coding, p, paddings);
  return STAGE_OK;
}
