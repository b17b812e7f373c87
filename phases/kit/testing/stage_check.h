/* SPDX-License-Identifier: MIT
 *
 * stage_check.h - what every stage is put through by its tests: the library phasebench_stage_check.
 *
 * A codec's answers are held against a plain table of the tree, which is made with TSTreeCursor's
 * forward moves only. Every move is tried from every node. The table takes 60 bytes a node, and some
 * moves are checked in time linear in the children: this is for test inputs. What is measured is
 * proved by the harness (`phasebench run`), on whole corpora.
 *
 * The shortest use, in a program that is linked with the stage's sources:
 *
 *     int main(void) {
 *       check_codec(phasebench_stage());
 *       check_codec_extremes(phasebench_stage(), 20000, 1500, 997);
 *       return 0;
 *     }
 *
 * What is needed: the tree-sitter runtime, which the library links, and grammars (check_grammar).
 * No test framework is; check_report_to ties the checks to whichever is there.
 *
 * Errors. No function returns one: a check that fails is told to the report and does not return.
 * Out of memory is such a failure, too.
 * Ownership. What a function allocates for its caller, it says so. A struct check_stage owns the
 * store that it opened and the bytes that its blob store keeps, until check_stage_close.
 * Threads: one. The report is the process's. */
#ifndef PHASEBENCH_STAGE_CHECK_H
#define PHASEBENCH_STAGE_CHECK_H

#include "stage.h"

/* ---- failures ---- */

/* Gets each failed check: where it stands, and what was found (only to be read during the call). It
 * must not return: it jumps out (cmocka's _fail, a longjmp) or ends the process. What was allocated
 * on the way is lost. If it returns nevertheless, the process is aborted. */
typedef void check_report_fn(const char *file, int line, const char *message);

/* Failures go to `report` from now on; NULL: to stderr, and the process is aborted, as at the start. */
void check_report_to(check_report_fn *report);

/* Reports a failure; `format` is printf's. For a stage's own checks beside these. */
_Noreturn void check_failed(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reports a failure where `condition` does not hold; it is evaluated once, in every build. */
#define CHECK_THAT(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, "%s", #condition))

/* ---- a grammar and a parser ---- */

/* The grammar of `language` ("c", "python", ...), loaded from the folder that the environment
 * variable PHASEBENCH_GRAMMAR_DIR names, else from grammars/ below PHASEBENCH_BUILD_DIR, else below
 * the current folder. It stays loaded: trees read it until the process ends. Never NULL. */
const TSLanguage *check_grammar(const char *language);

/* The tree of a text of `bytes` bytes, which need not end in a zero. The caller deletes it
 * (ts_tree_delete). Never NULL. */
TSTree *check_parse(const TSLanguage *grammar, const char *source, size_t bytes);

/* ---- a stage on its own ---- */

/* Documents have ids below this. */
#define CHECK_DOCUMENTS_MAX 64

struct check_bytes {
  uint8_t *p; /* malloc; NULL: no such document */
  uint64_t length;
};

/* A blob store that is a list of copies. Tests may look at `kept` and change it: to damage what a
 * codec wrote, say. Zeroed is empty; whoever made it frees what is kept. */
struct check_blob_store {
  struct check_bytes kept[STAGE_KIND_COUNT][CHECK_DOCUMENTS_MAX];
  unsigned pins; /* not yet let go of */
};

/* The hooks put, length, pin, unpin and drop of that blob store, whose store is a struct
 * check_blob_store: for links in a struct stage_ctx. Copies are exact, so that the address sanitizer
 * sees reads past the end. */
const struct stage_ops *check_blob_store_ops(void);
int check_put(void *store, enum stage_kind kind, uint32_t id, const void *bytes, uint64_t length, const char *path);
int check_length(void *store, enum stage_kind kind, uint32_t id, uint64_t *length);

/* Heaps on malloc; struct stage_heap is not looked at, and may be NULL. */
const struct stage_heap_ops *check_heap_ops(void);

/* For ctx->fail: prints the stage's reason on stderr. */
void check_fail(const struct stage_ctx *ctx, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* One stage, opened. It keeps its own address: not to be copied or moved while it is open. */
struct check_stage {
  struct stage_ctx ctx;
  struct check_blob_store blob_store; /* below the stage, and in charge unless the stage is (..._alone) */
  const struct stage_ops *ops;        /* the caller's; must outlive this */
  void *store;                        /* the stage's */
};

/* Opens a stage with heaps on malloc, above the list of copies. */
void check_stage_open(struct check_stage *stage, const struct stage_ops *ops);
/* The same in the surroundings of `ctx`, of which only the links to blob stores are replaced. */
void check_stage_open_in(struct check_stage *stage, const struct stage_ops *ops, struct stage_ctx ctx);
/* The stage is its own blob store for what it keeps, as where none lies above it. */
void check_stage_open_alone(struct check_stage *stage, const struct stage_ops *ops);
/* Closes the stage and frees what the list keeps. Fails where a pin was not let go of. */
void check_stage_close(struct check_stage *stage);

/* The hook finalize; STAGE_OK where there is none. */
int check_finalize(struct check_stage *stage);

/* Parses a text and gives the stage its tree as document `id`, and the blob store its source.
 * `language` is the number the stage is to know the grammar by: any, the same for the same grammar. */
void check_put_document(struct check_stage *stage, uint32_t id, uint32_t language, const TSLanguage *grammar,
                        const char *source, size_t bytes);

/* ---- checks of codecs ---- */

/* A document's text, and the grammar that it is parsed with. The caller's. */
struct check_document_text {
  const TSLanguage *grammar;
  const char *source;
  size_t bytes;
};

/* Everything about document `id`, which was put with this text: batch walk, all moves from every
 * `step`th node (at least 1), facts, names, counts of symbols. Hooks that stage.h calls optional are
 * checked where they are there. */
void check_document(struct check_stage *stage, uint32_t id, uint32_t language, struct check_document_text text,
                    uint32_t step);

/* Puts check_texts, reads them, finalizes, reads them again, and drops them. */
void check_codec(const struct stage_ops *ops);
/* Deep (`levels`) and wide (`width` children) trees, with moves from every `step`th node. Depths of
 * 20,000 find recursion that real files find, too. */
void check_codec_extremes(const struct stage_ops *ops, uint32_t levels, uint32_t width, uint32_t step);

/* The same with a stage that is open, and is empty before and (check_codec_open) after. `finalize` is
 * check_finalize or what a test does in its place; NULL: nothing is finalized. */
void check_codec_open(struct check_stage *stage, int (*finalize)(struct check_stage *stage));
void check_extremes_open(struct check_stage *stage, int (*finalize)(struct check_stage *stage), uint32_t levels,
                         uint32_t width, uint32_t step);

/* ---- checks of a codec's bytes ---- */

/* Document `id` as the codec wrote it: batch walk, cursor and symbols give the same nodes, and, where
 * the codec can strip, its bytes come back from what is stripped. No source is needed: for bytes from
 * anywhere that the codec's own validation let through. `cursor` is one of the stage's, of any state;
 * it is closed afterwards. */
void check_blob(const struct check_stage *stage, uint32_t id, struct stage_cursor *cursor);

/* Any bytes as stripped ones are reconstructed to `length` bytes or refused with STAGE_CORRUPT, and
 * nothing is written past the end (which the address sanitizer sees). */
void check_reconstruct_any(const struct stage_ops *ops, void *store, const uint8_t *stripped, uint64_t stripped_length,
                           uint64_t length);

/* ---- texts to try ---- */

struct check_text {
  const char *language, *text; /* static */
};

/* Ordinary code, and all that is odd: errors, missing tokens, zero-width and hidden tokens at line
 * ends, aliases, extras in odd places, nothing at all. In the languages of the grammars that
 * phasebench comes with. */
#define CHECK_TEXT_COUNT 20
extern const struct check_text check_texts[CHECK_TEXT_COUNT];

/* JavaScript: `levels` parentheses around a number in an expression statement. The caller frees. */
char *check_deep_text(uint32_t levels, size_t *bytes);
/* JavaScript: an array of `count` numbers with a comment here and there; unclosed, so that the
 * children stand in one flat ERROR node. The caller frees. */
char *check_wide_text(uint32_t count, size_t *bytes);

#endif
