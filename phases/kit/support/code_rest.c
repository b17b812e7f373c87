/* SPDX-License-Identifier: MIT */
#include "code_rest.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Segments that cannot be written have no page that differs from the file's. */
static int segments_rest(struct dl_phdr_info *object, size_t bytes, void *address) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), wanted = *(uintptr_t *)address;
  bool is_it = false;
  (void)bytes;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;
    is_it |= segment->p_type == PT_LOAD && wanted >= start && wanted < start + segment->p_memsz;
  }
  for (int i = 0; is_it && i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
    uintptr_t start = object->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
    start -= start % page;
    (void)madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return is_it;
}

void code_rest(void (*function)(void)) {
  uintptr_t address;
  memcpy(&address, &function, sizeof address);
  dl_iterate_phdr(segments_rest, &address);
}
