/* SPDX-License-Identifier: MIT
 *
 * cell_documents.c - the parts of a cell that parse: documents in, and the
 * documents as they should be, for the proof. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "cell.h"
#include "system/heap.h"

/* ---- grammars and the parser ---- */

bool cell_use_language(struct cell *cell, uint32_t language, struct fault *fault) {
  struct grammar *grammar = &cell->grammars[language];
  if (!grammar->ts && !grammar_load(cell->spec->languages[language], grammar, fault)) return false;
  if (!cell->parser) cell->parser = ts_parser_new();
  if (ts_parser_language(cell->parser) == grammar->ts || ts_parser_set_language(cell->parser, grammar->ts)) return true;
  return fault_set(fault, EXIT_CODE_INPUT, "the tree-sitter runtime refuses the grammar of '%s' (ABI %u); rebuild",
                   grammar->language, ts_language_abi_version(grammar->ts));
}

void cell_forget_parser(struct cell *cell, bool keep_grammars) {
  ts_parser_delete(cell->parser);
  cell->parser = NULL;
  for (size_t i = 0; i < cell->spec->language_count && !keep_grammars; i++) {
    if (cell->grammars[i].ts) grammar_unload(&cell->grammars[i]);
  }
}

/* ---- texts ---- */

bool cell_path_of(const struct cell *cell, const char *relative, char *path, size_t path_bytes, struct fault *fault) {
  int length = snprintf(path, path_bytes, "%s/%s", cell->spec->corpus_root, relative);
  return (length > 0 && (size_t)length < path_bytes) ||
         fault_set(fault, EXIT_CODE_INPUT, "%s/%.200s...: the path is too long", cell->spec->corpus_root, relative);
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

bool cell_read_file(struct cell *cell, const char *relative, uint64_t bytes, uint64_t hash, char *to,
                    struct fault *fault) {
  char path[4096 * 2];
  if (!cell_path_of(cell, relative, path, sizeof path, fault)) return false;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return fault_set(fault, exit_code_of_errno(errno), "%s: cannot be opened: %s", path, strerror(errno));
  bool good = read_whole(file, path, to, bytes, fault);
  close(file);
  if (!good) return false;
  return XXH3_64bits(to, bytes) == hash ||
         fault_set(fault, EXIT_CODE_INPUT,
                   "%s: is not what it was when the corpus was read (XXH3 differs); let nobody change a "
                   "corpus that is being measured",
                   path);
}

bool cell_read_text(struct cell *cell, uint32_t id, struct fault *fault) {
  const struct cell_spec_file *spec = &cell->spec->files[id];
  return cell_read_file(cell, spec->path, spec->bytes, spec->hash, cell->text, fault);
}

TSTree *cell_parse(struct cell *cell, uint32_t id, const TSTree *old, const char *text, uint32_t length,
                   struct fault *fault) {
  TSTree *tree = ts_parser_parse_string(cell->parser, old, text, length);
  if (!tree) fault_set(fault, EXIT_CODE_INTERNAL, "%s: the parser gave no tree", cell->spec->files[id].path);
  return tree;
}

/* ---- ingest ---- */

static bool ingest_document(struct cell *cell, uint32_t id, struct fault *fault) {
  const struct cell_spec_file *file = &cell->spec->files[id];
  char path[4096 * 2];
  if (!cell_use_language(cell, file->language, fault) || !cell_read_text(cell, id, fault) ||
      !cell_path_of(cell, file->path, path, sizeof path, fault))
    return false;
  uint64_t began_ns = clock_ns();
  TSTree *tree = cell_parse(cell, id, NULL, cell->text, (uint32_t)file->bytes, fault);
  if (!tree) return false;
  uint64_t parsed_ns = clock_ns();
  cell->node_counts[id] = ts_node_descendant_count(ts_tree_root_node(tree));
  cell->nodes += cell->node_counts[id];
  struct stage_document document = {id,   file->language, cell->grammars[file->language].ts,
                                    path, cell->text,     (uint32_t)file->bytes};
  /* Freeing the parser's tree is part of parsing alone, too: a second reference puts it
   * off until the store is done with its own, so that it has a time of its own. */
  TSTree *second = ts_tree_copy(tree);
  uint64_t counted_ns = clock_ns();
  bool good = store_put(cell->store, &document, tree, fault);
  uint64_t stored_ns = clock_ns();
  ts_tree_delete(second);
  cell->timings.parse_ns += parsed_ns - began_ns;
  cell->timings.store_ns += stored_ns - counted_ns;
  cell->timings.free_ns += clock_ns() - stored_ns;
  return good;
}

bool cell_ingest(struct cell *cell, struct fault *fault) {
  bool good = true;
  for (size_t id = 0; good && id < cell->spec->file_count; id++) good = ingest_document(cell, (uint32_t)id, fault);
  cell_forget_parser(cell, store_needs_grammar(cell->store));
  return good;
}

/* ---- proof ---- */

bool cell_compare(struct cell *cell, uint32_t id, const char *text, uint32_t length, const TSTree *tree,
                  struct fault *fault) {
  const struct cell_spec_file *file = &cell->spec->files[id];
  struct proof_document document = {id,  file->language, cell->grammars[file->language].ts, file->path, text, length,
                                    tree};
  return proof_document(&cell->proof, &document, fault);
}

static bool prove_document(struct cell *cell, uint32_t id, struct fault *fault) {
  const struct cell_spec_file *file = &cell->spec->files[id];
  if (!cell_use_language(cell, file->language, fault) || !cell_read_text(cell, id, fault)) return false;
  const char *text = cell->text;
  uint32_t length = (uint32_t)file->bytes;
  TSTree *tree = cell_parse(cell, id, NULL, text, length, fault);
  if (tree && cell->is_edited[id]) { /* the same steps again */
    uint32_t count;
    TSTree *old = tree;
    bool prepared = cell_prepare_edit(cell, id, &length, &count, fault);
    tree = prepared ? cell_edit_tree(cell, id, old, length, count, fault) : NULL;
    ts_tree_delete(old);
    text = cell->edited_text;
  }
  bool good = tree && cell_compare(cell, id, text, length, tree, fault);
  ts_tree_delete(tree);
  return good;
}

bool cell_prove(struct cell *cell, struct fault *fault) {
  if (!proof_attach(&cell->proof, cell->store, fault)) return false;
  bool good = true;
  cell->proof_began = true;
  for (size_t id = 0; good && id < cell->spec->file_count; id++) good = prove_document(cell, (uint32_t)id, fault);
  proof_detach(&cell->proof);
  cell_forget_parser(cell, store_needs_grammar(cell->store));
  if (!good || cell->proof.mismatches == 0) return good;
  char text[900];
  proof_describe(&cell->proof, text, sizeof text);
  return fault_set(fault, EXIT_CODE_CELL_FAILED, "proof failed: %" PRIu64 " mismatches; the first: %s",
                   cell->proof.mismatches, text);
}
