/* SPDX-License-Identifier: MIT
 *
 * documents.c - the documents, targets and stores that benchmarks run on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "bench.h"
#include "corpus/sample.h"
#include "system/heap.h"

#define RANDOM_BENCH_TARGETS 102

static bool out_of_memory(struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while preparing the benchmarks; try a smaller --max-bytes");
}

/* ---- documents ---- */

/* Reads whole documents, as many as fit, in the order of the corpus. */
static bool read_documents(struct bench *bench, const struct corpus *corpus, uint64_t max_bytes, uint64_t seed,
                           struct fault *fault) {
  uint32_t *files, count;
  if (!sample_draw(corpus, max_bytes, seed, &files, &count, fault)) return false;
  bench->documents = calloc(count, sizeof *bench->documents);
  bool ok = bench->documents || out_of_memory(fault);
  for (uint32_t i = 0; ok && i < count; i++) {
    const struct corpus_file *file = &corpus->files[files[i]];
    struct bench_document *document = &bench->documents[bench->document_count++];
    ok = sample_read(corpus, file, &document->path, &document->source, fault);
    document->source_bytes = (uint32_t)file->bytes;
    document->language = file->language;
    bench->source_bytes += file->bytes;
  }
  free(files);
  return ok;
}

static bool load_grammars(struct bench *bench, const struct corpus *corpus, struct fault *fault) {
  bench->grammars = calloc(corpus->language_count + 1, sizeof *bench->grammars);
  if (!bench->grammars) return out_of_memory(fault);
  for (uint32_t l = 0; l < corpus->language_count; l++) {
    if (!grammar_load(corpus->languages[l].name, &bench->grammars[l], fault)) return false;
    bench->grammar_count++;
  }
  return true;
}

TSTree *bench_parse(struct bench *bench, uint32_t document, struct fault *fault) {
  const struct bench_document *d = &bench->documents[document];
  if (!ts_parser_set_language(bench->parser, bench->grammars[d->language].ts)) {
    fault_set(fault, EXIT_CODE_INPUT, "%s: the parser refuses the grammar", d->path);
    return NULL;
  }
  TSTree *tree = ts_parser_parse_string(bench->parser, NULL, d->source, d->source_bytes);
  if (!tree) fault_set(fault, EXIT_CODE_SYSTEM, "%s: the parser gave no tree", d->path);
  return tree;
}

static uint64_t cursor_sum(const TSTreeCursor *cursor) {
  TSNode node = ts_tree_cursor_current_node(cursor);
  return bench_node_sum(ts_node_symbol(node), ts_node_start_byte(node));
}

static bool parse_all(struct bench *bench, struct fault *fault) {
  for (uint32_t i = 0; i < bench->document_count; i++) {
    struct bench_document *document = &bench->documents[i];
    document->tree = bench_parse(bench, i, fault);
    if (!document->tree) return false;
    document->node_count = ts_node_descendant_count(ts_tree_root_node(document->tree));
    bench->nodes += document->node_count;
  }
  return true;
}

/* ---- targets ---- */

static uint64_t node_sum(TSNode node) {
  return ts_node_is_null(node) ? 0 : bench_node_sum(ts_node_symbol(node), ts_node_start_byte(node));
}

static uint64_t moved(const TSTreeCursor *from, bool (*move)(TSTreeCursor *)) {
  TSTreeCursor cursor = ts_tree_cursor_copy(from);
  uint64_t sum = move(&cursor) ? cursor_sum(&cursor) : 0;
  ts_tree_cursor_delete(&cursor);
  return sum;
}

/* By the preorder index: the node before ours is our parent, or lies in our previous sibling. */
static bool cursor_goto_previous_sibling(TSTreeCursor *cursor) {
  uint32_t index = ts_tree_cursor_current_descendant_index(cursor), depth = ts_tree_cursor_current_depth(cursor);
  if (!ts_tree_cursor_goto_parent(cursor) || ts_tree_cursor_current_descendant_index(cursor) + 1 == index) return false;
  ts_tree_cursor_goto_descendant(cursor, index - 1);
  while (ts_tree_cursor_current_depth(cursor) > depth) ts_tree_cursor_goto_parent(cursor);
  return true;
}

/* Goes on until a node has a field; false: none of the siblings has. */
static bool goto_field(TSTreeCursor *cursor, uint16_t *field) {
  do {
    *field = ts_tree_cursor_current_field_id(cursor);
    if (*field != 0) return true;
  } while (ts_tree_cursor_goto_next_sibling(cursor));
  return false;
}

/* Finds the node that child_by_field begins at; where no ancestor has a field either, the root,
 * which is asked for field 1 and has none. False: TSNode finds another child. */
static bool fill_field(TSTreeCursor *cursor, struct bench_target *target) {
  for (bool up = true; up; up = ts_tree_cursor_goto_parent(cursor)) {
    target->field_index = ts_tree_cursor_current_descendant_index(cursor);
    target->field_node = ts_tree_cursor_current_node(cursor);
    target->field = 1;
    target->child_by_field = 0;
    if (!ts_tree_cursor_goto_first_child(cursor)) continue;
    if (goto_field(cursor, &target->field)) {
      target->child_by_field = cursor_sum(cursor);
      break;
    }
    ts_tree_cursor_goto_parent(cursor);
    target->field = 1;
  }
  return node_sum(ts_node_child_by_field_id(target->field_node, target->field)) == target->child_by_field;
}

static TSPoint point_of_byte(const char *source, uint32_t byte) {
  TSPoint point = {0, 0};
  uint32_t line = 0;
  for (const char *end; (end = memchr(source + line, '\n', byte - line)) != NULL; point.row++) {
    line = (uint32_t)(end - source) + 1;
  }
  point.column = byte - line;
  return point;
}

/* False: the search ended in a token that is hidden and empty, and so in no stage's tree. */
static bool fill_place(const struct bench *bench, TSNode root, struct bench_target *target) {
  TSNode found = ts_node_descendant_for_byte_range(root, target->byte, target->byte);
  target->place = point_of_byte(bench->documents[target->document].source, target->byte);
  target->descendant = node_sum(found);
  if (ts_node_is_null(found)) return false;
  TSNode wide = ts_node_descendant_for_byte_range(root, target->byte, target->byte + 1);
  TSNode same = ts_node_descendant_for_point_range(root, target->place, target->place);
  bool is_empty = ts_node_start_byte(found) == ts_node_end_byte(found);
  return node_sum(same) == target->descendant && (is_empty || node_sum(wide) == target->descendant);
}

/* False: TSNode and TSTreeCursor tell different things of this place. */
static bool fill_target(const struct bench *bench, struct bench_target *target) {
  TSNode root = ts_tree_root_node(bench->documents[target->document].tree);
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  ts_tree_cursor_goto_descendant(&cursor, target->index);
  target->node = ts_tree_cursor_current_node(&cursor);
  target->at_index = cursor_sum(&cursor);
  target->first_child = moved(&cursor, ts_tree_cursor_goto_first_child);
  target->next_sibling = moved(&cursor, ts_tree_cursor_goto_next_sibling);
  target->previous_sibling = moved(&cursor, cursor_goto_previous_sibling);
  target->parent = moved(&cursor, ts_tree_cursor_goto_parent);
  bool agree = fill_field(&cursor, target) && fill_place(bench, root, target);
  ts_tree_cursor_delete(&cursor);
  return agree && node_sum(ts_node_child(target->node, 0)) == target->first_child &&
         node_sum(ts_node_next_sibling(target->node)) == target->next_sibling &&
         node_sum(ts_node_prev_sibling(target->node)) == target->previous_sibling &&
         node_sum(ts_node_parent(target->node)) == target->parent;
}

/* Nodes drawn evenly from all nodes of all documents. */
static bool draw_targets(struct bench *bench, uint64_t seed, struct fault *fault) {
  struct random_stream stream = random_stream_for(seed, RANDOM_BENCH_TARGETS, 0);
  bench->targets = calloc(BENCH_TARGETS_MAX, sizeof *bench->targets);
  if (!bench->targets) return out_of_memory(fault);
  for (unsigned tries = 0; tries < 2 * BENCH_TARGETS_MAX && bench->target_count < BENCH_TARGETS_MAX; tries++) {
    struct bench_target *target = &bench->targets[bench->target_count];
    uint64_t node = random_below(&stream, bench->nodes);
    *target = (struct bench_target){0};
    while (node >= bench->documents[target->document].node_count) {
      node -= bench->documents[target->document++].node_count;
    }
    target->index = (uint32_t)node;
    target->byte = (uint32_t)random_below(&stream, bench->documents[target->document].source_bytes);
    if (fill_target(bench, target)) {
      bench->target_count++;
    } else {
      bench->targets_refused++;
    }
  }
  if (bench->target_count > 0) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "no node was found on which tree-sitter's node and cursor calls agree");
}

/* ---- whole walks, by TSTreeCursor ---- */

typedef void visit_fn(struct bench *bench, uint32_t document, const TSTreeCursor *cursor);

static void visit_document(struct bench *bench, uint32_t document, visit_fn *visit) {
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(bench->documents[document].tree));
  bool up = false;
  for (;;) {
    if (!up) visit(bench, document, &cursor);
    if (!up && ts_tree_cursor_goto_first_child(&cursor)) continue;
    up = !ts_tree_cursor_goto_next_sibling(&cursor);
    if (up && !ts_tree_cursor_goto_parent(&cursor)) break;
  }
  ts_tree_cursor_delete(&cursor);
}

static void visit_sum(struct bench *bench, uint32_t document, const TSTreeCursor *cursor) {
  (void)document;
  bench->walk_sum += cursor_sum(cursor);
}

#define SYMBOLS 65536u /* all that 16 bits can name */

/* In bench->histograms: named nodes with children, by symbol. */
static void visit_symbol(struct bench *bench, uint32_t document, const TSTreeCursor *cursor) {
  TSNode node = ts_tree_cursor_current_node(cursor);
  if (!ts_node_is_named(node) || ts_node_child_count(node) == 0) return;
  bench->histograms[bench->documents[document].language * SYMBOLS + ts_node_symbol(node)]++;
}

static void visit_count(struct bench *bench, uint32_t document, const TSTreeCursor *cursor) {
  uint16_t symbol = bench->symbols[bench->documents[document].language];
  bench->documents[document].symbol_count += ts_node_symbol(ts_tree_cursor_current_node(cursor)) == symbol;
}

/* Which symbol is counted in each language, and what tree-sitter counts. */
static bool choose_symbols(struct bench *bench, struct fault *fault) {
  bench->symbols = calloc(bench->grammar_count, sizeof *bench->symbols);
  bench->histograms = calloc((size_t)bench->grammar_count * SYMBOLS, sizeof *bench->histograms);
  if (!bench->symbols || !bench->histograms) return out_of_memory(fault);
  for (uint32_t i = 0; i < bench->document_count; i++) visit_document(bench, i, visit_symbol);
  for (uint32_t l = 0; l < bench->grammar_count; l++) {
    const uint32_t *histogram = &bench->histograms[l * SYMBOLS];
    for (uint32_t symbol = 1; symbol < SYMBOLS; symbol++) {
      if (histogram[symbol] > histogram[bench->symbols[l]]) bench->symbols[l] = (uint16_t)symbol;
    }
  }
  free(bench->histograms);
  bench->histograms = NULL;
  for (uint32_t i = 0; i < bench->document_count; i++) {
    visit_document(bench, i, visit_count);
    bench->count_sum += bench_count_sum(i, bench->documents[i].symbol_count);
  }
  return true;
}

bool bench_open(struct bench *bench, const struct corpus *corpus, uint64_t max_bytes, uint64_t seed,
                struct fault *fault) {
  memset(bench, 0, sizeof *bench);
  bench->parser = ts_parser_new();
  bench->batch = calloc(BENCH_WALK_BATCH, sizeof *bench->batch);
  bench->subjects = calloc(BENCH_SUBJECTS_MAX, sizeof *bench->subjects);
  if (!bench->parser || !bench->batch || !bench->subjects) return out_of_memory(fault);
  if (!read_documents(bench, corpus, max_bytes, seed, fault) || !load_grammars(bench, corpus, fault)) return false;
  bench->made = calloc(bench->document_count, sizeof *bench->made);
  if (!bench->made) return out_of_memory(fault);
  if (!parse_all(bench, fault) || !draw_targets(bench, seed, fault)) return false;
  for (uint32_t i = 0; i < bench->document_count; i++) visit_document(bench, i, visit_sum);
  if (!choose_symbols(bench, fault)) return false;
  bench->live_cursor = ts_tree_cursor_new(ts_tree_root_node(bench->documents[0].tree));
  snprintf(bench->subjects[bench->subject_count++].name, sizeof bench->subjects[0].name, "tree-sitter");
  return true;
}

/* ---- stores ---- */

bool bench_put_all(struct bench *bench, struct store *store, TSTree **trees, struct fault *fault) {
  for (uint32_t i = 0; i < bench->document_count; i++) {
    const struct bench_document *d = &bench->documents[i];
    const struct stage_document document = {.id = i,
                                            .language = d->language,
                                            .grammar = bench->grammars[d->language].ts,
                                            .path = d->path,
                                            .source = d->source,
                                            .source_bytes = d->source_bytes};
    TSTree *tree = trees[i];
    trees[i] = NULL; /* the store's from here on, whatever happens */
    if (!store_put(store, &document, tree, fault)) return false;
  }
  return true;
}

/* Bytes in heaps that hold trees, those of live ones too; 0 where nobody counts. */
static double bytes_of_trees(void) {
  double bytes = 0;
  if (!heap_statistics_available()) return 0;
  heap_flush_all();
  heap_refresh();
  for (unsigned i = 0; i < heap_count(); i++) {
    const char *name = heap_name(heap_at(i)), *dot = strrchr(name, '.');
    struct heap_statistics statistics;
    if (strcmp(name, "tree-sitter") != 0 && !(dot && strcmp(dot, ".tree") == 0)) continue;
    if (heap_statistics(heap_at(i), &statistics)) bytes += (double)statistics.allocated_bytes;
  }
  return bytes;
}

static bool place_cursors(struct bench *bench, struct bench_subject *subject, struct fault *fault) {
  if (!store_cursor_new(subject->store, &subject->cursor, fault)) return false;
  for (uint32_t t = 0; t < bench->target_count; t++) {
    if (!store_cursor_new(subject->store, &subject->cursors[t], fault) ||
        !store_cursor_open(subject->store, subject->cursors[t], bench->targets[t].document, fault)) {
      return false;
    }
  }
  return true;
}

bool bench_add(struct bench *bench, const struct combination *combination, struct fault *fault) {
  if (bench->subject_count == BENCH_SUBJECTS_MAX) {
    return fault_set(fault, EXIT_CODE_USAGE, "more than %d combinations", BENCH_SUBJECTS_MAX - 1);
  }
  struct bench_subject *subject = &bench->subjects[bench->subject_count++];
  snprintf(subject->name, sizeof subject->name, "%s", combination->name);
  subject->combination = combination;
  double before = bytes_of_trees();
  if (!store_open(combination, bench->place, &subject->store, fault)) return false;
  if (store_keeps_nothing(subject->store)) {
    return fault_set(fault, EXIT_CODE_USAGE, "combination '%s' keeps nothing; there is nothing to walk", subject->name);
  }
  for (uint32_t i = 0; i < bench->document_count; i++) {
    if (!interrupt_none("nothing was measured", fault)) return false;
    bench->made[i] = bench_parse(bench, i, fault);
    if (!bench->made[i]) return false;
  }
  if (!bench_put_all(bench, subject->store, bench->made, fault) || !store_finalize(subject->store, fault)) return false;
  subject->codec = store_codec(subject->store, NULL);
  subject->tree_bytes = bytes_of_trees() - before;
  return place_cursors(bench, subject, fault);
}

static void close_subject(struct bench *bench, struct bench_subject *subject) {
  if (!subject->store) return;
  for (uint32_t t = 0; t < bench->target_count; t++) {
    if (!subject->cursors[t]) continue;
    store_cursor_close(subject->store, subject->cursors[t]);
    store_cursor_delete(subject->store, subject->cursors[t]);
  }
  if (subject->cursor) store_cursor_delete(subject->store, subject->cursor);
  store_close(subject->store);
}

void bench_close(struct bench *bench) {
  for (unsigned s = 0; s < bench->subject_count; s++) close_subject(bench, &bench->subjects[s]);
  if (bench->subject_count) ts_tree_cursor_delete(&bench->live_cursor);
  for (uint32_t i = 0; i < bench->document_count; i++) {
    if (bench->documents[i].tree) ts_tree_delete(bench->documents[i].tree);
    if (bench->made && bench->made[i]) ts_tree_delete(bench->made[i]);
    free(bench->documents[i].source);
    free(bench->documents[i].path);
  }
  if (bench->parser) ts_parser_delete(bench->parser);
  for (uint32_t l = 0; l < bench->grammar_count; l++) grammar_unload(&bench->grammars[l]);
  free(bench->documents);
  free(bench->grammars);
  free(bench->made);
  free(bench->targets);
  free(bench->symbols);
  free(bench->histograms);
  free(bench->batch);
  free(bench->subjects);
  memset(bench, 0, sizeof *bench);
}
