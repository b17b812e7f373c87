/* SPDX-License-Identifier: MIT
 *
 * random.c - the part of the proof that jumps within a tree: goto_index, and from there
 * every move that the walk in step (proof.c) does not make.
 *
 * Where tree-sitter has the same function and it can be relied upon, the answer is
 * held against it; else against what the move means, told with the preorder index i,
 * depth and descendant count d of nodes that TSTreeCursor is put on by index:
 *
 *   previous sibling p of i   p + d(p) = i, at the same depth; none: i - 1 is the parent
 *   last child c of i         c + d(c) = i + d(i), one deeper
 *   first child c for byte b  a child of i that ends after b, while the one before it does not
 *   descendant for [s, e]     s < e: ts_node_descendant_for_byte_range, or _point_range. s = e: the descent
 *                             by visible children, since there tree-sitter's search ends in zero-width
 *                             tokens which are hidden and so in no stage's tree
 *   next node of a symbol,    a list of all symbols of the tree in preorder, written by a plain pass
 *   count of a symbol
 *
 * Points, and scanning by symbol, are compared where the codec has the hooks.
 *
 * (ts_tree_cursor_goto_previous_sibling of 0.25 loses the field and stops at every 256th
 * child, so nothing is held against it; phases/baseline/cursor.c tells more.) */
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "internal.h"
#include "system/heap.h"

#define SAMPLES_MIN 12u
#define SAMPLES_MAX 200u
#define NODES_PER_SAMPLE 2000u
#define CHILDREN_TRIED_MAX 1000u /* goto_child(n) is linear in n for some */
#define CHAIN_MAX 1000u          /* parents followed up, for all samples but the first */
#define SCAN_CHILDREN_MAX 20000u /* beyond these, a descent by visible children is not compared */

struct probe_at {
  struct proof *proof;
  TSTreeCursor at; /* the expected side */
  struct random_stream stream;
  uint32_t node_count;
  uint16_t *symbols; /* by preorder index; NULL: the codec does not scan by symbol */
  /* the node that moves start from */
  uint32_t index, depth;
  struct stage_head head;
  struct stage_extent extent;
};

/* Puts the expected side on node `index`. */
static TSNode expected_node(struct probe_at *probe, uint32_t index) {
  ts_tree_cursor_goto_descendant(&probe->at, index);
  return ts_tree_cursor_current_node(&probe->at);
}

static uint32_t expected_depth(struct probe_at *probe) { return ts_tree_cursor_current_depth(&probe->at); }

/* Is the codec's cursor on node `index` at `depth`, with all facts of it? Leaves the expected
 * side there. */
static bool stands_on(struct probe_at *probe, const char *move, uint32_t index, uint32_t depth) {
  struct proof *proof = probe->proof;
  const struct stage_cursor *cursor = proof->cursor;
  if (cursor->head.index != index) return proof_differs(proof, probe->index, move, index, cursor->head.index);
  TSNode node = expected_node(probe, index);
  struct stage_head head;
  struct stage_extent expected, found;
  proof_read_head(&probe->at, node, index, &head);
  proof_read_extent(node, &expected);
  int error = proof->codec->extent(proof->cursor, &found);
  if (error) return proof_failed_hook(proof, index, "extent", error);
  if (!proof_compare_head(proof, move, &head, &cursor->head) ||
      !proof_compare_extent(proof, move, index, &expected, &found))
    return false;
  char fact[64];
  snprintf(fact, sizeof fact, "%s: depth", move);
  return cursor->depth == depth || proof_differs(proof, index, fact, depth, cursor->depth);
}

/* Checks whether a move was made at all; an error of the cursor is a mismatch. */
static bool answered(struct probe_at *probe, const char *move, bool expected, bool found) {
  struct proof *proof = probe->proof;
  proof->moves_compared++;
  if (!found && proof->cursor->error) return proof_failed_hook(proof, probe->index, move, proof->cursor->error);
  return expected == found || proof_differs(proof, probe->index, move, expected, found);
}

/* Back to where the sample stands; a refused move must have left the cursor there. */
static bool back(struct probe_at *probe, const char *move, bool moved) {
  struct proof *proof = probe->proof;
  if (!moved) return stands_on(probe, move, probe->index, probe->depth);
  return answered(probe, "goto_index", true, proof->codec->goto_index(proof->cursor, probe->index)) &&
         stands_on(probe, "goto_index", probe->index, probe->depth);
}

static bool reached(struct probe_at *probe, const char *move, bool found, bool exists, uint32_t index, uint32_t depth) {
  return answered(probe, move, exists, found) && (!exists || stands_on(probe, move, index, depth)) &&
         back(probe, move, found);
}

/* ---- siblings and children ---- */

static bool previous_sibling(struct probe_at *probe) {
  struct proof *proof = probe->proof;
  expected_node(probe, probe->index);
  bool exists =
      ts_tree_cursor_goto_parent(&probe->at) && ts_tree_cursor_current_descendant_index(&probe->at) + 1 < probe->index;
  uint32_t index = 0;
  if (exists) { /* the node before ours lies in our previous sibling */
    expected_node(probe, probe->index - 1);
    for (uint32_t depth = expected_depth(probe); depth > probe->depth; depth--) ts_tree_cursor_goto_parent(&probe->at);
    index = ts_tree_cursor_current_descendant_index(&probe->at);
  }
  return reached(probe, "goto_previous_sibling", proof->codec->goto_previous_sibling(proof->cursor), exists, index,
                 probe->depth);
}

static bool last_child(struct probe_at *probe) {
  struct proof *proof = probe->proof;
  expected_node(probe, probe->index);
  bool exists = ts_tree_cursor_goto_last_child(&probe->at);
  uint32_t index = ts_tree_cursor_current_descendant_index(&probe->at);
  TSNode child = ts_tree_cursor_current_node(&probe->at);
  if (exists && index + ts_node_descendant_count(child) != probe->index + probe->extent.descendant_count)
    return proof_differs(proof, probe->index, "tree-sitter: last child ends with its parent", 1, 0);
  return reached(probe, "goto_last_child", proof->codec->goto_last_child(proof->cursor), exists, index,
                 probe->depth + 1);
}

/* Puts the expected side on child n; false: there is none. */
static bool expected_child(struct probe_at *probe, uint32_t n) {
  expected_node(probe, probe->index);
  if (!ts_tree_cursor_goto_first_child(&probe->at)) return false;
  while (n-- > 0) {
    if (!ts_tree_cursor_goto_next_sibling(&probe->at)) return false;
  }
  return true;
}

static bool child(struct probe_at *probe) {
  struct proof *proof = probe->proof;
  uint32_t count = probe->extent.child_count;
  if (!reached(probe, "goto_child beyond the last", proof->codec->goto_child(proof->cursor, count), false, 0, 0))
    return false;
  if (count == 0) return true;
  uint32_t n = (uint32_t)random_below(&probe->stream, count < CHILDREN_TRIED_MAX ? count : CHILDREN_TRIED_MAX);
  bool exists = expected_child(probe, n);
  uint32_t index = ts_tree_cursor_current_descendant_index(&probe->at);
  return reached(probe, "goto_child", proof->codec->goto_child(proof->cursor, n), exists, index, probe->depth + 1);
}

/* The first child with `field` among the first CHILDREN_TRIED_MAX. */
static bool expected_field(struct probe_at *probe, TSFieldId field, bool *knows) {
  expected_node(probe, probe->index);
  *knows = true;
  if (!ts_tree_cursor_goto_first_child(&probe->at)) return false;
  for (uint32_t i = 0; i < CHILDREN_TRIED_MAX; i++) {
    if (ts_tree_cursor_current_field_id(&probe->at) == field) return true;
    if (!ts_tree_cursor_goto_next_sibling(&probe->at)) return false;
  }
  *knows = false;
  return false;
}

static bool child_by_field(struct probe_at *probe, uint16_t field) {
  struct proof *proof = probe->proof;
  bool knows, exists = expected_field(probe, field, &knows);
  if (!knows || field == 0) return true;
  uint32_t index = ts_tree_cursor_current_descendant_index(&probe->at);
  return reached(probe, "goto_child_by_field", proof->codec->goto_child_by_field(proof->cursor, field), exists, index,
                 probe->depth + 1);
}

/* A field that a child has, and one drawn from all that the language has. */
static bool fields(struct probe_at *probe) {
  uint32_t count = probe->extent.child_count;
  uint16_t field = 0;
  if (count > 0 && expected_child(probe, (uint32_t)random_below(
                                             &probe->stream, count < CHILDREN_TRIED_MAX ? count : CHILDREN_TRIED_MAX)))
    field = ts_tree_cursor_current_field_id(&probe->at);
  uint32_t field_count = ts_language_field_count(probe->proof->document->grammar);
  return child_by_field(probe, field) &&
         child_by_field(probe, (uint16_t)(1 + random_below(&probe->stream, field_count)));
}

/* ---- bytes ---- */

static bool child_for_byte(struct probe_at *probe, uint32_t byte) {
  struct proof *proof = probe->proof;
  static const char move[] = "goto_first_child_for_byte";
  bool found = proof->codec->goto_first_child_for_byte(proof->cursor, byte);
  expected_node(probe, probe->index);
  bool exists =
      ts_tree_cursor_goto_last_child(&probe->at) && ts_node_end_byte(ts_tree_cursor_current_node(&probe->at)) > byte;
  if (!answered(probe, move, exists, found) || !found) return back(probe, move, found);
  uint32_t index = proof->cursor->head.index;
  if (index <= probe->index || index >= probe->index + probe->extent.descendant_count)
    return proof_differs(proof, probe->index, "goto_first_child_for_byte: index", probe->index + 1, index);
  if (!stands_on(probe, move, index, probe->depth + 1)) return false;
  TSNode node = ts_tree_cursor_current_node(&probe->at);
  if (expected_depth(probe) != probe->depth + 1)
    return proof_differs(proof, index, "goto_first_child_for_byte: depth", probe->depth + 1, expected_depth(probe));
  if (ts_node_end_byte(node) <= byte)
    return proof_differs(proof, index, "goto_first_child_for_byte: ends after byte", byte, ts_node_end_byte(node));
  if (index > probe->index + 1) { /* the child before it must not end after the byte */
    expected_node(probe, index - 1);
    for (uint32_t depth = expected_depth(probe); depth > probe->depth + 1; depth--)
      ts_tree_cursor_goto_parent(&probe->at);
    node = ts_tree_cursor_current_node(&probe->at);
    if (ts_node_end_byte(node) > byte)
      return proof_differs(proof, probe->index, "goto_first_child_for_byte: an earlier child ends after byte",
                           ts_tree_cursor_current_descendant_index(&probe->at), index);
  }
  return back(probe, move, found);
}

/* ---- ranges, of bytes or of points ---- */

/* A place is a byte, or row * 2^32 + column: both in the order of the text. */
struct range {
  bool by_points;
  uint64_t start, end;
};

static uint64_t place_of_point(TSPoint point) { return (uint64_t)point.row << 32 | point.column; }
static TSPoint point_at(uint64_t place) { return (TSPoint){(uint32_t)(place >> 32), (uint32_t)place}; }
static uint64_t start_of(const struct range *range, TSNode node) {
  return range->by_points ? place_of_point(ts_node_start_point(node)) : ts_node_start_byte(node);
}
static uint64_t end_of(const struct range *range, TSNode node) {
  return range->by_points ? place_of_point(ts_node_end_point(node)) : ts_node_end_byte(node);
}

static TSNode tree_sitter_descendant(const struct range *range, TSNode node) {
  if (range->by_points) return ts_node_descendant_for_point_range(node, point_at(range->start), point_at(range->end));
  return ts_node_descendant_for_byte_range(node, (uint32_t)range->start, (uint32_t)range->end);
}

static bool goto_descendant(const struct proof *proof, const struct range *range) {
  if (range->by_points)
    return proof->codec->goto_descendant_for_points(proof->cursor, point_at(range->start), point_at(range->end));
  return proof->codec->goto_descendant_for_bytes(proof->cursor, (uint32_t)range->start, (uint32_t)range->end);
}

/* The child to descend into, by visible children; false: none, or (*gave_up) too many to look at. */
static bool visible_child_for(TSTreeCursor *at, const struct range *range, uint32_t *looked_at, bool *gave_up) {
  if (!ts_tree_cursor_goto_first_child(at)) return false;
  do {
    TSNode node = ts_tree_cursor_current_node(at);
    uint64_t node_start = start_of(range, node), node_end = end_of(range, node);
    *gave_up = ++*looked_at > SCAN_CHILDREN_MAX;
    if (*gave_up) return false;
    bool is_empty = node_start == node_end;
    if (node_end < range->end || (is_empty ? node_end < range->start : node_end <= range->start)) continue;
    if (node_start <= range->start) return true;
    break;
  } while (ts_tree_cursor_goto_next_sibling(at));
  ts_tree_cursor_goto_parent(at);
  return false;
}

/* start = end, below the sample's node. */
static bool descendant_for_place(struct probe_at *probe, const struct range *range) {
  const char *move =
      range->by_points ? "goto_descendant_for_points, empty range" : "goto_descendant_for_bytes, empty range";
  uint32_t looked_at = 0;
  bool gave_up = false;
  expected_node(probe, probe->index);
  while (visible_child_for(&probe->at, range, &looked_at, &gave_up)) {
  }
  if (gave_up) return true;
  uint32_t index = ts_tree_cursor_current_descendant_index(&probe->at), depth = expected_depth(probe);
  return reached(probe, move, goto_descendant(probe->proof, range), true, index, depth);
}

/* start < end; start is in the sample's node. */
static bool descendant_for_range(struct probe_at *probe, const struct range *range) {
  struct proof *proof = probe->proof;
  const char *move = range->by_points ? "goto_descendant_for_points" : "goto_descendant_for_bytes";
  char fact[96];
  TSNode node = expected_node(probe, probe->index), want = tree_sitter_descendant(range, node);
  bool exists = range->end <= end_of(range, node), found = goto_descendant(proof, range);
  if (!answered(probe, move, exists, found)) return false;
  if (!exists) return back(probe, move, false);
  uint32_t index = proof->cursor->head.index;
  snprintf(fact, sizeof fact, "%s: index", move);
  if (index < probe->index || index >= probe->index + probe->extent.descendant_count)
    return proof_differs(proof, probe->index, fact, probe->index, index);
  snprintf(fact, sizeof fact, "%s: another node; descendants of the one expected", move);
  if (!ts_node_eq(expected_node(probe, index), want))
    return proof_differs(proof, probe->index, fact, ts_node_descendant_count(want),
                         ts_node_descendant_count(ts_tree_cursor_current_node(&probe->at)));
  return stands_on(probe, move, index, expected_depth(probe)) && back(probe, move, found);
}

/* The point of a byte in the sample's node, as tree-sitter counts rows and columns. */
static uint64_t place_of_byte(const struct probe_at *probe, uint32_t byte) {
  const char *text = probe->proof->document->text;
  TSPoint point = {probe->head.start_row, probe->head.start_column};
  uint32_t at = probe->head.start_byte;
  for (const char *line; at < byte && (line = memchr(text + at, '\n', byte - at)) != NULL; point.row++) {
    at = (uint32_t)(line - text) + 1;
    point.column = 0;
  }
  point.column += byte - at;
  return place_of_point(point);
}

/* Bytes a < b of the sample's node as points, the place a itself, and from there to where no line
 * ends any more: what an editor asks for with the rest of a line. */
static bool point_ranges(struct probe_at *probe, uint32_t a, uint32_t b) {
  if (!probe->proof->codec->goto_descendant_for_points) return true;
  struct range range = {true, place_of_byte(probe, a), place_of_byte(probe, b)};
  struct range place = {true, range.start, range.start}, line = {true, range.start, range.start | UINT32_MAX};
  return (range.start == range.end || descendant_for_range(probe, &range)) && descendant_for_place(probe, &place) &&
         descendant_for_range(probe, &line);
}

static bool ranges(struct probe_at *probe) {
  uint32_t start = probe->head.start_byte, length = probe->extent.end_byte - start;
  uint32_t a = start + (uint32_t)random_below(&probe->stream, (uint64_t)length + 1);
  uint32_t b = start + (uint32_t)random_below(&probe->stream, (uint64_t)length + 1);
  if (a > b) {
    uint32_t kept = a;
    a = b;
    b = kept;
  }
  const struct range place = {false, a, a}, range = {false, a, b}, byte = {false, a, (uint64_t)a + 1};
  return child_for_byte(probe, a) && child_for_byte(probe, UINT32_MAX) && descendant_for_place(probe, &place) &&
         (a == b || descendant_for_range(probe, &range)) &&
         (length == 0 || a == start + length || descendant_for_range(probe, &byte)) && point_ranges(probe, a, b);
}

/* ---- symbols ---- */

/* Writes the list of symbols. */
static bool read_symbols(struct probe_at *probe) {
  TSTreeCursor *at = &probe->at;
  probe->symbols = heap_allocate(probe->proof->heap, probe->node_count * sizeof *probe->symbols);
  if (!probe->symbols) return false;
  uint32_t n = 0;
  expected_node(probe, 0);
  for (bool more = true; more && n < probe->node_count;) {
    probe->symbols[n++] = ts_node_symbol(ts_tree_cursor_current_node(at));
    more = ts_tree_cursor_goto_first_child(at);
    while (!more && !(more = ts_tree_cursor_goto_next_sibling(at)) && ts_tree_cursor_goto_parent(at)) {
    }
  }
  return n == probe->node_count;
}

static bool next_symbol(struct probe_at *probe, uint16_t symbol) {
  struct proof *proof = probe->proof;
  uint32_t index = probe->index + 1, depth = 0;
  while (index < probe->node_count && probe->symbols[index] != symbol) index++;
  bool exists = index < probe->node_count;
  if (exists) {
    expected_node(probe, index);
    depth = expected_depth(probe);
  }
  return reached(probe, "goto_next_symbol", proof->codec->goto_next_symbol(proof->cursor, symbol), exists, index,
                 depth);
}

static bool symbol_count(struct probe_at *probe, uint16_t symbol) {
  struct proof *proof = probe->proof;
  uint32_t expected = 0, found = 0;
  for (uint32_t i = 0; i < probe->node_count; i++) expected += probe->symbols[i] == symbol;
  int error = proof->codec->count_symbol(proof->cursor, symbol, &found);
  proof->moves_compared++;
  if (error) return proof_failed_hook(proof, probe->index, "count_symbol", error);
  return (expected == found || proof_differs(proof, probe->index, "count_symbol", expected, found)) &&
         back(probe, "count_symbol", false);
}

/* The sample's own symbol, and one drawn from all that the language has. */
static bool symbols(struct probe_at *probe) {
  const struct proof *proof = probe->proof;
  if (!probe->symbols) return true;
  uint16_t own = probe->head.symbol;
  uint16_t any = (uint16_t)random_below(&probe->stream, ts_language_symbol_count(proof->document->grammar));
  if (proof->codec->goto_next_symbol && (!next_symbol(probe, own) || !next_symbol(probe, any))) return false;
  return !proof->codec->count_symbol || (symbol_count(probe, own) && symbol_count(probe, any));
}

/* ---- up ---- */

static bool parents(struct probe_at *probe, bool all) {
  struct proof *proof = probe->proof;
  expected_node(probe, probe->index);
  for (uint32_t up = 0; all || up < CHAIN_MAX; up++) {
    bool exists = ts_tree_cursor_goto_parent(&probe->at);
    bool found = proof->codec->goto_parent(proof->cursor);
    if (!answered(probe, "goto_parent", exists, found)) return false;
    if (!exists) { /* refused at the root, and still there */
      if (!stands_on(probe, "goto_parent", 0, 0)) return false;
      break;
    }
    struct stage_head head;
    TSNode node = ts_tree_cursor_current_node(&probe->at);
    proof_read_head(&probe->at, node, ts_tree_cursor_current_descendant_index(&probe->at), &head);
    if (!proof_compare_head(proof, "goto_parent", &head, &proof->cursor->head)) return false;
    if (proof->cursor->depth != probe->depth - up - 1)
      return proof_differs(proof, head.index, "goto_parent: depth", probe->depth - up - 1, proof->cursor->depth);
  }
  return back(probe, "goto_parent", true);
}

/* ---- samples ---- */

static bool sample(struct probe_at *probe, uint32_t index, bool all_parents) {
  struct proof *proof = probe->proof;
  TSNode node = expected_node(probe, index);
  probe->index = index;
  probe->depth = expected_depth(probe);
  proof_read_head(&probe->at, node, index, &probe->head);
  proof_read_extent(node, &probe->extent);
  return back(probe, "goto_index", true) && previous_sibling(probe) && last_child(probe) && child(probe) &&
         fields(probe) && ranges(probe) && symbols(probe) && parents(probe, all_parents) &&
         reached(probe, "goto_index beyond the last", proof->codec->goto_index(proof->cursor, probe->node_count), false,
                 0, 0);
}

/* The root, then nodes drawn at random. */
static bool samples(struct probe_at *probe) {
  uint32_t count = SAMPLES_MIN + probe->node_count / NODES_PER_SAMPLE;
  if (count > SAMPLES_MAX) count = SAMPLES_MAX;
  bool good = sample(probe, 0, true);
  for (uint32_t i = 0; good && i < count; i++)
    good = sample(probe, (uint32_t)random_below(&probe->stream, probe->node_count), i == 0);
  return good;
}

bool proof_random_access(struct proof *proof, struct fault *fault) {
  TSNode root = ts_tree_root_node(proof->document->tree);
  struct probe_at probe = {
      .proof = proof, .at = ts_tree_cursor_new(root), .node_count = ts_node_descendant_count(root)};
  probe.stream = random_stream_for(proof->seed, RANDOM_PROOF, proof->document->id);
  bool scans = proof->codec->goto_next_symbol || proof->codec->count_symbol;
  bool good = !scans || read_symbols(&probe);
  if (good) {
    samples(&probe);
  } else {
    fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while its symbols were listed for the proof",
              proof->document->path);
  }
  heap_release(proof->heap, probe.symbols);
  ts_tree_cursor_delete(&probe.at);
  return good;
}
