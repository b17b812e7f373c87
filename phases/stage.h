/* SPDX-License-Identifier: MIT
 *
 * stage.h - the only header that the harness and the stages share.
 *
 * A stage is one memory technique, compiled on its own into one shared object
 * which exports one symbol:
 *
 *     const struct stage_ops *phasebench_stage(void);
 *
 * It fills one or both of two roles:
 *
 *   tree codec   takes tree-sitter trees in and gives them back through a cursor
 *                and a batch walk. It decides what a tree is kept as; the bytes it
 *                makes of one it hands to the blob store below (ctx->blob_store).
 *   blob store   keeps byte strings by (kind, document): put, pin a range for
 *                reading, unpin, drop.
 *
 * How the harness composes a combination. Stages are sorted by `order`; the stage
 * with order 0 (the base stage, `baseline`) is always there. The codec in charge is the
 * codec with the highest order. For each kind of bytes the blob stores that keep that
 * kind form a stack, in order; the codec and the harness talk to the top of the
 * stack, and each blob store finds the next lower one in ctx->blob_store[kind]. The ids a
 * blob store uses towards the one below it are its own: each layer of a stack has its own
 * name space.
 *
 * A document's life: put_tree and blob store put (SOURCE) -> finalize, once, after the
 * last document -> any number of reads -> edit -> drop.
 *
 * Disk. A stage with STAGE_USES_DISK writes its files in ctx->directory and nowhere else;
 * what lies there is counted as the store's. A store whose blob store can `commit` outlives its
 * process: commit makes what was put durable, with the catalogue of whoever uses the store
 * (paths, languages, what the codec in charge gave at `save`), and the same stages opened with
 * ctx->is_reopened in that directory are that store again, after `load` of the codec.
 *
 * Threads: one. No hook is called while another one of the same store runs.
 * Time: put_tree, put, finalize, the cursor, the walk, pin and edit are timed.
 * Memory: everything a stage keeps comes from ctx->heap[kind]; what it takes
 * elsewhere shows up as unexplained memory and fails the cell.
 * Errors: hooks return enum stage_error, 0 is success. Before a hook returns an
 * error it may say more through ctx->fail; the first message is kept. A length is
 * never also an error, and `false` from a move means "there is no such node".
 */
#ifndef PHASEBENCH_STAGE_H
#define PHASEBENCH_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tree_sitter/api.h>

/* Bumped when the meaning of a hook changes. A changed layout is found without
 * it: see STAGE_LAYOUT. */
#define STAGE_ABI_VERSION 5u

#define STAGE_ERRORS(X)                                  \
  X(OK, "success")                                       \
  X(OUT_OF_MEMORY, "out of memory")                      \
  X(NO_DOCUMENT, "there is no such document")            \
  X(OUT_OF_RANGE, "the range lies outside the document") \
  X(CORRUPT, "stored bytes failed validation")           \
  X(IO, "reading or writing a file failed")              \
  X(LIMIT, "a limit was exceeded")                       \
  X(MISUSE, "a hook was called against its contract")    \
  X(UNSUPPORTED, "the stage does not do this")

enum stage_error {
#define X(name, text) STAGE_##name,
  STAGE_ERRORS(X)
#undef X
      STAGE_ERROR_COUNT
};

/* The two kinds of bytes a document has. Memory is attributed by (stage, kind). */
enum stage_kind { STAGE_SOURCE, STAGE_TREE, STAGE_KIND_COUNT };

enum stage_role {
  STAGE_TREE_CODEC = 1u << 0,
  STAGE_BLOB_STORE = 1u << 1,
};

enum stage_flag {
  /* The codec reads TSLanguage after the last put_tree where it is itself the top of the
   * stack of tree bytes (live TSTrees do; see the base stage in baseline.c). Without it, or
   * where a blob store lies above it, the harness unloads the grammars once parsing is over. */
  STAGE_NEEDS_GRAMMAR = 1u << 0,
  /* Keeps nothing, gives nothing back: measures the harness. Its cells are marked
   * as the instrument's, have no proof, and never count as a result. */
  STAGE_KEEPS_NOTHING = 1u << 1,
  /* Not part of the standard order: an example or a test. */
  STAGE_NOT_STANDARD = 1u << 2,
  /* The codec interns what repeats itself in nodes, and writes numbers in as few bits as
   * they need: a codec above it takes both over. */
  STAGE_PACKS_NODES = 1u << 3,
  /* Writes files in ctx->directory. */
  STAGE_USES_DISK = 1u << 4,
};

/* ---- headers: first in every shared struct, in this form for ever ---- */

struct stage_hdr {
  uint32_t abi_version; /* STAGE_ABI_VERSION of the compile */
  uint32_t layout;      /* STAGE_LAYOUT of the compile */
  uint32_t ops_bytes;   /* sizeof(struct stage_ops) */
  uint32_t ctx_bytes;   /* sizeof(struct stage_ctx) */
};

/* ---- nodes ---- */

enum stage_node_flag {
  STAGE_NODE_NAMED = 1u << 0,
  STAGE_NODE_EXTRA = 1u << 1,
  STAGE_NODE_MISSING = 1u << 2,
  STAGE_NODE_ERROR = 1u << 3,     /* the node is an ERROR node */
  STAGE_NODE_HAS_ERROR = 1u << 4, /* it or a descendant is an error or missing */
};

/* What is known of a node where it begins. Symbols, fields, bytes and points are
 * tree-sitter's: ts_node_symbol, ts_node_grammar_symbol,
 * ts_tree_cursor_current_field_id (0: none), ts_node_start_byte, and
 * ts_node_start_point (column in bytes). */
struct stage_head {
  uint16_t symbol;
  uint16_t grammar_symbol;
  uint16_t field;
  uint16_t flags; /* enum stage_node_flag */
  uint32_t start_byte;
  uint32_t start_row;
  uint32_t start_column;
  uint32_t index; /* in preorder; the root is 0. It names the node. */
};

/* What is known of a node where it ends. child_count and named_child_count are of
 * visible children; descendant_count includes the node itself, as
 * ts_node_descendant_count does. */
struct stage_extent {
  uint32_t end_byte;
  uint32_t end_row;
  uint32_t end_column;
  uint32_t child_count;
  uint32_t named_child_count;
  uint32_t descendant_count;
};

/* A node with all of its facts, as the batch walk writes it. */
struct stage_node {
  struct stage_head head;
  struct stage_extent extent;
};

/* The public part of a cursor; a stage puts it first in its own cursor struct.
 * `head` is kept up to date by each successful move, so that reading a fact is
 * not a call. */
struct stage_cursor {
  struct stage_head head;
  uint32_t depth; /* 0 at the root */
  int error;      /* sticky: the first error a move met, else STAGE_OK */
};

/* ---- what the harness gives a stage ---- */

struct stage_heap; /* the harness's; one for each (stage, kind) */

/* allocate: 16-byte aligned, NULL when out of memory; bytes > 0.
 * resize: as realloc; p may be NULL; on failure p is left as it was.
 * release: p may be NULL. A pointer goes back to the heap it came from. */
struct stage_heap_ops {
  void *(*allocate)(struct stage_heap *heap, size_t bytes);
  void *(*resize)(struct stage_heap *heap, void *p, size_t bytes);
  void (*release)(struct stage_heap *heap, void *p);
};

/* A number that whoever runs the stage may set: a budget, a size. */
struct stage_option {
  const char *name;    /* [a-z0-9_]+, its unit last: "hot_bytes" */
  const char *summary; /* one line for people */
  uint64_t value;      /* unless it is set */
  uint64_t min, max;   /* the harness refuses what lies outside */
};

#define STAGE_OPTIONS_MAX 8u /* of one stage */

struct stage_ops;

/* A stage as another stage sees it. ops is NULL where there is none. */
struct stage_link {
  const struct stage_ops *ops;
  void *store;
};

/* Lives from before open until after close; the harness's. The links are complete once
 * every stage of the store is open: open itself may not call through them. */
struct stage_ctx {
  struct stage_hdr hdr;
  const struct stage_heap_ops *heap_ops;
  struct stage_heap *heap[STAGE_KIND_COUNT];
  /* For a codec: the top of the stack, for each kind. For a blob store: the next lower
   * blob store, for each kind it keeps; ops is NULL at the base stage. A stage with both
   * roles gets the codec's view in `blob_store` and the blob store's in `below`. */
  struct stage_link blob_store[STAGE_KIND_COUNT];
  struct stage_link below[STAGE_KIND_COUNT];
  /* The codec of the next lower order, where there is one. */
  struct stage_link codec_below;
  /* The codec in charge: whose bytes those of kind STAGE_TREE are. A blob store asks it what
   * of them must be kept (strip, reconstruct). */
  struct stage_link codec;
  /* The values of ops->options, in their order. */
  const uint64_t *options;
  /* STAGE_USES_DISK: an absolute path of a folder that is there, for the stage's files, which
   * begin with the stage's name. Else NULL. Whoever runs the store removes the folder. */
  const char *directory;
  /* The directory holds what the same stages committed: open takes it up. */
  bool is_reopened;
  /* Says why a hook is about to fail; printf-like; the first message is kept. */
  void (*fail)(const struct stage_ctx *ctx, const char *file, int line, const char *format, ...)
      __attribute__((format(printf, 4, 5)));
  void *harness; /* the harness's own; stages leave it alone */
};

#define STAGE_FAIL(ctx, ...) ((ctx)->fail((ctx), __FILE__, __LINE__, __VA_ARGS__))

/* A document on its way in. Everything is the harness's and valid during the call. */
struct stage_document {
  uint32_t id;       /* dense, from 0; the order of arrival */
  uint32_t language; /* dense, from 0; stable through the life of the store */
  const TSLanguage *grammar;
  const char *path; /* absolute; NULL where the text is in no file */
  const char *source;
  uint32_t source_bytes;
};

/* A pinned range. bytes stays valid and unchanged until unpin, whatever else is
 * called. `keep` is the blob store's own. */
struct stage_pin {
  const uint8_t *bytes;
  uint64_t length;
  void *keep;
};

#define STAGE_STRIPPED_BYTES_MAX(length) ((length)*4 + 64)

/* Takes bytes, in order, that belong one behind the other; an error ends the hook that calls. */
typedef int stage_write_fn(void *sink, const void *bytes, size_t length);

typedef void stage_stat_fn(void *sink, const char *name, const char *unit, double value);

/* ---- the table ---- */

/* const; run state lives in what open returns. Hooks of a role the stage does not
 * fill are NULL. "required" below means: for a stage with that role. */
struct stage_ops {
  struct stage_hdr hdr;
  const char *name;    /* [a-z0-9_]+, at most 15 characters; the file is NAME.so */
  const char *summary; /* one line for people */
  uint32_t order;      /* place in the standard order; 0 is the base stage */
  uint32_t roles;      /* enum stage_role */
  uint32_t flags;      /* enum stage_flag */
  uint32_t keeps;      /* blob stores: bit (1 << kind) for each kind it keeps */
  const struct stage_option *options;
  uint32_t option_count;

  /* -- life; required -- */
  /* On success *store is the stage's run state. On failure nothing is left. */
  int (*open)(const struct stage_ctx *ctx, void **store);
  /* Frees everything, whatever state the store is in. */
  void (*close)(void *store);
  /* All documents are in: reach the resting state. Codecs finalize first, from the
   * highest order down, then blob stores from the top of the stack down. May be called
   * again after edits. NULL: there is nothing to do. A stage with both
   * roles is called once for each. */
  int (*finalize)(void *store);
  /* Reports the stage's own counters (events, table rows, hits ...). NULL: none. May look at every
   * document, unless one of them is a journal's: those stages are asked around each edit. */
  void (*stats)(void *store, stage_stat_fn *emit, void *sink);

  /* -- blob store -- */
  /* Keeps a copy of bytes[0..length) under (kind, id), in place of what was there.
   * path: the file that holds exactly these bytes, absolute, or NULL. A blob store may read the bytes
   * from there later in place of a copy; who changes the file puts the document again, and until
   * then pins of it fail. Required. */
  int (*put)(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path);
  /* The number of bytes under (kind, id). Required. */
  int (*length)(void *store, enum stage_kind kind, uint32_t id, uint64_t *length);
  /* Makes [offset, offset + length) readable until unpin. The bytes are those that were
   * put, or the call fails with STAGE_CORRUPT: a codec decodes what it gets here without
   * checking it again, so a blob store that lets bytes out of memory verifies a checksum when
   * it takes them back. Required. */
  int (*pin)(void *store, enum stage_kind kind, uint32_t id, uint64_t offset, uint64_t length, struct stage_pin *pin);
  /* Lets go; always done. STAGE_IO: the bytes did not stay what they were (the file behind a
   * map was changed or cut short): whatever was read since pin is void. Required. */
  int (*unpin)(void *store, enum stage_kind kind, struct stage_pin *pin);
  int (*drop)(void *store, enum stage_kind kind, uint32_t id);
  /* Gives back memory that only makes reading quicker: decompressed copies, loaded segments, maps.
   * What is pinned stays. For measuring what a document costs that is not in use. Optional. */
  void (*evict)(void *store);
  /* Makes everything that was put durable, with `catalogue`, in place of what was committed
   * before: whenever the process or the machine dies, the directory holds the old or the new
   * state. The catalogue is the caller's and means nothing to the blob store. After finalize.
   * Optional; both or none. */
  int (*commit)(void *store, const void *catalogue, uint64_t length);
  /* The catalogue of the last commit, in a store that was reopened; unpinned as kind TREE. */
  int (*catalogue)(void *store, struct stage_pin *pin);
  /* Reads and checks everything that lies on disk, also what no document needs. Optional. */
  int (*verify)(void *store);

  /* -- tree codec -- */
  /* Takes the tree, in place of what was there, and owns it from the call on, on
   * failure too: a codec that does not keep it calls ts_tree_delete. Required. */
  int (*put_tree)(void *store, const struct stage_document *document, TSTree *tree);
  /* The document after edits, given as ts_tree_edit takes them, in the order in
   * which they were applied; document is the new state and tree its tree.
   * NULL: the harness calls put_tree instead. */
  int (*edit_tree)(void *store, const struct stage_document *document, const TSInputEdit *edits, uint32_t edit_count,
                   TSTree *tree);
  /* The live tree, still the stage's: NULL where the stage holds none. The harness
   * copies it (ts_tree_copy) before it edits. Optional. */
  const TSTree *(*live_tree)(void *store, uint32_t id);
  int (*drop_tree)(void *store, uint32_t id); /* required */

  /* What of a tree's bytes cannot be computed from the rest: bytes[0..length) were put by
   * this codec. Writes it at `out`, which has room for STAGE_STRIPPED_BYTES_MAX(length), and its
   * size; where that is not enough it fails, and the bytes are kept as they are. The aim is
   * bytes that an edit changes where it was made and nowhere else: free of offsets, positions
   * and counts. Optional; both or none. */
  int (*strip)(void *store, const void *bytes, uint64_t length, void *out, uint64_t *out_length);
  /* Makes the bytes again: writes exactly length bytes, the same that were stripped, for as
   * long as the store would also have decoded them. STAGE_CORRUPT where `stripped` are not
   * such bytes, without reading or writing out of bounds. */
  int (*reconstruct)(void *store, const void *stripped, uint64_t stripped_length, void *out, uint64_t length);

  /* What all documents share (names, tables), as bytes: a codec of the same name that has no
   * document yet takes it by `load` and can then read what this one put. After finalize.
   * Optional; both or none. */
  int (*save)(void *store, stage_write_fn *write, void *sink);
  /* STAGE_CORRUPT where the bytes are not such tables, whatever they are; the store is then
   * as it was. */
  int (*load)(void *store, const void *bytes, uint64_t length);

  /* Names without the grammar. NULL: no such symbol. Required. */
  const char *(*symbol_name)(void *store, uint32_t language, uint16_t symbol);
  const char *(*field_name)(void *store, uint32_t language, uint16_t field);

  /* A cursor can be opened on one document after the other; opening places it at
   * the root. Open cursors must be closed before any document is put, edited or
   * dropped, and before finalize: tables that all share may move. All required. */
  int (*cursor_new)(void *store, struct stage_cursor **cursor);
  int (*cursor_open)(struct stage_cursor *cursor, uint32_t id);
  void (*cursor_close)(struct stage_cursor *cursor); /* lets go of the document */
  void (*cursor_delete)(struct stage_cursor *cursor);

  /* Moves. true: the cursor stands on the new node. false: there is none and the
   * cursor has not moved, or cursor->error is set. All required. */
  bool (*goto_first_child)(struct stage_cursor *cursor);
  bool (*goto_next_sibling)(struct stage_cursor *cursor);
  bool (*goto_parent)(struct stage_cursor *cursor);
  bool (*goto_previous_sibling)(struct stage_cursor *cursor);
  bool (*goto_last_child)(struct stage_cursor *cursor);
  bool (*goto_child)(struct stage_cursor *cursor, uint32_t n);
  /* The first child whose field is `field`; field 0 is no field and finds none. */
  bool (*goto_child_by_field)(struct stage_cursor *cursor, uint16_t field);
  /* The first child that ends after byte, as ts_tree_cursor_goto_first_child_for_byte. */
  bool (*goto_first_child_for_byte)(struct stage_cursor *cursor, uint32_t byte);
  /* The smallest node below (or at) the current one that spans [start, end], as
   * ts_node_descendant_for_byte_range; false where the current node does not. */
  bool (*goto_descendant_for_bytes)(struct stage_cursor *cursor, uint32_t start, uint32_t end);
  /* The same between two points, as ts_node_descendant_for_point_range. Optional. */
  bool (*goto_descendant_for_points)(struct stage_cursor *cursor, TSPoint start, TSPoint end);
  /* The node with this preorder index, anywhere in the document. */
  bool (*goto_index)(struct stage_cursor *cursor, uint32_t index);

  /* Scanning by symbol (ts_node_symbol), for codecs that can do it faster than by walking.
   * Optional; both or none. */
  /* The next node of the document in preorder that has the symbol, behind the current one. */
  bool (*goto_next_symbol)(struct stage_cursor *cursor, uint16_t symbol);
  /* How many nodes of the open document have the symbol. */
  int (*count_symbol)(struct stage_cursor *cursor, uint16_t symbol, uint32_t *count);

  /* The current node's end and counts. Required. */
  int (*extent)(struct stage_cursor *cursor, struct stage_extent *extent);

  /* Batch walk of the open document, apart from where the cursor stands: writes up
   * to `capacity` nodes and their number; 0 means all were given. Nodes come in
   * postorder, because only where a node ends are all of its facts known without
   * looking ahead; head.index tells the preorder. cursor_open starts it anew.
   * Required. */
  int (*walk)(struct stage_cursor *cursor, struct stage_node *nodes, uint32_t capacity, uint32_t *count);
};

/* A module compiled against other layouts is refused by this, however its version
 * reads. */
#define STAGE_LAYOUT                                                                            \
  ((uint32_t)((((((uint64_t)sizeof(struct stage_ops) * 31u + sizeof(struct stage_ctx)) * 31u +  \
                 sizeof(struct stage_node)) *                                                   \
                    31u +                                                                       \
                sizeof(struct stage_cursor)) *                                                  \
                   31u +                                                                        \
               sizeof(struct stage_document)) *                                                 \
                  31u +                                                                         \
              sizeof(struct stage_pin) + offsetof(struct stage_ops, put_tree) * 7u +            \
              offsetof(struct stage_ops, walk) * 11u + offsetof(struct stage_ctx, fail) * 13u + \
              STAGE_ERROR_COUNT * 17u))

#define STAGE_HDR \
  { STAGE_ABI_VERSION, STAGE_LAYOUT, (uint32_t)sizeof(struct stage_ops), (uint32_t)sizeof(struct stage_ctx) }

_Static_assert(sizeof(struct stage_head) == 24, "stage_head is 24 bytes");
_Static_assert(sizeof(struct stage_node) == 48, "stage_node is 48 bytes");

/* The module's one export. */
#define STAGE_EXPORT __attribute__((visibility("default")))
STAGE_EXPORT const struct stage_ops *phasebench_stage(void);

/* ---- shorthands ---- */

static inline void *stage_allocate(const struct stage_ctx *ctx, enum stage_kind kind, size_t bytes) {
  return ctx->heap_ops->allocate(ctx->heap[kind], bytes);
}
static inline void *stage_resize(const struct stage_ctx *ctx, enum stage_kind kind, void *p, size_t bytes) {
  return ctx->heap_ops->resize(ctx->heap[kind], p, bytes);
}
static inline void stage_release(const struct stage_ctx *ctx, enum stage_kind kind, void *p) {
  ctx->heap_ops->release(ctx->heap[kind], p);
}

#endif
