/* SPDX-License-Identifier: MIT
 *
 * test_grammar.c - the built grammars load, parse and describe themselves; what is
 * not a grammar is refused with a message that names the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/paths.h"
#include "grammar.h"

static const char *const languages[] = {"c", "cpp", "go", "java", "javascript", "python", "rust", "tsx", "typescript"};

static void test_every_grammar(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(languages); i++) {
    struct fault fault = {0};
    struct grammar grammar;
    struct grammar_info info;
    if (!grammar_load(languages[i], &grammar, &fault)) fail_msg("%s", fault.message);
    TSParser *parser = ts_parser_new();
    assert_true(ts_parser_set_language(parser, grammar.ts));
    TSTree *tree = ts_parser_parse_string(parser, NULL, "", 0);
    assert_non_null(tree);
    ts_tree_delete(tree);
    ts_parser_delete(parser);
    uint32_t abi = ts_language_abi_version(grammar.ts);
    grammar_unload(&grammar);
    assert_null(grammar.ts);
    if (!grammar_describe(languages[i], &info, &fault)) fail_msg("%s", fault.message);
    assert_int_equal(strncmp(info.package, "tree-sitter-", 12), 0);
    assert_true(info.version[0] >= '0' && info.version[0] <= '9');
    assert_int_equal(info.abi, abi);
  }
}

static void test_refusals(void **state) {
  (void)state;
  static const char *const bad[] = {"cobol", "", "../c", "C", "a_name_of_more_than_thirty_one_bytes"};
  for (size_t i = 0; i < COUNT(bad); i++) {
    struct fault fault = {0};
    struct grammar grammar;
    struct grammar_info info;
    assert_false(grammar_load(bad[i], &grammar, &fault));
    assert_int_equal(fault.code, EXIT_CODE_INPUT);
    assert_non_null(strstr(fault.message, bad[i]));
    fault = (struct fault){0};
    assert_false(grammar_describe(bad[i], &info, &fault));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_grammar),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
