/* SPDX-License-Identifier: MIT
 *
 * estimate.c - see estimate.h: what is asked of the mixing model, and in which contexts.
 *
 * Kinds and paddings are numbered in order of first occurrence; the next number means a new one,
 * whose facts follow as plain Elias gamma codes (kinds: as evenly distributed). */
#include "estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mixing.h"

#define NO_KIND UINT32_MAX
#define HISTORY 4u /* leaves remembered */

/* ---- tables of what was met ---- */

/* Key to number, in order of first occurrence. Open addressing; number + 1, 0: free. */
struct numbering {
  uint64_t *keys;
  uint32_t *slots;
  uint32_t count, lg_slots;
};

static uint32_t slot_of(const struct numbering *table, uint64_t key) {
  uint32_t mask = (UINT32_C(1) << table->lg_slots) - 1, slot = (uint32_t)(mixing_hash(7, key) >> 32) & mask;
  while (table->slots[slot] && table->keys[table->slots[slot] - 1] != key) slot = (slot + 1) & mask;
  return slot;
}

static bool numbering_grow(struct numbering *table) {
  struct numbering grown = {.count = table->count, .lg_slots = table->lg_slots ? table->lg_slots + 1 : 10};
  grown.slots = calloc((size_t)1 << grown.lg_slots, sizeof *grown.slots);
  grown.keys = realloc(table->keys, ((size_t)1 << grown.lg_slots) / 2 * sizeof *grown.keys);
  if (grown.keys) table->keys = grown.keys;
  if (!grown.slots || !grown.keys) {
    free(grown.slots);
    return false;
  }
  for (uint32_t i = 0; i < grown.count; i++) grown.slots[slot_of(&grown, grown.keys[i])] = i + 1;
  free(table->slots);
  *table = grown;
  return true;
}

/* The key's number; *is_new: it has been given it just now. NO_KIND: out of memory. */
static uint32_t number_of(struct numbering *table, uint64_t key, bool *is_new) {
  *is_new = false;
  if (table->count >= ((UINT32_C(1) << table->lg_slots) / 2) && !numbering_grow(table)) return NO_KIND;
  uint32_t slot = slot_of(table, key);
  if (table->slots[slot]) return table->slots[slot] - 1;
  *is_new = true;
  table->keys[table->count] = key;
  return (table->slots[slot] = ++table->count) - 1;
}

static void numbering_free(struct numbering *table) {
  free(table->keys);
  free(table->slots);
}

/* ---- the model ---- */

/* An open node: what its descendants take as context. */
struct level {
  uint32_t kind;
  uint32_t siblings[3]; /* kinds of its last children, the last one first */
  uint32_t child_count;
  uint32_t start_column; /* of the node */
  uint32_t child_column; /* of its last child's start */
  uint32_t child_length; /* of its last child that was a named leaf */
};

struct leaf {
  uint32_t kind, length;
};

/* From a leaf's start to its end. */
struct span {
  uint32_t bytes, rows, column; /* column: of the end, where there are rows; else 0 */
};

enum question {
  ASK_KIND,
  ASK_CLOSE,
  ASK_PADDING,
  ASK_LENGTH,
  ASK_SAME_LENGTH,
  ASK_LINES,
  ASK_GAP,
  ASK_RARE,
  QUESTIONS
};

struct estimate_model {
  struct mixing_memory *memory;
  struct mixing_mixer *mixers[QUESTIONS];
  struct numbering kinds, paddings;
  struct span *fixed; /* by kind: of the last anonymous leaf */
  uint32_t fixed_room;
  double new_kind_bits;
  struct level *levels;
  uint32_t level_room, depth;
  struct leaf leaves[HISTORY]; /* the last ones, the last one first */
  uint32_t names[3];           /* lengths of the last named leaves */
  /* where the last token ended */
  uint32_t byte, row, column, indent;
  uint32_t last_padding; /* the last that was not the first */
};

void estimate_model_free(struct estimate_model *model) {
  if (!model) return;
  mixing_memory_free(model->memory);
  for (unsigned q = 0; q < QUESTIONS; q++) mixing_mixer_free(model->mixers[q]);
  numbering_free(&model->kinds);
  numbering_free(&model->paddings);
  free(model->fixed);
  free(model->levels);
  free(model);
}

/* What it costs to tell a kind that was never met: each of its facts as one of all there are. */
static double kind_facts_bits(const TSLanguage *grammar) {
  double symbols = ts_language_symbol_count(grammar) + 2.0; /* ERROR, and the one within it */
  double fields = ts_language_field_count(grammar) + 1.0;
  return 2 * log2(symbols) + log2(fields) + 6;
}

struct estimate_model *estimate_model_new(const TSLanguage *grammar, unsigned lg_lines) {
  struct estimate_model *model = calloc(1, sizeof *model);
  bool good = model != NULL;
  if (good) {
    model->memory = mixing_memory_new(lg_lines);
    good = model->memory != NULL;
    model->new_kind_bits = kind_facts_bits(grammar);
  }
  for (unsigned q = 0; good && q < QUESTIONS; q++) good = (model->mixers[q] = mixing_mixer_new()) != NULL;
  if (good) return model;
  estimate_model_free(model);
  return NULL;
}

/* ---- asking ---- */

struct asking {
  struct mixing_question question;
  enum question what;
};

static void ask_in(struct asking *asking, uint64_t context) {
  asking->question.contexts[asking->question.context_count++] = context;
}

/* Facts that make one context. */
#define CONTEXT(...) context_of((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
static uint64_t context_of(const uint32_t *facts, size_t count) {
  uint64_t hash = count;
  for (size_t i = 0; i < count; i++) hash = mixing_hash(hash, facts[i]);
  return hash;
}

static double answer(struct estimate_model *model, struct asking *asking, uint32_t number) {
  struct mixing_question *question = &asking->question;
  for (uint32_t i = 0; i < question->context_count; i++)
    question->contexts[i] = mixing_hash(question->contexts[i], (uint64_t)asking->what);
  question->set %= MIXING_SETS;
  return mixing_cost(model->memory, model->mixers[asking->what], question, number);
}

/* A number about which little is known, in two contexts. */
static double rare_number(struct estimate_model *model, uint32_t what, uint32_t kind, uint32_t number) {
  struct asking asking = {.what = ASK_RARE, .question = {.shape = MIXING_BALANCED, .set = what}};
  ask_in(&asking, CONTEXT(what));
  ask_in(&asking, CONTEXT(what, kind));
  return answer(model, &asking, number);
}

static double gamma_bits(uint32_t number) { return 2 * floor(log2((double)number + 1)) + 1; }

/* Numbers of either sign, small ones near 0. */
static uint32_t zigzag(int32_t number) { return (uint32_t)number << 1 ^ (uint32_t)(number >> 31); }
static uint32_t near(uint32_t a, uint32_t b) {
  int64_t difference = (int64_t)a - (int64_t)b;
  if (difference > 60) difference = 60;
  if (difference < -60) difference = -60;
  return (uint32_t)(difference + 60);
}
static uint32_t few(uint32_t number, uint32_t most) { return number < most ? number : most; }

static const struct level *above(const struct estimate_model *model, uint32_t up) {
  static const struct level nobody = {.kind = NO_KIND, .siblings = {NO_KIND, NO_KIND, NO_KIND}};
  return up <= model->depth ? &model->levels[model->depth - up] : &nobody;
}

/* ---- kinds ---- */

static uint64_t kind_key(const TSTreeCursor *at, TSNode node, bool is_leaf) {
  uint64_t flags = ts_node_is_named(node) | ts_node_is_extra(node) << 1 | ts_node_is_missing(node) << 2 |
                   ts_node_is_error(node) << 3 | ts_node_has_error(node) << 4 | is_leaf << 5;
  return ts_node_symbol(node) | (uint64_t)ts_node_grammar_symbol(node) << 16 |
         (uint64_t)ts_tree_cursor_current_field_id(at) << 32 | flags << 48;
}

/* The node is a child of the innermost open one. */
static double kind_cost(struct estimate_model *model, uint32_t kind, bool is_new) {
  const struct level *p = above(model, 1), *g = above(model, 2), *gg = above(model, 3);
  const uint32_t *s = p->siblings;
  const struct leaf *t = model->leaves;
  struct asking asking = {.what = ASK_KIND, .question = {.shape = MIXING_BALANCED, .set = p->kind}};
  ask_in(&asking, CONTEXT(p->kind, s[0]));
  ask_in(&asking, CONTEXT(p->kind, s[0], s[1]));
  ask_in(&asking, CONTEXT(p->kind, s[0], g->kind, g->siblings[0]));
  ask_in(&asking, CONTEXT(p->kind, s[0], s[1], s[2], g->kind));
  ask_in(&asking, CONTEXT(p->kind, s[0], g->kind, gg->kind, few(p->child_count, 8)));
  ask_in(&asking, CONTEXT(p->kind, s[0], t[0].kind, t[1].kind, t[2].kind));
  ask_in(&asking, CONTEXT(p->kind, s[0], t[0].kind, few(t[0].length, 40)));
  ask_in(&asking, CONTEXT(p->kind, s[0], s[1], model->names[0], t[0].kind, t[1].kind, t[1].length));
  ask_in(&asking, CONTEXT(p->kind, g->kind, gg->kind, g->siblings[0], g->siblings[1], s[0], s[1]));
  return answer(model, &asking, kind) + (is_new ? model->new_kind_bits : 0);
}

/* ---- paddings ---- */

/* From where the last token ended to (byte, point); goes there. */
static double padding_cost(struct estimate_model *model, uint32_t kind, uint32_t byte, TSPoint point,
                           struct fault *fault) {
  const struct level *p = above(model, 1), *g = above(model, 2);
  /* On one line: bytes, and columns beyond them. Across lines: rows, column to the last line's first
   * token, and bytes that are neither rows nor column. */
  uint32_t bytes = byte - model->byte, rows = point.row - model->row;
  uint32_t column = zigzag((int32_t)(point.column - (rows > 0 ? model->indent : model->column + bytes)));
  uint32_t surplus = zigzag((int32_t)(rows > 0 ? bytes - rows - point.column : bytes));
  bool is_new;
  uint64_t key = mixing_hash((uint64_t)surplus << 32 | rows, column);
  uint32_t number = number_of(&model->paddings, key, &is_new);
  if (number == NO_KIND) {
    fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the table of paddings");
    return 0;
  }
  uint32_t from_sibling = p->child_count > 0 ? near(p->child_column, model->indent) : 0;
  uint32_t from_parent = near(p->start_column, model->indent), first = p->child_count == 0;
  const struct leaf *t = model->leaves;
  struct asking asking = {.what = ASK_PADDING, .question = {.shape = MIXING_SKEWED, .set = kind}};
  ask_in(&asking, CONTEXT(kind, t[0].kind, first));
  ask_in(&asking, CONTEXT(kind, t[0].kind, p->kind, p->siblings[0]));
  ask_in(&asking, CONTEXT(kind, p->kind, p->siblings[0], from_sibling));
  if (!first) { /* a first child begins where its parent does, or nearly always */
    ask_in(&asking, CONTEXT(kind, t[0].kind, p->kind, from_sibling, from_parent));
    ask_in(&asking, CONTEXT(kind, p->kind, p->siblings[0], p->siblings[1], g->kind, model->last_padding));
    ask_in(&asking, CONTEXT(kind, t[0].kind, t[1].kind, t[2].kind, few(t[0].length, 60)));
    ask_in(&asking, CONTEXT(kind, p->kind, few(model->column, 100) / 4, p->siblings[0]));
  }
  double bits = answer(model, &asking, number);
  if (is_new) bits += gamma_bits(surplus) + gamma_bits(rows) + gamma_bits(column);
  if (number > 0) model->last_padding = number;
  if (rows > 0) model->indent = point.column;
  model->byte = byte;
  model->row = point.row;
  model->column = point.column;
  return bits;
}

/* ---- leaves ---- */

static double named_length_cost(struct estimate_model *model, uint32_t kind, uint32_t length) {
  const struct level *p = above(model, 1), *g = above(model, 2);
  const uint32_t *names = model->names;
  struct asking asking = {.what = ASK_LENGTH, .question = {.shape = MIXING_BALANCED, .set = kind}};
  ask_in(&asking, CONTEXT(kind));
  ask_in(&asking, CONTEXT(kind, p->kind, p->siblings[0]));
  ask_in(&asking, CONTEXT(kind, p->kind, names[0]));
  ask_in(&asking, CONTEXT(kind, p->kind, names[0], names[1]));
  ask_in(&asking, CONTEXT(kind, p->siblings[0], names[0], names[1], names[2]));
  ask_in(&asking, CONTEXT(kind, p->kind, p->siblings[0], p->siblings[1], g->kind, g->siblings[0]));
  ask_in(&asking, CONTEXT(kind, p->kind, p->siblings[0], p->child_length, g->child_length));
  ask_in(&asking, CONTEXT(kind, model->leaves[0].kind, model->leaves[1].kind, model->leaves[2].kind, names[0]));
  return answer(model, &asking, length);
}

static double lines_cost(struct estimate_model *model, uint32_t kind, const struct span *span) {
  uint32_t bytes = span->bytes;
  struct asking asking = {.what = ASK_LINES, .question = {.shape = MIXING_BIT}};
  ask_in(&asking, CONTEXT(kind));
  ask_in(&asking, CONTEXT(kind, bytes < 16 ? bytes : 32u - (uint32_t)__builtin_clz(bytes) + 16));
  double bits = answer(model, &asking, span->rows > 0);
  if (span->rows == 0) return bits;
  return bits + rare_number(model, 2, kind, span->rows) + rare_number(model, 3, kind, span->column);
}

/* Punctuation and keywords mostly have the length that their kind had last. */
static double fixed_cost(struct estimate_model *model, uint32_t kind, const struct span *span) {
  struct span *last = &model->fixed[kind];
  struct asking asking = {.what = ASK_SAME_LENGTH, .question = {.shape = MIXING_BIT}};
  bool same = last->bytes == span->bytes && last->rows == span->rows && last->column == span->column;
  ask_in(&asking, CONTEXT(kind));
  double bits = answer(model, &asking, !same);
  if (!same) bits += rare_number(model, 1, kind, span->bytes) + lines_cost(model, kind, span);
  *last = *span;
  return bits;
}

/* Where a leaf ends; goes there. */
static double leaf_cost(struct estimate_model *model, TSNode node, uint32_t kind) {
  TSPoint end = ts_node_end_point(node);
  struct span span = {ts_node_end_byte(node) - model->byte, end.row - model->row, 0};
  uint32_t length = span.bytes;
  bool is_named = ts_node_is_named(node);
  if (span.rows > 0) span.column = end.column;
  double bits = is_named ? named_length_cost(model, kind, length) + lines_cost(model, kind, &span)
                         : fixed_cost(model, kind, &span);
  model->byte += length;
  model->row = end.row;
  model->column = end.column;
  memmove(model->leaves + 1, model->leaves, (HISTORY - 1) * sizeof *model->leaves);
  model->leaves[0] = (struct leaf){kind, length};
  if (is_named) {
    model->names[2] = model->names[1];
    model->names[1] = model->names[0];
    model->names[0] = few(length, 255);
    model->levels[model->depth - 1].child_length = few(length, 255);
  }
  return bits;
}

/* ---- ends ---- */

/* Whether the innermost open node ends here. */
static double close_cost(struct estimate_model *model, bool ends) {
  const struct level *p = above(model, 1), *g = above(model, 2);
  const uint32_t *s = p->siblings;
  struct asking asking = {.what = ASK_CLOSE, .question = {.shape = MIXING_BIT, .set = p->kind}};
  ask_in(&asking, CONTEXT(p->kind, s[0]));
  ask_in(&asking, CONTEXT(p->kind, s[0], s[1]));
  ask_in(&asking, CONTEXT(p->kind, s[0], s[1], g->kind, g->siblings[0]));
  ask_in(&asking, CONTEXT(p->kind, s[0], s[1], s[2], g->kind, few(p->child_count, 15)));
  ask_in(&asking, CONTEXT(p->kind, s[0], model->leaves[0].kind, model->leaves[1].kind, model->leaves[2].kind));
  ask_in(&asking, CONTEXT(p->kind, few(p->child_count, 63), g->kind));
  return answer(model, &asking, ends);
}

/* The node ends behind its last child: a hidden token lies between. */
static double gap_cost(struct estimate_model *model, TSNode node, uint32_t kind) {
  TSPoint end = ts_node_end_point(node);
  uint32_t bytes = ts_node_end_byte(node) - model->byte, rows = end.row - model->row;
  struct asking asking = {.what = ASK_GAP, .question = {.shape = MIXING_BIT}};
  ask_in(&asking, CONTEXT(kind));
  ask_in(&asking, CONTEXT(kind, model->leaves[0].kind));
  ask_in(&asking, CONTEXT(kind, above(model, 2)->kind, model->leaves[0].kind));
  double bits = answer(model, &asking, bytes > 0);
  if (bytes == 0) return bits;
  bits += rare_number(model, 4, kind, bytes) + rare_number(model, 5, kind, rows);
  if (rows > 0) bits += rare_number(model, 6, kind, end.column);
  model->byte += bytes;
  model->row = end.row;
  model->column = end.column;
  return bits;
}

/* ---- a tree ---- */

static bool out_of_memory(struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the model of a language");
}

static bool make_room(struct estimate_model *model, uint32_t kind, struct fault *fault) {
  if (model->depth + 1 >= model->level_room) {
    uint32_t room = 2 * model->level_room + 64;
    struct level *levels = realloc(model->levels, room * sizeof *levels);
    if (!levels) return out_of_memory(fault);
    model->levels = levels;
    model->level_room = room;
  }
  if (kind < model->fixed_room) return true;
  uint32_t room = 2 * kind + 64;
  struct span *fixed = realloc(model->fixed, room * sizeof *fixed);
  if (!fixed) return out_of_memory(fault);
  memset(fixed + model->fixed_room, 0, (room - model->fixed_room) * sizeof *fixed);
  model->fixed = fixed;
  model->fixed_room = room;
  return true;
}

/* The node under the cursor, up to where it begins, or to its end where it is a leaf. Its level is
 * the innermost one from then on. */
static bool enter(struct estimate_model *model, const TSTreeCursor *at, bool is_leaf, struct estimate_bits *bits,
                  struct fault *fault) {
  TSNode node = ts_tree_cursor_current_node(at);
  bool is_new;
  uint32_t byte = ts_node_start_byte(node), kind = number_of(&model->kinds, kind_key(at, node, is_leaf), &is_new);
  if (kind == NO_KIND) return out_of_memory(fault);
  if (!make_room(model, kind, fault)) return false;
  TSPoint start = ts_node_start_point(node);
  if (byte < model->byte || start.row < model->row || ts_node_end_byte(node) < byte)
    return fault_set(fault, EXIT_CODE_INPUT, "a node begins at byte %u, before byte %u where the one before it ends",
                     byte, model->byte);
  bits->node_count++;
  bits->of[ESTIMATE_KINDS] += kind_cost(model, kind, is_new);
  bits->of[ESTIMATE_PADDINGS] += padding_cost(model, kind, byte, start, fault);
  if (is_leaf && model->depth > 0) bits->of[ESTIMATE_LENGTHS] += leaf_cost(model, node, kind);
  model->levels[model->depth++] =
      (struct level){.kind = kind, .siblings = {NO_KIND, NO_KIND, NO_KIND}, .start_column = start.column};
  if (is_leaf && model->depth == 1) bits->of[ESTIMATE_LENGTHS] += leaf_cost(model, node, kind); /* the root alone */
  return fault->code == EXIT_CODE_OK;
}

/* Ends the innermost level, which becomes a child of the one around it. */
static void leave(struct estimate_model *model) {
  const struct level child = model->levels[--model->depth];
  if (model->depth == 0) return;
  struct level *parent = &model->levels[model->depth - 1];
  parent->siblings[2] = parent->siblings[1];
  parent->siblings[1] = parent->siblings[0];
  parent->siblings[0] = child.kind;
  parent->child_column = child.start_column;
  parent->child_count++;
}

/* The innermost level's node is over; ends each ancestor that is over, too. False: so is the root. */
static bool go_on(struct estimate_model *model, TSTreeCursor *at, struct estimate_bits *bits) {
  leave(model);
  while (model->depth > 0) {
    bool more = ts_tree_cursor_goto_next_sibling(at);
    bits->of[ESTIMATE_CLOSES] += close_cost(model, !more);
    if (more) return true;
    ts_tree_cursor_goto_parent(at);
    uint32_t kind = model->levels[model->depth - 1].kind;
    bits->of[ESTIMATE_PADDINGS] += gap_cost(model, ts_tree_cursor_current_node(at), kind);
    leave(model);
  }
  return false;
}

static void begin_document(struct estimate_model *model) {
  model->depth = 0;
  model->byte = model->row = model->column = model->indent = model->last_padding = 0;
  for (unsigned i = 0; i < HISTORY; i++) model->leaves[i] = (struct leaf){NO_KIND, 0};
  memset(model->names, 0, sizeof model->names);
}

bool estimate_add(struct estimate_model *model, const TSTree *tree, struct estimate_bits *bits, struct fault *fault) {
  TSTreeCursor at = ts_tree_cursor_new(ts_tree_root_node(tree));
  bool good = true;
  begin_document(model);
  for (bool more = true; good && more;) {
    bool is_leaf = ts_node_child_count(ts_tree_cursor_current_node(&at)) == 0;
    good = enter(model, &at, is_leaf, bits, fault);
    if (!good) break;
    more = is_leaf ? go_on(model, &at, bits) : ts_tree_cursor_goto_first_child(&at);
  }
  ts_tree_cursor_delete(&at);
  return good;
}

static const struct {
  const char *key, *text;
} parts[ESTIMATE_PART_COUNT] = {
#define X(name, key, text) {key, text},
    ESTIMATE_PARTS(X)
#undef X
};

const char *estimate_part_key(enum estimate_part part) { return parts[part].key; }
const char *estimate_part_text(enum estimate_part part) { return parts[part].text; }
