/* SPDX-License-Identifier: MIT
 *
 * liar.c - a stage for tests: the skeleton with the optional hooks that it leaves out, and a
 * blob store that passes sources on, which misbehaves in the one way that the environment variable LIAR names, or that
 * liar_choose was last told. The proof must find each lie (test_proof.c).
 *
 * The lies about nodes are told of one node in 7 (by preorder index), so that the proof
 * has to look at all. */
#include "liar.h"

const struct stage_ops *liar_skeleton_stage(void);
#define phasebench_stage liar_skeleton_stage
#include "skeleton/cursor.c"
#include "skeleton/records.c"
#include "skeleton/skeleton.c"
#undef phasebench_stage

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct stage_option options[] = {{"planted_bytes", "bytes taken at open, for nothing", 0, 0, 64 << 20}};

static const struct stage_ops *honest; /* the skeleton */
static struct stage_ops liar;
static const struct stage_ctx *context;
static char lie[64];
static FILE *disk_file;
static char folder_file[4200]; /* a file in the folder of the stages' files, closed */
static char *paths[1024];      /* by document, of "source: from its file" */
static char evicted;           /* the hook was called */
static uint8_t *planted;       /* of the option */
static uint8_t *changed;       /* a source with a wrong byte */
static char walk_skipped;      /* the one node that "a node less" leaves out was left out */

void liar_choose(const char *text) {
  snprintf(lie, sizeof lie, "%s", text);
  walk_skipped = 0;
}

static uint32_t puts_made, journal_bytes; /* the k-th put adds k to the journal that "journal: counts" tells of */
static uint32_t times_asked;              /* for counters, as "counters: asked" tells */

static bool tells(const char *text) { return strcmp(lie, text) == 0; }
static bool about(uint32_t index) { return index % 7 == 3; }

/* ---- life ---- */

/* Lies that begin so are told by a stage that has STAGE_USES_DISK. */
static bool uses_folder(void) { return strncmp(lie, "folder: ", 8) == 0; }

/* Stays mapped until the process ends. */
static bool map_folder_file(void) {
  int fd = open(folder_file, O_RDONLY | O_CLOEXEC);
  void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (fd >= 0) close(fd);
  return map != MAP_FAILED;
}

/* 1 MiB in the stages' folder, closed; with "folder: open" open a second time, with "folder: linked"
 * under a second name; what is in a folder below counts, too. */
static bool write_folder_file(void) {
  static const char block[1 << 20];
  snprintf(folder_file, sizeof folder_file, "%s/liar.%s", context->directory, "bytes");
  FILE *file = fopen(folder_file, "wb");
  bool good = file && fwrite(block, 1, sizeof block, file) == sizeof block;
  if (!good) STAGE_FAIL(context, "%s: cannot be written: %s", folder_file, strerror(errno));
  if (file && fclose(file) != 0) good = false;
  if (!good) return false;
  if (tells("folder: open")) disk_file = fopen(folder_file, "r+b");
  char name[4300];
  snprintf(name, sizeof name, "%s.link", folder_file);
  if (tells("folder: linked")) good = link(folder_file, name) == 0;
  snprintf(name, sizeof name, "%s/liar.below", context->directory);
  if (tells("folder: below")) good = mkdir(name, 0700) == 0;
  snprintf(name, sizeof name, "%s/liar.below/bytes", context->directory);
  if (tells("folder: below")) good = good && rename(folder_file, name) == 0;
  if (tells("folder: mapped")) good = map_folder_file();
  if (tells("folder: crash")) abort();
  while (tells("folder: hang")) sleep(1);
  return good;
}

static int liar_open(const struct stage_ctx *ctx, void **store) {
  context = ctx;
  if (getenv("LIAR")) liar_choose(getenv("LIAR"));
  const size_t bytes = 4 << 20;
  int sharing = tells("memory: mapped") ? MAP_PRIVATE : MAP_SHARED;
  if (tells("memory: mapped") || tells("memory: shared")) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return STAGE_OUT_OF_MEMORY;
    memset(p, 1, bytes);
  }
  if (ctx->options[0] > 0) {
    planted = stage_allocate(ctx, STAGE_SOURCE, (size_t)ctx->options[0]);
    if (!planted) return STAGE_OUT_OF_MEMORY;
    memset(planted, 1, (size_t)ctx->options[0]);
  }
  if (tells("disk: a file")) {
    disk_file = tmpfile();
    if (!disk_file || posix_fallocate(fileno(disk_file), 0, 1 << 20)) return STAGE_IO;
  }
  if (uses_folder() && !write_folder_file()) return STAGE_IO;
  return honest->open(ctx, store);
}

static void liar_close(void *store) {
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) free(paths[i]);
  memset(paths, 0, sizeof paths);
  stage_release(context, STAGE_SOURCE, planted);
  planted = NULL;
  if (disk_file) fclose(disk_file);
  disk_file = NULL;
  stage_release(context, STAGE_SOURCE, changed);
  changed = NULL;
  honest->close(store);
}

/* ---- sources: passed on to the blob store below ---- */

static int put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path) {
  (void)store;
  const struct stage_link *below = &context->below[kind];
  if (tells("source: from its file") && path && id < 1024 && !paths[id]) paths[id] = strdup(path);
  journal_bytes += ++puts_made;
  if (tells("put: error") && id == 3) {
    STAGE_FAIL(context, "there is no room for document %u", id);
    return STAGE_LIMIT;
  }
  return below->ops->put(below->store, kind, id, bytes, length, path);
}

static void stats(void *store, stage_stat_fn *emit, void *sink) {
  if (honest->stats) honest->stats(store, emit, sink);
  if (tells("journal: counts")) emit(sink, "journal_source_bytes", "bytes", journal_bytes);
  if (tells("counters: asked")) emit(sink, "times_asked", "count", ++times_asked);
}

static int length(void *store, enum stage_kind kind, uint32_t id, uint64_t *bytes) {
  (void)store;
  const struct stage_link *below = &context->below[kind];
  int error = below->ops->length(below->store, kind, id, bytes);
  if (!error && *bytes > 0 && (tells("source: length") || (evicted && tells("evict: source")))) --*bytes;
  return error;
}

/* Reads the document's own file, as a stage that keeps no copy would. */
static bool read_file(uint32_t id) {
  char byte;
  int fd = id < 1024 && paths[id] ? open(paths[id], O_RDONLY | O_CLOEXEC) : -1;
  bool good = fd >= 0 && read(fd, &byte, 1) >= 0;
  if (fd >= 0) close(fd);
  return good;
}

static int pin(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t bytes, struct stage_pin *to) {
  (void)store;
  const struct stage_link *below = &context->below[kind];
  if (tells("source: pin")) return STAGE_CORRUPT;
  if (tells("source: from its file") && !read_file(id)) return STAGE_IO;
  int error = below->ops->pin(below->store, kind, id, offset, bytes, to);
  if (error || !tells("source: byte") || bytes == 0) return error;
  uint8_t *grown = stage_resize(context, STAGE_SOURCE, changed, (size_t)bytes);
  if (!grown) return STAGE_OUT_OF_MEMORY;
  changed = grown;
  memcpy(changed, to->bytes, (size_t)bytes);
  changed[bytes - 1] ^= 1;
  to->bytes = changed;
  return STAGE_OK;
}

static int unpin(void *store, enum stage_kind kind, struct stage_pin *from) {
  (void)store;
  return context->below[kind].ops->unpin(context->below[kind].store, kind, from);
}

static void evict(void *store) {
  (void)store;
  evicted = 1;
}

static int drop(void *store, enum stage_kind kind, uint32_t id) {
  (void)store;
  return context->below[kind].ops->drop(context->below[kind].store, kind, id);
}

/* ---- facts ---- */

/* Changes the fact that the lie "PREFIX: FACT" names. */
static void change_head(const char *prefix, struct stage_head *head) {
  size_t n = strlen(prefix);
  if (strncmp(lie, prefix, n) != 0 || !about(head->index)) return;
  const char *fact = lie + n;
  if (strcmp(fact, "symbol") == 0) head->symbol++;
  if (strcmp(fact, "grammar symbol") == 0) head->grammar_symbol++;
  if (strcmp(fact, "field") == 0) head->field++;
  if (strcmp(fact, "is named") == 0) head->flags ^= STAGE_NODE_NAMED;
  if (strcmp(fact, "is extra") == 0) head->flags ^= STAGE_NODE_EXTRA;
  if (strcmp(fact, "is missing") == 0) head->flags ^= STAGE_NODE_MISSING;
  if (strcmp(fact, "is an error") == 0) head->flags ^= STAGE_NODE_ERROR;
  if (strcmp(fact, "has an error") == 0) head->flags ^= STAGE_NODE_HAS_ERROR;
  if (strcmp(fact, "flags") == 0) head->flags ^= 1u << 9;
  if (strcmp(fact, "start byte") == 0) head->start_byte++;
  if (strcmp(fact, "start row") == 0) head->start_row++;
  if (strcmp(fact, "start column") == 0) head->start_column++;
  if (strcmp(fact, "index") == 0) head->index++;
}

static void change_extent(const char *prefix, uint32_t index, struct stage_extent *extent) {
  size_t n = strlen(prefix);
  if (strncmp(lie, prefix, n) != 0 || !about(index)) return;
  const char *fact = lie + n;
  if (strcmp(fact, "end byte") == 0) extent->end_byte++;
  if (strcmp(fact, "end row") == 0) extent->end_row++;
  if (strcmp(fact, "end column") == 0) extent->end_column++;
  if (strcmp(fact, "child count") == 0) extent->child_count++;
  if (strcmp(fact, "named child count") == 0) extent->named_child_count++;
  if (strcmp(fact, "descendant count") == 0) extent->descendant_count++;
}

static int walk(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count) {
  if (tells("walk: error")) return STAGE_CORRUPT;
  int error = honest->walk(cursor, nodes, capacity, count);
  for (uint32_t i = 0; !error && i < *count; i++) {
    uint32_t index = nodes[i].head.index;
    change_extent("walk: ", index, &nodes[i].extent);
    change_head("walk: ", &nodes[i].head);
  }
  if ((tells("walk: a node less") || (evicted && tells("evict: tree"))) && *count > 1 && !walk_skipped) {
    --*count;
    walk_skipped = 1;
  }
  if (tells("walk: a node more") && *count > 0 && *count < capacity) {
    nodes[*count] = nodes[*count - 1];
    ++*count;
  }
  if (tells("walk: order") && *count > 2) {
    struct stage_node kept = nodes[0];
    nodes[0] = nodes[1];
    nodes[1] = kept;
  }
  return error;
}

static int extent(struct stage_cursor *cursor, struct stage_extent *to) {
  if (tells("extent: error")) return STAGE_CORRUPT;
  int error = honest->extent(cursor, to);
  change_extent("extent: ", cursor->head.index, to);
  return error;
}

static const char *symbol_name(void *store, uint32_t language, uint16_t symbol) {
  if (tells("names: symbol")) return "a wrong name";
  return tells("names: no symbol") ? NULL : honest->symbol_name(store, language, symbol);
}

static const char *field_name(void *store, uint32_t language, uint16_t field) {
  return tells("names: field") ? "a wrong name" : honest->field_name(store, language, field);
}

/* ---- moves ---- */

/* After a move that was made: what its lies do to the cursor. */
static bool moved(struct stage_cursor *cursor, const char *move, bool made) {
  size_t n = strlen(move);
  if (strncmp(lie, move, n) != 0 || strncmp(lie + n, ": ", 2) != 0) return made;
  const char *what = lie + n + 2;
  if (strcmp(what, "made though there is none") == 0) return true;
  if (!made && strcmp(what, "moves when refused") == 0) honest->goto_index(cursor, cursor->head.index == 0);
  if (!made) return false;
  if (strcmp(what, "error") == 0) cursor->error = STAGE_CORRUPT;
  if (strcmp(what, "depth") == 0 && about(cursor->head.index)) cursor->depth++;
  if (strcmp(what, "another node") == 0 && about(cursor->head.index))
    return honest->goto_index(cursor, cursor->head.index - 1);
  char prefix[64];
  snprintf(prefix, sizeof prefix, "%s: ", move);
  change_head(prefix, &cursor->head);
  return strcmp(what, "error") != 0 && strcmp(what, "refused") != 0;
}

#define MOVE(name) \
  static bool name(struct stage_cursor *cursor) { return moved(cursor, #name, honest->name(cursor)); }
#define MOVE1(name, type) \
  static bool name(struct stage_cursor *cursor, type a) { return moved(cursor, #name, honest->name(cursor, a)); }

MOVE(goto_first_child)
MOVE(goto_next_sibling)
MOVE(goto_parent)
MOVE(goto_previous_sibling)
MOVE(goto_last_child)
MOVE1(goto_child, uint32_t)
MOVE1(goto_child_by_field, uint16_t)
MOVE1(goto_first_child_for_byte, uint32_t)
MOVE1(goto_index, uint32_t)
static bool goto_descendant_for_bytes(struct stage_cursor *cursor, uint32_t start, uint32_t end) {
  bool empty = start == end;
  bool made = honest->goto_descendant_for_bytes(cursor, start, end);
  return moved(cursor, empty ? "goto_descendant_for_bytes (empty)" : "goto_descendant_for_bytes", made);
}

/* ---- points and scanning by symbol, which the skeleton leaves out ---- */

static uint64_t place(uint32_t row, uint32_t column) { return (uint64_t)row << 32 | column; }

static uint32_t child_for_places(const struct cursor *self, uint32_t index, uint64_t start, uint64_t end) {
  for (uint32_t child = first_child(self, index); child != NO_NODE; child = next_sibling(self, child)) {
    struct record record = at(self, child);
    uint64_t child_start = place(record.start_row, record.start_column);
    uint64_t child_end = place(record.extent.end_row, record.extent.end_column);
    if (child_end < end || (child_start == child_end ? child_end < start : child_end <= start)) continue;
    return child_start <= start ? child : NO_NODE;
  }
  return NO_NODE;
}

static bool honest_descendant_for_points(struct stage_cursor *cursor, TSPoint from, TSPoint to) {
  struct cursor *self = self_of(cursor);
  uint64_t start = place(from.row, from.column), end = place(to.row, to.column);
  uint32_t index = cursor->head.index, depth = cursor->depth;
  struct record record = at(self, index);
  if (start < place(record.start_row, record.start_column) ||
      end > place(record.extent.end_row, record.extent.end_column))
    return false;
  for (uint32_t child; (child = child_for_places(self, index, start, end)) != NO_NODE; depth++) index = child;
  return go(self, index, depth);
}

static bool goto_descendant_for_points(struct stage_cursor *cursor, TSPoint start, TSPoint end) {
  bool empty = place(start.row, start.column) == place(end.row, end.column);
  bool made = honest_descendant_for_points(cursor, start, end);
  return moved(cursor, empty ? "goto_descendant_for_points (empty)" : "goto_descendant_for_points", made);
}

static bool goto_next_symbol(struct stage_cursor *cursor, uint16_t symbol) {
  struct cursor *self = self_of(cursor);
  uint32_t index = cursor->head.index + 1;
  while (index < self->count && at(self, index).symbol != symbol) index++;
  return moved(cursor, "goto_next_symbol", honest->goto_index(cursor, index));
}

static int count_symbol(struct stage_cursor *cursor, uint16_t symbol, uint32_t *count) {
  const struct cursor *self = self_of(cursor);
  if (tells("count_symbol: error")) return STAGE_CORRUPT;
  *count = 0;
  for (uint32_t i = 0; i < self->count; i++) *count += at(self, i).symbol == symbol;
  if (tells("count_symbol: one more") && about(cursor->head.index)) ++*count;
  if (tells("count_symbol: moves") && about(cursor->head.index)) honest->goto_index(cursor, 0);
  return STAGE_OK;
}

const struct stage_ops *phasebench_stage(void) {
  honest = liar_skeleton_stage();
  liar = *honest;
  liar.name = "liar";
  liar.order = 600;
  liar.roles = STAGE_TREE_CODEC | STAGE_BLOB_STORE;
  liar.keeps = 1u << STAGE_SOURCE;
  if (getenv("LIAR")) liar_choose(getenv("LIAR"));
  if (uses_folder()) liar.flags |= STAGE_USES_DISK;
  liar.options = options;
  liar.option_count = sizeof options / sizeof options[0];
  liar.open = liar_open;
  liar.close = liar_close;
  liar.stats = stats;
  liar.put = put;
  liar.length = length;
  liar.pin = pin;
  liar.unpin = unpin;
  liar.drop = drop;
  liar.evict = evict;
  liar.walk = walk;
  liar.extent = extent;
  liar.symbol_name = symbol_name;
  liar.field_name = field_name;
  liar.goto_first_child = goto_first_child;
  liar.goto_next_sibling = goto_next_sibling;
  liar.goto_parent = goto_parent;
  liar.goto_previous_sibling = goto_previous_sibling;
  liar.goto_last_child = goto_last_child;
  liar.goto_child = goto_child;
  liar.goto_child_by_field = goto_child_by_field;
  liar.goto_first_child_for_byte = goto_first_child_for_byte;
  liar.goto_descendant_for_bytes = goto_descendant_for_bytes;
  liar.goto_descendant_for_points = goto_descendant_for_points;
  liar.goto_index = goto_index;
  liar.goto_next_symbol = goto_next_symbol;
  liar.count_symbol = count_symbol;
  return &liar;
}
