/* SPDX-License-Identifier: MIT
 *
 * store_verify.c - `phasebench store verify`: what is bad is told and counted, and the rest is
 * looked at all the same. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/text.h"
#include "corpus/grammar.h"
#include "proof/proof.h"
#include "store.h"
#include "system/heap.h"

struct verify {
  struct store_disk disk;
  bool with_sources;
  struct stage_cursor *cursor;
  struct stage_node *batch;
  char *text; /* of the document that is looked at */
  size_t text_capacity;
  TSParser *parser;
  struct grammar *grammars;
  struct proof proof;
  bool is_proving;
  uint64_t bad_documents, nodes, bytes;
  cJSON *bad; /* --json: what is bad; else NULL */
};

/* of: "document", "store" */
static void tell_bad(const struct verify *verify, const char *of, const char *path, const char *what) {
  static struct path_shown shown;
  path_show(path, &shown);
  if (verify->bad) {
    cJSON *bad = json_add_object(verify->bad, NULL);
    json_add_text(bad, of, shown.text);
    json_add_text(bad, "reason", what);
    return;
  }
  printf("BAD %s: ", shown.text);
  text_print(stdout, what);
  putchar('\n');
}

/* The source, as the store gives it, into verify->text. */
static bool check_source(struct verify *verify, uint32_t id, struct fault *fault) {
  const struct store_document *document = &verify->disk.catalogue.documents[id];
  struct stage_pin pin;
  if (!store_pin_source(verify->disk.store, id, &pin, fault)) return false;
  uint64_t length = pin.length;
  bool good = length == document->bytes;
  if (!good) {
    fault_set(fault, EXIT_CODE_CORRUPT, "its source has %" PRIu64 " bytes, the catalogue says %" PRIu64, length,
              document->bytes);
  }
  if (good && length >= verify->text_capacity) {
    free(verify->text);
    verify->text_capacity = (size_t)length + 1;
    verify->text = malloc(verify->text_capacity);
    if (!verify->text) {
      verify->text_capacity = 0;
      good = fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for its source");
    }
  }
  if (good && length > 0) memcpy(verify->text, pin.bytes, (size_t)length);
  if (!store_unpin_source(verify->disk.store, &pin, fault) || !good) return false;
  verify->bytes += length;
  if (XXH3_64bits(verify->text, (size_t)length) == document->hash) return true;
  return fault_set(fault, EXIT_CODE_CORRUPT, "its source is not what was stored (XXH3 differs)");
}

static bool check_tree(struct verify *verify, uint32_t id, struct fault *fault) {
  const struct store_document *document = &verify->disk.catalogue.documents[id];
  uint64_t nodes;
  if (!store_command_walk(verify->disk.store, verify->cursor, id, verify->batch, &nodes, fault)) return false;
  verify->nodes += nodes;
  if (nodes == document->nodes) return true;
  return fault_set(fault, EXIT_CODE_CORRUPT, "its tree has %" PRIu64 " nodes, the catalogue says %u", nodes,
                   document->nodes);
}

/* Every fact of every node, against a fresh parse. */
static bool check_facts(struct verify *verify, uint32_t id, struct fault *fault) {
  const struct store_document *document = &verify->disk.catalogue.documents[id];
  const struct grammar *grammar = &verify->grammars[document->language];
  if (!ts_parser_set_language(verify->parser, grammar->ts))
    return fault_set(fault, EXIT_CODE_INPUT, "the tree-sitter runtime refuses the grammar of '%s'; rebuild",
                     grammar->language);
  TSTree *tree = ts_parser_parse_string(verify->parser, NULL, verify->text, (uint32_t)document->bytes);
  if (!tree) return fault_set(fault, EXIT_CODE_INTERNAL, "the parser gave no tree");
  const struct proof_document expected = {id,           document->language,        grammar->ts, document->path,
                                          verify->text, (uint32_t)document->bytes, tree};
  verify->proof.mismatches = 0; /* so that the first one is told of each document */
  bool good = proof_document(&verify->proof, &expected, fault);
  ts_tree_delete(tree);
  if (!good || verify->proof.mismatches == 0) return good;
  char text[900];
  proof_describe(&verify->proof, text, sizeof text);
  return fault_set(fault, EXIT_CODE_CORRUPT, "%" PRIu64 " facts differ from a fresh parse; the first: %s",
                   verify->proof.mismatches, text);
}

/* Tells what a check found; false where it found nothing out: no memory, or an error of reading. */
static bool judge_document(const struct verify *verify, const char *path, const struct fault *found,
                           struct fault *fault) {
  static struct path_shown shown;
  if (found->code == EXIT_CODE_SYSTEM)
    return fault_set(fault, found->code, "%.300s: cannot be checked: %.600s", path_show(path, &shown), found->message);
  if (found->code != EXIT_CODE_OK) tell_bad(verify, "document", path, found->message);
  return true;
}

/* Looks for everything that can be wrong with a document, also after something was found. */
static bool check_document(struct verify *verify, uint32_t id, struct fault *fault) {
  const char *path = verify->disk.catalogue.documents[id].path;
  struct fault source = {0}, tree = {0}, facts = {0};
  check_source(verify, id, &source);
  if (!judge_document(verify, path, &source, fault)) return false;
  check_tree(verify, id, &tree);
  if (!judge_document(verify, path, &tree, fault)) return false;
  if (verify->with_sources && source.code == EXIT_CODE_OK && tree.code == EXIT_CODE_OK) check_facts(verify, id, &facts);
  if (!judge_document(verify, path, &facts, fault)) return false;
  if (source.code || tree.code || facts.code) verify->bad_documents++;
  return true;
}

/* ---- grammars ---- */

/* Trees by different versions of a grammar may differ, which would be no error of the store. */
static bool same_grammar(const struct store_language *language, struct fault *fault) {
  struct grammar_info info;
  if (!grammar_describe(language->name, &info, fault)) return false;
  if (strcmp(info.package, language->package) == 0 && strcmp(info.version, language->version) == 0 &&
      info.abi == language->abi)
    return true;
  return fault_set(fault, EXIT_CODE_INPUT,
                   "--sources: the store's trees are of %s %s (ABI %u), and this build has %s %s "
                   "(ABI %u): they cannot be compared",
                   language->package, language->version, language->abi, info.package, info.version, info.abi);
}

static bool begin_proof(struct verify *verify, struct fault *fault) {
  const struct store_catalogue *catalogue = &verify->disk.catalogue;
  verify->grammars = calloc((size_t)catalogue->language_count + 1, sizeof *verify->grammars);
  verify->parser = ts_parser_new();
  if (!verify->grammars) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for grammars");
  for (uint32_t i = 0; i < catalogue->language_count; i++) {
    if (!same_grammar(&catalogue->languages[i], fault) ||
        !grammar_load(catalogue->languages[i].name, &verify->grammars[i], fault))
      return false;
  }
  struct stage_heap *heap = heap_new("harness", fault);
  if (!heap || !proof_open(&verify->proof, catalogue->language_count, 1, heap, fault)) return false;
  verify->is_proving = true;
  return proof_attach(&verify->proof, verify->disk.store, fault);
}

static void end_proof(struct verify *verify) {
  if (verify->is_proving) {
    proof_detach(&verify->proof);
    proof_close(&verify->proof);
  }
  if (verify->parser) ts_parser_delete(verify->parser);
  for (uint32_t i = 0; verify->grammars && i < verify->disk.catalogue.language_count; i++) {
    if (verify->grammars[i].ts) grammar_unload(&verify->grammars[i]);
  }
  free(verify->grammars);
}

/* ---- all of it ---- */

static void tell_progress(const struct verify *verify, uint64_t done, uint64_t *told_ns) {
  uint64_t now_ns = clock_ns();
  if (isatty(STDERR_FILENO) != 1 || now_ns - *told_ns < 200000000) return;
  *told_ns = now_ns;
  fprintf(stderr, "\r\033[K%" PRIu64 " of %" PRIu64 " documents\r", done, verify->disk.catalogue.document_count);
}

/* What was looked at. */
static void print_sums(const struct verify *verify, bool files_good) {
  static struct path_shown shown;
  char size[SIZE_TEXT_BYTES];
  uint64_t count = verify->disk.catalogue.document_count, bad = verify->bad_documents;
  printf("%s: %" PRIu64 " document%s, %s of source, %" PRIu64 " nodes%s: ", path_show(verify->disk.path, &shown), count,
         plural(count), size_text(verify->bytes, size), verify->nodes,
         verify->with_sources ? ", each compared with a fresh parse" : "");
  if (bad > 0) printf("%" PRIu64 " document%s bad\n", bad, bad == 1 ? " is" : "s are");
  else printf(files_good ? "all is well\n" : "every document is well, and the files are not\n");
}

static bool print_sums_json(struct verify *verify, bool files_good, struct fault *fault) {
  static struct path_shown shown;
  cJSON *root = json_new_object();
  json_add_text(root, "schema", "phasebench-store-verify-1");
  json_add_text(root, "store", path_show(verify->disk.path, &shown));
  json_add_text(root, "stages", verify->disk.catalogue.combination);
  json_add_bool(root, "sources_parsed", verify->with_sources);
  json_add_u64(root, "documents", verify->disk.catalogue.document_count);
  json_add_u64(root, "source_bytes", verify->bytes);
  json_add_u64(root, "nodes", verify->nodes);
  json_add_u64(root, "bad_documents", verify->bad_documents);
  json_add_bool(root, "files_good", files_good);
  json_add_bool(root, "good", files_good && verify->bad_documents == 0);
  json_add_item(root, "bad", verify->bad);
  verify->bad = NULL;
  return json_print(root, fault);
}

static bool check_all(struct verify *verify, struct fault *fault) {
  uint64_t count = verify->disk.catalogue.document_count, told_ns = clock_ns();
  verify->batch = calloc(STORE_BATCH_NODES, sizeof *verify->batch);
  verify->text = malloc(1);
  verify->text_capacity = 1;
  if (!verify->batch || !verify->text) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  if (!store_cursor_new(verify->disk.store, &verify->cursor, fault)) return false;
  if (verify->with_sources && !begin_proof(verify, fault)) return false;
  struct fault files = {0}; /* what no document needs may be bad alone */
  bool files_good = store_verify(verify->disk.store, &files);
  if (files.code == EXIT_CODE_SYSTEM)
    return fault_set(fault, files.code, "%.300s: cannot be checked: %.600s", verify->disk.path, files.message);
  if (!files_good) tell_bad(verify, "store", verify->disk.path, files.message);
  for (uint64_t id = 0; id < count; id++) {
    if (!check_document(verify, (uint32_t)id, fault)) return false;
    tell_progress(verify, id + 1, &told_ns);
  }
  if (isatty(STDERR_FILENO) == 1) fputs("\r\033[K", stderr);
  struct fault unwritten = {0}; /* what is bad says more */
  if (!verify->bad) print_sums(verify, files_good);
  else print_sums_json(verify, files_good, &unwritten);
  if (verify->bad_documents > 0)
    return fault_set(fault, EXIT_CODE_CORRUPT, "%s: %" PRIu64 " of %" PRIu64 " document%s %s bad", verify->disk.path,
                     verify->bad_documents, count, plural(count), verify->bad_documents == 1 ? "is" : "are");
  if (!files_good)
    return fault_set(fault, files.code,
                     "%s: the files are damaged where no document lies; build the store anew while all "
                     "of it can be read",
                     verify->disk.path);
  if (unwritten.code != EXIT_CODE_OK) return fault_set(fault, unwritten.code, "%s", unwritten.message);
  return true;
}

bool store_command_verify(const struct store_options *options, struct fault *fault) {
  static struct verify verify;
  verify.with_sources = options->sources;
  verify.bad = options->json ? json_new_array() : NULL;
  bool good = store_disk_open(options->store, options->stages, NULL, &verify.disk, fault) && check_all(&verify, fault);
  end_proof(&verify);
  if (verify.cursor) store_cursor_delete(verify.disk.store, verify.cursor);
  store_disk_close(&verify.disk);
  free(verify.batch);
  free(verify.text);
  cJSON_Delete(verify.bad);
  return good;
}
