/* SPDX-License-Identifier: MIT
 *
 * layout.h - sizes and numbers of the file's format (archive.h describes it). */
#ifndef PHASEBENCH_KIT_ARCHIVE_LAYOUT_H
#define PHASEBENCH_KIT_ARCHIVE_LAYOUT_H

#include "archive.h"

#define ARCHIVE_MAGIC "PBFROZEN"
#define ARCHIVE_VERSION 1u
#define ARCHIVE_HEAD_BYTES 72u
#define ARCHIVE_HEAD_DISTANCE 4096u
#define ARCHIVE_BODY_OFFSET 8192u
#define ARCHIVE_SEGMENT_MAGIC 0x47455350u /* "PSEG" */
#define ARCHIVE_SEGMENT_HEAD_BYTES 24u
#define ARCHIVE_INDEX_MAGIC 0x58444950u /* "PIDX" */
#define ARCHIVE_INDEX_HEAD_BYTES (8u + STAGE_KIND_COUNT * ARCHIVE_SECTION_BYTES + 16u)
#define ARCHIVE_SECTION_BYTES 64u
#define ARCHIVE_PAGE_BYTES 4096u
#define ARCHIVE_ROW_BYTES 24u
#define ARCHIVE_PAGE_ROWS 170u /* behind them a page has its number, u32, and its hash, u64 */
#define ARCHIVE_FRAME_BYTES_MAX \
  (ARCHIVE_SEGMENT_BYTES_MAX - ARCHIVE_SEGMENT_HEAD_BYTES) /* so that one fits decompressed */
#define ARCHIVE_FRAME_HOW_SHIFT 28u                        /* how stands in the bits above plain bytes */
#define ARCHIVE_DICTIONARY_BYTES_MAX (4u << 20)
#define ARCHIVE_DICTIONARY_LEVEL 19
#define ARCHIVE_PAGES_CACHED 4u /* of each kind */

_Static_assert(ARCHIVE_PAGE_ROWS *ARCHIVE_ROW_BYTES + 12 <= ARCHIVE_PAGE_BYTES, "a page holds its rows");
_Static_assert(ARCHIVE_FRAME_BYTES_MAX < 1u << ARCHIVE_FRAME_HOW_SHIFT, "plain bytes leave room for how");

static inline void archive_put32(uint8_t *p, uint32_t value) {
  for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> 8 * i);
}
static inline void archive_put64(uint8_t *p, uint64_t value) {
  for (int i = 0; i < 8; i++) p[i] = (uint8_t)(value >> 8 * i);
}
static inline uint32_t archive_get32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t archive_get64(const uint8_t *p) {
  return (uint64_t)archive_get32(p) | (uint64_t)archive_get32(p + 4) << 32;
}

static inline uint64_t archive_pages(uint64_t rows) { return (rows + ARCHIVE_PAGE_ROWS - 1) / ARCHIVE_PAGE_ROWS; }

#endif
