/* SPDX-License-Identifier: MIT
 *
 * The proof finds every lie. The stage "liar" (testing/liar.c) is honest until it is told
 * what to get wrong: each fact of a node, in the walk and after each move; each move; each
 * name; each way in which a source can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/json_out.h"
#include "stage_check.h"
#include "proof.h"
#include "store/stage_module.h"
#include "store/store.h"
#include "system/heap.h"
#include "testing/liar.h"

#define TEXT_COUNT ((uint32_t)COUNT(check_texts))

static struct store *store;
static liar_choose_fn *choose;
static struct stage_module liar_module;
static char *own_source; /* a text of real size: this file's neighbour */
static size_t own_source_bytes;

struct text {
  const char *language, *text;
  size_t bytes;
};

/* All of the codec check's texts, and one of real size. */
static struct text text_of(uint32_t id) {
  if (id == TEXT_COUNT) return (struct text){"c", own_source, own_source_bytes};
  return (struct text){check_texts[id].language, check_texts[id].text, strlen(check_texts[id].text)};
}

static uint32_t language_of(const char *language) {
  uint32_t i = 0;
  while (strcmp(check_texts[i].language, language) != 0) i++;
  return i;
}

static void read_own_source(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s/harness/proof/proof.c", getenv("PHASEBENCH_SOURCE_DIR"));
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  own_source = malloc(1 << 20);
  own_source_bytes = fread(own_source, 1, 1 << 20, file);
  fclose(file);
  assert_true(own_source_bytes > 10000);
}

static int open_store(void **state) {
  (void)state;
  struct combination combination;
  struct fault fault = {0};
  char path[4096];
  snprintf(path, sizeof path, "%s/test_stages/liar.so", getenv("PHASEBENCH_BUILD_DIR"));
  if (!combination_parse(path, &combination, &fault) || !store_open(&combination, NULL, &store, &fault) ||
      !stage_module_load(path, &liar_module, &fault))
    fail_msg("%s", fault.message);
  *(void **)&choose = dlsym(liar_module.handle, "liar_choose");
  assert_non_null((void *)(uintptr_t)choose);
  read_own_source();
  for (uint32_t id = 0; id <= TEXT_COUNT; id++) {
    struct text text = text_of(id);
    struct stage_document document = {id,        language_of(text.language), check_grammar(text.language), NULL,
                                      text.text, (uint32_t)text.bytes};
    if (!store_put(store, &document, check_parse(document.grammar, text.text, text.bytes), &fault))
      fail_msg("%s", fault.message);
  }
  return 0;
}

static int close_store(void **state) {
  (void)state;
  store_close(store);
  stage_module_unload(&liar_module);
  free(own_source);
  return 0;
}

/* Proves documents [first, last] while the stage tells `lie`. The caller closes the proof. */
static void prove(struct proof *proof, const char *lie, uint32_t first, uint32_t last) {
  struct fault fault = {0};
  if (!proof_open(proof, TEXT_COUNT, 1, heap_at(0), &fault) || !proof_attach(proof, store, &fault))
    fail_msg("%s", fault.message);
  choose(lie);
  for (uint32_t id = first; id <= last; id++) {
    struct text text = text_of(id);
    const TSLanguage *grammar = check_grammar(text.language);
    TSTree *tree = check_parse(grammar, text.text, text.bytes);
    char path[32];
    snprintf(path, sizeof path, "text %u", id);
    struct proof_document document = {id,        language_of(text.language), grammar, path,
                                      text.text, (uint32_t)text.bytes,       tree};
    if (!proof_document(proof, &document, &fault)) fail_msg("%s", fault.message);
    ts_tree_delete(tree);
  }
  choose("nothing");
  proof_detach(proof);
}

static void honest_answers_pass(void **state) {
  (void)state;
  struct proof proof;
  prove(&proof, "nothing", 0, TEXT_COUNT);
  char text[1024];
  if (proof.mismatches > 0) {
    proof_describe(&proof, text, sizeof text);
    fail_msg("%s", text);
  }
  uint64_t nodes = 0, bytes = 0;
  for (uint32_t id = 0; id <= TEXT_COUNT; id++) {
    struct text one = text_of(id);
    TSTree *tree = check_parse(check_grammar(one.language), one.text, one.bytes);
    nodes += ts_node_descendant_count(ts_tree_root_node(tree));
    bytes += one.bytes;
    ts_tree_delete(tree);
  }
  assert_int_equal(proof.documents_compared, TEXT_COUNT + 1);
  assert_int_equal(proof.nodes_compared, nodes);
  assert_int_equal(proof.source_bytes_compared, bytes);
  assert_true(proof.moves_compared > 2 * nodes);
  cJSON *json = proof_json(&proof, NULL);
  assert_string_equal(cJSON_GetObjectItem(json, "status")->valuestring, "passed");
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "reason")));
  cJSON_Delete(json);
  proof_close(&proof);
}

/* The lie must be found, and the first mismatch must be about `fact`. */
static void found(const char *lie, const char *fact) {
  struct proof proof;
  prove(&proof, lie, 0, TEXT_COUNT);
  if (proof.mismatches == 0) fail_msg("the lie '%s' was not found", lie);
  if (!strstr(proof.first.fact, fact)) {
    char text[1024];
    proof_describe(&proof, text, sizeof text);
    fail_msg("the lie '%s' was taken for: %s", lie, text);
  }
  assert_true(proof.documents_compared < TEXT_COUNT + 1);
  cJSON *json = proof_json(&proof, NULL);
  assert_string_equal(cJSON_GetObjectItem(json, "status")->valuestring, "failed");
  assert_true(cJSON_IsObject(cJSON_GetObjectItem(json, "first_mismatch")));
  assert_int_equal(strncmp(cJSON_GetObjectItem(json, "reason")->valuestring, "text ", 5), 0);
  cJSON_Delete(json);
  proof_close(&proof);
}

static const char *const head_facts[] = {"symbol",     "grammar symbol", "field",        "is named", "is extra",
                                         "is missing", "is an error",    "has an error", "flags",    "start byte",
                                         "start row",  "start column",   "index"};
static const char *const extent_facts[] = {"end byte",    "end row",           "end column",
                                           "child count", "named child count", "descendant count"};

static void each_wrong_fact_of_the_walk_is_found(void **state) {
  (void)state;
  char lie[128];
  for (size_t i = 0; i < COUNT(head_facts); i++) {
    snprintf(lie, sizeof lie, "walk: %s", head_facts[i]);
    found(lie, lie);
  }
  for (size_t i = 0; i < COUNT(extent_facts); i++) {
    snprintf(lie, sizeof lie, "walk: %s", extent_facts[i]);
    found(lie, lie);
  }
  found("walk: a node less", "walk: ");
  found("walk: a node more", "walk: ");
  found("walk: order", "walk: ");
  found("walk: error", "walk");
}

static void each_wrong_extent_is_found(void **state) {
  (void)state;
  char lie[128];
  for (size_t i = 0; i < COUNT(extent_facts); i++) {
    snprintf(lie, sizeof lie, "extent: %s", extent_facts[i]);
    found(lie, extent_facts[i]);
  }
  found("extent: error", "extent");
}

static void each_wrong_head_after_a_move_is_found(void **state) {
  (void)state;
  /* The moves that the walk in step makes; there every node is looked at, and so every fact. */
  static const char *const moves[] = {"goto_first_child", "goto_next_sibling", "goto_parent"};
  char lie[128];
  for (size_t m = 0; m < COUNT(moves); m++) {
    for (size_t i = 0; i < COUNT(head_facts); i++) {
      snprintf(lie, sizeof lie, "%s: %s", moves[m], head_facts[i]);
      found(lie, head_facts[i]);
    }
  }
}

static void each_wrong_move_is_found(void **state) {
  (void)state;
  static const char *const moves[] = {"goto_first_child",
                                      "goto_next_sibling",
                                      "goto_parent",
                                      "goto_previous_sibling",
                                      "goto_last_child",
                                      "goto_child",
                                      "goto_child_by_field",
                                      "goto_first_child_for_byte",
                                      "goto_descendant_for_bytes",
                                      "goto_descendant_for_bytes (empty)",
                                      "goto_descendant_for_points",
                                      "goto_descendant_for_points (empty)",
                                      "goto_next_symbol",
                                      "goto_index"};
  static const char *const ways[] = {"refused", "error", "another node", "depth", "symbol", "start byte"};
  static const char *const refusals[] = {"made though there is none", "moves when refused"};
  char lie[128];
  for (size_t m = 0; m < COUNT(moves); m++) {
    for (size_t w = 0; w < COUNT(ways); w++) {
      snprintf(lie, sizeof lie, "%s: %s", moves[m], ways[w]);
      found(lie, "");
    }
    for (size_t w = 0; w < COUNT(refusals); w++) {
      /* Never refused within a node; only the rest of a line can lead out of it. */
      bool by_points = strcmp(moves[m], "goto_descendant_for_points") == 0;
      if (strncmp(moves[m], "goto_descendant", 15) == 0 && !by_points) continue;
      snprintf(lie, sizeof lie, "%s: %s", moves[m], refusals[w]);
      found(lie, "");
    }
  }
}

static void wrong_counts_of_a_symbol_are_found(void **state) {
  (void)state;
  found("count_symbol: one more", "count_symbol");
  found("count_symbol: error", "count_symbol");
  found("count_symbol: moves", "count_symbol");
}

static void wrong_names_are_found(void **state) {
  (void)state;
  found("names: symbol", "symbol name");
  found("names: no symbol", "symbol name");
  found("names: field", "field name");
}

static void wrong_sources_are_found(void **state) {
  (void)state;
  found("source: byte", "source: byte at offset");
  found("source: length", "source: length");
  found("source: pin", "source: pin");
}

static void a_document_that_is_not_there_is_found(void **state) {
  (void)state;
  struct proof proof;
  struct fault fault = {0};
  assert_true(proof_open(&proof, TEXT_COUNT, 1, heap_at(0), &fault));
  assert_true(proof_attach(&proof, store, &fault));
  TSTree *tree = check_parse(check_grammar("c"), "", 0);
  struct proof_document document = {999, 0, check_grammar("c"), "no such text", "", 0, tree};
  assert_true(proof_document(&proof, &document, &fault));
  assert_int_equal(proof.mismatches, 2); /* no source, no tree */
  assert_string_equal(proof.first.fact, "source: pin");
  assert_int_equal(proof.documents_compared, 0);
  ts_tree_delete(tree);
  proof_detach(&proof);
  proof_close(&proof);
}

/* A document with many mismatches is given up, so that a broken stage does not fill the log. */
static void a_broken_document_is_given_up(void **state) {
  (void)state;
  struct proof proof;
  prove(&proof, "walk: symbol", TEXT_COUNT, TEXT_COUNT);
  assert_true(proof.mismatches >= PROOF_MISMATCHES_PER_DOCUMENT_MAX);
  assert_true(proof.mismatches < PROOF_MISMATCHES_PER_DOCUMENT_MAX + 20);
  proof_close(&proof);
}

/* 100,000 levels: no recursion anywhere, and a lie at the very bottom is found. */
static void a_very_deep_tree_is_proved(void **state) {
  (void)state;
  size_t bytes;
  char *text = check_deep_text(100000, &bytes);
  const TSLanguage *grammar = check_grammar("javascript");
  struct fault fault = {0};
  struct stage_document document = {TEXT_COUNT + 1, language_of("javascript"), grammar, NULL, text, (uint32_t)bytes};
  assert_true(store_put(store, &document, check_parse(grammar, text, bytes), &fault));
  TSTree *tree = check_parse(grammar, text, bytes);
  struct proof_document expected = {document.id, document.language, grammar, "deep", text, (uint32_t)bytes, tree};
  for (int pass = 0; pass < 2; pass++) {
    struct proof proof;
    assert_true(proof_open(&proof, TEXT_COUNT, 1, heap_at(0), &fault) && proof_attach(&proof, store, &fault));
    if (pass == 1) text[100000] = '2'; /* what the store has is '1' */
    assert_true(proof_document(&proof, &expected, &fault));
    assert_int_equal(proof.mismatches, pass);
    assert_true(proof.nodes_compared > 300000);
    proof_detach(&proof);
    proof_close(&proof);
  }
  ts_tree_delete(tree);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(honest_answers_pass),
      cmocka_unit_test(each_wrong_fact_of_the_walk_is_found),
      cmocka_unit_test(each_wrong_extent_is_found),
      cmocka_unit_test(each_wrong_head_after_a_move_is_found),
      cmocka_unit_test(each_wrong_move_is_found),
      cmocka_unit_test(wrong_counts_of_a_symbol_are_found),
      cmocka_unit_test(wrong_names_are_found),
      cmocka_unit_test(wrong_sources_are_found),
      cmocka_unit_test(a_document_that_is_not_there_is_found),
      cmocka_unit_test(a_broken_document_is_given_up),
      cmocka_unit_test(a_very_deep_tree_is_proved),
  };
  return cmocka_run_group_tests(tests, open_store, close_store);
}
