/* SPDX-License-Identifier: MIT
 *
 * proof.c - see proof.h: compares sources, names, the batch walk and the walk by moves, and tells what
 * was found. compare.c has the comparison of facts and keeps the count, random.c all other moves. */
#include "proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "base/json_out.h"
#include "internal.h"
#include "system/heap.h"

#define BATCH_NODES 1024u
#define SMALL_TREE_NODES 2000u
#define EXTENT_EVERY 16u

static bool give_up(const struct proof *proof) {
  return proof->document_mismatches >= PROOF_MISMATCHES_PER_DOCUMENT_MAX;
}

/* ---- source ---- */

static void compare_source(struct proof *proof) {
  const struct proof_document *document = proof->document;
  struct stage_pin pin;
  struct fault fault = {0};
  if (!store_pin_source(proof->store, document->id, &pin, &fault)) {
    proof_differs_text(proof, PROOF_NO_NODE, "source: pin", "success", fault.message);
    return;
  }
  if (pin.length != document->length) {
    proof_differs(proof, PROOF_NO_NODE, "source: length in bytes", document->length, pin.length);
  } else if (document->length > 0 && memcmp(pin.bytes, document->text, document->length) != 0) {
    uint32_t at = 0;
    while (pin.bytes[at] == (uint8_t)document->text[at]) at++;
    char fact[64];
    snprintf(fact, sizeof fact, "source: byte at offset %u", at);
    proof_differs(proof, PROOF_NO_NODE, fact, (uint8_t)document->text[at], pin.bytes[at]);
  } else {
    proof->source_bytes_compared += document->length;
  }
  if (!store_unpin_source(proof->store, &pin, &fault))
    proof_differs_text(proof, PROOF_NO_NODE, "source: unpin", "success", fault.message);
}

/* ---- names ---- */

static bool bit_set(uint64_t *bits, uint16_t i) {
  uint64_t bit = UINT64_C(1) << (i % 64), was = bits[i / 64] & bit;
  bits[i / 64] |= bit;
  return was != 0;
}

static void compare_name(struct proof *proof, uint32_t node, const char *fact, const char *expected,
                         const char *found) {
  if (!expected || !found ? expected == found : strcmp(expected, found) == 0) return;
  proof_differs_text(proof, node, fact, expected ? expected : "NULL", found);
}

static void compare_names(struct proof *proof, const struct stage_head *head) {
  const struct proof_document *document = proof->document;
  struct proof_names *names = &proof->names[document->language];
  const uint16_t symbols[] = {head->symbol, head->grammar_symbol};
  for (int i = 0; i < 2; i++) {
    if (bit_set(names->symbols, symbols[i])) continue;
    compare_name(proof, head->index, "symbol name", ts_language_symbol_name(document->grammar, symbols[i]),
                 proof->codec->symbol_name(proof->codec_store, document->language, symbols[i]));
  }
  if (head->field && !bit_set(names->fields, head->field))
    compare_name(proof, head->index, "field name", ts_language_field_name_for_id(document->grammar, head->field),
                 proof->codec->field_name(proof->codec_store, document->language, head->field));
}

/* ---- batch walk ---- */

static void to_first_leaf(TSTreeCursor *at) {
  while (ts_tree_cursor_goto_first_child(at)) {
  }
}

/* The next node in postorder. */
static bool next_in_postorder(TSTreeCursor *at) {
  if (!ts_tree_cursor_goto_next_sibling(at)) return ts_tree_cursor_goto_parent(at);
  to_first_leaf(at);
  return true;
}

static bool compare_batch(struct proof *proof, TSTreeCursor *at, bool *more, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (!*more) return proof_differs_text(proof, proof->batch[i].head.index, "walk: nodes", "no more", "another node");
    TSNode node = ts_tree_cursor_current_node(at);
    struct stage_node expected;
    /* The index is the cursor's own; compare_moves holds it against a count of steps. */
    proof_read_head(at, node, ts_tree_cursor_current_descendant_index(at), &expected.head);
    proof_read_extent(node, &expected.extent);
    proof_compare_head(proof, "walk", &expected.head, &proof->batch[i].head);
    proof_compare_extent(proof, "walk", expected.head.index, &expected.extent, &proof->batch[i].extent);
    compare_names(proof, &expected.head);
    proof->nodes_compared++;
    if (give_up(proof)) return false;
    *more = next_in_postorder(at);
  }
  return true;
}

static void compare_walk(struct proof *proof) {
  TSTreeCursor at = ts_tree_cursor_new(ts_tree_root_node(proof->document->tree));
  to_first_leaf(&at);
  bool more = true;
  for (;;) {
    uint32_t count = 0;
    int error = proof->codec->walk(proof->cursor, proof->batch, BATCH_NODES, &count);
    if (error) proof_failed_hook(proof, PROOF_NO_NODE, "walk", error);
    else if (count > BATCH_NODES) proof_differs(proof, PROOF_NO_NODE, "walk: nodes in a batch", BATCH_NODES, count);
    else if (count == 0 && more)
      proof_differs_text(proof, ts_tree_cursor_current_descendant_index(&at), "walk: nodes", "another node", "no more");
    if (error || count == 0 || count > BATCH_NODES || !compare_batch(proof, &at, &more, count)) break;
  }
  ts_tree_cursor_delete(&at);
}

/* ---- walk by moves ---- */

/* A node on the way down: what tree-sitter says of its children, and what was reached. */
struct proof_level {
  struct stage_head head;
  struct stage_extent extent;
  uint32_t children, named_children;
};

static bool push_level(struct proof *proof, uint32_t depth, struct fault *fault) {
  if (depth < proof->level_capacity) return true;
  size_t capacity = proof->level_capacity * 2 + 64;
  struct proof_level *grown = heap_resize(proof->heap, proof->levels, capacity * sizeof *grown);
  if (!grown) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for a tree %u levels deep", depth);
  proof->levels = grown;
  proof->level_capacity = capacity;
  return true;
}

/* tree-sitter against itself: were as many children reached as it counts, and as many nodes? */
static void leave_level(struct proof *proof, const struct proof_level *level, uint32_t next_index) {
  uint32_t index = level->head.index;
  proof_compare(proof, index, "tree-sitter", "child count, children reached", level->extent.child_count,
                level->children);
  proof_compare(proof, index, "tree-sitter", "named child count, named children reached",
                level->extent.named_child_count, level->named_children);
  proof_compare(proof, index, "tree-sitter", "descendant count, nodes reached", level->extent.descendant_count,
                next_index - index);
}

static bool compare_move(struct proof *proof, uint32_t node, const char *move, bool expected, bool found) {
  proof->moves_compared++;
  if (!found && proof->cursor->error) return proof_failed_hook(proof, node, move, proof->cursor->error);
  return expected == found || proof_differs(proof, node, move, expected, found);
}

/* Enters node `index` at `depth`: compares it and begins its level. */
static bool enter(struct proof *proof, const TSTreeCursor *at, uint32_t depth, uint32_t index, bool small,
                  struct fault *fault) {
  TSNode node = ts_tree_cursor_current_node(at);
  if (!push_level(proof, depth, fault)) return false;
  struct proof_level *level = &proof->levels[depth];
  level->children = level->named_children = 0;
  proof_read_extent(node, &level->extent);
  proof_read_head(at, node, index, &level->head);
  if (depth > 0) {
    proof->levels[depth - 1].children++;
    proof->levels[depth - 1].named_children += ts_node_is_named(node);
  }
  proof_compare(proof, index, "tree-sitter", "descendant index, nodes met before", index,
                ts_tree_cursor_current_descendant_index(at));
  proof_compare_head(proof, "moves", &level->head, &proof->cursor->head);
  proof_compare(proof, index, "moves", "depth", depth, proof->cursor->depth);
  if (!small && index % EXTENT_EVERY != 0) return true;
  struct stage_extent extent;
  int error = proof->codec->extent(proof->cursor, &extent);
  if (error) proof_failed_hook(proof, index, "extent", error);
  else proof_compare_extent(proof, "moves", index, &level->extent, &extent);
  return true;
}

/* Both cursors to the next node in preorder. *more: there is one. false: they part. */
static bool step(struct proof *proof, TSTreeCursor *at, uint32_t *depth, uint32_t next_index, bool *more) {
  uint32_t index = next_index - 1;
  *more = ts_tree_cursor_goto_first_child(at);
  if (!compare_move(proof, index, "goto_first_child", *more, proof->codec->goto_first_child(proof->cursor)))
    return false;
  if (*more) {
    ++*depth;
    return true;
  }
  for (;;) {
    leave_level(proof, &proof->levels[*depth], next_index);
    *more = ts_tree_cursor_goto_next_sibling(at);
    if (!compare_move(proof, index, "goto_next_sibling", *more, proof->codec->goto_next_sibling(proof->cursor)))
      return false;
    if (*more) return true;
    bool up = ts_tree_cursor_goto_parent(at);
    if (!compare_move(proof, index, "goto_parent", up, proof->codec->goto_parent(proof->cursor))) return false;
    if (!up) return true;
    --*depth;
    index = proof->levels[*depth].head.index;
    if (!proof_compare_head(proof, "goto_parent", &proof->levels[*depth].head, &proof->cursor->head)) return false;
    if (!proof_compare(proof, index, "goto_parent", "depth", *depth, proof->cursor->depth)) return false;
  }
}

static bool compare_moves(struct proof *proof, struct fault *fault) {
  TSNode root = ts_tree_root_node(proof->document->tree);
  bool small = ts_node_descendant_count(root) < SMALL_TREE_NODES, good = true, more = true;
  uint32_t depth = 0;
  TSTreeCursor at = ts_tree_cursor_new(root);
  for (uint32_t index = 0; more && !give_up(proof); index++) {
    good = enter(proof, &at, depth, index, small, fault);
    if (!good || !step(proof, &at, &depth, index + 1, &more)) break;
  }
  ts_tree_cursor_delete(&at);
  return good;
}

/* ---- public ---- */

bool proof_open(struct proof *proof, uint32_t language_count, uint64_t seed, struct stage_heap *heap,
                struct fault *fault) {
  memset(proof, 0, sizeof *proof);
  proof->heap = heap;
  proof->seed = seed;
  proof->language_count = language_count;
  proof->batch = heap_allocate(heap, BATCH_NODES * sizeof *proof->batch);
  proof->names = heap_allocate(heap, (language_count + 1) * sizeof *proof->names);
  if (!proof->batch || !proof->names) {
    proof_close(proof);
    return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for the proof");
  }
  memset(proof->batch, 0, BATCH_NODES * sizeof *proof->batch);
  memset(proof->names, 0, (language_count + 1) * sizeof *proof->names);
  return true;
}

void proof_close(struct proof *proof) {
  heap_release(proof->heap, proof->batch);
  heap_release(proof->heap, proof->names);
  proof->batch = NULL;
  proof->names = NULL;
}

bool proof_attach(struct proof *proof, struct store *store, struct fault *fault) {
  proof->store = store;
  proof->codec = store_codec(store, &proof->codec_store);
  return store_cursor_new(store, &proof->cursor, fault);
}

void proof_detach(struct proof *proof) {
  store_cursor_delete(proof->store, proof->cursor);
  heap_release(proof->heap, proof->levels);
  proof->cursor = NULL;
  proof->levels = NULL;
  proof->level_capacity = 0;
}

bool proof_document(struct proof *proof, const struct proof_document *document, struct fault *fault) {
  proof->document = document;
  proof->document_mismatches = 0;
  compare_source(proof);
  int error = proof->codec->cursor_open(proof->cursor, document->id);
  if (error) {
    proof_failed_hook(proof, PROOF_NO_NODE, "cursor_open", error);
    proof->document = NULL;
    return true;
  }
  compare_walk(proof);
  bool good = give_up(proof) || compare_moves(proof, fault);
  if (good && proof->document_mismatches == 0) good = proof_random_access(proof, fault);
  proof->codec->cursor_close(proof->cursor);
  if (proof->document_mismatches == 0) proof->documents_compared++;
  proof->document = NULL;
  return good;
}

void proof_describe(const struct proof *proof, char *text, size_t text_bytes) {
  const struct proof_mismatch *first = &proof->first;
  char node[32] = "";
  if (first->has_node) snprintf(node, sizeof node, ", node %" PRIu32, first->node);
  if (first->is_text)
    snprintf(text, text_bytes, "%.300s%s: %s: expected %s, found %s", first->document, node, first->fact,
             first->expected_text, first->found_text);
  else
    snprintf(text, text_bytes, "%.300s%s: %s: expected %" PRIu64 ", found %" PRIu64, first->document, node, first->fact,
             first->expected, first->found);
}

static void add_first(cJSON *object, const struct proof_mismatch *first) {
  cJSON *mismatch = json_add_object(object, "first_mismatch");
  json_add_text(mismatch, "document", first->document);
  if (first->has_node) json_add_u64(mismatch, "node", first->node);
  else json_add_item(mismatch, "node", cJSON_CreateNull());
  json_add_text(mismatch, "fact", first->fact);
  if (first->is_text) {
    json_add_text(mismatch, "expected", first->expected_text);
    json_add_text(mismatch, "found", first->found_text);
  } else {
    json_add_u64(mismatch, "expected", first->expected);
    json_add_u64(mismatch, "found", first->found);
  }
}

cJSON *proof_json(const struct proof *proof, const char *not_applicable) {
  cJSON *object = json_new_object();
  char reason[1024];
  bool failed = proof->mismatches > 0;
  if (failed) proof_describe(proof, reason, sizeof reason);
  json_add_text(object, "status", not_applicable ? "not_applicable" : failed ? "failed" : "passed");
  json_add_text(object, "reason", not_applicable ? not_applicable : failed ? reason : NULL);
  json_add_u64(object, "documents_compared", proof->documents_compared);
  json_add_u64(object, "nodes_compared", proof->nodes_compared);
  json_add_u64(object, "source_bytes_compared", proof->source_bytes_compared);
  json_add_u64(object, "moves_compared", proof->moves_compared);
  json_add_u64(object, "mismatches", proof->mismatches);
  if (failed) add_first(object, &proof->first);
  else json_add_item(object, "first_mismatch", cJSON_CreateNull());
  return object;
}
