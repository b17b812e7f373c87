/* SPDX-License-Identifier: MIT
 *
 * check_codec.c - documents, and a codec put through all of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_table.h"

/* ---- a document ---- */

static void check_name(const char *what, uint32_t number, const char *want, const char *got) {
  if (!got || strcmp(got, want) != 0)
    check_failed(__FILE__, __LINE__, "%s %u is called %s, expected %s", what, number, got ? got : "nothing", want);
}

static void check_names(const struct check_stage *stage, uint32_t language, const TSLanguage *grammar,
                        const struct check_node *table, uint32_t count) {
  const struct stage_ops *ops = stage->ops;
  for (uint32_t i = 0; i < count; i++) {
    const struct stage_head *head = &table[i].facts.head;
    const uint16_t symbols[] = {head->symbol, head->grammar_symbol};
    for (int s = 0; s < 2; s++)
      check_name("symbol", symbols[s], ts_language_symbol_name(grammar, symbols[s]),
                 ops->symbol_name(stage->store, language, symbols[s]));
    if (head->field == 0) continue;
    check_name("field", head->field, ts_language_field_name_for_id(grammar, head->field),
               ops->field_name(stage->store, language, head->field));
  }
}

void check_document(struct check_stage *stage, uint32_t id, uint32_t language, struct check_document_text text,
                    uint32_t step) {
  TSTree *tree = check_parse(text.grammar, text.source, text.bytes);
  uint32_t count;
  struct check_node *table = check_table(tree, &count);
  struct stage_cursor *cursor;
  CHECK_THAT(stage->ops->cursor_new(stage->store, &cursor) == STAGE_OK);
  CHECK_THAT(stage->ops->cursor_open(cursor, id) == STAGE_OK);
  check_at(stage->ops, "open", cursor, table, 0);
  check_walk(stage->ops, cursor, table, count);
  check_symbol_counts(stage->ops, cursor, table, count);
  check_at(stage->ops, "walk and counts leave the cursor alone", cursor, table, 0);
  for (uint32_t i = 0; i < count; i += step) check_node_moves(stage->ops, cursor, table, count, i);
  check_names(stage, language, text.grammar, table, count);
  stage->ops->cursor_close(cursor);
  stage->ops->cursor_delete(cursor);
  free(table);
  ts_tree_delete(tree);
}

/* ---- texts to try ---- */

const struct check_text check_texts[CHECK_TEXT_COUNT] = {
    {"c", ""},
    {"c", "\n\n  \t\n"},
    {"c", "/* only a comment */"},
    {"c", "int main(int argc, char **argv) {\n  return argc > 1 ? f(argv[1], \"x\\n\") : 0;\n}\n"},
    {"c", "struct s { int a : 3; union { char b; } u; };\nstatic const struct s t[] = {{.a = 1}, {2}};\n"},
    {"c", "#if A\nint f(void) { /* c */ for (;;) { if (x) break; else continue; } }\n#else\nint g;\n#endif\n"},
    {"c", "int f( { return 1 }\n}} @@@ int g(int, ) ;"},
    {"c", "int a = ;\nvoid f(void) { g(1, 2 }\n"},
    {"c", "\xff\xfe int \xc3\xa9t\xc3\xa9 = '\xe2\x82\xac';\r\nint b;\r\n"},
    {"python",
     "def f(a, *b, **c):\n    if a:\n        return [x for x in b if x]\n    # comment\n    pass\n\n\nclass "
     "A(B):\n    x: int = 1\n"},
    {"python", "if x:\n    y\nelse:\n        z\nfor i in\n  print('a' f'{b!r:>{w}}'\n"},
    {"python", "x = 1; y = 2\nwith a as b, c: pass\n@d\nasync def g(): await h\n"},
    {"javascript",
     "const f = async ({a, ...b}, c = 1) => { await g(`x${a}y`) }\nlet x\nclass A extends B { #p = 1; get q() {} }\n"},
    {"javascript", "{a}\nreturn\n/re/g.test(b)\nif (x) y\nelse z\nfunction ( { ] }\n<a b={c}>t</a>"},
    {"rust",
     "impl<T: A> B for C<T> { fn f(&self) -> Option<&'a str> { match x { Some(1..=2) => {} , _ => r#\"s\"# } } }\n"},
    {"go",
     "package p\nimport (\n\t\"a\"\n\tb \"c\"\n)\nfunc (r *T) F(x ...int) (y, z int) { go func() {}(); return }\n"},
    {"java", "@A class B<T extends C> { int[] d = {1, 2}; void e() throws F { try { g(); } finally { } } }\n"},
    {"typescript",
     "export type A<T> = T extends (infer U)[] ? U : never;\nabstract class B { constructor(private "
     "readonly c?: string) {} }\n"},
    {"tsx", "const a = <B<C> d=\"e\">{f && <g/>}</B>;\n"},
    {"cpp",
     "template <typename T> requires C<T> auto f(T &&t) -> decltype(t) { return std::move(t); }\nnamespace a::b { }\n"},
};

char *check_deep_text(uint32_t levels, size_t *bytes) {
  char *text = malloc((size_t)levels * 2 + 3);
  CHECK_THAT(text);
  memset(text, '(', levels);
  text[levels] = '1';
  memset(text + levels + 1, ')', levels);
  text[2 * (size_t)levels + 1] = ';';
  text[2 * (size_t)levels + 2] = '\0';
  *bytes = (size_t)levels * 2 + 2;
  return text;
}

char *check_wide_text(uint32_t count, size_t *bytes) {
  char *text = malloc((size_t)count * 16 + 16);
  CHECK_THAT(text);
  size_t n = (size_t)sprintf(text, "[");
  for (uint32_t i = 0; i < count; i++) n += (size_t)sprintf(text + n, i % 7 ? "%u, " : "%u /*c*/,\n", i);
  *bytes = n;
  return text;
}

/* ---- a codec ---- */

void check_codec_open(struct check_stage *stage, int (*finalize)(struct check_stage *stage)) {
  const struct stage_ops *ops = stage->ops;
  for (uint32_t pass = 0; pass < 3; pass++) { /* 0: put; 1: read; 2: read once more, finalized */
    if (pass == 2 && finalize) CHECK_THAT(finalize(stage) == STAGE_OK);
    for (uint32_t i = 0; i < CHECK_TEXT_COUNT; i++) {
      const struct check_text *text = &check_texts[i];
      const TSLanguage *grammar = check_grammar(text->language);
      uint32_t language = 0; /* the number of the first text in the same language will do */
      while (strcmp(check_texts[language].language, text->language) != 0) language++;
      if (pass == 0) check_put_document(stage, i, language, grammar, text->text, strlen(text->text));
      else check_document(stage, i, language, (struct check_document_text){grammar, text->text, strlen(text->text)}, 1);
    }
  }
  for (uint32_t i = 0; i < CHECK_TEXT_COUNT; i++) {
    CHECK_THAT(ops->drop_tree(stage->store, i) == STAGE_OK);
    struct stage_cursor *cursor;
    CHECK_THAT(ops->cursor_new(stage->store, &cursor) == STAGE_OK);
    CHECK_THAT(ops->cursor_open(cursor, i) == STAGE_NO_DOCUMENT);
    ops->cursor_delete(cursor);
  }
}

void check_codec(const struct stage_ops *ops) {
  struct check_stage stage;
  check_stage_open(&stage, ops);
  check_codec_open(&stage, check_finalize);
  check_stage_close(&stage);
}

void check_extremes_open(struct check_stage *stage, int (*finalize)(struct check_stage *stage), uint32_t levels,
                         uint32_t width, uint32_t step) {
  const TSLanguage *grammar = check_grammar("javascript");
  size_t deep_bytes, wide_bytes;
  char *deep = check_deep_text(levels, &deep_bytes), *wide = check_wide_text(width, &wide_bytes);
  check_put_document(stage, 0, 0, grammar, deep, deep_bytes);
  check_put_document(stage, 1, 0, grammar, wide, wide_bytes);
  if (finalize) CHECK_THAT(finalize(stage) == STAGE_OK);
  check_document(stage, 0, 0, (struct check_document_text){grammar, deep, deep_bytes}, step);
  check_document(stage, 1, 0, (struct check_document_text){grammar, wide, wide_bytes}, step);
  free(deep);
  free(wide);
}

void check_codec_extremes(const struct stage_ops *ops, uint32_t levels, uint32_t width, uint32_t step) {
  struct check_stage stage;
  check_stage_open(&stage, ops);
  check_extremes_open(&stage, check_finalize, levels, width, step);
  check_stage_close(&stage);
}
