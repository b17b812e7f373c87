/* SPDX-License-Identifier: MIT
 *
 * store_export.c - `phasebench store export`: sources or trees back to files. How a file is
 * written is told in export_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/count.h"
#include "base/interrupt.h"
#include "base/memory_file.h"
#include "base/text.h"
#include "export_file.h"
#include "store.h"

struct exporting {
  const struct store_options *options;
  struct store_disk disk;
  struct stage_cursor *cursor;
  int root_fd; /* of the folder; -1: standard output */
  uint64_t written, kept, bad, refused;
};

/* ---- sources ---- */

static bool export_source(struct exporting *exporting, uint32_t id, FILE *file, struct fault *fault) {
  struct stage_pin pin;
  if (!store_pin_source(exporting->disk.store, id, &pin, fault)) return false;
  if (pin.length > 0) fwrite(pin.bytes, 1, (size_t)pin.length, file);
  return store_unpin_source(exporting->disk.store, &pin, fault);
}

/* ---- trees ---- */

struct tree {
  const struct stage_ops *codec;
  void *store;
  struct stage_cursor *cursor;
  const struct store_document *document;
  char path[PATH_SHOWN_BYTES]; /* as text: a path may hold any byte */
  FILE *file;
  bool is_first;
};

static void put_json_text(FILE *file, const char *text) {
  if (!text) {
    fputs("null", file);
    return;
  }
  putc('"', file);
  for (const char *c = text; *c; c++) {
    if ((unsigned char)*c < 0x20) fprintf(file, "\\u%04x", *c);
    else if (*c == '"' || *c == '\\') fprintf(file, "\\%c", *c);
    else putc(*c, file);
  }
  putc('"', file);
}

static const char *symbol_of(const struct tree *tree) {
  const char *name = tree->codec->symbol_name(tree->store, tree->document->language, tree->cursor->head.symbol);
  return name ? name : "?";
}

static const char *field_of(const struct tree *tree) {
  uint16_t field = tree->cursor->head.field;
  return field ? tree->codec->field_name(tree->store, tree->document->language, field) : NULL;
}

static int put_line(const struct tree *tree) {
  const struct stage_head *head = &tree->cursor->head;
  struct stage_extent extent;
  int error = tree->codec->extent(tree->cursor, &extent);
  if (error) return error;
  fprintf(tree->file, "{\"path\":");
  put_json_text(tree->file, tree->path);
  fprintf(tree->file, ",\"index\":%" PRIu32 ",\"depth\":%" PRIu32 ",\"symbol\":", head->index, tree->cursor->depth);
  put_json_text(tree->file, symbol_of(tree));
  fprintf(tree->file, ",\"field\":");
  put_json_text(tree->file, field_of(tree));
  static const struct {
    const char *name;
    unsigned flag;
  } flags[] = {{"named", STAGE_NODE_NAMED},
               {"extra", STAGE_NODE_EXTRA},
               {"missing", STAGE_NODE_MISSING},
               {"error", STAGE_NODE_ERROR},
               {"has_error", STAGE_NODE_HAS_ERROR}};
  for (size_t i = 0; i < COUNT(flags); i++)
    fprintf(tree->file, ",\"%s\":%s", flags[i].name, head->flags & flags[i].flag ? "true" : "false");
  fprintf(tree->file,
          ",\"start_byte\":%" PRIu32 ",\"end_byte\":%" PRIu32 ",\"start\":[%" PRIu32 ",%" PRIu32 "],\"end\":[%" PRIu32
          ",%" PRIu32 "],\"children\":%" PRIu32 "}\n",
          head->start_byte, extent.end_byte, head->start_row, head->start_column, extent.end_row, extent.end_column,
          extent.child_count);
  return STAGE_OK;
}

/* S-expressions show named nodes, and missing nodes of any kind. */
static bool is_shown(const struct tree *tree) {
  return tree->cursor->head.flags & (STAGE_NODE_NAMED | STAGE_NODE_MISSING);
}

static void begin_sexp(struct tree *tree) {
  const struct stage_head *head = &tree->cursor->head;
  const char *field = field_of(tree);
  if (!tree->is_first) putc(' ', tree->file);
  tree->is_first = false;
  if (field) fprintf(tree->file, "%s: ", field);
  fprintf(tree->file, head->flags & STAGE_NODE_MISSING ? "(MISSING " : "(");
  if (head->flags & STAGE_NODE_NAMED) fputs(symbol_of(tree), tree->file);
  else put_json_text(tree->file, symbol_of(tree));
}

/* Preorder; trees may be hundreds of thousands of levels deep. */
static int put_tree(struct tree *tree, bool as_json) {
  const struct stage_ops *codec = tree->codec;
  struct stage_cursor *cursor = tree->cursor;
  int error = STAGE_OK;
  for (;;) {
    if (as_json) error = put_line(tree);
    else if (is_shown(tree)) begin_sexp(tree);
    if (error) return error;
    if (codec->goto_first_child(cursor)) continue;
    while (!cursor->error) {
      if (!as_json && is_shown(tree)) putc(')', tree->file);
      if (codec->goto_next_sibling(cursor)) break;
      if (cursor->error || !codec->goto_parent(cursor)) {
        if (!as_json) putc('\n', tree->file);
        return cursor->error;
      }
    }
    if (cursor->error) return cursor->error;
  }
}

static bool export_tree(struct exporting *exporting, uint32_t id, FILE *file, struct fault *fault) {
  static struct tree tree;
  const struct store_document *document = &exporting->disk.catalogue.documents[id];
  tree = (struct tree){.cursor = exporting->cursor, .file = file, .is_first = true, .document = document};
  if (!path_to_text(document->path, tree.path, sizeof tree.path))
    return fault_set(fault, EXIT_CODE_INPUT, "its path is too long");
  tree.codec = store_codec(exporting->disk.store, &tree.store);
  if (!store_cursor_open(exporting->disk.store, tree.cursor, id, fault)) return false;
  int error = put_tree(&tree, exporting->options->trees == STORE_TREES_JSON);
  store_cursor_close(exporting->disk.store, tree.cursor);
  if (error) return store_fault(exporting->disk.store, tree.codec, "a move", error, fault);
  return true;
}

/* ---- documents ---- */

/* EXPORT_FAILED ends the whole export, since the next document would fail, too. */
static enum export_outcome write_document(struct exporting *exporting, uint32_t id, const char *bytes,
                                          size_t byte_count, struct fault *fault) {
  static const char *const endings[] = {
      [STORE_TREES_NONE] = "", [STORE_TREES_SEXP] = ".sexp", [STORE_TREES_JSON] = ".jsonl"};
  const struct store_options *options = exporting->options;
  const struct export_request request = {.path = exporting->disk.catalogue.documents[id].path,
                                         .ending = endings[options->trees],
                                         .bytes = bytes,
                                         .byte_count = byte_count,
                                         .replace = options->replace};
  if (exporting->root_fd >= 0) return export_file(exporting->root_fd, &request, fault);
  if (fwrite(bytes, 1, byte_count, stdout) == byte_count) return EXPORT_WRITTEN;
  fault_set(fault, EXIT_CODE_SYSTEM, "standard output: writing failed: %s", strerror(errno));
  return EXPORT_FAILED;
}

/* Writes to memory first, so that nothing is written of a document that turns out to be corrupt. */
static enum export_outcome export_document(struct exporting *exporting, uint32_t id, struct fault *fault) {
  static const char what[] = "its text";
  struct memory_file file;
  enum export_outcome outcome = EXPORT_FAILED;
  if (!memory_file_begin(&file, what, fault)) return outcome;
  bool good = exporting->options->trees ? export_tree(exporting, id, file.out, fault)
                                        : export_source(exporting, id, file.out, fault);
  if (good && memory_file_end(&file, what, fault))
    outcome = write_document(exporting, id, file.bytes, file.byte_count, fault);
  else if (fault->code == EXIT_CODE_CORRUPT) outcome = EXPORT_REFUSED;
  memory_file_drop(&file);
  return outcome;
}

/* Goes on after a document that is corrupt, or whose file cannot be written. */
static bool export_or_tell(struct exporting *exporting, uint32_t id, struct fault *fault) {
  static struct path_shown shown;
  struct fault why = {0};
  const char *path = path_show(exporting->disk.catalogue.documents[id].path, &shown);
  enum export_outcome outcome = export_document(exporting, id, &why);
  if (outcome == EXPORT_FAILED) return fault_set(fault, why.code, "%.300s: %.600s", path, why.message);
  exporting->written += outcome == EXPORT_WRITTEN;
  exporting->kept += outcome == EXPORT_KEPT;
  if (outcome != EXPORT_REFUSED) return true;
  bool is_corrupt = why.code == EXIT_CODE_CORRUPT;
  fprintf(stderr, "phasebench store export: %s%s: ", is_corrupt ? "BAD " : "NOT WRITTEN ", path);
  text_print(stderr, why.message);
  putc('\n', stderr);
  exporting->bad += is_corrupt;
  exporting->refused += !is_corrupt;
  return true;
}

/* Is it the path, or below it? */
static bool is_wanted(const char *path, const char *wanted) {
  size_t length = strlen(wanted);
  while (length > 0 && wanted[length - 1] == '/') length--;
  return strncmp(path, wanted, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Refuses a path that no document has. */
static bool choose(const struct exporting *exporting, bool *chosen, struct fault *fault) {
  const struct store_catalogue *catalogue = &exporting->disk.catalogue;
  const struct store_options *options = exporting->options;
  for (uint64_t id = 0; options->path_count == 0 && id < catalogue->document_count; id++) chosen[id] = true;
  for (int p = 0; p < options->path_count; p++) {
    bool found = false;
    for (uint64_t id = 0; options->paths[p][0] && id < catalogue->document_count; id++) {
      if (!is_wanted(catalogue->documents[id].path, options->paths[p])) continue;
      chosen[id] = found = true;
    }
    if (!found)
      return fault_set(fault, EXIT_CODE_USAGE,
                       "the store has no document '%s', and none below it; paths are relative, "
                       "as they were in the corpus",
                       options->paths[p]);
  }
  return true;
}

static bool judge(const struct exporting *exporting, struct fault *fault) {
  uint64_t bad = exporting->bad, refused = exporting->refused;
  char files[100] = "";
  if (refused > 0) snprintf(files, sizeof files, "%" PRIu64 " file%s could not be written", refused, plural(refused));
  if (bad > 0)
    return fault_set(fault, EXIT_CODE_CORRUPT, "%" PRIu64 " document%s corrupt and left out%s%s", bad,
                     bad == 1 ? " is" : "s are", refused > 0 ? "; " : "", files);
  if (refused > 0) return fault_set(fault, EXIT_CODE_SYSTEM, "%s (named above); the others were", files);
  return true;
}

static bool export_all(struct exporting *exporting, struct fault *fault) {
  uint64_t count = exporting->disk.catalogue.document_count;
  bool *chosen = calloc((size_t)count + 1, sizeof *chosen);
  bool good = chosen ? choose(exporting, chosen, fault) : fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  good = good && store_cursor_new(exporting->disk.store, &exporting->cursor, fault);
  for (uint64_t id = 0; good && id < count; id++) {
    good = interrupt_none("the same command again writes what is not there yet", fault);
    if (good && chosen[id]) good = export_or_tell(exporting, (uint32_t)id, fault);
  }
  free(chosen);
  return good && judge(exporting, fault);
}

static bool open_root(struct exporting *exporting, struct fault *fault) {
  const char *output = exporting->options->output;
  exporting->root_fd = -1;
  if (strcmp(output, "-") == 0) return true;
  if (mkdir(output, 0777) < 0 && errno != EEXIST)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made: %s", output, strerror(errno));
  exporting->root_fd = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (exporting->root_fd >= 0) return true;
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be opened as a folder: %s", output, strerror(errno));
}

/* Is told of an export that ended early, too: the files that it wrote are good. */
static void tell_counts(const struct exporting *exporting) {
  static struct path_shown shown;
  fprintf(stderr, "phasebench store export: %" PRIu64 " file%s written to %s", exporting->written,
          plural(exporting->written), path_show(exporting->options->output, &shown));
  if (exporting->kept > 0) fprintf(stderr, ", %" PRIu64 " already there", exporting->kept);
  putc('\n', stderr);
}

bool store_command_export(const struct store_options *options, struct fault *fault) {
  static struct exporting exporting;
  exporting.options = options;
  exporting.root_fd = -1;
  interrupt_watch();
  bool good = store_disk_open(options->store, options->stages, NULL, &exporting.disk, fault) &&
              open_root(&exporting, fault) && export_all(&exporting, fault);
  if (exporting.cursor) store_cursor_delete(exporting.disk.store, exporting.cursor);
  store_disk_close(&exporting.disk);
  if (exporting.root_fd >= 0) tell_counts(&exporting);
  if (exporting.root_fd >= 0) close(exporting.root_fd);
  return good;
}
