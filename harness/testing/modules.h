/* SPDX-License-Identifier: MIT
 *
 * modules.h - stages that tests compile from one small source, each with one thing wrong or its own. For
 * one test program each: it has a folder of its own. */
#ifndef PHASEBENCH_TESTING_MODULES_H
#define PHASEBENCH_TESTING_MODULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/stage_module.h"
#include "base/count.h"
#include "store/store.h"

static char folder[256]; /* where modules are built; removed at the end */

/* The source of a stage. Its hooks write down that they were called. ROLES and WRECK are macros given to
 * the compiler: its roles, and code that corrupts its table of hooks. */
static const char module_source[] =
    "#include <string.h>\n"
    "#include <stage.h>\n"
    "#ifndef ROLES\n#define ROLES STAGE_TREE_CODEC\n#endif\n"
    "#ifndef KEEPS\n#define KEEPS 0\n#endif\n"
    "#ifndef FLAGS\n#define FLAGS STAGE_NOT_STANDARD\n#endif\n"
    "#ifndef WRECK\n#define WRECK\n#endif\n"
    "static const struct stage_ctx *context;\n"
    "STAGE_EXPORT const struct stage_ctx *test_context(void);\n"
    "const struct stage_ctx *test_context(void) { return context; }\n"
    "static int open_(const struct stage_ctx *c, void **s) { context = c; *s = &context; return OPEN; }\n"
    "static void close_(void *s) { (void)s; }\n"
    "static int finalize(void *s) { (void)s; STAGE_FAIL(context, \"%s does not want to\", \"it\"); return FINALIZE; }\n"
    "static int put(void *s, enum stage_kind k, uint32_t i, const void *b, uint64_t l, const char *p)\n"
    "{ (void)s; (void)k; (void)i; (void)b; (void)l; (void)p; return STAGE_IO; }\n"
    "static int length(void *s, enum stage_kind k, uint32_t i, uint64_t *l) { (void)s; (void)k; (void)i; (void)l; "
    "return 0; }\n"
    "static int pin(void *s, enum stage_kind k, uint32_t i, uint64_t o, uint64_t l, struct stage_pin *p)\n"
    "{ (void)s; (void)k; (void)i; (void)o; (void)l; (void)p; return 0; }\n"
    "static int unpin(void *s, enum stage_kind k, struct stage_pin *p) { (void)s; (void)k; (void)p; return 0; }\n"
    "static int drop(void *s, enum stage_kind k, uint32_t i) { (void)s; (void)k; (void)i; return 0; }\n"
    "static int put_tree(void *s, const struct stage_document *d, TSTree *t)\n"
    "{ (void)s; (void)d; ts_tree_delete(t); return STAGE_LIMIT; }\n"
    "static int drop_tree(void *s, uint32_t i) { (void)s; (void)i; return 0; }\n"
    "static const char *name_(void *s, uint32_t l, uint16_t n) { (void)s; (void)l; (void)n; return NULL; }\n"
    "static int cnew(void *s, struct stage_cursor **c) { (void)s; (void)c; return STAGE_UNSUPPORTED; }\n"
    "static int copen(struct stage_cursor *c, uint32_t i) { (void)c; (void)i; return STAGE_UNSUPPORTED; }\n"
    "static void cclose(struct stage_cursor *c) { (void)c; }\n"
    "static bool move(struct stage_cursor *c) { (void)c; return false; }\n"
    "static bool move1(struct stage_cursor *c, uint32_t a) { (void)c; (void)a; return false; }\n"
    "static bool movef(struct stage_cursor *c, uint16_t a) { (void)c; (void)a; return false; }\n"
    "static bool move2(struct stage_cursor *c, uint32_t a, uint32_t b) { (void)c; (void)a; (void)b; return false; }\n"
    "static int extent(struct stage_cursor *c, struct stage_extent *e) { (void)c; (void)e; return 0; }\n"
    "static int walk(struct stage_cursor *c, struct stage_node *n, uint32_t a, uint32_t *b)\n"
    "{ (void)c; (void)n; (void)a; *b = 0; return 0; }\n"
    "static struct stage_ops ops;\n"
    "const struct stage_ops *phasebench_stage(void) {\n"
    "  ops = (struct stage_ops){.hdr = STAGE_HDR, .name = NAME, .summary = \"a test\", .order = ORDER, .roles = "
    "ROLES,\n"
    "    .flags = FLAGS, .keeps = KEEPS, .open = open_, .close = close_, .finalize = finalize};\n"
    "  if (ops.roles & STAGE_BLOB_STORE) { ops.put = put; ops.length = length; ops.pin = pin; ops.unpin = unpin; "
    "ops.drop = drop; }\n"
    "  if (ops.roles & STAGE_TREE_CODEC) { ops.put_tree = put_tree; ops.drop_tree = drop_tree; ops.symbol_name = "
    "name_;\n"
    "    ops.field_name = name_; ops.cursor_new = cnew; ops.cursor_open = copen; ops.cursor_close = cclose;\n"
    "    ops.cursor_delete = cclose; ops.goto_first_child = move; ops.goto_next_sibling = move; ops.goto_parent = "
    "move;\n"
    "    ops.goto_previous_sibling = move; ops.goto_last_child = move; ops.goto_child = move1;\n"
    "    ops.goto_child_by_field = movef; ops.goto_first_child_for_byte = move1; ops.goto_descendant_for_bytes = "
    "move2;\n"
    "    ops.goto_index = move1; ops.extent = extent; ops.walk = walk; }\n"
    "  WRECK;\n"
    "  return RETURN;\n"
    "}\n";

static void shell(const char *format, ...) {
  char command[4096];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(command, sizeof command, format, arguments);
  va_end(arguments);
  int status = system(command);
  if (status) fail_msg("exit status %d of: %s", status, command);
}

static void write_file(const char *name, const void *bytes, size_t length) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

/* Compiles folder/FILE.so; `options` are more -D. What they do not set has a default. */
static void build(const char *file, const char *options) {
  const char *source = getenv("PHASEBENCH_SOURCE_DIR");
  assert_non_null(source);
  static const char *const defaults[][2] = {
      {"OPEN", "STAGE_OK"}, {"FINALIZE", "STAGE_OK"}, {"ORDER", "7"}, {"RETURN", "&ops"}};
  char all[2048], part[512];
  snprintf(all, sizeof all, "%s", options);
  for (size_t i = 0; i < COUNT(defaults); i++) {
    snprintf(part, sizeof part, "-D%s=", defaults[i][0]);
    if (strstr(options, part)) continue;
    snprintf(part, sizeof part, " '-D%s=%s'", defaults[i][0], defaults[i][1]);
    strncat(all, part, sizeof all - strlen(all) - 1);
  }
  if (!strstr(options, "-DNAME=")) {
    snprintf(part, sizeof part, " '-DNAME=\"%s\"'", file);
    strncat(all, part, sizeof all - strlen(all) - 1);
  }
  shell(
      "cc -std=gnu11 -shared -fPIC -fvisibility=hidden -I%s/phases "
      "-I%s/corpora/grammars/node_modules/tree-sitter/vendor/"
      "tree-sitter/lib/include %s -o %s/%s.so %s/module.c",
      source, source, all, folder, file, folder);
}

static int make_folder(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "%s/phasebench-store-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
  if (!mkdtemp(folder)) return -1;
  write_file("module.c", module_source, sizeof module_source - 1);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unsetenv("PHASEBENCH_STAGE_DIR");
  shell("rm -rf '%s'", folder);
  return 0;
}

/* The context that the stage in folder/NAME.so was opened with. */
static const struct stage_ctx *context_of(const char *name) {
  char path[512];
  struct stage_module module;
  struct fault fault = {0};
  snprintf(path, sizeof path, "%s/%s.so", folder, name);
  assert_true(stage_module_load(path, &module, &fault)); /* the module that is loaded already */
  const struct stage_ctx *(*get)(void);
  *(void **)&get = dlsym(module.handle, "test_context");
  assert_non_null((void *)(uintptr_t)get);
  const struct stage_ctx *context = get();
  stage_module_unload(&module);
  return context;
}

#endif
