/* SPDX-License-Identifier: MIT
 *
 * store.h - stages loaded from their modules and composed into one store, which
 * takes documents in, keeps them, and gives them back. The only part of the harness
 * that calls a stage's hooks; how stages compose is told in phases/stage.h. */
#ifndef PHASEBENCH_STORE_H
#define PHASEBENCH_STORE_H

#include <stdint.h>

#include "base/fault.h"
#include "base/size.h"
#include "stage.h"

#define STORE_STAGE_COUNT_MAX 16

/* ---- modules ---- */

struct stage_module {
  char path[4096];
  void *handle;
  const struct stage_ops *ops;
};

/* Loads a module by path and checks it: is it a shared object of this machine, does
 * it export phasebench_stage, are ABI version, layout and sizes ours, is every
 * required hook there, is its name its file's. Each refusal says what was found,
 * what was expected, and what to do. */
bool stage_module_load(const char *path, struct stage_module *module, struct fault *fault);
void stage_module_unload(struct stage_module *module);

/* For a module from elsewhere, before it is loaded for the first time: loads it in a child
 * process, and refuses it when that ends the child (a constructor that aborts). */
bool stage_module_probe(const char *path, struct fault *fault);

/* What stands in the stage folder, sorted by order then name; reading it loads each
 * module and unloads it again. Modules that are refused end the listing with a
 * fault that names them. */
struct stage_option_summary {
  char name[32], summary[128];
  uint64_t value, min, max;
};
struct stage_summary {
  char name[16];
  char summary[128];
  char path[4096];
  uint32_t order, roles, flags, keeps;
  struct stage_option_summary options[STAGE_OPTIONS_MAX];
  uint32_t option_count;
};
bool stage_summarize(const char *path, struct stage_summary *summary, struct fault *fault);
bool stage_list(struct stage_summary *summaries, unsigned capacity, unsigned *count, struct fault *fault);

/* ---- combinations ---- */

/* A combination's name: "baseline", or stage names joined by '+', in order. */
struct combination {
  char name[256];
  char stages[STORE_STAGE_COUNT_MAX]
             [4096]; /* a stage's name, or the path of a module (has a '/'), without the base stage */
  unsigned stage_count;
};
/* Parses "p1+p2", "baseline", "null", "./my/stage.so": sorts by order, refuses
 * unknown and repeated stages. */
bool combination_parse(const char *text, struct combination *combination, struct fault *fault);

/* Words that stand for many combinations of the stages in the standard order (those of the stage
 * folder that are not STAGE_NOT_STANDARD), here with what help says of them. Each begins with the
 * baseline; which subsets can stand is decided as for combinations that are named. */
#define COMBINATION_SETS(X)                                                                \
  X(CUMULATIVE, "cumulative", "the baseline, then stage upon stage in the standard order") \
  X(EACH, "each", "the baseline, and each stage alone")                                    \
  X(LEAVE_ONE_OUT, "leave-one-out", "the baseline, all stages, and all stages less one")   \
  X(ALL, "all", "every subset of the stages: 2^n with the baseline, 64 of six")
enum combination_set {
#define X(name, word, text) COMBINATION_##name,
  COMBINATION_SETS(X)
#undef X
      COMBINATION_SET_COUNT
};
const char *combination_set_word(enum combination_set set);
const char *combination_set_text(enum combination_set set);
/* false: the word is none of them. */
bool combination_set_find(const char *word, enum combination_set *set);
/* Those with fewer stages first. Faults: EXIT_CODE_USAGE where there are more than `capacity`, and those
 * of stage_list. */
bool combination_set_list(enum combination_set set, struct combination *combinations, unsigned capacity,
                          unsigned *count, struct fault *fault);
/* COMBINATION_CUMULATIVE. */
bool combination_cumulative(struct combination *combinations, unsigned capacity, unsigned *count, struct fault *fault);

/* ---- the store ---- */

struct store;

/* An option of a stage, as set by the user: "p4a.hot_bytes=1MiB". */
struct store_setting {
  char stage[16], option[32];
  uint64_t value;
  bool has_unit; /* it was given in KiB, MiB ...: the option must be one of bytes */
};
#define STORE_SETTINGS_MAX 32
/* Where a store keeps files, and how its stages are set. */
struct store_place {
  /* The folder for the stages' files, empty unless is_reopened. Made where a stage needs it
   * (STAGE_USES_DISK). "": a new one in $TMPDIR, else /var/tmp, which store_close removes. */
  char directory[4096];
  bool is_reopened; /* the directory holds what the same stages committed */
  struct store_setting settings[STORE_SETTINGS_MAX];
  unsigned setting_count;
};
/* Parses "STAGE.OPTION=VALUE" (the units are size.h's) and adds it; a later one of the same
 * name wins. Values lie below 2^53, as in all of JSON here.
 * Faults: EXIT_CODE_USAGE. */
bool store_setting_add(struct store_place *place, const char *text, struct fault *fault);
/* The inverse, in digits alone; and for people, with a unit where it is of bytes and the unit is exact. */
#define STORE_SETTING_BYTES 80
void store_setting_text(const struct store_setting *setting, char text[STORE_SETTING_BYTES]);
void store_setting_show(const struct store_setting *setting, char text[STORE_SETTING_BYTES]);
/* A value of an option for people, as --set takes it: the option's name says whether it is of bytes
 * (its unit is last). Returns text. */
const char *store_option_text(const char *option, uint64_t value, char text[SIZE_TEXT_BYTES]);
/* EXIT_CODE_USAGE where the value is not from min to max. */
bool store_setting_in_range(const struct store_setting *setting, uint64_t min, uint64_t max, struct fault *fault);
/* Has a stage of the stage folder, or one that a combination names by its path, each option that is
 * set, and is the value in its range? Faults: EXIT_CODE_USAGE, and those of stage_list. */
bool store_settings_check(const struct store_place *place, const struct combination *combinations, unsigned count,
                          struct fault *fault);
/* The value of an option of a stage, as set or as it comes. */
uint64_t store_setting_value(const struct store_place *place, const char *stage,
                             const struct stage_option_summary *option);

/* `place` is read only during the call; NULL: a new folder, no settings. A setting for a stage that is
 * not in the combination is left alone. Faults: also EXIT_CODE_USAGE for one out of its range. */
bool store_open(const struct combination *combination, const struct store_place *place, struct store **store,
                struct fault *fault);
void store_close(struct store *store); /* closes stages and unloads modules; NULL is fine */
/* The folder of the stages' files; NULL: no stage has one. */
const char *store_directory(const struct store *store);

/* Stages of the store, the base stage first. */
unsigned store_stage_count(const struct store *store);
const struct stage_ops *store_stage(const struct store *store, unsigned i);
/* The codec in charge, for cursors; valid while the store is open. */
const struct stage_ops *store_codec(const struct store *store, void **codec_store);
bool store_needs_grammar(const struct store *store); /* STAGE_NEEDS_GRAMMAR of the codec in charge */
bool store_keeps_nothing(const struct store *store);

/* Source and tree of a new document, or of one that is there in its new state. The
 * store owns the tree from the call on. */
bool store_put(struct store *store, const struct stage_document *document, TSTree *tree, struct fault *fault);
bool store_edit(struct store *store, const struct stage_document *document, const TSInputEdit *edits,
                uint32_t edit_count, TSTree *tree, struct fault *fault);
bool store_finalize(struct store *store, struct fault *fault);
bool store_drop(struct store *store, uint32_t id, struct fault *fault);
/* Has every stage check what it has on disk, as far as it can. */
bool store_verify(struct store *store, struct fault *fault);
/* All stages give back what only makes reading quicker: the next access is to a document not in use. */
void store_evict(struct store *store);

/* The whole source of a document, readable until store_unpin_source, whose false means that what
 * was read since is void (the file behind it was changed): it is let go of all the same. */
bool store_pin_source(struct store *store, uint32_t id, struct stage_pin *pin, struct fault *fault);
bool store_unpin_source(struct store *store, struct stage_pin *pin, struct fault *fault);

/* A cursor on the codec in charge. Moves and walks are called through
 * store_codec's table. store_cursor_open turns a stage's error into a fault. */
bool store_cursor_new(struct store *store, struct stage_cursor **cursor, struct fault *fault);
bool store_cursor_open(struct store *store, struct stage_cursor *cursor, uint32_t id, struct fault *fault);
void store_cursor_close(struct store *store, struct stage_cursor *cursor);
void store_cursor_delete(struct store *store, struct stage_cursor *cursor);

/* ---- stores that outlive their process ---- */

/* Can it be committed, and opened again? The tops of both stacks must be one blob store that has commit, and
 * the codec in charge must have save. Else EXIT_CODE_USAGE, with what is lacking. */
bool store_can_commit(const struct store *store, struct fault *fault);
/* What all documents share, as the codec in charge writes it; after store_finalize. */
bool store_save(struct store *store, stage_write_fn *write, void *sink, struct fault *fault);
bool store_commit(struct store *store, const void *catalogue, uint64_t length, struct fault *fault);
/* Of a store that was opened again (store_place.is_reopened): the catalogue of the last commit, until
 * store_unpin_catalogue; then the codec's tables, before any document is read. */
bool store_pin_catalogue(struct store *store, struct stage_pin *pin, struct fault *fault);
bool store_unpin_catalogue(struct store *store, struct stage_pin *pin, struct fault *fault);
bool store_load(struct store *store, const void *tables, uint64_t length, struct fault *fault);
/* The value of an option as the stage was given it; o counts the options of stage i. */
uint64_t store_option(const struct store *store, unsigned i, uint32_t o);

/* Every stage's own counters: emit(sink, stage name, counter, unit, value). */
typedef void store_stat_fn(void *sink, const char *stage, const char *name, const char *unit, double value);
void store_stats(struct store *store, store_stat_fn *emit, void *sink);
/* Those of stage i alone. */
void store_stage_stats(struct store *store, unsigned i, store_stat_fn *emit, void *sink);

/* Turns a stage's error code, and what it told ctx->fail, into a fault. */
bool store_fault(struct store *store, const struct stage_ops *stage, const char *hook, int error, struct fault *fault);

const char *stage_error_text(int error);

#endif
