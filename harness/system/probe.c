/* SPDX-License-Identifier: MIT
 *
 * probe.c - reading /proc/self without disturbing what is read: static buffers, no
 * stdio, no malloc. The first reading touches the buffers (probe_prime).
 *
 * Why smaps_rollup and not statm or VmRSS: those come from counters that are added up
 * lazily, per CPU; smaps_rollup walks the page tables and is exact. Why clear_refs: the
 * peak that VmHWM (or ru_maxrss) gives is that since exec, and a checkpoint wants its own. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/count.h"
#include "base/number.h"

static char proc_root[4096] = "/proc/self";
static char buffer[16384]; /* longer than any line: a path of at most 4,096 bytes, each perhaps as \ooo */

/* ---- the window of peak and faults ---- */

static struct {
  uint64_t minor_faults, major_faults; /* when it began */
  const char *no_peak;                 /* why VmHWM is not this window's; NULL: it is */
} window;

void probe_set_proc_root(const char *path) {
  snprintf(proc_root, sizeof proc_root, "%s", path);
  memset(&window, 0, sizeof window);
}

/* ---- reasons ---- */

/* A reason outlives the reading it belongs to, so each text is kept once and for good. */
static const char *reason(const char *file, const char *what, const char *detail) {
  static char texts[16][192];
  static unsigned text_count;
  char text[sizeof texts[0]];
  snprintf(text, sizeof text, "%s %s%s", file, what, detail);
  for (unsigned i = 0; i < text_count; i++) {
    if (strcmp(texts[i], text) == 0) return texts[i];
  }
  if (text_count == COUNT(texts)) return "could not be read (and too many other reasons were told before)";
  return strcpy(texts[text_count++], text);
}

static int open_proc(const char *name, int flags, const char **why) {
  char path[sizeof proc_root + 32];
  snprintf(path, sizeof path, "%s/%s", proc_root, name);
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) *why = reason(name, "cannot be opened: ", strerror(errno));
  return fd;
}

/* ---- small files: "Name:  number kB" lines ---- */

/* The whole of a small file into `buffer`; NULL on success, else the reason. */
static const char *read_small(const char *name) {
  const char *why = NULL;
  int fd = open_proc(name, O_RDONLY, &why);
  if (fd < 0) return why;
  size_t used = 0;
  ssize_t got;
  while (used < sizeof buffer - 1) {
    got = read(fd, buffer + used, sizeof buffer - 1 - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) why = reason(name, "cannot be read: ", strerror(errno));
    if (got <= 0) break;
    used += (size_t)got;
  }
  close(fd);
  buffer[used] = 0;
  return why;
}

/* The value of "key:" at the start of a line of `buffer`. */
static bool small_field(const char *key, uint64_t *bytes) {
  size_t length = strlen(key);
  for (const char *line = buffer; line; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (strncmp(line, key, length) == 0 && line[length] == ':')
      return number_read_kilobytes(line + length + 1, bytes) != NULL;
  }
  return false;
}

/* Sets a figure from one field, or the sum of two. */
static void set_figure(struct probe_reading *reading, enum probe_figure figure, const char *file, const char *why,
                       const char *key, const char *second_key) {
  uint64_t first = 0, second = 0;
  if (!why && !small_field(key, &first)) why = reason(file, "has no ", key);
  if (!why && second_key && !small_field(second_key, &second)) why = reason(file, "has no ", second_key);
  reading->missing[figure] = why;
  reading->value[figure] = why ? 0 : first + second;
}

static void read_rollup(struct probe_reading *reading) {
  static const char file[] = "smaps_rollup";
  const char *why = read_small(file);
  set_figure(reading, PROBE_RSS, file, why, "Rss", NULL);
  set_figure(reading, PROBE_PSS, file, why, "Pss", NULL);
  set_figure(reading, PROBE_PRIVATE, file, why, "Private_Clean", "Private_Dirty");
  set_figure(reading, PROBE_SHARED, file, why, "Shared_Clean", "Shared_Dirty");
  set_figure(reading, PROBE_ANONYMOUS, file, why, "Anonymous", NULL);
  set_figure(reading, PROBE_SWAP, file, why, "Swap", NULL);
  why = reading->missing[PROBE_RSS] ? reading->missing[PROBE_RSS] : reading->missing[PROBE_ANONYMOUS];
  if (!why && reading->value[PROBE_ANONYMOUS] > reading->value[PROBE_RSS]) why = "smaps_rollup: Anonymous is above Rss";
  reading->missing[PROBE_FILE] = why;
  reading->value[PROBE_FILE] = why ? 0 : reading->value[PROBE_RSS] - reading->value[PROBE_ANONYMOUS];
}

/* ---- smaps: whose is a mapping ---- */

static struct place {
  enum probe_owner owner;
  char path[4096];
} places[32];
static unsigned place_count;

bool probe_add_place(enum probe_owner owner, const char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  if (place_count == COUNT(places) || length == 0 || length >= sizeof places[0].path) return false;
  struct place *place = &places[place_count++];
  place->owner = owner;
  memcpy(place->path, path, length);
  place->path[length] = 0;
  return true;
}

/* Is path `place`, or below it? Gives the place's length, 0 for no. */
static size_t below(const char *path, const char *place) {
  size_t length = strlen(place);
  if (strncmp(path, place, length) != 0) return 0;
  return path[length] == 0 || path[length] == '/' || place[length - 1] == '/' ? length : 0;
}

static bool is_library(const char *path) {
  const char *base = strrchr(path, '/');
  for (const char *so = strstr(base ? base : path, ".so"); so; so = strstr(so + 3, ".so")) {
    if (so[3] == 0 || so[3] == '.') return true;
  }
  return false;
}

static char program[4096]; /* what <proc_root>/exe points to; "" where unknown */

static void find_program(void) {
  char link[sizeof proc_root + 8];
  snprintf(link, sizeof link, "%s/exe", proc_root);
  ssize_t length = readlink(link, program, sizeof program - 1);
  program[length > 0 ? length : 0] = 0;
}

static enum probe_owner owner_of_file(const char *path) {
  size_t longest = 0;
  enum probe_owner owner = PROBE_OWNER_OTHER;
  for (unsigned i = 0; i < place_count; i++) {
    size_t length = below(path, places[i].path);
    if (length > longest) {
      longest = length;
      owner = places[i].owner;
    }
  }
  if (longest > 0) return owner;
  if (program[0] && strcmp(path, program) == 0) return PROBE_OWNER_PROGRAM;
  return is_library(path) ? PROBE_OWNER_LIBRARY : PROBE_OWNER_OTHER;
}

struct range {
  uintptr_t start, end;
  enum probe_owner owner;
};

static int owner_of_object(struct dl_phdr_info *object, size_t object_bytes, void *data) {
  (void)object_bytes;
  struct range *range = data;
  const uintptr_t page_mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
  for (unsigned i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD) continue;
    uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~page_mask;
    uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz + page_mask) & ~page_mask;
    if (range->start >= start && range->end <= end) {
      range->owner = object->dlpi_name[0] ? owner_of_file(object->dlpi_name) : PROBE_OWNER_PROGRAM;
      return 1;
    }
  }
  return 0;
}

static enum probe_owner owner_of(uintptr_t start, uintptr_t end, const char *path) {
  if (path[0] == 0) {
    struct range range = {start, end, PROBE_OWNER_ANONYMOUS};
    dl_iterate_phdr(owner_of_object, &range);
    return range.owner;
  }
  if (path[0] != '[') return owner_of_file(path);
  if (strcmp(path, "[heap]") == 0 || strncmp(path, "[anon", 5) == 0) return PROBE_OWNER_ANONYMOUS;
  if (strcmp(path, "[stack]") == 0 || strncmp(path, "[vvar", 5) == 0 || strncmp(path, "[vdso", 5) == 0) {
    return PROBE_OWNER_STACK;
  }
  return PROBE_OWNER_OTHER;
}

/* "START-END PERMS OFFSET DEVICE INODE   PATH": false when the line is none of these. */
static bool parse_mapping(char *line, enum probe_owner *owner) {
  char *at = line;
  uint64_t start, end;
  if (!number_take(&at, 16, UINTPTR_MAX, '-', &start) || !number_take(&at, 16, UINTPTR_MAX, ' ', &end)) return false;
  for (unsigned field = 0; field < 4; field++) { /* permissions, offset, device, inode */
    at += strspn(at, " ");
    at += strcspn(at, " ");
  }
  at += strspn(at, " ");
  char *deleted = strstr(at, " (deleted)");
  if (deleted && deleted[10] == 0) *deleted = 0;
  *owner = owner_of((uintptr_t)start, (uintptr_t)end, at);
  return true;
}

static const char *take_line(char *line, enum probe_owner *owner, struct probe_reading *reading) {
  uint64_t bytes;
  if (line[0] >= 'A' && line[0] <= 'Z') { /* a field of the mapping before */
    if (strncmp(line, "Rss:", 4) != 0) return NULL;
    if (*owner == PROBE_OWNER_COUNT || !number_read_kilobytes(line + 4, &bytes))
      return "smaps: a Rss line that is not of a mapping, or no number";
    reading->rss_by_owner_bytes[*owner] += bytes;
    return NULL;
  }
  return parse_mapping(line, owner) ? NULL : "smaps: a line that is neither a mapping nor a field";
}

static const char *read_mappings(int fd, struct probe_reading *reading) {
  enum probe_owner owner = PROBE_OWNER_COUNT;
  const char *why = NULL;
  size_t used = 0;
  while (!why) {
    ssize_t got = read(fd, buffer + used, sizeof buffer - 1 - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return reason("smaps", "cannot be read: ", strerror(errno));
    if (got == 0) return used ? "smaps ends within a line" : owner == PROBE_OWNER_COUNT ? "smaps is empty" : NULL;
    used += (size_t)got;
    buffer[used] = 0;
    char *line = buffer;
    for (char *end; !why && (end = strchr(line, '\n')); line = end + 1) {
      *end = 0;
      why = take_line(line, &owner, reading);
    }
    used -= (size_t)(line - buffer);
    memmove(buffer, line, used);
    if (used == sizeof buffer - 1) return "smaps has a line that is too long";
  }
  return why;
}

static void read_smaps(struct probe_reading *reading) {
  const char *why = NULL;
  find_program();
  memset(reading->rss_by_owner_bytes, 0, sizeof reading->rss_by_owner_bytes);
  int fd = open_proc("smaps", O_RDONLY, &why);
  if (fd >= 0) {
    why = read_mappings(fd, reading);
    close(fd);
  }
  reading->rss_by_owner_missing = why;
  if (why) memset(reading->rss_by_owner_bytes, 0, sizeof reading->rss_by_owner_bytes);
}

/* ---- all of it ---- */

static void read_all(struct probe_reading *reading) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage); /* first: reading has faults of its own */
  memset(reading, 0, sizeof *reading);
  reading->value[PROBE_MINOR_FAULTS] = (uint64_t)usage.ru_minflt - window.minor_faults;
  reading->value[PROBE_MAJOR_FAULTS] = (uint64_t)usage.ru_majflt - window.major_faults;
  read_rollup(reading);
  const char *why = read_small("status");
  set_figure(reading, PROBE_PEAK_RSS, "status", window.no_peak ? window.no_peak : why, "VmHWM", NULL);
  read_smaps(reading);
}

/* Writing "5" to clear_refs sets VmHWM to what is resident now. */
static const char *clear_peak(void) {
  const char *why = NULL;
  int fd = open_proc("clear_refs", O_WRONLY, &why);
  if (fd >= 0) {
    if (write(fd, "5", 1) != 1) why = reason("clear_refs", "cannot be written: ", strerror(errno));
    close(fd);
  }
  return why ? reason(why, ", so that VmHWM is the peak since the process began and not since the last checkpoint", "")
             : NULL;
}

void probe_prime(void) {
  struct probe_reading reading;
  read_all(&reading);
}

void probe_read(struct probe_reading *reading) {
  read_all(reading);
  window.no_peak = clear_peak();
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  window.minor_faults = (uint64_t)usage.ru_minflt;
  window.major_faults = (uint64_t)usage.ru_majflt;
}
