/* SPDX-License-Identifier: MIT
 *
 * command_store_export.c - `phasebench store export`: sources or trees back to files. What a catalogue
 * calls a path is anybody's; every part of it is opened below the folder before it, without following
 * links, and nothing that is there is written over. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command_store.h"
#include "text.h"

#define NAME_BYTES_MAX 4096

struct exporting {
  const struct store_options *options;
  struct store_disk disk;
  struct stage_cursor *cursor;
  int root_fd;  /* of the folder; -1: standard output */
  uint64_t written, bad;
};

/* ---- files ---- */

/* The folder of a path's last part, made where it is not there. *name is that part. -1: a fault was set. */
static int open_folder(int root_fd, char *path, const char **name, struct fault *fault) {
  int fd = dup(root_fd);
  char *part = path;
  for (char *slash; fd >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
    *slash = '\0';
    if (mkdirat(fd, part, 0777) < 0 && errno != EEXIST) {
      fault_set(fault, EXIT_CODE_SYSTEM, "folder '%.200s' cannot be made: %s", part, strerror(errno));
      close(fd);
      return -1;
    }
    int below = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    close(fd);
    fd = below;
    if (fd < 0)
      fault_set(fault, EXIT_CODE_SYSTEM, "'%.200s' cannot be opened as a folder: %s (links are not followed)", part,
                strerror(errno));
  }
  *name = part;
  return fd;
}

static bool write_file(const struct exporting *exporting, const char *path, const char *ending, const char *bytes,
                       size_t byte_count, struct fault *fault) {
  char copy[NAME_BYTES_MAX];
  const char *name;
  int length = snprintf(copy, sizeof copy, "%s%s", path, ending);
  if (length < 0 || (size_t)length >= sizeof copy) return fault_set(fault, EXIT_CODE_INPUT, "its path is too long");
  int folder = open_folder(exporting->root_fd, copy, &name, fault);
  if (folder < 0) return false;
  int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  int error = errno;
  FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
  bool good = file || fault_set(fault, EXIT_CODE_SYSTEM, "'%.200s' cannot be made: %s", name,
                                error == EEXIST ? "it is there already, and nothing is written over" : strerror(error));
  bool wrote = file && fwrite(bytes, 1, byte_count, file) == byte_count;
  if (file && fclose(file) != 0) wrote = false;
  if (good && !wrote) {
    good = fault_set(fault, EXIT_CODE_SYSTEM, "writing failed: %s", strerror(errno));
    unlinkat(folder, name, 0); /* half a file is none */
  }
  close(folder);
  return good;
}

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
  char path[4 * NAME_BYTES_MAX + 1]; /* as text: a path may hold any byte */
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
  } flags[] = {{"named", STAGE_NODE_NAMED}, {"extra", STAGE_NODE_EXTRA}, {"missing", STAGE_NODE_MISSING},
               {"error", STAGE_NODE_ERROR}, {"has_error", STAGE_NODE_HAS_ERROR}};
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
    fprintf(tree->file, ",\"%s\":%s", flags[i].name, head->flags & flags[i].flag ? "true" : "false");
  fprintf(tree->file, ",\"start_byte\":%" PRIu32 ",\"end_byte\":%" PRIu32 ",\"start\":[%" PRIu32 ",%" PRIu32
          "],\"end\":[%" PRIu32 ",%" PRIu32 "],\"children\":%" PRIu32 "}\n",
          head->start_byte, extent.end_byte, head->start_row, head->start_column, extent.end_row, extent.end_column,
          extent.child_count);
  return STAGE_OK;
}

/* Named nodes, and missing ones whatever they are. */
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
  return !error || store_fault(exporting->disk.store, tree.codec, "a move", error, fault);
}

/* ---- documents ---- */

static bool write_document(struct exporting *exporting, uint32_t id, const char *bytes, size_t byte_count,
                           struct fault *fault) {
  static const char *const endings[] = {
      [STORE_TREES_NONE] = "", [STORE_TREES_SEXP] = ".sexp", [STORE_TREES_JSON] = ".jsonl"};
  const char *path = exporting->disk.catalogue.documents[id].path;
  if (exporting->root_fd >= 0)
    return write_file(exporting, path, endings[exporting->options->trees], bytes, byte_count, fault);
  return fwrite(bytes, 1, byte_count, stdout) == byte_count ||
         fault_set(fault, EXIT_CODE_SYSTEM, "standard output: writing failed: %s", strerror(errno));
}

/* First into memory: of a document that turns out to be corrupt, nothing is written. */
static bool export_document(struct exporting *exporting, uint32_t id, struct fault *fault) {
  char *bytes = NULL;
  size_t byte_count = 0;
  FILE *file = open_memstream(&bytes, &byte_count);
  if (!file) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  bool good = exporting->options->trees ? export_tree(exporting, id, file, fault)
                                        : export_source(exporting, id, file, fault);
  bool made = !ferror(file);
  if (fclose(file) != 0) made = false;
  if (good && !made) good = fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  good = good && write_document(exporting, id, bytes, byte_count, fault);
  free(bytes);
  exporting->written += good;
  return good;
}

/* A corrupt document does not keep the others from being saved. */
static bool export_or_tell(struct exporting *exporting, uint32_t id, struct fault *fault) {
  struct fault why = {0};
  const char *path = exporting->disk.catalogue.documents[id].path;
  if (export_document(exporting, id, &why)) return true;
  if (why.code != EXIT_CODE_CORRUPT) return fault_set(fault, why.code, "%.300s: %.600s", path, why.message);
  fprintf(stderr, "phasebench store export: BAD %.300s: %s\n", path, why.message);
  exporting->bad++;
  return true;
}

/* Is it the path, or below it? */
static bool is_wanted(const char *path, const char *wanted) {
  size_t length = strlen(wanted);
  while (length > 0 && wanted[length - 1] == '/') length--;
  return strncmp(path, wanted, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Every path that was given must be of something. */
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
      return fault_set(fault, EXIT_CODE_USAGE, "the store has no document '%s', and none below it; paths are relative, "
                       "as they were in the corpus", options->paths[p]);
  }
  return true;
}

static bool export_all(struct exporting *exporting, struct fault *fault) {
  uint64_t count = exporting->disk.catalogue.document_count;
  bool *chosen = calloc((size_t)count + 1, sizeof *chosen);
  bool good = chosen ? choose(exporting, chosen, fault) : fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  good = good && store_cursor_new(exporting->disk.store, &exporting->cursor, fault);
  for (uint64_t id = 0; good && id < count; id++) {
    if (chosen[id]) good = export_or_tell(exporting, (uint32_t)id, fault);
  }
  free(chosen);
  if (good && exporting->bad > 0)
    good = fault_set(fault, EXIT_CODE_CORRUPT, "%" PRIu64 " documents are corrupt and were left out", exporting->bad);
  return good;
}

static bool open_root(struct exporting *exporting, struct fault *fault) {
  const char *output = exporting->options->output;
  exporting->root_fd = -1;
  if (strcmp(output, "-") == 0) return true;
  if (mkdir(output, 0777) < 0 && errno != EEXIST)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be made: %s", output, strerror(errno));
  exporting->root_fd = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return exporting->root_fd >= 0 ||
         fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be opened as a folder: %s", output, strerror(errno));
}

bool store_command_export(const struct store_options *options, struct fault *fault) {
  static struct exporting exporting;
  exporting.options = options;
  exporting.root_fd = -1;
  bool good = store_disk_open(options->store, options->stages, NULL, &exporting.disk, fault) &&
              open_root(&exporting, fault) && export_all(&exporting, fault);
  if (exporting.cursor) store_cursor_delete(exporting.disk.store, exporting.cursor);
  store_disk_close(&exporting.disk);
  if (good && exporting.root_fd >= 0)
    fprintf(stderr, "phasebench store export: %" PRIu64 " files written to %s\n", exporting.written, options->output);
  if (exporting.root_fd >= 0) close(exporting.root_fd);
  return good;
}
