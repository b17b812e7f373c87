/* SPDX-License-Identifier: MIT
 *
 * varint.h - LEB128: seven bits a byte, lowest first, the top bit set on all bytes
 * but the last. Source: DWARF 5, section 7.6. Values up to 64 bits, so at most ten
 * bytes. */
#ifndef PHASEBENCH_VARINT_H
#define PHASEBENCH_VARINT_H

#include <stddef.h>
#include <stdint.h>

#define VARINT_BYTES_MAX 10

/* Writes value at p, which has room for VARINT_BYTES_MAX; returns the bytes written. */
static inline size_t varint_write(uint8_t *p, uint64_t value) {
  size_t n = 0;
  while (value >= 0x80) {
    p[n++] = (uint8_t)(value | 0x80);
    value >>= 7;
  }
  p[n++] = (uint8_t)value;
  return n;
}

/* Reads a value from [p, end); returns the bytes read, 0 when the bytes end early or
 * the value does not fit 64 bits. */
static inline size_t varint_read(const uint8_t *p, const uint8_t *end, uint64_t *value) {
  uint64_t v = 0;
  for (size_t n = 0; p + n < end && n < VARINT_BYTES_MAX; n++) {
    if (n == 9 && p[n] > 1) return 0;
    v |= (uint64_t)(p[n] & 0x7f) << (7 * n);
    if (!(p[n] & 0x80)) {
      *value = v;
      return n + 1;
    }
  }
  return 0;
}

#endif
