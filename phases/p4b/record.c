/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "kit/support/varint.h"

#define CHECK_AT 1u
#define HASH_AT 5u

static void write_le(uint8_t *p, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++) p[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t read_le(const uint8_t *p, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)p[i] << (8 * i);
  return value;
}

static uint32_t check_of(const uint8_t *bytes, size_t length) {
  return (uint32_t)XXH3_64bits(bytes + HASH_AT, length - HASH_AT);
}

size_t record_write(const struct record *record, uint8_t *out) {
  out[0] = RECORD_FILE_TAG;
  write_le(out + HASH_AT, record->hash, 8);
  size_t n = RECORD_FILE_HEAD_BYTES;
  n += varint_write(out + n, record->size);
  memcpy(out + n, record->path, record->path_bytes);
  n += record->path_bytes;
  write_le(out + CHECK_AT, check_of(out, n), 4);
  return n;
}

bool record_read(const uint8_t *bytes, uint64_t length, struct record *record) {
  if (length <= RECORD_FILE_HEAD_BYTES || length > RECORD_MAX || bytes[0] != RECORD_FILE_TAG) return false;
  if (read_le(bytes + CHECK_AT, 4) != check_of(bytes, (size_t)length)) return false;
  const uint8_t *p = bytes + RECORD_FILE_HEAD_BYTES, *end = bytes + length;
  size_t size_bytes = varint_read(p, end, &record->size);
  if (size_bytes == 0 || record->size == 0 || record->size > SIZE_MAX / 2) return false;
  if (p[size_bytes - 1] == 0) return false; /* written with more bytes than it needs */
  p += size_bytes;
  record->hash = read_le(bytes + HASH_AT, 8);
  record->path = (const char *)p;
  record->path_bytes = (size_t)(end - p);
  return record->path_bytes > 0 && record->path_bytes < PATH_MAX && p[0] == '/' && !memchr(p, 0, record->path_bytes);
}
