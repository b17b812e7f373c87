/* SPDX-License-Identifier: MIT
 *
 * fuzz_replay.c - main() for fuzz targets in builds without libFuzzer: gives each
 * file of the folders named to the target. No file at all is a failure, since a
 * replay of nothing proves nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    return -1;
  }
  uint8_t *data = NULL;
  size_t size = 0, capacity = 0, got;
  do {
    if (size == capacity) {
      capacity = capacity ? capacity * 2 : 65536;
      data = realloc(data, capacity);
      if (!data) abort();
    }
    got = fread(data + size, 1, capacity - size, file);
    size += got;
  } while (got > 0);
  fclose(file);
  /* An exact-sized copy, so that the address sanitizer sees reads past the end. */
  uint8_t *exact = malloc(size ? size : 1);
  if (!exact) abort();
  memcpy(exact, data, size);
  free(data);
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  return 0;
}

int main(int argc, char **argv) {
  unsigned files = 0;
  for (int i = 1; i < argc; i++) {
    DIR *folder = opendir(argv[i]);
    if (!folder) {
      perror(argv[i]);
      return 1;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
      if (entry->d_name[0] == '.') continue;
      char path[4096];
      snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
      if (replay(path) < 0) return 1;
      files++;
    }
    closedir(folder);
  }
  printf("%u inputs replayed\n", files);
  return files > 0 ? 0 : 1;
}
