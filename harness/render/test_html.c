/* SPDX-License-Identifier: MIT
 *
 * test_html.c - whatever text there is, it is text in a page; and fields of CSV read back as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/csv.h"
#include "markdown.h"
#include "html.h"

typedef void write_fn(FILE *out, const char *text);

static void expect(write_fn *write, const char *text, const char *wanted) {
  char *got = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&got, &bytes);
  assert_non_null(out);
  write(out, text);
  assert_int_equal(fclose(out), 0);
  assert_string_equal(got, wanted);
  free(got);
}

static void markup_becomes_references(void **state) {
  (void)state;
  expect(html_text, "<a href=\"x\" b='y'>&amp;</a>", "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
  expect(html_text, "", "");
  expect(html_text, NULL, "");
  expect(html_text, "a\tb\nc", "a\tb\nc");
  expect(html_text, "gr\u00fc\u00df \U0001F600", "gr\u00fc\u00df \U0001F600");
}

static void what_is_no_text_is_replaced(void **state) {
  (void)state;
  expect(html_text, "a\x01\x1b[31m", "a\uFFFD\uFFFD[31m");
  expect(html_text, "\x7f\xc2\x85", "\uFFFD\uFFFD");    /* DEL; a control character of two bytes */
  expect(html_text, "a\xff<\xc3", "a\uFFFD&lt;\uFFFD"); /* cut in the middle of a character */
  expect(html_text, "\xc0\xbc", "\uFFFD\uFFFD");        /* '<' in an overlong form */
}

static void code_and_line_breaks_are_our_own(void **state) {
  (void)state;
  expect(html_prose, "run `a <b>` or `c`", "run <code>a &lt;b&gt;</code> or <code>c</code>");
  expect(html_prose, "one ` <i>", "one ` &lt;i&gt;");
  expect(html_breakable, "p1+<p2>+", "p1+<wbr>&lt;p2&gt;+<wbr>");
}

static void fields_are_quoted_where_they_must(void **state) {
  (void)state;
  expect(csv_field, "plain text", "plain text");
  expect(csv_field, "a,b", "\"a,b\"");
  expect(csv_field, "say \"no\"", "\"say \"\"no\"\"\"");
  expect(csv_field, "two\r\nlines", "\"two\r\nlines\"");
  expect(csv_field, "", "");
}

/* `=cmd|'/c calc'!A1` in a cell starts a program; a figure below zero does not. */
static void formulas_are_text_in_spreadsheets(void **state) {
  (void)state;
  expect(csv_field, "=1+1", "\"'=1+1\"");
  expect(csv_field, "@SUM(A1)", "\"'@SUM(A1)\"");
  expect(csv_field, "-2+\"3\"", "\"'-2+\"\"3\"\"\"");
  expect(csv_field, "+a", "\"'+a\"");
  expect(csv_field, "\t=1", "\"'\t=1\"");
  expect(csv_field, "-", "\"'-\"");
  expect(csv_field, "-3.25e-7", "-3.25e-7");
  expect(csv_field, "+12", "+12");
}

static void markup_becomes_text_in_markdown(void **state) {
  (void)state;
  expect(markdown_text, "# <b>a|b</b> [x](y) *z* _q_ &lt; ~s~ `c` \\",
         "\\# \\<b\\>a\\|b\\</b\\> \\[x\\](y) \\*z\\* \\_q\\_ \\&lt; \\~s\\~ \\`c\\` \\\\");
  expect(markdown_text, "![i](j)\n# h", "\\!\\[i\\](j) \\# h");
  expect(markdown_prose, "run `a <b>` or <c>", "run `a <b>` or \\<c\\>");
  /* What another reader would not take for code must not be left as it is. */
  expect(markdown_prose, "`<b>``x", "\\`\\<b\\>\\`\\`x");
  expect(markdown_prose, "``<b>`", "\\`\\`\\<b\\>\\`");
  expect(markdown_prose, "`a|b`", "\\`a\\|b\\`");
  expect(markdown_prose, "one ` <i>", "one \\` \\<i\\>");
  expect(markdown_code, "a*<b>", "`a*<b>`");
  expect(markdown_code, "a`<b>", "a\\`\\<b\\>");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(markup_becomes_references),         cmocka_unit_test(what_is_no_text_is_replaced),
      cmocka_unit_test(code_and_line_breaks_are_our_own),  cmocka_unit_test(fields_are_quoted_where_they_must),
      cmocka_unit_test(formulas_are_text_in_spreadsheets), cmocka_unit_test(markup_becomes_text_in_markdown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
