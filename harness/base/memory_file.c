/* SPDX-License-Identifier: MIT
 *
 * memory_file.c - see memory_file.h. */
#include "memory_file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static bool out_of_memory(const char *what, struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory for %s", what);
}

/* Room for so many bytes more, and the NUL. */
static bool reserve(struct memory_file *file, size_t more) {
  if (file->capacity - file->byte_count > more) return true;
  if (file->capacity > SIZE_MAX / 8 || more > SIZE_MAX / 8) return false;
  size_t capacity = 2 * file->capacity + more + 4096;
  char *grown = realloc(file->bytes, capacity);
  if (!grown) return false;
  file->bytes = grown;
  file->capacity = capacity;
  return true;
}

static ssize_t take(void *cookie, const char *bytes, size_t byte_count) {
  struct memory_file *file = cookie;
  if (!file->is_short) file->is_short = !reserve(file, byte_count);
  if (file->is_short) return 0; /* an error, to stdio */
  memcpy(file->bytes + file->byte_count, bytes, byte_count);
  file->byte_count += byte_count;
  return (ssize_t)byte_count;
}

bool memory_file_begin(struct memory_file *file, const char *what, struct fault *fault) {
  *file = (struct memory_file){0};
  file->out = fopencookie(file, "w", (cookie_io_functions_t){.write = take});
  return file->out || out_of_memory(what, fault);
}

bool memory_file_end(struct memory_file *file, const char *what, struct fault *fault) {
  bool good = !ferror(file->out);
  if (fclose(file->out) != 0) good = false;
  file->out = NULL;
  if (!good || file->is_short || !reserve(file, 0)) return out_of_memory(what, fault);
  file->bytes[file->byte_count] = '\0';
  return true;
}

void memory_file_drop(struct memory_file *file) {
  if (file->out) fclose(file->out);
  free(file->bytes);
  *file = (struct memory_file){0};
}
