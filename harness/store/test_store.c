/* SPDX-License-Identifier: MIT
 *
 * Modules that are no stages are refused with a sentence that says what is wrong;
 * combinations are parsed; stages are composed as phases/stage.h says. Bad modules are
 * compiled here from one small source, each with one thing wrong. */
#include "base/count.h"
#include "testing/modules.h"

#include <elf.h>
#include <sys/stat.h>

/* Loading folder/`file` must fail with a message that has all of the `parts`. */
static void refused(const char *file, const char *const *parts) {
  char path[512];
  struct stage_module module;
  struct fault fault = {0};
  snprintf(path, sizeof path, "%s/%s", folder, file);
  assert_false(stage_module_load(path, &module, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  assert_null(module.handle);
  for (; *parts; parts++) {
    if (!strstr(fault.message, *parts)) fail_msg("expected '%s' in: %s", *parts, fault.message);
  }
}
#define REFUSED(file, ...) refused(file, (const char *const[]){file, __VA_ARGS__, NULL})

static void what_is_no_shared_object_is_refused(void **state) {
  (void)state;
  REFUSED("missing.so", "cannot be opened", "No such file");
  REFUSED("", "is not a file");
  write_file("text.so", "not a program at all, but long enough to hold an ELF header, were it one", 70);
  REFUSED("text.so", "is not a shared object");
  write_file("empty.so", "", 0);
  REFUSED("empty.so", "is not a shared object");
  write_file("short.so", ELFMAG, SELFMAG);
  REFUSED("short.so", "is not a shared object");
  shell(
      "cc -c -o %s/object.so %s/module.c -DOPEN=0 -DFINALIZE=0 -DORDER=1 '-DNAME=\"object\"' '-DRETURN=&ops' "
      "-I%s/phases "
      "-I%s/corpora/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib/include",
      folder, folder, getenv("PHASEBENCH_SOURCE_DIR"), getenv("PHASEBENCH_SOURCE_DIR"));
  REFUSED("object.so", "not a shared object", "-shared");
}

static void patch(const char *file, long offset, const void *bytes, size_t length) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  FILE *stream = fopen(path, "r+b");
  assert_non_null(stream);
  assert_int_equal(fseek(stream, offset, SEEK_SET), 0);
  assert_int_equal(fwrite(bytes, 1, length, stream), length);
  assert_int_equal(fclose(stream), 0);
}

static void what_was_cut_short_is_refused(void **state) {
  (void)state;
  build("whole", "");
  shell(
      "cd %s && head -c 4000 whole.so > cut.so && head -c -1 whole.so > last.so && head -c 100 whole.so > hundred.so "
      "&& "
      "head -c 40 whole.so > forty.so",
      folder);
  REFUSED("cut.so", "is cut short: its headers speak of ", " bytes, the file has 4000");
  REFUSED("last.so", "is cut short");
  REFUSED("hundred.so", "is cut short", "the file has 100");
  REFUSED("forty.so", "is cut short: an ELF header has 64 bytes, the file has 40");
  const Elf64_Off far = UINT64_MAX - 8;
  patch("whole.so", offsetof(Elf64_Ehdr, e_phoff), &far, sizeof far);
  REFUSED("whole.so", "make no sense");
}

/* Given by path, it is tried in a child process first. */
static void constructors_that_end_the_process_are_refused(void **state) {
  (void)state;
  static const char *const cases[][3] = {
      {"aborts", "abort()", "loading it ends the process with SIGABRT"},
      {"kills", "kill(getpid(), SIGBUS)", "loading it ends the process with SIGBUS"},
      {"exits", "_exit(0)", "loading it ends the process with exit code 0"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct combination combination;
    struct fault fault = {0};
    char path[512];
    shell(
        "printf '#include <signal.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
        "__attribute__((constructor)) static void at_load(void) { %s; }\n' | cc -x c -shared -fPIC -o %s/%s.so -",
        cases[i][1], folder, cases[i][0]);
    snprintf(path, sizeof path, "%s/%s.so", folder, cases[i][0]);
    assert_false(combination_parse(path, &combination, &fault));
    assert_int_equal(fault.code, EXIT_CODE_INPUT);
    if (!strstr(fault.message, cases[i][2]) || !strstr(fault.message, path)) fail_msg("%s", fault.message);
  }
}

static void other_machines_are_refused(void **state) {
  (void)state;
  build("other", "");
  const Elf64_Half sparc = EM_SPARCV9, s390 = EM_S390;
  patch("other.so", offsetof(Elf64_Ehdr, e_machine), &s390, sizeof s390);
  REFUSED("other.so", "S/390", "compile it for this machine");
  patch("other.so", offsetof(Elf64_Ehdr, e_machine), &sparc, sizeof sparc);
  REFUSED("other.so", "ELF machine 43");
  const unsigned char class32 = ELFCLASS32;
  patch("other.so", EI_CLASS, &class32, 1);
  REFUSED("other.so", "32-bit", "64-bit");
}

static void other_headers_are_refused(void **state) {
  (void)state;
  build("version", "-DWRECK='ops.hdr.abi_version = 77'");
  REFUSED("version.so", "ABI version 77", "rebuild it");
  build("layout", "-DWRECK='ops.hdr.layout ^= 1'");
  REFUSED("layout.so", "struct layouts", "rebuild it");
  build("opsize", "-DWRECK='ops.hdr.ops_bytes = 8'");
  REFUSED("opsize.so", "stage_ops has 8 bytes", "rebuild it");
  build("ctxsize", "-DWRECK='ops.hdr.ctx_bytes = 9'");
  REFUSED("ctxsize.so", "stage_ctx 9", "rebuild it");
  build("nothing", "-DRETURN=NULL");
  REFUSED("nothing.so", "returned NULL");
}

static void other_contents_are_refused(void **state) {
  (void)state;
  shell("echo 'int f(void); int f(void) { return 1; }' | cc -x c -shared -fPIC -o %s/library.so -", folder);
  REFUSED("library.so", "does not export phasebench_stage");
  shell(
      "echo 'int absent(void); const void *phasebench_stage(void); const void *phasebench_stage(void) "
      "{ return absent() ? \"\" : 0; }' | cc -x c -shared -fPIC -o %s/undefined.so -",
      folder);
  REFUSED("undefined.so", "undefined symbol: absent");
  build("alias", "-DNAME='\"other\"'");
  REFUSED("alias.so", "named 'other'", "must be other.so");
  build("upper", "-DNAME='\"Upper\"'");
  REFUSED("upper.so", "'Upper'", "1 to 15 characters");
  build("noroles", "-DROLES=0");
  REFUSED("noroles.so", "`roles` is 0x0");
  build("roles", "-DROLES=4");
  REFUSED("roles.so", "`roles` is 0x4");
  build("flags", "-DFLAGS=64");
  REFUSED("flags.so", "`flags` is 0x40");
  build("keeps", "-DKEEPS=1");
  REFUSED("keeps.so", "`keeps` is 0x1", "no blob store");
  build("keepsnot", "-DROLES=STAGE_BLOB_STORE");
  REFUSED("keepsnot.so", "`keeps` is 0x0");
  build("base_stage", "-DORDER=0");
  REFUSED("base_stage.so", "order 0", "codec and blob store");
  build("summary", "-DWRECK='ops.summary = NULL'");
  REFUSED("summary.so", "`summary` is NULL");
}

static void missing_hooks_are_refused_by_name(void **state) {
  (void)state;
  static const char *const required[] = {"open",
                                         "close",
                                         "put_tree",
                                         "drop_tree",
                                         "symbol_name",
                                         "field_name",
                                         "cursor_new",
                                         "cursor_open",
                                         "cursor_close",
                                         "cursor_delete",
                                         "goto_first_child",
                                         "goto_next_sibling",
                                         "goto_parent",
                                         "goto_previous_sibling",
                                         "goto_last_child",
                                         "goto_child",
                                         "goto_child_by_field",
                                         "goto_first_child_for_byte",
                                         "goto_descendant_for_bytes",
                                         "goto_index",
                                         "extent",
                                         "walk",
                                         "put",
                                         "length",
                                         "pin",
                                         "unpin",
                                         "drop"};
  for (size_t i = 0; i < COUNT(required); i++) {
    char options[256], quoted[64];
    snprintf(options, sizeof options, "'-DROLES=STAGE_TREE_CODEC|STAGE_BLOB_STORE' -DKEEPS=2 '-DWRECK=ops.%s=NULL'",
             required[i]);
    snprintf(quoted, sizeof quoted, "lacks the hook `%s`", required[i]);
    build("hook", options);
    REFUSED("hook.so", quoted);
  }
  build("more", "-DROLES=STAGE_TREE_CODEC -DWRECK='ops.pin=pin'");
  REFUSED("more.so", "has the hook `pin` of a blob store");
}

/* ---- combinations ---- */

static void check_combination(const char *text, const char *name, unsigned stage_count) {
  struct combination combination;
  struct fault fault = {0};
  if (!combination_parse(text, &combination, &fault)) fail_msg("%s: %s", text, fault.message);
  assert_string_equal(combination.name, name);
  assert_int_equal(combination.stage_count, stage_count);
}

static void check_refused_combination(const char *text, enum exit_code code, const char *part) {
  struct combination combination;
  struct fault fault = {0};
  assert_false(combination_parse(text, &combination, &fault));
  assert_int_equal(fault.code, code);
  if (!strstr(fault.message, part)) fail_msg("expected '%s' in: %s", part, fault.message);
}

static void combinations_are_parsed(void **state) {
  (void)state;
  char text[1024], part[1024];
  build("above", "-DORDER=900");
  build("low", "-DORDER=2");
  check_combination("baseline", "baseline", 0);
  check_combination("null", "null", 1);
  check_combination("skeleton", "skeleton", 1);
  check_combination("baseline+skeleton", "skeleton", 1);
  snprintf(text, sizeof text, "%s/above.so+skeleton+%s/low.so", folder, folder);
  check_combination(text, "low+skeleton+above", 3);
  check_refused_combination("", EXIT_CODE_USAGE, "joined by '+'");
  check_refused_combination("skeleton+", EXIT_CODE_USAGE, "joined by '+'");
  check_refused_combination("nosuch", EXIT_CODE_USAGE, "no stage 'nosuch'");
  check_refused_combination("nosuch", EXIT_CODE_USAGE, "skeleton"); /* lists what there is */
  check_refused_combination("skeleton+skeleton", EXIT_CODE_USAGE, "named twice");
  check_refused_combination("null+skeleton", EXIT_CODE_USAGE, "alone");
  check_refused_combination("./nosuch.so", EXIT_CODE_INPUT, "./nosuch.so");
  snprintf(text, sizeof text, "%s/base_stage.so", folder);
  build("base_stage", "-DORDER=0 '-DROLES=STAGE_TREE_CODEC|STAGE_BLOB_STORE' -DKEEPS=3");
  snprintf(part, sizeof part, "base stage comes from");
  check_refused_combination(text, EXIT_CODE_USAGE, part);
}

static void cumulative_combinations_are_prefixes(void **state) {
  (void)state;
  struct combination combinations[32];
  struct fault fault = {0};
  unsigned count;
  assert_true(combination_cumulative(combinations, 32, &count, &fault));
  assert_true(count >= 1);
  assert_string_equal(combinations[0].name, "baseline");
  for (unsigned i = 0; i < count; i++) {
    assert_int_equal(combinations[i].stage_count, i);
    assert_null(strstr(combinations[i].name, "skeleton"));
    assert_null(strstr(combinations[i].name, "null"));
    if (i > 1) assert_memory_equal(combinations[i].name, combinations[i - 1].name, strlen(combinations[i - 1].name));
  }
  assert_false(combination_cumulative(combinations, 0, &count, &fault));
}

/* Which subsets a word gives; that each of them can be parsed by name and is the same. */
static void words_stand_for_subsets(void **state) {
  (void)state;
  struct combination prefixes[32], combinations[256], parsed;
  struct fault fault = {0};
  unsigned stages, count;
  assert_true(combination_cumulative(prefixes, 32, &stages, &fault));
  stages--;
  const unsigned wanted[] = {[COMBINATION_CUMULATIVE] = stages + 1,
                             [COMBINATION_EACH] = stages + 1,
                             [COMBINATION_LEAVE_ONE_OUT] = stages + 2,
                             [COMBINATION_ALL] = 1u << stages};
  for (unsigned s = 0; s < COMBINATION_SET_COUNT; s++) {
    enum combination_set set;
    assert_true(combination_set_find(combination_set_word((enum combination_set)s), &set) && set == s);
    assert_true(combination_set_list(set, combinations, 256, &count, &fault));
    assert_int_equal(count, wanted[s]);
    assert_string_equal(combinations[0].name, "baseline");
    for (unsigned i = 0; i < count; i++) {
      if (!combination_parse(combinations[i].name, &parsed, &fault)) fail_msg("%s", fault.message);
      assert_string_equal(parsed.name, combinations[i].name);
      assert_int_equal(parsed.stage_count, combinations[i].stage_count);
      for (unsigned j = 0; j < i; j++) assert_string_not_equal(combinations[i].name, combinations[j].name);
    }
    assert_false(combination_set_list(set, combinations, wanted[s] - 1, &count, &fault));
    assert_int_equal(fault.code, EXIT_CODE_USAGE);
    assert_non_null(strstr(fault.message, combination_set_word(set)));
    fault = (struct fault){0};
  }
  enum combination_set none;
  assert_false(combination_set_find("baseline", &none));
}

static void a_bad_module_in_the_folder_is_named(void **state) {
  (void)state;
  struct stage_summary summaries[32];
  struct fault fault = {0};
  unsigned count;
  shell("mkdir -p %s/stages && cp %s/text.so %s/stages/bad.so", folder, folder, folder);
  char stages[512];
  snprintf(stages, sizeof stages, "%s/stages", folder);
  assert_int_equal(setenv("PHASEBENCH_STAGE_DIR", stages, 1), 0);
  /* The program's places are found once: only a fresh process sees the variable. */
  shell("%s/tests/test_store_store list-stages 2>&1 | grep -q 'bad.so: is not a shared object'",
        getenv("PHASEBENCH_BUILD_DIR"));
  shell("rm %s/stages/bad.so; %s/tests/test_store_store list-stages 2>&1 | grep -q 'no stage of order 0'", folder,
        getenv("PHASEBENCH_BUILD_DIR"));
  unsetenv("PHASEBENCH_STAGE_DIR");
  assert_true(stage_list(summaries, 32, &count, &fault));
  assert_true(count >= 3);
  assert_int_equal(summaries[0].order, 0);
  for (unsigned i = 1; i < count; i++) assert_true(summaries[i].order >= summaries[i - 1].order);
  assert_false(stage_list(summaries, 1, &count, &fault));
}

static int list_stages(void) {
  struct stage_summary summaries[32];
  struct fault fault = {0};
  unsigned count;
  if (stage_list(summaries, 32, &count, &fault)) return 0;
  fprintf(stderr, "%s\n", fault.message);
  return 1;
}

/* ---- composition ---- */

static struct store *open_parts(const char *text, struct fault *fault) {
  struct combination combination;
  struct store *store = NULL;
  if (!combination_parse(text, &combination, fault)) fail_msg("%s", fault->message);
  return store_open(&combination, NULL, &store, fault) ? store : NULL;
}

static bool is_mapped(const char *part) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[4096];
  bool found = false;
  while (fgets(line, sizeof line, maps)) found = found || strstr(line, part);
  fclose(maps);
  return found;
}

static void stages_see_each_other_as_told(void **state) {
  (void)state;
  struct fault fault = {0};
  char text[2048];
  build("codec", "-DORDER=11");
  build("trees", "-DORDER=12 -DROLES=STAGE_BLOB_STORE -DKEEPS=2");
  build("both", "-DORDER=13 '-DROLES=STAGE_BLOB_STORE|STAGE_TREE_CODEC' -DKEEPS=2");
  build("texts", "-DORDER=14 -DROLES=STAGE_BLOB_STORE -DKEEPS=1");
  snprintf(text, sizeof text, "%s/texts.so+%s/both.so+%s/codec.so+%s/trees.so", folder, folder, folder, folder);
  struct store *store = open_parts(text, &fault);
  if (!store) fail_msg("%s", fault.message);
  assert_int_equal(store_stage_count(store), 5);
  const struct stage_ops *base_stage = store_stage(store, 0);
  assert_int_equal(base_stage->order, 0);
  assert_string_equal(store_codec(store, NULL)->name, "both");
  assert_false(store_needs_grammar(store));
  assert_false(store_keeps_nothing(store));
  assert_false(is_mapped("skeleton.so")); /* a stage not in the combination is not in the process */
  assert_true(is_mapped("trees.so"));

  const struct stage_ctx *codec = context_of("codec"), *trees = context_of("trees");
  const struct stage_ctx *both = context_of("both"), *texts = context_of("texts");
  assert_string_equal(codec->blob_store[STAGE_TREE].ops->name, "both"); /* the top of the stack */
  assert_string_equal(codec->blob_store[STAGE_SOURCE].ops->name, "texts");
  assert_non_null(codec->blob_store[STAGE_SOURCE].store);
  assert_ptr_equal(codec->codec_below.ops, base_stage);
  assert_non_null(codec->codec_below.store);
  assert_null(codec->below[STAGE_TREE].ops);
  assert_ptr_equal(trees->blob_store[STAGE_TREE].ops, base_stage); /* a blob store's view: the next lower one */
  assert_ptr_equal(trees->below[STAGE_TREE].ops, base_stage);
  assert_null(trees->blob_store[STAGE_SOURCE].ops);
  assert_null(trees->codec_below.ops);
  assert_string_equal(both->blob_store[STAGE_TREE].ops->name, "both");
  assert_string_equal(both->below[STAGE_TREE].ops->name, "trees");
  assert_string_equal(both->codec_below.ops->name, "codec");
  assert_ptr_equal(texts->below[STAGE_SOURCE].ops, base_stage);
  store_close(store);
  assert_false(is_mapped("trees.so"));
}

static void errors_of_stages_become_faults(void **state) {
  (void)state;
  struct fault fault = {0};
  char text[512];
  build("opens", "-DOPEN=STAGE_IO");
  snprintf(text, sizeof text, "%s/opens.so", folder);
  assert_null(open_parts(text, &fault));
  assert_int_equal(fault.code, EXIT_CODE_SYSTEM);
  assert_non_null(strstr(fault.message, "stage 'opens', open: reading or writing a file failed"));

  build("finalizes", "-DFINALIZE=STAGE_CORRUPT");
  snprintf(text, sizeof text, "%s/finalizes.so", folder);
  fault = (struct fault){0};
  struct store *store = open_parts(text, &fault);
  assert_non_null(store);
  assert_false(store_finalize(store, &fault));
  assert_int_equal(fault.code, EXIT_CODE_CORRUPT);
  assert_non_null(strstr(
      fault.message, "stage 'finalizes', finalize: stored bytes failed validation: it does not want to (module.c:"));
  fault = (struct fault){0};
  struct stage_cursor *cursor;
  assert_false(store_cursor_new(store, &cursor, &fault));
  assert_non_null(
      strstr(fault.message, "cursor_new: the stage does not do this (error")); /* nothing is left of what was said */
  store_close(store);
  assert_string_equal(stage_error_text(-5), "an error code that stage.h does not have");
}

/* What a stage on a disk does not find is not what was stored there; of one in memory, it is the stage's error. */
static void errors_of_stored_data_are_corruption(void **state) {
  (void)state;
  static const struct {
    const char *name, *options;
    enum exit_code fresh, reopened;
  } cases[] = {{"gone", "-DOPEN=STAGE_NO_DOCUMENT", EXIT_CODE_CELL_FAILED, EXIT_CODE_CORRUPT},
               {"beyond", "-DOPEN=STAGE_OUT_OF_RANGE", EXIT_CODE_CELL_FAILED, EXIT_CODE_CORRUPT},
               {"misused", "-DOPEN=STAGE_MISUSE", EXIT_CODE_CELL_FAILED, EXIT_CODE_CORRUPT},
               {"newer", "-DOPEN=STAGE_UNSUPPORTED", EXIT_CODE_CELL_FAILED, EXIT_CODE_INPUT},
               {"full", "-DOPEN=STAGE_LIMIT", EXIT_CODE_SYSTEM, EXIT_CODE_SYSTEM}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[512];
    struct combination combination;
    struct store *store = NULL;
    struct fault fault = {0}, again = {0};
    struct store_place place = {.is_reopened = false};
    build(cases[i].name, cases[i].options);
    snprintf(text, sizeof text, "%s/%s.so", folder, cases[i].name);
    assert_true(combination_parse(text, &combination, &fault));
    assert_false(store_open(&combination, &place, &store, &fault));
    assert_int_equal(fault.code, cases[i].fresh);
    place.is_reopened = true;
    assert_false(store_open(&combination, &place, &store, &again));
    assert_int_equal(again.code, cases[i].reopened);
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "list-stages") == 0) return list_stages();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_no_shared_object_is_refused),
      cmocka_unit_test(what_was_cut_short_is_refused),
      cmocka_unit_test(constructors_that_end_the_process_are_refused),
      cmocka_unit_test(other_machines_are_refused),
      cmocka_unit_test(other_headers_are_refused),
      cmocka_unit_test(other_contents_are_refused),
      cmocka_unit_test(missing_hooks_are_refused_by_name),
      cmocka_unit_test(combinations_are_parsed),
      cmocka_unit_test(words_stand_for_subsets),
      cmocka_unit_test(cumulative_combinations_are_prefixes),
      cmocka_unit_test(a_bad_module_in_the_folder_is_named),
      cmocka_unit_test(stages_see_each_other_as_told),
      cmocka_unit_test(errors_of_stages_become_faults),
      cmocka_unit_test(errors_of_stored_data_are_corruption),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
