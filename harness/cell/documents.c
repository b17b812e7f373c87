/* SPDX-License-Identifier: MIT
 *
 * documents.c - see documents.h. */
#include "documents.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "reserve.h"
#include "system/heap.h"
#include "base/open_file.h"

#define BATCH_NODES 1024u

/* ---- memory ---- */

bool cell_documents_reserve(struct cell_documents *documents, struct stage_heap *heap, struct fault *fault) {
  const struct cell_spec *spec = documents->spec;
  size_t count = spec->file_count + 1, text_bytes = 0; /* never nothing */
  for (size_t i = 0; i < spec->file_count; i++) {
    if (spec->files[i].bytes >= text_bytes) text_bytes = spec->files[i].bytes + 1;
  }
  return (documents->text = cell_reserve(heap, text_bytes + 1, fault)) &&
         (documents->node_counts = cell_reserve(heap, count * sizeof *documents->node_counts, fault)) &&
         (documents->batch = cell_reserve(heap, BATCH_NODES * sizeof *documents->batch, fault)) &&
         (documents->grammars = cell_reserve(heap, (spec->language_count + 1) * sizeof *documents->grammars, fault));
}

void cell_documents_release(struct cell_documents *documents, struct stage_heap *heap) {
  if (documents->grammars) cell_forget_parser(documents, false);
  heap_release(heap, documents->text);
  heap_release(heap, documents->node_counts);
  heap_release(heap, documents->batch);
  heap_release(heap, documents->grammars);
  documents->grammars = NULL;
}

/* ---- grammars and the parser ---- */

bool cell_use_language(struct cell_documents *documents, uint32_t language, struct fault *fault) {
  struct grammar *grammar = &documents->grammars[language];
  if (!grammar->ts && !grammar_load(documents->spec->languages[language], grammar, fault)) return false;
  if (!documents->parser) documents->parser = ts_parser_new();
  if (ts_parser_language(documents->parser) == grammar->ts || ts_parser_set_language(documents->parser, grammar->ts))
    return true;
  return fault_set(fault, EXIT_CODE_INPUT, "the tree-sitter runtime refuses the grammar of '%s' (ABI %u); rebuild",
                   grammar->language, ts_language_abi_version(grammar->ts));
}

void cell_forget_parser(struct cell_documents *documents, bool keep_grammars) {
  ts_parser_delete(documents->parser);
  documents->parser = NULL;
  for (size_t i = 0; i < documents->spec->language_count && !keep_grammars; i++) {
    if (documents->grammars[i].ts) grammar_unload(&documents->grammars[i]);
  }
}

/* ---- texts ---- */

bool cell_path_of(const struct cell_documents *documents, const char *relative, char *path, size_t path_bytes,
                  struct fault *fault) {
  int length = snprintf(path, path_bytes, "%s/%s", documents->spec->corpus_root, relative);
  return (length > 0 && (size_t)length < path_bytes) ||
         fault_set(fault, EXIT_CODE_INPUT, "%s/%.200s...: the path is too long", documents->spec->corpus_root,
                   relative);
}

static bool read_whole(int file, const char *path, char *text, size_t bytes, struct fault *fault) {
  size_t used = 0;
  while (used < bytes) {
    ssize_t got = read(file, text + used, bytes - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
    if (got == 0) break;
    used += (size_t)got;
  }
  char more;
  if (used < bytes || read(file, &more, 1) != 0) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is %s than the %zu bytes it had when the corpus was read; let nobody "
                     "change a corpus that is being measured",
                     path, used < bytes ? "shorter" : "longer", bytes);
  }
  return true;
}

bool cell_read_file(const struct cell_documents *documents, const struct cell_file *file, char *to,
                    struct fault *fault) {
  char path[4096 * 2];
  if (!cell_path_of(documents, file->path, path, sizeof path, fault)) return false;
  const char *why;
  int fd = open_file(path, NULL, &why);
  if (fd < 0) return fault_set(fault, exit_code_of_errno(errno), "%s: cannot be opened: %s", path, why);
  bool good = read_whole(fd, path, to, file->bytes, fault);
  close(fd);
  if (good && XXH3_64bits(to, file->bytes) != file->hash)
    good = fault_set(fault, EXIT_CODE_INPUT,
                     "%s: is not what it was when the corpus was read (XXH3 differs); let nobody change a "
                     "corpus that is being measured",
                     path);
  return good;
}

bool cell_read_text(struct cell_documents *documents, uint32_t id, struct fault *fault) {
  const struct cell_spec_file *of_spec = &documents->spec->files[id];
  const struct cell_file file = {of_spec->path, of_spec->bytes, of_spec->hash};
  return cell_read_file(documents, &file, documents->text, fault);
}

TSTree *cell_parse(struct cell_documents *documents, uint32_t id, const TSTree *old, struct cell_text text,
                   struct fault *fault) {
  TSTree *tree = ts_parser_parse_string(documents->parser, old, text.bytes, text.length);
  if (!tree) fault_set(fault, EXIT_CODE_INTERNAL, "%s: the parser gave no tree", documents->spec->files[id].path);
  return tree;
}

/* ---- ingest ---- */

static bool ingest_document(struct cell_documents *documents, uint32_t id, struct fault *fault) {
  const struct cell_spec_file *file = &documents->spec->files[id];
  char path[4096 * 2];
  if (!cell_use_language(documents, file->language, fault) || !cell_read_text(documents, id, fault) ||
      !cell_path_of(documents, file->path, path, sizeof path, fault))
    return false;
  uint64_t began_ns = clock_ns();
  TSTree *tree = cell_parse(documents, id, NULL, (struct cell_text){documents->text, (uint32_t)file->bytes}, fault);
  if (!tree) return false;
  uint64_t parsed_ns = clock_ns();
  documents->node_counts[id] = ts_node_descendant_count(ts_tree_root_node(tree));
  documents->nodes += documents->node_counts[id];
  struct stage_document document = {id,   file->language,  documents->grammars[file->language].ts,
                                    path, documents->text, (uint32_t)file->bytes};
  /* Freeing the parser's tree is part of parsing alone, too: a second reference puts it
   * off until the store is done with its own, so that it has a time of its own. */
  TSTree *second = ts_tree_copy(tree);
  uint64_t counted_ns = clock_ns();
  bool good = store_put(documents->store, &document, tree, fault);
  uint64_t stored_ns = clock_ns();
  ts_tree_delete(second);
  documents->timings.parse_ns += parsed_ns - began_ns;
  documents->timings.store_ns += stored_ns - counted_ns;
  documents->timings.free_ns += clock_ns() - stored_ns;
  return good;
}

bool cell_ingest(struct cell_documents *documents, struct fault *fault) {
  bool good = true;
  for (size_t id = 0; good && id < documents->spec->file_count; id++)
    good = ingest_document(documents, (uint32_t)id, fault);
  cell_forget_parser(documents, store_needs_grammar(documents->store));
  return good;
}

/* ---- walk ---- */

bool cell_walk_document(struct cell_documents *documents, struct stage_cursor *cursor, uint32_t id, uint64_t *nodes,
                        struct fault *fault) {
  const struct stage_ops *codec = store_codec(documents->store, NULL);
  uint32_t count = 0;
  *nodes = 0;
  int error = codec->cursor_open(cursor, id);
  if (error == STAGE_NO_DOCUMENT && store_keeps_nothing(documents->store)) return true;
  if (error) return store_fault(documents->store, codec, "cursor_open", error, fault);
  do {
    error = codec->walk(cursor, documents->batch, BATCH_NODES, &count);
    *nodes += count;
  } while (!error && count > 0);
  codec->cursor_close(cursor);
  return !error || store_fault(documents->store, codec, "walk", error, fault);
}

bool cell_walk_all(struct cell_documents *documents, struct fault *fault) {
  struct stage_cursor *cursor;
  if (!store_cursor_new(documents->store, &cursor, fault)) return false;
  bool good = true;
  for (size_t id = 0; good && id < documents->spec->file_count; id++) {
    uint64_t nodes, began_ns = clock_ns();
    good = cell_walk_document(documents, cursor, (uint32_t)id, &nodes, fault);
    documents->timings.walk_ns += clock_ns() - began_ns;
    documents->timings.walked_nodes += nodes;
    if (good && nodes != documents->node_counts[id] && !store_keeps_nothing(documents->store))
      good = fault_set(fault, EXIT_CODE_CELL_FAILED, "%s: the batch walk gave %llu nodes; the parser made %u",
                       documents->spec->files[id].path, (unsigned long long)nodes, documents->node_counts[id]);
  }
  store_cursor_delete(documents->store, cursor);
  return good;
}
