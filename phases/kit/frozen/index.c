/* SPDX-License-Identifier: MIT
 *
 * frozen_index.c - the index: its head, and pages of rows of 24 bytes, which are read one at a
 * time and of which the last used of each kind stay. */
#include "internal.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- the head ---- */

uint64_t frozen_index_hash(const uint8_t *head, uint64_t offset) {
  return XXH3_64bits_withSeed(head, FROZEN_INDEX_HEAD_BYTES - 8, offset);
}

static void section_write(uint8_t *p, const struct frozen_section *section) {
  frozen_put32(p, section->id_end);
  frozen_put32(p + 4, section->frame_count);
  frozen_put64(p + 8, section->documents_offset);
  frozen_put64(p + 16, section->frames_offset);
  frozen_put64(p + 24, section->dictionary_offset);
  frozen_put32(p + 32, section->dictionary_packed);
  frozen_put32(p + 36, section->dictionary_plain);
  frozen_put64(p + 40, section->dictionary_hash);
  frozen_put64(p + 48, section->packed_bytes);
  frozen_put64(p + 56, section->plain_bytes);
}

static struct frozen_section section_parse(const uint8_t *p) {
  return (struct frozen_section){
      .id_end = frozen_get32(p),
      .frame_count = frozen_get32(p + 4),
      .documents_offset = frozen_get64(p + 8),
      .frames_offset = frozen_get64(p + 16),
      .dictionary_offset = frozen_get64(p + 24),
      .dictionary_packed = frozen_get32(p + 32),
      .dictionary_plain = frozen_get32(p + 36),
      .dictionary_hash = frozen_get64(p + 40),
      .packed_bytes = frozen_get64(p + 48),
      .plain_bytes = frozen_get64(p + 56),
  };
}

/* Whether [offset, offset + bytes) lies in [from, to). */
static bool is_inside(uint64_t offset, uint64_t bytes, uint64_t from, uint64_t to) {
  return offset >= from && offset <= to && bytes <= to - offset;
}

static bool section_is_sound(const struct frozen *frozen, const struct frozen_head *head,
                             const struct frozen_section *section, unsigned kind) {
  if (!frozen_has(frozen, (enum stage_kind)kind)) {
    return section->id_end == 0 && section->frame_count == 0 && section->dictionary_plain == 0;
  }
  uint64_t from = head->index_offset + FROZEN_INDEX_HEAD_BYTES, to = head->index_offset + head->index_bytes;
  uint64_t document_bytes = frozen_pages(section->id_end) * FROZEN_PAGE_BYTES;
  uint64_t frame_bytes = frozen_pages(section->frame_count) * FROZEN_PAGE_BYTES;
  if (!is_inside(section->documents_offset, document_bytes, from, to)) return false;
  if (!is_inside(section->frames_offset, frame_bytes, from, to)) return false;
  if (section->dictionary_plain > FROZEN_DICTIONARY_BYTES_MAX || section->dictionary_packed > section->dictionary_plain)
    return false;
  return section->dictionary_plain == 0 ||
         is_inside(section->dictionary_offset, section->dictionary_packed, FROZEN_BODY_OFFSET, head->file_bytes);
}

int frozen_index_read(struct frozen *frozen, struct frozen_state *state) {
  uint8_t bytes[FROZEN_INDEX_HEAD_BYTES];
  uint64_t offset = state->head.index_offset;
  int error = frozen_pread(frozen, offset, bytes, sizeof bytes);
  if (error) return error;
  if (frozen_get32(bytes) != FROZEN_INDEX_MAGIC ||
      frozen_get64(bytes + sizeof bytes - 8) != frozen_index_hash(bytes, offset))
    return frozen_corrupt(frozen, offset, "the index's head does not give its hash");
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    state->sections[kind] = section_parse(bytes + 8 + kind * FROZEN_SECTION_BYTES);
    if (!section_is_sound(frozen, &state->head, &state->sections[kind], kind))
      return frozen_corrupt(frozen, offset, "the index's section of kind %u does not lie in the file", kind);
  }
  state->segment_bytes = frozen_get64(bytes + sizeof bytes - 16);
  return STAGE_OK;
}

/* ---- pages ---- */

uint64_t frozen_page_hash(const uint8_t *page, uint64_t offset) {
  return XXH3_64bits_withSeed(page, FROZEN_PAGE_BYTES - 8, offset);
}

static int page_check(const struct frozen *frozen, const uint8_t *page, uint64_t offset, uint32_t number) {
  if (frozen_get64(page + FROZEN_PAGE_BYTES - 8) == frozen_page_hash(page, offset) &&
      frozen_get32(page + FROZEN_PAGE_BYTES - 12) == number)
    return STAGE_OK;
  return frozen_corrupt(frozen, offset, "page %u of rows does not give its hash or number", number);
}

void frozen_pages_forget(struct frozen *frozen, enum stage_kind kind) {
  struct frozen_kind *k = &frozen->kinds[kind];
  stage_release(frozen->ctx, kind, k->page_bytes);
  k->page_bytes = NULL;
  memset(k->pages, 0, sizeof k->pages);
}

/* The page at an offset, in the place of the one that was not used for longest. */
static int page_get(struct frozen *frozen, enum stage_kind kind, uint64_t offset, uint32_t number,
                    const uint8_t **page) {
  struct frozen_kind *k = &frozen->kinds[kind];
  if (!k->page_bytes) k->page_bytes = stage_allocate(frozen->ctx, kind, FROZEN_PAGES_CACHED * FROZEN_PAGE_BYTES);
  if (!k->page_bytes) return STAGE_OUT_OF_MEMORY;
  unsigned place = 0;
  for (unsigned i = 0; i < FROZEN_PAGES_CACHED; i++) {
    if (k->pages[i].offset == offset) {
      place = i;
      break;
    }
    if (k->pages[i].used < k->pages[place].used) place = i;
  }
  uint8_t *bytes = k->page_bytes + place * FROZEN_PAGE_BYTES;
  if (k->pages[place].offset != offset) {
    k->pages[place] = (struct frozen_page){0};
    int error = frozen_pread(frozen, offset, bytes, FROZEN_PAGE_BYTES);
    if (!error) error = page_check(frozen, bytes, offset, number);
    if (error) return error;
    k->pages[place].offset = offset;
  }
  k->pages[place].used = ++frozen->ticks;
  *page = bytes;
  return STAGE_OK;
}

static int row_get(struct frozen *frozen, enum stage_kind kind, uint64_t offset, uint32_t number, const uint8_t **row) {
  uint32_t page_number = number / FROZEN_PAGE_ROWS;
  const uint8_t *page = NULL;
  int error = page_get(frozen, kind, offset + (uint64_t)page_number * FROZEN_PAGE_BYTES, page_number, &page);
  if (!error) *row = page + number % FROZEN_PAGE_ROWS * FROZEN_ROW_BYTES;
  return error;
}

/* ---- rows ---- */

static void document_write(uint8_t *p, const struct frozen_row *row) {
  frozen_put32(p, row->frame);
  frozen_put32(p + 4, row->offset);
  frozen_put32(p + 8, row->length);
  frozen_put32(p + 12, row->kept);
  frozen_put64(p + 16, row->hash);
}

static struct frozen_row document_parse(const uint8_t *p) {
  return (struct frozen_row){frozen_get32(p), frozen_get32(p + 4), frozen_get32(p + 8), frozen_get32(p + 12),
                             frozen_get64(p + 16)};
}

static void frame_write(uint8_t *p, const struct frozen_frame *frame) {
  frozen_put64(p, frame->offset);
  frozen_put32(p + 8, frame->packed);
  frozen_put32(p + 12, frame->plain | frame->how << FROZEN_FRAME_HOW_SHIFT);
  frozen_put32(p + 16, (uint32_t)(frame->offset - frame->segment));
  frozen_put32(p + 20, frame->hash);
}

/* A frame that lies where a frame can. */
static int frame_parse(const struct frozen *frozen, enum stage_kind kind, const uint8_t *p, uint32_t number,
                       struct frozen_frame *frame) {
  uint32_t distance = frozen_get32(p + 16);
  *frame = (struct frozen_frame){.offset = frozen_get64(p),
                                 .packed = frozen_get32(p + 8),
                                 .plain = frozen_get32(p + 12) & ((1u << FROZEN_FRAME_HOW_SHIFT) - 1),
                                 .how = frozen_get32(p + 12) >> FROZEN_FRAME_HOW_SHIFT,
                                 .hash = frozen_get32(p + 20)};
  frame->segment = frame->offset - distance;
  bool has_way = frame->how == PRESS_RAW
                     ? frame->packed == frame->plain
                     : frame->how == PRESS_PLAIN ||
                           (frame->how == PRESS_DICTIONARY && frozen->state.sections[kind].dictionary_plain > 0);
  if (has_way && frame->plain > 0 && frame->plain <= FROZEN_FRAME_BYTES_MAX && frame->packed > 0 &&
      frame->packed <= frame->plain && distance >= FROZEN_SEGMENT_HEAD_BYTES &&
      distance <= FROZEN_SEGMENT_BYTES_MAX - frame->packed &&
      is_inside(frame->offset, frame->packed, (uint64_t)FROZEN_BODY_OFFSET + distance, frozen->state.head.file_bytes))
    return STAGE_OK;
  return frozen_corrupt(frozen, frozen->state.sections[kind].frames_offset, "the row of frame %u does not name one",
                        number);
}

int frozen_document_row(struct frozen *frozen, enum stage_kind kind, uint32_t id, struct frozen_row *row) {
  const struct frozen_section *section = &frozen->state.sections[kind];
  const struct frozen_writing *writing = frozen->writer ? &frozen->writer->kinds[kind] : NULL;
  uint32_t frame_count = writing ? writing->frame_count + (writing->frame_used > 0) : section->frame_count;
  if (id >= (writing ? writing->row_count : section->id_end)) return STAGE_NO_DOCUMENT;
  if (writing) {
    *row = writing->rows[id];
  } else {
    const uint8_t *p;
    int error = row_get(frozen, kind, section->documents_offset, id, &p);
    if (error) return error;
    *row = document_parse(p);
  }
  if (row->frame == FROZEN_NONE) return STAGE_NO_DOCUMENT;
  if (row->kept == 0 || (row->frame < frame_count && row->offset < FROZEN_FRAME_BYTES_MAX &&
                         row->kept <= (uint64_t)(frame_count - row->frame) * FROZEN_FRAME_BYTES_MAX))
    return STAGE_OK;
  return frozen_corrupt(frozen, section->documents_offset, "the row of document %u names frames that are not there",
                        id);
}

int frozen_frame_find(struct frozen *frozen, enum stage_kind kind, uint32_t number, struct frozen_frame *out) {
  if (!frozen_has(frozen, kind)) return STAGE_MISUSE;
  const struct frozen_writing *writing = frozen->writer ? &frozen->writer->kinds[kind] : NULL;
  if (number >= (writing ? writing->frame_count : frozen->state.sections[kind].frame_count)) {
    return frozen_corrupt(frozen, frozen->state.sections[kind].frames_offset, "there is no frame %u", number);
  }
  if (writing) {
    *out = writing->frames[number];
    return STAGE_OK;
  }
  const uint8_t *p;
  int error = row_get(frozen, kind, frozen->state.sections[kind].frames_offset, number, &p);
  return error ? error : frame_parse(frozen, kind, p, number, out);
}

/* Called before there are rows in the writer, so that they come from the pages. */
int frozen_rows_load(struct frozen *frozen, enum stage_kind kind) {
  struct frozen_writer *writer = frozen->writer;
  struct frozen_writing *w = &writer->kinds[kind];
  const struct frozen_section *section = &frozen->state.sections[kind];
  if (section->id_end > 0) w->rows = stage_allocate(frozen->ctx, kind, (size_t)section->id_end * sizeof *w->rows);
  if (section->frame_count > 0)
    w->frames = stage_allocate(frozen->ctx, kind, (size_t)section->frame_count * sizeof *w->frames);
  if ((section->id_end > 0 && !w->rows) || (section->frame_count > 0 && !w->frames)) return STAGE_OUT_OF_MEMORY;
  int error = STAGE_OK;
  frozen->writer = NULL;
  for (uint32_t id = 0; id < section->id_end && !error; id++) {
    error = frozen_document_row(frozen, kind, id, &w->rows[id]);
    if (error == STAGE_NO_DOCUMENT) error = STAGE_OK;
  }
  for (uint32_t n = 0; n < section->frame_count && !error; n++) {
    error = frozen_frame_find(frozen, kind, n, &w->frames[n]);
  }
  frozen->writer = writer;
  w->row_count = w->row_capacity = section->id_end;
  w->frame_count = w->frame_capacity = section->frame_count;
  return error;
}

/* ---- writing ---- */

/* Pages gathered before they are written; the room is a segment's. */
struct pages_out {
  struct frozen *frozen;
  uint8_t *bytes;
  uint32_t used;
  uint64_t at;
};

static int pages_flush(struct pages_out *out) {
  int error = file_io_write(&out->frozen->file, out->at, out->bytes, out->used);
  out->at += out->used;
  out->used = 0;
  return error;
}

static int page_end(struct pages_out *out, uint32_t number) {
  uint8_t *page = out->bytes + out->used;
  frozen_put32(page + FROZEN_PAGE_BYTES - 12, number);
  frozen_put64(page + FROZEN_PAGE_BYTES - 8, frozen_page_hash(page, out->at + out->used));
  out->used += FROZEN_PAGE_BYTES;
  return out->used + FROZEN_PAGE_BYTES <= FROZEN_SEGMENT_BYTES_MAX ? STAGE_OK : pages_flush(out);
}

static int rows_write(struct pages_out *out, const struct frozen_writing *w, bool is_frames) {
  uint32_t count = is_frames ? w->frame_count : w->row_count;
  int error = STAGE_OK;
  for (uint32_t n = 0; n < count && !error; n++) {
    uint32_t place = n % FROZEN_PAGE_ROWS;
    uint8_t *page = out->bytes + out->used;
    if (place == 0) memset(page, 0, FROZEN_PAGE_BYTES);
    if (is_frames) frame_write(page + place * FROZEN_ROW_BYTES, &w->frames[n]);
    else document_write(page + place * FROZEN_ROW_BYTES, &w->rows[n]);
    if (place + 1 == FROZEN_PAGE_ROWS || n + 1 == count) error = page_end(out, n / FROZEN_PAGE_ROWS);
  }
  return error;
}

static int head_write(struct frozen *frozen, const struct frozen_state *state) {
  uint8_t bytes[FROZEN_INDEX_HEAD_BYTES] = {0};
  frozen_put32(bytes, FROZEN_INDEX_MAGIC);
  frozen_put32(bytes + 4, STAGE_KIND_COUNT);
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++)
    section_write(bytes + 8 + kind * FROZEN_SECTION_BYTES, &state->sections[kind]);
  frozen_put64(bytes + sizeof bytes - 16, state->segment_bytes);
  frozen_put64(bytes + sizeof bytes - 8, frozen_index_hash(bytes, state->head.index_offset));
  return file_io_write(&frozen->file, state->head.index_offset, bytes, sizeof bytes);
}

int frozen_index_write(struct frozen *frozen, struct frozen_state *state) {
  struct frozen_writer *writer = frozen->writer;
  uint64_t at = writer->at + FROZEN_INDEX_HEAD_BYTES;
  struct pages_out out = {.frozen = frozen, .bytes = writer->packed, .at = at};
  state->head.index_offset = writer->at;
  int error = STAGE_OK;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT && !error; kind++) {
    struct frozen_section *section = &state->sections[kind];
    const struct frozen_writing *w = &writer->kinds[kind];
    section->id_end = w->row_count;
    section->frame_count = w->frame_count;
    section->frames_offset = out.at + out.used;
    error = rows_write(&out, w, true);
    section->documents_offset = out.at + out.used;
    if (!error) error = rows_write(&out, w, false);
  }
  if (!error) error = pages_flush(&out);
  state->head.index_bytes = out.at - writer->at;
  if (!error) error = head_write(frozen, state);
  writer->at = out.at;
  return error;
}
