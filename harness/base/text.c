/* SPDX-License-Identifier: MIT
 *
 * text.c - see text.h. The validator is our own because glibc's decoders depend on
 * the locale or cost several seconds on a corpus of 1 GB; nearly all source bytes
 * are ASCII, which is stepped over eight at a time. */
#include "text.h"

#include <string.h>

static bool is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

size_t utf8_sequence_bytes(const uint8_t *bytes, size_t available) {
  if (available == 0) return 0;
  uint8_t first = bytes[0];
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0; /* a continuation byte, or an overlong form of ASCII */
  if (first < 0xe0) return available >= 2 && is_continuation(bytes[1]) ? 2 : 0;
  if (first < 0xf0) {
    if (available < 3 || !is_continuation(bytes[1]) || !is_continuation(bytes[2])) return 0;
    if (first == 0xe0 && bytes[1] < 0xa0) return 0; /* overlong */
    if (first == 0xed && bytes[1] > 0x9f) return 0; /* surrogate */
    return 3;
  }
  if (first > 0xf4 || available < 4) return 0;
  if (!is_continuation(bytes[1]) || !is_continuation(bytes[2]) || !is_continuation(bytes[3])) return 0;
  if (first == 0xf0 && bytes[1] < 0x90) return 0; /* overlong */
  if (first == 0xf4 && bytes[1] > 0x8f) return 0; /* above U+10FFFF */
  return 4;
}

bool utf8_valid(const uint8_t *bytes, size_t length) {
  size_t at = 0;
  while (at < length) {
    uint64_t word;
    while (length - at >= sizeof word) {
      memcpy(&word, bytes + at, sizeof word);
      if (word & 0x8080808080808080u) break;
      at += sizeof word;
    }
    if (at == length) break;
    size_t step = utf8_sequence_bytes(bytes + at, length - at);
    if (step == 0) return false;
    at += step;
  }
  return true;
}

size_t utf8_characters(const char *text) {
  size_t count = 0;
  for (; *text; text++) count += !is_continuation((uint8_t)*text);
  return count;
}

size_t utf8_offset(const char *text, size_t index) {
  size_t at = 0;
  for (; text[at]; at++) {
    if (!is_continuation((uint8_t)text[at]) && index-- == 0) break;
  }
  return at;
}

bool path_to_text(const char *path, char *text, size_t text_bytes) {
  static const char digits[] = "0123456789abcdef";
  const uint8_t *in = (const uint8_t *)path;
  size_t left = strlen(path);
  size_t out = 0;
  while (left > 0) {
    char piece[4];
    size_t taken = utf8_sequence_bytes(in, left);
    size_t given = taken;
    if (taken == 1 && *in == '\\') {
      memcpy(piece, "\\\\", 2);
      given = 2;
    } else if (taken == 0 || *in < 0x20 || *in == 0x7f) {
      piece[0] = '\\';
      piece[1] = 'x';
      piece[2] = digits[*in >> 4];
      piece[3] = digits[*in & 15];
      taken = 1;
      given = 4;
    } else {
      memcpy(piece, in, taken);
    }
    if (text_bytes - out <= given) return false;
    memcpy(text + out, piece, given);
    out += given;
    in += taken;
    left -= taken;
  }
  if (text_bytes == out) return false;
  text[out] = '\0';
  return true;
}

const char *path_show(const char *path, struct path_shown *shown) {
  if (!path_to_text(path, shown->text, sizeof shown->text))
    snprintf(shown->text, sizeof shown->text, "(a path of more than 4,096 bytes)");
  return shown->text;
}

void text_print(FILE *out, const char *text) {
  const uint8_t *in = (const uint8_t *)text;
  for (size_t left = strlen(text), taken; left > 0; in += taken, left -= taken) {
    taken = utf8_sequence_bytes(in, left);
    if (taken > 0 && *in >= 0x20 && *in != 0x7f) {
      fwrite(in, 1, taken, out);
    } else {
      taken = 1;
      fprintf(out, "\\x%02x", *in);
    }
  }
}

/* U+0080 to U+009F; U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069; U+2028 and U+2029 end lines. */
static bool is_obeyed(const uint8_t *in, size_t bytes) {
  if (bytes == 1) return *in < 0x20 || *in == 0x7f;
  if (bytes == 2) return in[0] == 0xc2 && in[1] < 0xa0;
  if (bytes != 3 || in[0] != 0xe2) return false;
  if (in[1] == 0x80) return in[2] == 0x8e || in[2] == 0x8f || (in[2] >= 0xa8 && in[2] <= 0xae);
  return in[1] == 0x81 && in[2] >= 0xa6 && in[2] <= 0xa9;
}

void text_make_printable(char *text) {
  const uint8_t *in = (const uint8_t *)text;
  for (size_t left = strlen(text), taken; left > 0; in += taken, left -= taken) {
    taken = utf8_sequence_bytes(in, left);
    if (taken == 0 || is_obeyed(in, taken)) {
      *text++ = *in == '\t' || *in == '\n' || *in == '\r' ? ' ' : '?';
      taken += taken == 0;
    } else {
      memmove(text, in, taken);
      text += taken;
    }
  }
  *text = '\0';
}

const char *plural(uint64_t count) { return count == 1 ? "" : "s"; }

static int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

bool path_from_text(const char *text, char *path, size_t path_bytes) {
  size_t out = 0;
  while (*text) {
    int byte = (uint8_t)*text++;
    if (byte == '\\') {
      if (*text == '\\') {
        text++;
      } else if (*text == 'x' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0) {
        byte = hex_value(text[1]) * 16 + hex_value(text[2]);
        if (byte == 0) return false;
        text += 3;
      } else {
        return false;
      }
    }
    if (out + 1 >= path_bytes) return false;
    path[out++] = (char)byte;
  }
  if (path_bytes == 0) return false;
  path[out] = '\0';
  return true;
}
