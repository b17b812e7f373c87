/* SPDX-License-Identifier: MIT
 *
 * work.c - the benchmarks; what each does is told in bench.h. Every iteration
 * does all of its work on all documents or targets, and its sum is compared with
 * tree-sitter's outside the inner loops. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "bench.h"

struct job {
  struct bench *bench;
  struct bench_subject *subject;
};

static struct job jobs[BENCH_SUBJECTS_MAX];

/* ---- ends ---- */

/* The name of the benchmark, which stands before the message, has the subject's in it. */
static void failed(struct gbench_state *state, const char *what) { gbench_error(state, what); }

/* False: the answer is wrong, and the benchmark has an error that says so. */
static bool right(struct gbench_state *state, uint64_t found, uint64_t expected) {
  char what[160];
  if (found == expected) return true;
  snprintf(what, sizeof what, "wrong answer: the sum over the nodes found is %" PRIu64 ", tree-sitter's is %" PRIu64,
           found, expected);
  failed(state, what);
  return false;
}

static bool unharmed(struct gbench_state *state, int error) {
  if (error == STAGE_OK) return true;
  failed(state, stage_error_text(error));
  return false;
}

static void count_nodes(struct gbench_state *state, const struct job *job) {
  double nodes = (double)job->bench->nodes * (double)gbench_iterations(state);
  gbench_counter_rate(state, "nodes_per_second", nodes);
  gbench_counter_seconds_per(state, "seconds_per_node", nodes);
  if (job->subject->tree_bytes > 0) {
    gbench_counter(state, "bytes_per_node", job->subject->tree_bytes / (double)job->bench->nodes);
  }
}

static void count_source(struct gbench_state *state, const struct job *job) {
  gbench_counter_rate(state, "source_bytes_per_second",
                      (double)job->bench->source_bytes * (double)gbench_iterations(state));
  count_nodes(state, job);
}

static void count_targets(struct gbench_state *state, const struct job *job) {
  double operations = (double)job->bench->target_count * (double)gbench_iterations(state);
  gbench_counter_rate(state, "operations_per_second", operations);
  gbench_counter_seconds_per(state, "seconds_per_operation", operations);
}

/* ---- documents in ---- */

static void delete_made(struct bench *bench) {
  for (uint32_t i = 0; i < bench->document_count; i++) {
    if (bench->made[i]) ts_tree_delete(bench->made[i]);
    bench->made[i] = NULL;
  }
}

static void run_parse(struct gbench_state *state, void *user) {
  const struct job *job = user;
  struct bench *bench = job->bench;
  struct fault fault = {0};
  while (gbench_keep_running(state)) {
    for (uint32_t i = 0; i < bench->document_count && fault.code == EXIT_CODE_OK; i++) {
      bench->made[i] = bench_parse(bench, i, &fault);
    }
    gbench_pause(state);
    delete_made(bench);
    gbench_resume(state);
    if (fault.code == EXIT_CODE_OK) continue;
    failed(state, fault.message);
    break;
  }
  count_source(state, job);
}

/* Parses (ingest), or takes copies of trees that are there (encode; a copy shares
 * the tree and costs next to nothing), and puts all into an empty store. */
static void put_loop(struct gbench_state *state, const struct job *job, bool parse) {
  struct bench *bench = job->bench;
  while (gbench_keep_running(state)) {
    struct fault fault = {0};
    struct store *store = NULL;
    gbench_pause(state);
    bool ok = store_open(job->subject->combination, bench->place, &store, &fault);
    for (uint32_t i = 0; ok && !parse && i < bench->document_count; i++) {
      bench->made[i] = ts_tree_copy(bench->documents[i].tree);
    }
    gbench_resume(state);
    for (uint32_t i = 0; ok && parse && i < bench->document_count; i++) {
      bench->made[i] = bench_parse(bench, i, &fault);
      ok = bench->made[i] != NULL;
    }
    ok = ok && bench_put_all(bench, store, bench->made, &fault);
    gbench_pause(state);
    delete_made(bench);
    store_close(store);
    gbench_resume(state);
    if (ok) continue;
    failed(state, fault.message);
    break;
  }
  count_source(state, job);
}

static void run_ingest(struct gbench_state *state, void *user) { put_loop(state, user, true); }
static void run_encode(struct gbench_state *state, void *user) { put_loop(state, user, false); }

/* ---- whole walks ---- */

static uint64_t live_sum(const TSTreeCursor *cursor) {
  TSNode node = ts_tree_cursor_current_node(cursor);
  return bench_node_sum(ts_node_symbol(node), ts_node_start_byte(node));
}

static uint64_t walk_live(const TSTree *tree) {
  uint64_t sum = 0;
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
  for (;;) {
    sum += live_sum(&cursor);
    if (ts_tree_cursor_goto_first_child(&cursor)) continue;
    bool more;
    while (!(more = ts_tree_cursor_goto_next_sibling(&cursor)) && ts_tree_cursor_goto_parent(&cursor)) continue;
    if (!more) break;
  }
  ts_tree_cursor_delete(&cursor);
  return sum;
}

static void run_cursor_live(struct gbench_state *state, void *user) {
  const struct job *job = user;
  while (gbench_keep_running(state)) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < job->bench->document_count; i++) sum += walk_live(job->bench->documents[i].tree);
    if (!right(state, sum, job->bench->walk_sum)) break;
  }
  count_nodes(state, job);
}

static uint64_t head_sum(const struct stage_cursor *cursor) {
  return bench_node_sum(cursor->head.symbol, cursor->head.start_byte);
}

static uint64_t walk_by_cursor(const struct stage_ops *codec, struct stage_cursor *cursor) {
  uint64_t sum = 0;
  for (;;) {
    sum += head_sum(cursor);
    if (codec->goto_first_child(cursor)) continue;
    bool more;
    while (!(more = codec->goto_next_sibling(cursor)) && codec->goto_parent(cursor)) continue;
    if (!more) return sum;
  }
}

static void run_cursor(struct gbench_state *state, void *user) {
  const struct job *job = user;
  struct bench_subject *subject = job->subject;
  while (gbench_keep_running(state)) {
    uint64_t sum = 0;
    int error = STAGE_OK;
    for (uint32_t i = 0; i < job->bench->document_count && !error; i++) {
      error = subject->codec->cursor_open(subject->cursor, i);
      if (!error) sum += walk_by_cursor(subject->codec, subject->cursor);
      if (!error) error = subject->cursor->error;
      subject->codec->cursor_close(subject->cursor);
    }
    if (!unharmed(state, error) || !right(state, sum, job->bench->walk_sum)) break;
  }
  count_nodes(state, job);
}

/* Reads the next batch of the open document; *count 0: there is none. */
static int next_batch(const struct job *job, uint32_t *count) {
  *count = 0;
  return job->subject->codec->walk(job->subject->cursor, job->bench->batch, BENCH_WALK_BATCH, count);
}

static int walk_document(const struct job *job, uint32_t id, uint64_t *sum) {
  const struct stage_ops *codec = job->subject->codec;
  struct stage_cursor *cursor = job->subject->cursor;
  const struct stage_node *batch = job->bench->batch;
  uint32_t count = 0;
  int error = codec->cursor_open(cursor, id);
  while (!error && (error = next_batch(job, &count)) == STAGE_OK && count > 0) {
    uint64_t part = 0;
    for (uint32_t n = 0; n < count; n++) part += bench_node_sum(batch[n].head.symbol, batch[n].head.start_byte);
    *sum += part;
  }
  codec->cursor_close(cursor);
  return error;
}

static void run_walk(struct gbench_state *state, void *user) {
  const struct job *job = user;
  while (gbench_keep_running(state)) {
    uint64_t sum = 0;
    int error = STAGE_OK;
    for (uint32_t i = 0; i < job->bench->document_count && !error; i++) error = walk_document(job, i, &sum);
    if (!unharmed(state, error) || !right(state, sum, job->bench->walk_sum)) break;
  }
  count_nodes(state, job);
}

/* ---- counting ---- */

static uint32_t count_live(const TSTree *tree, uint16_t symbol) {
  uint32_t count = 0;
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
  for (bool more = true; more;) {
    count += ts_node_symbol(ts_tree_cursor_current_node(&cursor)) == symbol;
    more = ts_tree_cursor_goto_first_child(&cursor);
    while (!more && !(more = ts_tree_cursor_goto_next_sibling(&cursor)) && ts_tree_cursor_goto_parent(&cursor)) {
    }
  }
  ts_tree_cursor_delete(&cursor);
  return count;
}

static uint16_t symbol_of(const struct job *job, uint32_t document) {
  return job->bench->symbols[job->bench->documents[document].language];
}

static void run_count_live(struct gbench_state *state, void *user) {
  const struct job *job = user;
  while (gbench_keep_running(state)) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < job->bench->document_count; i++) {
      sum += bench_count_sum(i, count_live(job->bench->documents[i].tree, symbol_of(job, i)));
    }
    if (!right(state, sum, job->bench->count_sum)) break;
  }
  count_nodes(state, job);
}

static int count_by_walk(const struct job *job, uint16_t symbol, uint32_t *count) {
  const struct stage_node *batch = job->bench->batch;
  uint32_t nodes = 0, found = 0;
  int error;
  while ((error = next_batch(job, &nodes)) == STAGE_OK && nodes > 0) {
    for (uint32_t n = 0; n < nodes; n++) found += batch[n].head.symbol == symbol;
  }
  *count = found;
  return error;
}

static int count_document(const struct job *job, uint32_t id, uint64_t *sum) {
  const struct stage_ops *codec = job->subject->codec;
  struct stage_cursor *cursor = job->subject->cursor;
  uint32_t count = 0;
  int error = codec->cursor_open(cursor, id);
  if (!error && codec->count_symbol) error = codec->count_symbol(cursor, symbol_of(job, id), &count);
  else if (!error) error = count_by_walk(job, symbol_of(job, id), &count);
  codec->cursor_close(cursor);
  *sum += bench_count_sum(id, count);
  return error;
}

/* A cursor may remember what it found out about a symbol. Each question is asked for the first
 * time: of a new cursor. */
static int ask_anew(const struct job *job) {
  struct bench_subject *subject = job->subject;
  struct fault fault = {0};
  if (subject->cursor) store_cursor_delete(subject->store, subject->cursor);
  subject->cursor = NULL;
  return store_cursor_new(subject->store, &subject->cursor, &fault) ? STAGE_OK : STAGE_OUT_OF_MEMORY;
}

static void run_count(struct gbench_state *state, void *user) {
  const struct job *job = user;
  while (gbench_keep_running(state)) {
    uint64_t sum = 0;
    int error = ask_anew(job);
    for (uint32_t i = 0; i < job->bench->document_count && !error; i++) error = count_document(job, i, &sum);
    if (!unharmed(state, error) || !right(state, sum, job->bench->count_sum)) break;
  }
  count_nodes(state, job);
}

/* ---- at random ---- */

static uint64_t live_node_sum(TSNode node) {
  return ts_node_is_null(node) ? 0 : bench_node_sum(ts_node_symbol(node), ts_node_start_byte(node));
}
static uint64_t moved_sum(const struct stage_cursor *cursor, bool moved) { return moved ? head_sum(cursor) : 0; }

typedef uint64_t live_fn(struct bench *bench, const struct bench_target *target);
typedef uint64_t codec_fn(const struct stage_ops *codec, struct stage_cursor *cursor,
                          const struct bench_target *target);

static uint64_t live_index(struct bench *bench, const struct bench_target *target) {
  ts_tree_cursor_reset(&bench->live_cursor, ts_tree_root_node(bench->documents[target->document].tree));
  ts_tree_cursor_goto_descendant(&bench->live_cursor, target->index);
  return live_sum(&bench->live_cursor);
}
static uint64_t live_first_child(struct bench *bench, const struct bench_target *target) {
  (void)bench;
  return live_node_sum(ts_node_child(target->node, 0));
}
static uint64_t live_next_sibling(struct bench *bench, const struct bench_target *target) {
  (void)bench;
  return live_node_sum(ts_node_next_sibling(target->node));
}
static uint64_t live_previous_sibling(struct bench *bench, const struct bench_target *target) {
  (void)bench;
  return live_node_sum(ts_node_prev_sibling(target->node));
}
static uint64_t live_child_by_field(struct bench *bench, const struct bench_target *target) {
  (void)bench;
  return live_node_sum(ts_node_child_by_field_id(target->field_node, target->field));
}
static uint64_t live_parent(struct bench *bench, const struct bench_target *target) {
  (void)bench;
  return live_node_sum(ts_node_parent(target->node));
}
static uint64_t live_descendant(struct bench *bench, const struct bench_target *target) {
  TSNode root = ts_tree_root_node(bench->documents[target->document].tree);
  return live_node_sum(ts_node_descendant_for_byte_range(root, target->byte, target->byte));
}

static uint64_t live_point(struct bench *bench, const struct bench_target *target) {
  TSNode root = ts_tree_root_node(bench->documents[target->document].tree);
  return live_node_sum(ts_node_descendant_for_point_range(root, target->place, target->place));
}

static uint64_t codec_index(const struct stage_ops *codec, struct stage_cursor *cursor,
                            const struct bench_target *target) {
  return moved_sum(cursor, codec->goto_index(cursor, target->index));
}
static uint64_t codec_first_child(const struct stage_ops *codec, struct stage_cursor *cursor,
                                  const struct bench_target *target) {
  (void)target;
  return moved_sum(cursor, codec->goto_first_child(cursor));
}
static uint64_t codec_next_sibling(const struct stage_ops *codec, struct stage_cursor *cursor,
                                   const struct bench_target *target) {
  (void)target;
  return moved_sum(cursor, codec->goto_next_sibling(cursor));
}
static uint64_t codec_previous_sibling(const struct stage_ops *codec, struct stage_cursor *cursor,
                                       const struct bench_target *target) {
  (void)target;
  return moved_sum(cursor, codec->goto_previous_sibling(cursor));
}
static uint64_t codec_child_by_field(const struct stage_ops *codec, struct stage_cursor *cursor,
                                     const struct bench_target *target) {
  return moved_sum(cursor, codec->goto_child_by_field(cursor, target->field));
}
static uint64_t codec_parent(const struct stage_ops *codec, struct stage_cursor *cursor,
                             const struct bench_target *target) {
  (void)target;
  return moved_sum(cursor, codec->goto_parent(cursor));
}
static uint64_t codec_descendant(const struct stage_ops *codec, struct stage_cursor *cursor,
                                 const struct bench_target *target) {
  return moved_sum(cursor, codec->goto_descendant_for_bytes(cursor, target->byte, target->byte));
}

static uint64_t codec_point(const struct stage_ops *codec, struct stage_cursor *cursor,
                            const struct bench_target *target) {
  return moved_sum(cursor, codec->goto_descendant_for_points(cursor, target->place, target->place));
}

/* member: where in a target the expected sum stands. begins: where the move begins. */
enum begins { AT_ROOT, AT_NODE, AT_FIELD_NODE };
#define RANDOM_OPERATIONS(X)                       \
  X(index, at_index, AT_ROOT)                      \
  X(first_child, first_child, AT_NODE)             \
  X(next_sibling, next_sibling, AT_NODE)           \
  X(previous_sibling, previous_sibling, AT_NODE)   \
  X(parent, parent, AT_NODE)                       \
  X(child_by_field, child_by_field, AT_FIELD_NODE) \
  X(descendant, descendant, AT_ROOT)               \
  X(point, descendant, AT_ROOT)

/* Codec cursors are placed on their nodes outside the measured time, which brings the
 * nodes into the cache; so tree-sitter's nodes are read before, too. */
static void touch_live(const struct bench *bench) {
  uint64_t sum = 0;
  for (uint32_t t = 0; t < bench->target_count; t++) {
    sum += ts_node_descendant_count(bench->targets[t].node) + ts_node_descendant_count(bench->targets[t].field_node);
  }
  gbench_keep(&sum);
}

static bool place(const struct job *job, enum begins begins) {
  const struct stage_ops *codec = job->subject->codec;
  for (uint32_t t = 0; t < job->bench->target_count; t++) {
    const struct bench_target *target = &job->bench->targets[t];
    uint32_t index = begins == AT_ROOT ? 0 : begins == AT_NODE ? target->index : target->field_index;
    if (!codec->goto_index(job->subject->cursors[t], index)) return false;
  }
  return true;
}

static void random_live(struct gbench_state *state, const struct job *job, live_fn *operation, uint64_t expected) {
  while (gbench_keep_running(state)) {
    uint64_t sum = 0;
    gbench_pause(state);
    touch_live(job->bench);
    gbench_resume(state);
    for (uint32_t t = 0; t < job->bench->target_count; t++) sum += operation(job->bench, &job->bench->targets[t]);
    if (!right(state, sum, expected)) break;
  }
  count_targets(state, job);
}

static void random_codec(struct gbench_state *state, const struct job *job, codec_fn *operation, enum begins begins,
                         uint64_t expected) {
  struct bench_subject *subject = job->subject;
  while (gbench_keep_running(state)) {
    uint64_t sum = 0;
    gbench_pause(state);
    bool placed = place(job, begins);
    gbench_resume(state);
    if (!placed) {
      failed(state, "a node cannot be found again by its index");
      break;
    }
    for (uint32_t t = 0; t < job->bench->target_count; t++) {
      sum += operation(subject->codec, subject->cursors[t], &job->bench->targets[t]);
    }
    if (!right(state, sum, expected)) break;
  }
  count_targets(state, job);
}

#define X(name, member, begins)                                                                          \
  static uint64_t expected_##name(const struct bench *bench) {                                           \
    uint64_t sum = 0;                                                                                    \
    for (uint32_t t = 0; t < bench->target_count; t++) sum += bench->targets[t].member;                  \
    return sum;                                                                                          \
  }                                                                                                      \
  static void run_##name##_live(struct gbench_state *state, void *user) {                                \
    random_live(state, user, live_##name, expected_##name(((const struct job *)user)->bench));           \
  }                                                                                                      \
  static void run_##name(struct gbench_state *state, void *user) {                                       \
    random_codec(state, user, codec_##name, begins, expected_##name(((const struct job *)user)->bench)); \
  }
RANDOM_OPERATIONS(X)
#undef X

/* ---- registration ---- */

struct operation {
  const char *name;
  gbench_fn *live;  /* NULL: tree-sitter has no such thing */
  gbench_fn *codec; /* NULL: only tree-sitter has */
};

static const struct operation operations[] = {{"parse", run_parse, NULL},
                                              {"ingest", NULL, run_ingest},
                                              {"encode", NULL, run_encode},
                                              {"walk", run_cursor_live, run_walk},
                                              {"cursor", run_cursor_live, run_cursor},
                                              {"count", run_count_live, run_count},
#define X(name, member, begins) {#name, run_##name##_live, run_##name},
                                              RANDOM_OPERATIONS(X)
#undef X
};

const char *bench_lacks(const struct bench_subject *subject, const char *operation) {
  bool asks_points = strcmp(operation, "point") == 0;
  if (!subject->store || !asks_points || subject->codec->goto_descendant_for_points) return NULL;
  return "its codec has no goto_descendant_for_points";
}

bool bench_register(struct bench *bench, struct fault *fault) {
  for (size_t o = 0; o < COUNT(operations); o++) {
    for (unsigned s = 0; s < bench->subject_count; s++) {
      char name[300];
      jobs[s] = (struct job){bench, &bench->subjects[s]};
      gbench_fn *run = bench->subjects[s].store ? operations[o].codec : operations[o].live;
      if (!run || bench_lacks(&bench->subjects[s], operations[o].name)) continue;
      snprintf(name, sizeof name, "%s/%s", operations[o].name, bench->subjects[s].name);
      if (!gbench_register(name, run, &jobs[s])) {
        return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while registering benchmarks");
      }
    }
  }
  return true;
}
