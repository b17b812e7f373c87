/* SPDX-License-Identifier: MIT
 *
 * index.c - the index: its head, and pages of rows of 24 bytes, which are read one at a
 * time and of which the last used of each kind stay. */
#include "internal.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- the head ---- */

uint64_t archive_index_hash(const uint8_t *head, uint64_t offset) {
  return XXH3_64bits_withSeed(head, ARCHIVE_INDEX_HEAD_BYTES - 8, offset);
}

static void section_write(uint8_t *p, const struct archive_section *section) {
  archive_put32(p, section->id_end);
  archive_put32(p + 4, section->frame_count);
  archive_put64(p + 8, section->documents_offset);
  archive_put64(p + 16, section->frames_offset);
  archive_put64(p + 24, section->dictionary_offset);
  archive_put32(p + 32, section->dictionary_compressed);
  archive_put32(p + 36, section->dictionary_plain);
  archive_put64(p + 40, section->dictionary_hash);
  archive_put64(p + 48, section->compressed_bytes);
  archive_put64(p + 56, section->plain_bytes);
}

static struct archive_section section_parse(const uint8_t *p) {
  return (struct archive_section){
      .id_end = archive_get32(p),
      .frame_count = archive_get32(p + 4),
      .documents_offset = archive_get64(p + 8),
      .frames_offset = archive_get64(p + 16),
      .dictionary_offset = archive_get64(p + 24),
      .dictionary_compressed = archive_get32(p + 32),
      .dictionary_plain = archive_get32(p + 36),
      .dictionary_hash = archive_get64(p + 40),
      .compressed_bytes = archive_get64(p + 48),
      .plain_bytes = archive_get64(p + 56),
  };
}

/* Whether [offset, offset + bytes) lies in [from, to). */
static bool is_inside(uint64_t offset, uint64_t bytes, uint64_t from, uint64_t to) {
  return offset >= from && offset <= to && bytes <= to - offset;
}

static bool section_is_sound(const struct archive *archive, const struct archive_head *head,
                             const struct archive_section *section, unsigned kind) {
  if (!archive_has(archive, (enum stage_kind)kind)) {
    return section->id_end == 0 && section->frame_count == 0 && section->dictionary_plain == 0;
  }
  uint64_t from = head->index_offset + ARCHIVE_INDEX_HEAD_BYTES, to = head->index_offset + head->index_bytes;
  uint64_t document_bytes = archive_pages(section->id_end) * ARCHIVE_PAGE_BYTES;
  uint64_t frame_bytes = archive_pages(section->frame_count) * ARCHIVE_PAGE_BYTES;
  if (!is_inside(section->documents_offset, document_bytes, from, to)) return false;
  if (!is_inside(section->frames_offset, frame_bytes, from, to)) return false;
  if (section->dictionary_plain > ARCHIVE_DICTIONARY_BYTES_MAX ||
      section->dictionary_compressed > section->dictionary_plain)
    return false;
  return section->dictionary_plain == 0 ||
         is_inside(section->dictionary_offset, section->dictionary_compressed, ARCHIVE_BODY_OFFSET, head->file_bytes);
}

int archive_index_read(struct archive *archive, struct archive_state *state) {
  uint8_t bytes[ARCHIVE_INDEX_HEAD_BYTES];
  uint64_t offset = state->head.index_offset;
  int error = archive_pread(archive, offset, bytes, sizeof bytes);
  if (error) return error;
  if (archive_get32(bytes) != ARCHIVE_INDEX_MAGIC ||
      archive_get64(bytes + sizeof bytes - 8) != archive_index_hash(bytes, offset))
    return archive_corrupt(archive, offset, "the index's head does not give its hash");
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++) {
    state->sections[kind] = section_parse(bytes + 8 + kind * ARCHIVE_SECTION_BYTES);
    if (!section_is_sound(archive, &state->head, &state->sections[kind], kind))
      return archive_corrupt(archive, offset, "the index's section of kind %u does not lie in the file", kind);
  }
  state->segment_bytes = archive_get64(bytes + sizeof bytes - 16);
  return STAGE_OK;
}

/* ---- pages ---- */

uint64_t archive_page_hash(const uint8_t *page, uint64_t offset) {
  return XXH3_64bits_withSeed(page, ARCHIVE_PAGE_BYTES - 8, offset);
}

static int page_check(const struct archive *archive, const uint8_t *page, uint64_t offset, uint32_t number) {
  if (archive_get64(page + ARCHIVE_PAGE_BYTES - 8) == archive_page_hash(page, offset) &&
      archive_get32(page + ARCHIVE_PAGE_BYTES - 12) == number)
    return STAGE_OK;
  return archive_corrupt(archive, offset, "page %u of rows does not give its hash or number", number);
}

void archive_pages_forget(struct archive *archive, enum stage_kind kind) {
  struct archive_kind *k = &archive->kinds[kind];
  stage_release(archive->ctx, kind, k->page_bytes);
  k->page_bytes = NULL;
  memset(k->pages, 0, sizeof k->pages);
}

/* The page at an offset, in the place of the one that was not used for longest. */
static int page_get(struct archive *archive, enum stage_kind kind, uint64_t offset, uint32_t number,
                    const uint8_t **page) {
  struct archive_kind *k = &archive->kinds[kind];
  if (!k->page_bytes) k->page_bytes = stage_allocate(archive->ctx, kind, ARCHIVE_PAGES_CACHED * ARCHIVE_PAGE_BYTES);
  if (!k->page_bytes) return STAGE_OUT_OF_MEMORY;
  unsigned place = 0;
  for (unsigned i = 0; i < ARCHIVE_PAGES_CACHED; i++) {
    if (k->pages[i].offset == offset) {
      place = i;
      break;
    }
    if (k->pages[i].used < k->pages[place].used) place = i;
  }
  uint8_t *bytes = k->page_bytes + place * ARCHIVE_PAGE_BYTES;
  if (k->pages[place].offset != offset) {
    k->pages[place] = (struct archive_page){0};
    int error = archive_pread(archive, offset, bytes, ARCHIVE_PAGE_BYTES);
    if (!error) error = page_check(archive, bytes, offset, number);
    if (error) return error;
    k->pages[place].offset = offset;
  }
  k->pages[place].used = ++archive->ticks;
  *page = bytes;
  return STAGE_OK;
}

static int row_get(struct archive *archive, enum stage_kind kind, uint64_t offset, uint32_t number,
                   const uint8_t **row) {
  uint32_t page_number = number / ARCHIVE_PAGE_ROWS;
  const uint8_t *page = NULL;
  int error = page_get(archive, kind, offset + (uint64_t)page_number * ARCHIVE_PAGE_BYTES, page_number, &page);
  if (!error) *row = page + number % ARCHIVE_PAGE_ROWS * ARCHIVE_ROW_BYTES;
  return error;
}

/* ---- rows ---- */

static void document_write(uint8_t *p, const struct archive_row *row) {
  archive_put32(p, row->frame);
  archive_put32(p + 4, row->offset);
  archive_put32(p + 8, row->length);
  archive_put32(p + 12, row->kept);
  archive_put64(p + 16, row->hash);
}

static struct archive_row document_parse(const uint8_t *p) {
  return (struct archive_row){archive_get32(p), archive_get32(p + 4), archive_get32(p + 8), archive_get32(p + 12),
                              archive_get64(p + 16)};
}

static void frame_write(uint8_t *p, const struct archive_frame *frame) {
  archive_put64(p, frame->offset);
  archive_put32(p + 8, frame->compressed);
  archive_put32(p + 12, frame->plain | frame->how << ARCHIVE_FRAME_HOW_SHIFT);
  archive_put32(p + 16, (uint32_t)(frame->offset - frame->segment));
  archive_put32(p + 20, frame->hash);
}

/* A frame that lies where a frame can. */
static int frame_parse(const struct archive *archive, enum stage_kind kind, const uint8_t *p, uint32_t number,
                       struct archive_frame *frame) {
  uint32_t distance = archive_get32(p + 16);
  *frame = (struct archive_frame){.offset = archive_get64(p),
                                  .compressed = archive_get32(p + 8),
                                  .plain = archive_get32(p + 12) & ((1u << ARCHIVE_FRAME_HOW_SHIFT) - 1),
                                  .how = archive_get32(p + 12) >> ARCHIVE_FRAME_HOW_SHIFT,
                                  .hash = archive_get32(p + 20)};
  frame->segment = frame->offset - distance;
  bool has_way = frame->how == COMPRESS_RAW
                     ? frame->compressed == frame->plain
                     : frame->how == COMPRESS_PLAIN ||
                           (frame->how == COMPRESS_DICTIONARY && archive->state.sections[kind].dictionary_plain > 0);
  if (has_way && frame->plain > 0 && frame->plain <= ARCHIVE_FRAME_BYTES_MAX && frame->compressed > 0 &&
      frame->compressed <= frame->plain && distance >= ARCHIVE_SEGMENT_HEAD_BYTES &&
      distance <= ARCHIVE_SEGMENT_BYTES_MAX - frame->compressed &&
      is_inside(frame->offset, frame->compressed, (uint64_t)ARCHIVE_BODY_OFFSET + distance,
                archive->state.head.file_bytes))
    return STAGE_OK;
  return archive_corrupt(archive, archive->state.sections[kind].frames_offset, "the row of frame %u does not name one",
                         number);
}

int archive_document_row(struct archive *archive, enum stage_kind kind, uint32_t id, struct archive_row *row) {
  const struct archive_section *section = &archive->state.sections[kind];
  const struct archive_writing *writing = archive->writer ? &archive->writer->kinds[kind] : NULL;
  uint32_t frame_count = writing ? writing->frame_count + (writing->frame_used > 0) : section->frame_count;
  if (id >= (writing ? writing->row_count : section->id_end)) return STAGE_NO_DOCUMENT;
  if (writing) {
    *row = writing->rows[id];
  } else {
    const uint8_t *p;
    int error = row_get(archive, kind, section->documents_offset, id, &p);
    if (error) return error;
    *row = document_parse(p);
  }
  if (row->frame == ARCHIVE_NONE) return STAGE_NO_DOCUMENT;
  if (row->kept == 0 || (row->frame < frame_count && row->offset < ARCHIVE_FRAME_BYTES_MAX &&
                         row->kept <= (uint64_t)(frame_count - row->frame) * ARCHIVE_FRAME_BYTES_MAX))
    return STAGE_OK;
  return archive_corrupt(archive, section->documents_offset, "the row of document %u names frames that are not there",
                         id);
}

int archive_frame_find(struct archive *archive, enum stage_kind kind, uint32_t number, struct archive_frame *out) {
  if (!archive_has(archive, kind)) return STAGE_MISUSE;
  const struct archive_writing *writing = archive->writer ? &archive->writer->kinds[kind] : NULL;
  if (number >= (writing ? writing->frame_count : archive->state.sections[kind].frame_count)) {
    return archive_corrupt(archive, archive->state.sections[kind].frames_offset, "there is no frame %u", number);
  }
  if (writing) {
    *out = writing->frames[number];
    return STAGE_OK;
  }
  const uint8_t *p;
  int error = row_get(archive, kind, archive->state.sections[kind].frames_offset, number, &p);
  return error ? error : frame_parse(archive, kind, p, number, out);
}

/* Called before there are rows in the writer, so that they come from the pages. */
int archive_rows_load(struct archive *archive, enum stage_kind kind) {
  struct archive_writer *writer = archive->writer;
  struct archive_writing *w = &writer->kinds[kind];
  const struct archive_section *section = &archive->state.sections[kind];
  if (section->id_end > 0) w->rows = stage_allocate(archive->ctx, kind, (size_t)section->id_end * sizeof *w->rows);
  if (section->frame_count > 0)
    w->frames = stage_allocate(archive->ctx, kind, (size_t)section->frame_count * sizeof *w->frames);
  if ((section->id_end > 0 && !w->rows) || (section->frame_count > 0 && !w->frames)) return STAGE_OUT_OF_MEMORY;
  int error = STAGE_OK;
  archive->writer = NULL;
  for (uint32_t id = 0; id < section->id_end && !error; id++) {
    error = archive_document_row(archive, kind, id, &w->rows[id]);
    if (error == STAGE_NO_DOCUMENT) error = STAGE_OK;
  }
  for (uint32_t n = 0; n < section->frame_count && !error; n++) {
    error = archive_frame_find(archive, kind, n, &w->frames[n]);
  }
  archive->writer = writer;
  w->row_count = w->row_capacity = section->id_end;
  w->frame_count = w->frame_capacity = section->frame_count;
  return error;
}

/* ---- writing ---- */

/* Pages gathered before they are written; the room is a segment's. */
struct pages_out {
  struct archive *archive;
  uint8_t *bytes;
  uint32_t used;
  uint64_t at;
};

static int pages_flush(struct pages_out *out) {
  int error = file_io_write(&out->archive->file, out->at, out->bytes, out->used);
  out->at += out->used;
  out->used = 0;
  return error;
}

static int page_end(struct pages_out *out, uint32_t number) {
  uint8_t *page = out->bytes + out->used;
  archive_put32(page + ARCHIVE_PAGE_BYTES - 12, number);
  archive_put64(page + ARCHIVE_PAGE_BYTES - 8, archive_page_hash(page, out->at + out->used));
  out->used += ARCHIVE_PAGE_BYTES;
  return out->used + ARCHIVE_PAGE_BYTES <= ARCHIVE_SEGMENT_BYTES_MAX ? STAGE_OK : pages_flush(out);
}

static int rows_write(struct pages_out *out, const struct archive_writing *w, bool is_frames) {
  uint32_t count = is_frames ? w->frame_count : w->row_count;
  int error = STAGE_OK;
  for (uint32_t n = 0; n < count && !error; n++) {
    uint32_t place = n % ARCHIVE_PAGE_ROWS;
    uint8_t *page = out->bytes + out->used;
    if (place == 0) memset(page, 0, ARCHIVE_PAGE_BYTES);
    if (is_frames) frame_write(page + place * ARCHIVE_ROW_BYTES, &w->frames[n]);
    else document_write(page + place * ARCHIVE_ROW_BYTES, &w->rows[n]);
    if (place + 1 == ARCHIVE_PAGE_ROWS || n + 1 == count) error = page_end(out, n / ARCHIVE_PAGE_ROWS);
  }
  return error;
}

static int head_write(struct archive *archive, const struct archive_state *state) {
  uint8_t bytes[ARCHIVE_INDEX_HEAD_BYTES] = {0};
  archive_put32(bytes, ARCHIVE_INDEX_MAGIC);
  archive_put32(bytes + 4, STAGE_KIND_COUNT);
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT; kind++)
    section_write(bytes + 8 + kind * ARCHIVE_SECTION_BYTES, &state->sections[kind]);
  archive_put64(bytes + sizeof bytes - 16, state->segment_bytes);
  archive_put64(bytes + sizeof bytes - 8, archive_index_hash(bytes, state->head.index_offset));
  return file_io_write(&archive->file, state->head.index_offset, bytes, sizeof bytes);
}

int archive_index_write(struct archive *archive, struct archive_state *state) {
  struct archive_writer *writer = archive->writer;
  uint64_t at = writer->at + ARCHIVE_INDEX_HEAD_BYTES;
  struct pages_out out = {.archive = archive, .bytes = writer->compressed, .at = at};
  state->head.index_offset = writer->at;
  int error = STAGE_OK;
  for (unsigned kind = 0; kind < STAGE_KIND_COUNT && !error; kind++) {
    struct archive_section *section = &state->sections[kind];
    const struct archive_writing *w = &writer->kinds[kind];
    section->id_end = w->row_count;
    section->frame_count = w->frame_count;
    section->frames_offset = out.at + out.used;
    error = rows_write(&out, w, true);
    section->documents_offset = out.at + out.used;
    if (!error) error = rows_write(&out, w, false);
  }
  if (!error) error = pages_flush(&out);
  state->head.index_bytes = out.at - writer->at;
  if (!error) error = head_write(archive, state);
  writer->at = out.at;
  return error;
}
