/* SPDX-License-Identifier: MIT
 *
 * edits.h - the edits of the checkpoint `edited`, as ts_tree_edit takes them: a fixed,
 * seeded list of the small things a person does to a line of code, or, where the corpus
 * names versions, the hunks between two versions of a file. The same seed, document
 * and text give the same edits, so that the proof can make them again. */
#ifndef PHASEBENCH_EDITS_H
#define PHASEBENCH_EDITS_H

#include <stdbool.h>
#include <stdint.h>

#include <tree_sitter/api.h>

#include "diff.h"

#define EDITS_DOCUMENTS_MAX 200
#define EDITS_PER_DOCUMENT_MAX 3
/* An edit makes a text longer by this at most. */
#define EDITS_GROWTH_BYTES_MAX 512

/* What an edit does. Lines longer than EDITS_GROWTH_BYTES_MAX are not duplicated, and where there
 * is nothing to do it to (no line, no identifier), a blank line is inserted. */
enum edit_what {
  EDIT_DUPLICATE_LINE,
  EDIT_DELETE_LINE,
  EDIT_RENAME_IDENTIFIER, /* one ASCII word, this one place only */
  EDIT_EXTEND_IDENTIFIER, /* a word gets longer, as in typing */
  EDIT_INSERT_BLANK_LINE,
  EDIT_WHAT_COUNT
};

/* Draws up to `chosen_max` of 0 ... count - 1, each once, in a random order; returns their number.
 * `scratch` has room for count. */
uint32_t edits_choose(uint64_t seed, uint32_t count, uint32_t *scratch, uint32_t *chosen, uint32_t chosen_max);
/* Writes the ids of the documents to edit, up to EDITS_DOCUMENTS_MAX of `document_count`, in the
 * order in which they are edited; returns their number. `scratch` has room for document_count. */
uint32_t edits_choose_documents(uint64_t seed, uint32_t document_count, uint32_t *scratch,
                                uint32_t documents[EDITS_DOCUMENTS_MAX]);

/* Makes document `id`'s 1 to 3 edits in place: text has *length bytes and room for
 * EDITS_PER_DOCUMENT_MAX * EDITS_GROWTH_BYTES_MAX more. Writes what ts_tree_edit wants to know of
 * each, in the order in which they were applied, and the new length; returns their number. No edit
 * begins or ends inside a UTF-8 character. */
uint32_t edits_apply(uint64_t seed, uint32_t id, char *text, uint32_t *length,
                     TSInputEdit edits[EDITS_PER_DOCUMENT_MAX]);

/* The edits that the hunks (diff.h: in order, and fitting both texts) are, applied one after the other
 * from the first to the last: each is told in the text as the ones before it have left it. `edits` has
 * room for one a hunk. */
void edits_from_hunks(const struct diff_hunk *hunks, uint32_t hunk_count, const char *old, const char *new,
                      TSInputEdit *edits);

struct edit_sizes {
  uint64_t edits, inserted_lines, deleted_lines, inserted_bytes, deleted_bytes;
};
/* Adds what a document's edits (in the order of their application; old_length is the text's before
 * the first) put in and took out. An edit within a line takes the line out and puts another one in,
 * as a diff would tell it. */
void edits_measure(const TSInputEdit *edits, uint32_t count, uint32_t old_length, struct edit_sizes *sizes);

#endif
