/* SPDX-License-Identifier: MIT
 *
 * edit_list.c - see edit_list.h. The file: records that end with NUL, as in the corpus's
 * list (cell/spec.c). First
 *   "phasebench-edits-1 DOCUMENTS HUNKS" NUL
 * then for each document, with single spaces, decimal numbers and a hash of 16 hex digits
 *   HASH BYTES DOCUMENT HUNKS PATH NUL
 * followed by one record a hunk, in the order of the text
 *   START OLD_BYTES NEW_BYTES NUL
 * Document 7 becomes b/a.c, 20 bytes, by a line of 4 bytes put in place of one of 3 at byte 16:
 *   phasebench-edits-1 1 1\0
 *   00000000000000ff 20 7 1 b/a.c\0
 *   16 3 4\0 */
#include "edit_list.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/json_out.h"
#include "base/open_file.h"
#include "base/memory_file.h"
#include "base/number.h"
#include "edits.h"

static const char MAGIC[] = "phasebench-edits-1 ";

static void hash_of(const void *bytes, size_t byte_count, char hex[33]) {
  XXH128_hash_t hash = XXH3_128bits(bytes, byte_count);
  snprintf(hex, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
}

/* ---- writing ---- */

/* A file as the corpus knows it. The caller frees *bytes. */
static bool read_known(const char *path, uint64_t length, uint64_t hash, char **bytes, struct fault *fault) {
  const char *why;
  FILE *in = open_file_stream(path, NULL, &why);
  if (!in) return fault_set(fault, exit_code_of_errno(errno), "%s: cannot be opened: %s", path, why);
  *bytes = malloc((size_t)length + 1);
  size_t got = *bytes ? fread(*bytes, 1, (size_t)length + 1, in) : 0; /* one more, to see that there is none */
  int error = ferror(in) ? errno : 0;
  fclose(in);
  if (!*bytes) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory (%" PRIu64 " bytes)", path, length);
  if (!error && got == length && XXH3_64bits(*bytes, got) == hash) return true;
  free(*bytes);
  *bytes = NULL;
  if (error) return fault_set(fault, exit_code_of_errno(error), "%s: cannot be read: %s", path, strerror(error));
  return fault_set(fault, EXIT_CODE_INPUT,
                   "%s: is not what it was when the corpus was read; let nobody change a corpus that is being measured",
                   path);
}

static bool write_hunks(FILE *out, const struct corpus_edit *edit, const struct diff_text *old,
                        const struct diff_text *new, uint64_t *hunk_total, struct fault *fault) {
  struct diff_hunk *hunks;
  size_t count;
  if (!diff_texts(old, new, &hunks, &count, fault)) return false;
  fprintf(out, "%016" PRIx64 " %" PRIu64 " %" PRIu32 " %zu %s", edit->hash, edit->bytes, edit->file, count, edit->path);
  putc(0, out);
  for (size_t i = 0; i < count; i++) {
    fprintf(out, "%" PRIu32 " %" PRIu32 " %" PRIu32, hunks[i].start, hunks[i].old_bytes, hunks[i].new_bytes);
    putc(0, out);
  }
  *hunk_total += count;
  free(hunks);
  return true;
}

static bool write_edit(FILE *out, const struct corpus *corpus, const struct corpus_edit *edit, uint64_t *hunk_total,
                       struct fault *fault) {
  const struct corpus_file *file = &corpus->files[edit->file];
  char old_path[PATH_MAX], new_path[PATH_MAX];
  if (snprintf(old_path, sizeof old_path, "%s/%s", corpus->root, file->path) >= PATH_MAX ||
      snprintf(new_path, sizeof new_path, "%s/%s", corpus->root, edit->path) >= PATH_MAX) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s/%.200s...: the path is too long", corpus->root, edit->path);
  }
  char *old_bytes = NULL, *new_bytes = NULL;
  bool ok = read_known(old_path, file->bytes, file->hash, &old_bytes, fault) &&
            read_known(new_path, edit->bytes, edit->hash, &new_bytes, fault);
  struct diff_text old = {old_path, old_bytes, (uint32_t)file->bytes};
  struct diff_text new = {new_path, new_bytes, (uint32_t)edit->bytes};
  ok = ok && write_hunks(out, edit, &old, &new, hunk_total, fault);
  free(old_bytes);
  free(new_bytes);
  return ok;
}

/* The records of the chosen edits; how many there are, and how many hunks they have in all. */
struct records {
  struct memory_file text;
  uint32_t chosen;
  uint64_t hunk_total;
};

static const char list_text[] = "the list of edits";

static bool write_records(const struct corpus *corpus, uint64_t seed, struct records *records, struct fault *fault) {
  uint32_t count = (uint32_t)corpus->edit_count, order[EDIT_LIST_DOCUMENTS_MAX];
  uint32_t *scratch = calloc((size_t)count + 1, sizeof *scratch);
  bool ok = scratch != NULL;
  if (!ok) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for %s", list_text);
  ok = ok && memory_file_begin(&records->text, list_text, fault);
  if (ok) records->chosen = edits_choose(seed, count, scratch, order, EDIT_LIST_DOCUMENTS_MAX);
  for (uint32_t i = 0; ok && i < records->chosen; i++)
    ok = write_edit(records->text.out, corpus, &corpus->edits[order[i]], &records->hunk_total, fault);
  free(scratch);
  return ok && memory_file_end(&records->text, list_text, fault);
}

/* The first record, which counts the others, before them. */
static bool write_whole(const char *path, const struct records *records, char hash[33], struct fault *fault) {
  char head[80];
  size_t head_bytes =
      (size_t)snprintf(head, sizeof head, "%s%" PRIu32 " %" PRIu64, MAGIC, records->chosen, records->hunk_total) + 1;
  char *whole = malloc(head_bytes + records->text.byte_count);
  if (!whole) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for %s", list_text);
  memcpy(whole, head, head_bytes);
  memcpy(whole + head_bytes, records->text.bytes, records->text.byte_count);
  hash_of(whole, head_bytes + records->text.byte_count, hash);
  bool ok = json_write_bytes(path, whole, head_bytes + records->text.byte_count, fault);
  free(whole);
  return ok;
}

bool edit_list_write(const char *path, const struct corpus *corpus, uint64_t seed, char hash[33], struct fault *fault) {
  if (!corpus->edit_count) {
    return fault_set(fault, EXIT_CODE_INPUT,
                     "the corpus '%s' is to be edited to new versions, and none of the files that were asked for "
                     "differs in them",
                     corpus->name);
  }
  struct records records = {0};
  bool ok = write_records(corpus, seed, &records, fault) && write_whole(path, &records, hash, fault);
  memory_file_drop(&records.text);
  return ok;
}

/* ---- reading ---- */

static bool take_hunks(char **at, const char *end, struct diff_hunk *hunks, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint64_t start, gone, come;
    if (*at >= end || !number_take(at, 10, UINT32_MAX, ' ', &start) || !number_take(at, 10, UINT32_MAX, ' ', &gone) ||
        !number_take(at, 10, UINT32_MAX, 0, &come)) {
      return false;
    }
    hunks[i] = (struct diff_hunk){(uint32_t)start, (uint32_t)gone, (uint32_t)come};
  }
  return true;
}

static bool take_target(char **at, const char *end, size_t document_count, struct diff_hunk *first, size_t *hunks_left,
                        struct edit_list *list) {
  uint64_t hash, bytes, document, hunks;
  if (*at >= end || !number_take(at, 16, UINT64_MAX, ' ', &hash) || !number_take(at, 10, UINT32_MAX, ' ', &bytes) ||
      !number_take(at, 10, UINT32_MAX, ' ', &document) || !number_take(at, 10, UINT32_MAX, ' ', &hunks) || !**at ||
      document >= document_count || hunks > *hunks_left || edit_list_find(list, (uint32_t)document)) {
    return false;
  }
  const char *path = *at;
  *at += strlen(path) + 1;
  if (!take_hunks(at, end, first, (uint32_t)hunks)) return false;
  *hunks_left -= (size_t)hunks;
  list->targets[list->target_count++] =
      (struct edit_target){(uint32_t)document, bytes, hash, path, first, (uint32_t)hunks};
  return true;
}

static bool parse(const char *path, size_t block_bytes, size_t document_count, struct edit_list *list,
                  struct fault *fault) {
  char *at = list->block, *end = list->block + block_bytes;
  uint64_t documents, hunks;
  bool ours = strncmp(at, MAGIC, sizeof MAGIC - 1) == 0;
  if (ours) at += sizeof MAGIC - 1;
  if (!ours || !number_take(&at, 10, EDIT_LIST_DOCUMENTS_MAX, ' ', &documents) ||
      !number_take(&at, 10, block_bytes, 0, &hunks)) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: does not begin with \"%sDOCUMENTS HUNKS\"", path, MAGIC);
  }
  list->targets = calloc((size_t)documents + 1, sizeof *list->targets);
  list->hunks = calloc((size_t)hunks + 1, sizeof *list->hunks);
  if (!list->targets || !list->hunks) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory", path);
  size_t hunks_left = (size_t)hunks;
  while (list->target_count < documents) {
    if (!take_target(&at, end, document_count, list->hunks + (hunks - hunks_left), &hunks_left, list)) {
      return fault_set(fault, EXIT_CODE_INPUT,
                       "%s: document %zu of %" PRIu64
                       " is not HASH BYTES DOCUMENT HUNKS PATH and its hunks, or names "
                       "a document that is not there or was there before",
                       path, list->target_count + 1, documents);
    }
  }
  return (at == end && hunks_left == 0) ||
         fault_set(fault, EXIT_CODE_INPUT, "%s: %zu bytes and %zu hunks are left over", path, (size_t)(end - at),
                   hunks_left);
}

static bool read_block(const char *path, char **block, size_t *block_bytes, struct fault *fault) {
  uint64_t size;
  const char *why;
  FILE *in = open_file_stream(path, &size, &why);
  if (!in) {
    return fault_set(fault, exit_code_of_errno(errno), "%s: the list of edits cannot be opened: %s", path, why);
  }
  *block = malloc(size + 1);
  size_t got = *block ? fread(*block, 1, size, in) : 0;
  int error = ferror(in) ? errno : 0;
  fclose(in);
  if (!*block) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory (%" PRIu64 " bytes)", path, size);
  (*block)[got] = 0;
  *block_bytes = got;
  if (error) return fault_set(fault, exit_code_of_errno(error), "%s: cannot be read: %s", path, strerror(error));
  return got == size ||
         fault_set(fault, EXIT_CODE_INPUT, "%s: %zu of %" PRIu64 " bytes could be read", path, got, size);
}

bool edit_list_read(const char *path, const char *hash, size_t document_count, struct edit_list *list,
                    struct fault *fault) {
  *list = (struct edit_list){0};
  size_t block_bytes = 0;
  char found[33];
  bool ok = read_block(path, &list->block, &block_bytes, fault);
  if (ok) {
    hash_of(list->block, block_bytes, found);
    if (strcmp(found, hash) != 0) {
      ok = fault_set(fault, EXIT_CODE_INPUT,
                     "%s: the hash of the list of edits is %s and the cell expects %s: it was changed after the run "
                     "began",
                     path, found, hash);
    }
  }
  ok = ok && parse(path, block_bytes, document_count, list, fault);
  if (!ok) edit_list_free(list);
  return ok;
}

bool edit_target_fits(const struct edit_target *target, uint64_t old_bytes, struct fault *fault) {
  uint64_t at = 0, length = old_bytes;
  for (uint32_t i = 0; i < target->hunk_count; i++) {
    const struct diff_hunk *hunk = &target->hunks[i];
    uint64_t end = (uint64_t)hunk->start + hunk->old_bytes;
    if (end > old_bytes) {
      return fault_set(fault, EXIT_CODE_INPUT,
                       "document %" PRIu32 ", to become %s: hunk %" PRIu32 " is of bytes %" PRIu32 " to %" PRIu64
                       ", outside the document, which has %" PRIu64,
                       target->document, target->path, i + 1, hunk->start, end, old_bytes);
    }
    if (hunk->start < at) {
      return fault_set(fault, EXIT_CODE_INPUT,
                       "document %" PRIu32 ", to become %s: hunk %" PRIu32 " begins at byte %" PRIu32
                       " and overlaps the one before it, which ends at %" PRIu64,
                       target->document, target->path, i + 1, hunk->start, at);
    }
    at = end;
    length = length - hunk->old_bytes + hunk->new_bytes;
  }
  return length == target->bytes || fault_set(fault, EXIT_CODE_INPUT,
                                              "document %" PRIu32 ", to become %s: the hunks lead to %" PRIu64
                                              " bytes, and the new text has %" PRIu64,
                                              target->document, target->path, length, target->bytes);
}

void edit_list_free(struct edit_list *list) {
  free(list->targets);
  free(list->hunks);
  free(list->block);
  *list = (struct edit_list){0};
}

const struct edit_target *edit_list_find(const struct edit_list *list, uint32_t document) {
  for (size_t i = 0; i < list->target_count; i++) {
    if (list->targets[i].document == document) return &list->targets[i];
  }
  return NULL;
}
