/* SPDX-License-Identifier: MIT
 *
 * tables_io.h - what the codecs' hooks `save` and `load` share: bytes behind a tag and before a
 * checksum, and the alphabets in them. Little endian.
 *
 *   tag       4 bytes, the codec's
 *   version   u8
 *   contents  the codec's (tables_io.c of each)
 *   check     u64, XXH3-64 of everything before
 *
 * Numbers are varints (varint.h) in their shortest form, tokens, kinds and paddings their 8 bytes.
 * Each state has one form: what was loaded is saved as the same bytes. The reader takes
 * nothing on trust, the checksum told only that the bytes are those that somebody wrote:
 * every number is held against its range where it is read. */
#ifndef PHASEBENCH_KIT_TABLES_IO_H
#define PHASEBENCH_KIT_TABLES_IO_H

#include "alphabet.h"
#include "tree_documents.h"

#define TABLES_TAG_BYTES 4u
#define TABLES_HEAD_BYTES (TABLES_TAG_BYTES + 1u)
#define TABLES_CHECK_BYTES 8u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tokens, kinds and paddings are written as they lie");

/* ---- writing ---- */

struct tables_writer; /* the stream; its errors stick until tables_writer_end tells them */

/* NULL: out of memory. */
struct tables_writer *tables_writer_new(const struct stage_ctx *ctx, const char tag[TABLES_TAG_BYTES], uint8_t version,
                                        stage_write_fn *write, void *sink);
/* Writes the checksum, frees the writer; the first error. */
int tables_writer_end(struct tables_writer *writer);

void tables_write(struct tables_writer *writer, const void *bytes, size_t length);
void tables_write_number(struct tables_writer *writer, uint64_t number);
void tables_write_documents(struct tables_writer *writer, const struct tree_documents *documents);
void tables_write_alphabet(struct tables_writer *writer, const struct alphabet *alphabet);

/* ---- reading ---- */

struct tables_reader {
  const struct stage_ctx *ctx;
  const uint8_t *start, *at, *end; /* end: of the contents */
  const char *why;                 /* NULL: all was well so far */
  int error;
};

/* False, with reader->error: these are no tables of this tag and version, or they were corrupt. */
bool tables_reader_open(struct tables_reader *reader, const struct stage_ctx *ctx, const char tag[TABLES_TAG_BYTES],
                        uint8_t version, const void *bytes, uint64_t length);
/* Nothing may be left. The first error, which was told through ctx->fail. */
int tables_reader_end(struct tables_reader *reader);

/* Ends reading with STAGE_CORRUPT; false, for the caller to return. */
bool tables_bad(struct tables_reader *reader, const char *why);
/* A number of at most `most`; else *number is 0. */
bool tables_read_number(struct tables_reader *reader, uint64_t most, uint32_t *number);
bool tables_read_long(struct tables_reader *reader, uint64_t *number);
/* A copy of count items, on the tree heap: NULL where count is 0. */
bool tables_read_items(struct tables_reader *reader, uint32_t count, size_t item_bytes, void **items);
bool tables_read_documents(struct tables_reader *reader, struct tree_documents *documents);
/* alphabet: zeroed but for ctx. What was made when it fails is the caller's to free (alphabet_free). */
bool tables_read_alphabet(struct tables_reader *reader, struct alphabet *alphabet);

#endif
