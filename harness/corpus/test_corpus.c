/* SPDX-License-Identifier: MIT
 *
 * test_corpus.c - directories with every kind of thing in them, and what becomes of
 * it: sums, fingerprint, what is left out and why. Manifests that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>

#include <cmocka.h>

#include "base/count.h"
#include "corpus.h"
#include "manifest.h"

/* ---- a folder for each test ---- */

static char folder[256];

static int make_folder(void **state) {
  (void)state;
  const char *place = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/test_corpus.XXXXXX", place && place[0] ? place : P_tmpdir);
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw) {
  (void)status;
  (void)type;
  (void)ftw;
  return remove(path);
}

static int remove_folder(void **state) {
  (void)state;
  return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(const char *path) {
  static char full[4096];
  snprintf(full, sizeof full, "%s/%s", folder, path);
  return full;
}

static void make_parents(const char *path) {
  char full[4096];
  snprintf(full, sizeof full, "%s", in_folder(path));
  for (char *slash = strchr(full + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(full, 0755) != 0) assert_int_equal(errno, EEXIST);
    *slash = '/';
  }
}

static void write_bytes(const char *path, const void *bytes, size_t length) {
  make_parents(path);
  FILE *file = fopen(in_folder(path), "w");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

static void write_file(const char *path, const char *text) { write_bytes(path, text, strlen(text)); }

static struct corpus *open_folder(const struct corpus_options *options) {
  struct fault fault = {0};
  struct corpus *corpus = NULL;
  if (!corpus_open_directory(folder, options, &corpus, &fault)) fail_msg("%s", fault.message);
  return corpus;
}

/* The paths of a corpus's files, joined by spaces. */
static void check_files(const struct corpus_options *options, const char *expected) {
  struct corpus *corpus = open_folder(options);
  char joined[4096] = "";
  for (size_t i = 0; i < corpus->file_count; i++) {
    if (i) strcat(joined, " ");
    strcat(joined, corpus->files[i].path);
  }
  assert_string_equal(joined, expected);
  corpus_close(corpus);
}

static void check_refusal(const char *path, const struct corpus_options *options, enum exit_code code,
                          const char *phrase) {
  struct fault fault = {0};
  struct corpus *corpus = (struct corpus *)&fault;
  assert_false(corpus_open_directory(path, options, &corpus, &fault));
  assert_null(corpus);
  assert_int_equal(fault.code, code);
  if (!strstr(fault.message, phrase)) fail_msg("expected '%s' in '%s'", phrase, fault.message);
}

/* ---- sums and fingerprint ---- */

static void test_sums(void **state) {
  (void)state;
  write_file("b.py", "x = 1\ny = 2");
  write_file("a.c", "int a;\n\n");
  write_file("empty.c", "");
  write_file("sub/z.c", "\n");
  struct corpus *corpus = open_folder(NULL);
  assert_int_equal(corpus->file_count, 4);
  assert_int_equal(corpus->lines, 2 + 2 + 0 + 1);
  assert_int_equal(corpus->bytes, 8 + 11 + 0 + 1);
  assert_int_equal(corpus->empty_files, 1);
  assert_int_equal(corpus->language_count, 2);
  assert_string_equal(corpus->languages[0].name, "c");
  assert_int_equal(corpus->languages[0].files, 3);
  assert_int_equal(corpus->languages[0].lines, 3);
  assert_int_equal(corpus->languages[0].bytes, 9);
  assert_string_equal(corpus->languages[0].grammar_package, "tree-sitter-c");
  assert_true(corpus->languages[0].grammar_abi >= 13);
  assert_string_equal(corpus->languages[1].name, "python");
  assert_string_equal(corpus->files[1].path, "b.py");
  assert_int_equal(corpus->files[1].language, 1);
  assert_int_equal(corpus->files[1].lines, 2);
  assert_int_equal(corpus->files[0].hash, XXH3_64bits("int a;\n\n", 8));
  assert_memory_equal(corpus->name, "dir:test_corpus.", 16);
  char path[4096];
  assert_true(corpus_file_path(corpus, &corpus->files[3], path, sizeof path));
  assert_string_equal(path, in_folder("sub/z.c"));
  assert_false(corpus_file_path(corpus, &corpus->files[3], path, strlen(path)));
  corpus_close(corpus);
}

/* The content hash, made here in another way: all bytes in one buffer. */
static void test_content_hash(void **state) {
  (void)state;
  write_file("b.c", "b\n");
  write_file("a.c", "");
  uint8_t bytes[64];
  size_t length = 0;
  static const char *const texts[] = {"", "b\n"}, *const names[] = {"a.c\0c", "b.c\0c"};
  for (int i = 0; i < 2; i++) {
    memcpy(bytes + length, names[i], 6);
    length += 6;
    uint64_t numbers[2] = {strlen(texts[i]), XXH3_64bits(texts[i], strlen(texts[i]))};
    for (int n = 0; n < 2; n++) {
      for (int k = 0; k < 8; k++) bytes[length++] = (uint8_t)(numbers[n] >> (8 * k));
    }
  }
  XXH128_hash_t hash = XXH3_128bits(bytes, length);
  char expected[33];
  snprintf(expected, sizeof expected, "%016llx%016llx", (unsigned long long)hash.high64,
           (unsigned long long)hash.low64);
  struct corpus *corpus = open_folder(NULL);
  assert_string_equal(corpus->content_hash, expected);
  corpus_close(corpus);
}

static void content_hash(char hash[33]) {
  struct corpus *corpus = open_folder(NULL);
  memcpy(hash, corpus->content_hash, 33);
  corpus_close(corpus);
}

/* Every part of the fingerprint changes it; reading again does not. */
static void test_fingerprint_changes(void **state) {
  (void)state;
  char first[33], again[33], other[33];
  write_file("a.c", "int a;\n");
  write_file("ignored.txt", "x");
  content_hash(first);
  content_hash(again);
  assert_string_equal(first, again);
  write_file("ignored.txt", "y");
  content_hash(again);
  assert_string_equal(first, again);
  write_file("a.c", "int b;\n");
  content_hash(other);
  assert_string_not_equal(first, other);
  assert_int_equal(remove(in_folder("a.c")), 0);
  write_file("b.c", "int b;\n");
  content_hash(again);
  assert_string_not_equal(other, again);
}

/* ---- what is left out ---- */

static void test_ignore_files(void **state) {
  (void)state;
  write_file(".gitignore", "*.gen.c\n/build/\nlogs/\n");
  write_file("sub/.gitignore", "!keep.gen.c\n/local.c\n");
  write_file("sub/.ignore", "unwanted.c\n");
  write_file("a.c", "");
  write_file("a.gen.c", "");
  write_file("build/b.c", "");
  write_file("sub/build/c.c", "");
  write_file("sub/keep.gen.c", "");
  write_file("sub/local.c", "");
  write_file("sub/deep/local.c", "");
  write_file("sub/unwanted.c", "");
  write_file("unwanted.c", "");
  write_file("x/logs/d.c", "");
  check_files(NULL, "a.c sub/build/c.c sub/deep/local.c sub/keep.gen.c unwanted.c");
  struct corpus *corpus = open_folder(NULL);
  assert_int_equal(corpus->skipped[CORPUS_SKIP_EXCLUDED], 5); /* a.gen.c build logs local.c unwanted.c */
  assert_int_equal(corpus->skipped[CORPUS_SKIP_UNKNOWN_EXTENSION], 3);
  assert_int_equal(corpus->skipped_file_count, 0);
  corpus_close(corpus);
}

/* .ignore is read after .gitignore, so its word is the last. */
static void test_ignore_precedence(void **state) {
  (void)state;
  write_file(".gitignore", "a.c\n");
  write_file(".ignore", "!a.c\nb.c\n");
  write_file("a.c", "");
  write_file("b.c", "");
  write_file("c.c", "");
  check_files(NULL, "a.c c.c");
  const char *const excludes[] = {"!b.c", "c.c", NULL};
  check_files(&(struct corpus_options){.excludes = excludes}, "a.c b.c");
}

static void test_version_control(void **state) {
  (void)state;
  write_file(".git/a.c", "");
  write_file("sub/.hg/a.c", "");
  write_file(".svn/a.c", "");
  write_file(".github/a.c", "");
  write_file("node_modules/a.js", "");
  write_file("s/.git", "gitdir: elsewhere\n");
  check_files(NULL, ".github/a.c node_modules/a.js");
  const char *const excludes[] = {"node_modules/", NULL};
  check_files(&(struct corpus_options){.excludes = excludes}, ".github/a.c");
}

/* Patterns above a path that is named count for it, too. */
static void test_includes(void **state) {
  (void)state;
  write_file(".gitignore", "*.h\nout/\n");
  write_file("a/x.c", "");
  write_file("a/x.h", "");
  write_file("b/out/y.c", "");
  write_file("b/y.c", "");
  write_file("c.c", "");
  check_files(&(struct corpus_options){.includes = (const char *const[]){"a", "c.c", NULL}}, "a/x.c c.c");
  check_files(&(struct corpus_options){.includes = (const char *const[]){"a/x.c", "b/out", NULL}}, "a/x.c");
  check_refusal(folder, &(struct corpus_options){.includes = (const char *const[]){"b/out", NULL}}, EXIT_CODE_INPUT,
                "excluded: 1");
  check_refusal(folder, &(struct corpus_options){.includes = (const char *const[]){"nowhere", NULL}}, EXIT_CODE_INPUT,
                "nowhere");
  static const char *const outside[] = {"../x", "/etc", "", "a/../..", "a//b", "./a", "a/"};
  for (size_t i = 0; i < COUNT(outside); i++) {
    check_refusal(folder, &(struct corpus_options){.includes = (const char *const[]){outside[i], NULL}},
                  EXIT_CODE_USAGE, "not a path inside");
  }
  check_refusal(folder, &(struct corpus_options){.includes = (const char *const[]){"a", "a/x.c", NULL}},
                EXIT_CODE_USAGE, "named twice");
}

static void check_skipped(const struct corpus *corpus, const char *path, enum corpus_skip why) {
  for (size_t i = 0; i < corpus->skipped_file_count; i++) {
    if (strcmp(corpus->skipped_files[i].path, path) != 0) continue;
    assert_int_equal(corpus->skipped_files[i].why, why);
    return;
  }
  fail_msg("%s is not listed", path);
}

static void test_kinds_of_files(void **state) {
  (void)state;
  char binary[8001];
  memset(binary, 'a', sizeof binary);
  binary[7999] = '\0';
  write_bytes("binary.c", binary, sizeof binary);
  memset(binary, 'a', sizeof binary);
  binary[8000] = '\0';
  write_bytes("late_nul.c", binary, sizeof binary);
  write_file("latin1.c", "/* caf\xe9 */\n");
  write_file("utf8.c", "/* caf\xc3\xa9 */\n");
  write_file("README", "x");
  write_file(".c", "x");
  write_file("a.xyz", "x");
  write_file("A.C", "x");
  memset(binary, 'a', sizeof binary);
  write_bytes("huge.c", binary, 8001);
  assert_int_equal(symlink("utf8.c", in_folder("link.c")), 0);
  assert_int_equal(symlink("nowhere.c", in_folder("dangling.c")), 0);
  assert_int_equal(symlink("..", in_folder("loop")), 0);
  assert_int_equal(mkfifo(in_folder("fifo.c"), 0600), 0);
  struct corpus *corpus = open_folder(&(struct corpus_options){.max_file_bytes = 8000});
  assert_int_equal(corpus->skipped[CORPUS_SKIP_HUGE], 3);
  corpus_close(corpus);
  corpus = open_folder(&(struct corpus_options){.max_file_bytes = 8001});
  assert_int_equal(corpus->file_count, 4); /* huge late_nul latin1 utf8 */
  assert_int_equal(corpus->non_utf8_files, 1);
  assert_string_equal(corpus->files[2].path, "latin1.c");
  assert_true(corpus->files[2].non_utf8);
  assert_int_equal(corpus->skipped[CORPUS_SKIP_UNKNOWN_EXTENSION], 4);
  assert_int_equal(corpus->skipped[CORPUS_SKIP_BINARY], 1);
  assert_int_equal(corpus->skipped[CORPUS_SKIP_SYMLINK], 3);
  assert_int_equal(corpus->skipped[CORPUS_SKIP_SPECIAL], 1);
  assert_int_equal(corpus->skipped_file_count, 5);
  check_skipped(corpus, "binary.c", CORPUS_SKIP_BINARY);
  check_skipped(corpus, "loop", CORPUS_SKIP_SYMLINK);
  check_skipped(corpus, "dangling.c", CORPUS_SKIP_SYMLINK);
  check_skipped(corpus, "fifo.c", CORPUS_SKIP_SPECIAL);
  corpus_close(corpus);
}

/* Root reads everything unless it lets go of the capabilities that allow it. */
static void give_up_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {0};
  if (syscall(SYS_capget, &header, data) != 0) return;
  data[0].effective &= ~((1u << CAP_DAC_OVERRIDE) | (1u << CAP_DAC_READ_SEARCH));
  syscall(SYS_capset, &header, data);
}

static void take_capabilities_back(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {0};
  if (syscall(SYS_capget, &header, data) != 0) return;
  data[0].effective = data[0].permitted;
  data[1].effective = data[1].permitted;
  syscall(SYS_capset, &header, data);
}

static void test_unreadable(void **state) {
  (void)state;
  write_file("a.c", "");
  write_file("secret.c", "x");
  write_file("closed/b.c", "x");
  write_file("listed_only/b.c", "x");
  assert_int_equal(chmod(in_folder("secret.c"), 0), 0);
  assert_int_equal(chmod(in_folder("closed"), 0), 0);
  assert_int_equal(chmod(in_folder("listed_only"), 0400), 0);
  give_up_capabilities();
  struct corpus *corpus = open_folder(NULL);
  take_capabilities_back();
  chmod(in_folder("closed"), 0755);
  chmod(in_folder("listed_only"), 0755);
  assert_int_equal(corpus->file_count, 1);
  assert_int_equal(corpus->skipped[CORPUS_SKIP_UNREADABLE], 3);
  check_skipped(corpus, "secret.c", CORPUS_SKIP_UNREADABLE);
  check_skipped(corpus, "closed", CORPUS_SKIP_UNREADABLE);
  check_skipped(corpus, "listed_only/b.c", CORPUS_SKIP_UNREADABLE);
  corpus_close(corpus);
}

/* A pattern file that cannot be read would change what is measured: an error. */
static void test_unreadable_ignore_file(void **state) {
  (void)state;
  write_file("a.c", "");
  write_file(".gitignore", "a.c\n");
  assert_int_equal(chmod(in_folder(".gitignore"), 0), 0);
  give_up_capabilities();
  check_refusal(folder, NULL, EXIT_CODE_INPUT, ".gitignore");
  take_capabilities_back();
  assert_int_equal(remove(in_folder(".gitignore")), 0);
  assert_int_equal(mkdir(in_folder(".gitignore"), 0755), 0);
  check_files(NULL, "a.c");
}

static void test_names_of_any_bytes(void **state) {
  (void)state;
  write_file("a\nb.c", "x\n");
  write_file("caf\xe9.c", "x\n");
  write_file(" .c", "x\n");
  write_file("*.c", "x\n");
  check_files(NULL, " .c *.c a\nb.c caf\xe9.c");
}

/* Deeper than PATH_MAX: listed or an error, but no crash and no wrong file. */
static void test_deep(void **state) {
  (void)state;
  write_file("top.c", "x\n");
  char name[251];
  memset(name, 'd', 250);
  name[250] = '\0';
  int here = open(folder, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(mkdirat(here, name, 0755), 0);
    int next = openat(here, name, O_RDONLY | O_DIRECTORY);
    assert_true(next >= 0);
    close(here);
    here = next;
  }
  int file = openat(here, "deep.c", O_CREAT | O_WRONLY, 0644);
  assert_true(file >= 0);
  close(file);
  close(here);
  struct corpus *corpus = open_folder(NULL);
  assert_int_equal(corpus->file_count, 1);
  assert_true(corpus->skipped[CORPUS_SKIP_UNREADABLE] >= 1);
  corpus_close(corpus);
  char command[512];
  snprintf(command, sizeof command, "rm -rf '%s'/d*", folder); /* nftw cannot */
  assert_int_equal(system(command), 0);
}

/* ---- what is refused ---- */

static void test_refusals(void **state) {
  (void)state;
  char nowhere[4096];
  snprintf(nowhere, sizeof nowhere, "%s", in_folder("nowhere"));
  check_refusal(nowhere, NULL, EXIT_CODE_INPUT, "No such file");
  check_refusal(folder, NULL, EXIT_CODE_INPUT, "is empty");
  check_refusal("/", NULL, EXIT_CODE_INPUT, "name a directory below it");
  write_file("a.xyz", "");
  check_refusal(folder, NULL, EXIT_CODE_INPUT, "unknown_extension: 1");
  char file[4096];
  snprintf(file, sizeof file, "%s", in_folder("a.xyz"));
  check_refusal(file, NULL, EXIT_CODE_INPUT, "is not a directory");
  check_refusal(folder, &(struct corpus_options){.max_file_bytes = (uint64_t)1 << 32}, EXIT_CODE_USAGE, "32 bits");
  struct fault fault = {0};
  struct corpus *corpus;
  assert_false(corpus_open("there-is-no-such-corpus", NULL, &corpus, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  assert_non_null(strstr(fault.message, "phasebench corpus list"));
}

static void test_root_through_a_link(void **state) {
  (void)state;
  write_file("real/a.c", "");
  assert_int_equal(symlink("real", in_folder("link")), 0);
  struct fault fault = {0};
  struct corpus *corpus;
  assert_true(corpus_open_directory(in_folder("link"), NULL, &corpus, &fault));
  assert_int_equal(corpus->file_count, 1);
  assert_string_equal(corpus->name, "dir:real");
  corpus_close(corpus);
}

/* ---- manifests ---- */

#define HEAD "\"schema\":\"phasebench-corpus-1\",\"name\":\"m\",\"title\":\"t\","
#define SOURCE "\"source\":{\"type\":\"directory\",\"folder\":\"files\"},"
#define LANGUAGES "\"languages\":{\".c\":\"c\"}"

static void test_manifest(void **state) {
  (void)state;
  write_file("files/below/a/a.c", "x\n");
  write_file("files/below/b/b.c", "x\n");
  write_file("files/below/b/no.c", "x\n");
  write_file("files/below/b/h.h", "x\n");
  write_file("files/below/c/c.c", "x\n");
  write_file("files/below/.gitignore", "*\n"); /* a manifest alone says what is in */
  write_file("m.json",
             "{" HEAD SOURCE "\"root\":\"below\",\"paths\":[\"b\",\"a/a.c\"],\"exclude\":[\"no.c\"]," LANGUAGES "}");
  struct fault fault = {0};
  struct corpus *corpus;
  if (!corpus_open(in_folder("m.json"), NULL, &corpus, &fault)) fail_msg("%s", fault.message);
  assert_string_equal(corpus->name, "m");
  assert_int_equal(corpus->file_count, 2);
  assert_string_equal(corpus->files[0].path, "a/a.c");
  assert_string_equal(corpus->files[1].path, "b/b.c");
  assert_int_equal(corpus->skipped[CORPUS_SKIP_UNKNOWN_EXTENSION], 1);
  assert_int_equal(corpus->skipped[CORPUS_SKIP_EXCLUDED], 1);
  corpus_close(corpus);
}

static void test_bad_manifests(void **state) {
  (void)state;
  static const struct {
    const char *text, *phrase;
  } rows[] = {
      {"", "m.json"},
      {"[]", "has no object"},
      {"{" HEAD SOURCE LANGUAGES ",\"exlude\":[\"x\"]}", "unknown key \"exlude\""},
      {"{\"schema\":\"phasebench-corpus-2\"," SOURCE LANGUAGES "}", "phasebench-corpus-1"},
      {"{\"schema\":\"phasebench-corpus-1\",\"name\":\"n\",\"title\":\"t\"," SOURCE LANGUAGES "}", "file's name"},
      {"{" HEAD LANGUAGES "}", "no object \"source\""},
      {"{" HEAD "\"source\":{\"type\":\"ftp\"}," LANGUAGES "}", "directory, npm or deb"},
      {"{" HEAD "\"source\":{\"type\":\"directory\",\"folder\":\"../x\"}," LANGUAGES "}", "../x"},
      {"{" HEAD "\"source\":{\"type\":\"directory\",\"folder\":\"x\",\"z\":1}," LANGUAGES "}", "unknown key \"z\""},
      {"{" HEAD "\"source\":{\"type\":\"npm\",\"folder\":\"x\",\"download\":\"../y\"}," LANGUAGES "}", "../y"},
      {"{" HEAD "\"source\":{\"type\":\"deb\",\"download\":\"y\",\"keep\":[\"*\"]}," LANGUAGES "}", "packages"},
      {"{" HEAD
       "\"source\":{\"type\":\"deb\",\"download\":\"y\",\"packages\":[{\"name\":\"p\",\"version\":\"1\"}]}," LANGUAGES
       "}",
       "keep"},
      {"{" HEAD
       "\"source\":{\"type\":\"deb\",\"download\":\"y\",\"keep\":[\"*\"],\"packages\":[{\"name\":\"-o\",\"version\":"
       "\"1\"}]}," LANGUAGES "}",
       "\"-o\""},
      {"{" HEAD SOURCE "\"paths\":[]," LANGUAGES "}", "paths"},
      {"{" HEAD SOURCE "\"paths\":[\"/etc\"]," LANGUAGES "}", "/etc"},
      {"{" HEAD SOURCE "\"paths\":[\"a\",\"a/b\"]," LANGUAGES "}", "twice"},
      {"{" HEAD SOURCE "\"paths\":[1]," LANGUAGES "}", "paths"},
      {"{" HEAD SOURCE "\"languages\":{\"c\":\"c\"}}", "with its dot"},
      {"{" HEAD SOURCE "\"languages\":{\".d.ts\":\"c\"}}", "with its dot"},
      {"{" HEAD SOURCE "\"languages\":{\".c\":\"c\",\".c\":\"cpp\"}}", "twice"},
      {"{" HEAD SOURCE "\"languages\":{}}", "languages"},
      {"{" HEAD SOURCE LANGUAGES ",\"expected\":{\"files\":1}}", "lines"},
      {"{" HEAD SOURCE LANGUAGES ",\"expected\":{\"files\":1,\"lines\":1,\"bytes\":1.5,\"content_hash\":\"x\"}}",
       "bytes"},
      {"{" HEAD SOURCE LANGUAGES ",\"expected\":{\"files\":1,\"lines\":1,\"bytes\":1,\"content_hash\":\"x\"}}",
       "32 digits"},
      {"{" HEAD SOURCE LANGUAGES "} x", "m.json"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    write_file("m.json", rows[i].text);
    struct fault fault = {0};
    struct manifest manifest;
    if (manifest_read(in_folder("m.json"), &manifest, &fault)) fail_msg("accepted: %s", rows[i].text);
    assert_int_equal(fault.code, EXIT_CODE_INPUT);
    assert_non_null(strstr(fault.message, "m.json"));
    if (!strstr(fault.message, rows[i].phrase)) fail_msg("expected '%s' in '%s'", rows[i].phrase, fault.message);
  }
}

static void test_language_without_grammar(void **state) {
  (void)state;
  write_file("files/a.c", "x\n");
  write_file("m.json", "{" HEAD SOURCE "\"languages\":{\".c\":\"cobol\"}}");
  struct fault fault = {0};
  struct corpus *corpus;
  assert_false(corpus_open(in_folder("m.json"), NULL, &corpus, &fault));
  assert_int_equal(fault.code, EXIT_CODE_INPUT);
  assert_non_null(strstr(fault.message, "cobol"));
}

/* Every manifest that we ship can be read. */
static void test_shipped_manifests(void **state) {
  (void)state;
  char **names;
  size_t count;
  struct fault fault = {0};
  assert_true(manifest_list(&names, &count, &fault));
  assert_true(count >= 6);
  for (size_t i = 0; i < count; i++) {
    struct manifest manifest;
    if (!manifest_read(names[i], &manifest, &fault)) fail_msg("%s", fault.message);
    assert_true(manifest.expected.known);
    if (i) assert_true(strcmp(names[i - 1], names[i]) < 0);
    manifest_free(&manifest);
  }
  for (size_t i = 0; i < count; i++) free(names[i]);
  free(names);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_sums),
      TEST(test_content_hash),
      TEST(test_fingerprint_changes),
      TEST(test_ignore_files),
      TEST(test_ignore_precedence),
      TEST(test_version_control),
      TEST(test_includes),
      TEST(test_kinds_of_files),
      TEST(test_unreadable),
      TEST(test_unreadable_ignore_file),
      TEST(test_names_of_any_bytes),
      TEST(test_deep),
      TEST(test_refusals),
      TEST(test_root_through_a_link),
      TEST(test_manifest),
      TEST(test_bad_manifests),
      TEST(test_language_without_grammar),
      cmocka_unit_test(test_shipped_manifests),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
