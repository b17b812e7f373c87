/* SPDX-License-Identifier: MIT
 *
 * Any bytes as an ignore file, then, behind a NUL, as a path. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fault fault = {0};
  (void)fault;
  const uint8_t *end = memchr(data, 0, size);
  size_t text_bytes = end ? (size_t)(end - data) : size;
  char path[4097] = "a/b.c";
  if (end && size - text_bytes - 1 < sizeof path) memcpy(path, end + 1, size - text_bytes - 1);
  struct ignore ignore = {0};
  if (ignore_add_text(&ignore, (const char *)data, text_bytes)) {
    ignore_check(&ignore, path, false);
    ignore_check(&ignore, path, true);
  }
  ignore_clear(&ignore);
  return 0;
}
