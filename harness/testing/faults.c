/* SPDX-License-Identifier: MIT
 *
 * faults.c - a library to be preloaded (LD_PRELOAD), which makes the system refuse: the Nth call of one kind
 * fails, once or from then on. By environment variables:
 *   FAULTS_KIND    alloc, open, read, pread, write, fsync, rename, mmap, unlink or stat
 *   FAULTS_AT      which call fails, from 1 on; 0: none
 *   FAULTS_ONWARD  set: all that follow fail, too
 *   FAULTS_ERRNO   the number that errno gets (alloc: always ENOMEM)
 *   FAULTS_COUNT   a file that gets the number of calls of that kind, when the process ends
 *   FAULTS_SKIP    calls whose path begins so are passed on and not counted (stat and open only)
 * Calls count from main on: what the loader does before is not the program's. Children do not inherit it, so
 * that N means one process. What libc does inside of a call of its own (fopen, fread, fflush, opendir) counts as one call of the kind that it makes. Maps of no file are not counted: they are the
 * allocator's. One thread. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { ALLOC, OPEN, READ, PREAD, WRITE, FSYNC, RENAME, MMAP, UNLINK, STAT, KIND_COUNT };
static const char *const kind_names[KIND_COUNT] = {"alloc", "open",   "read", "pread",  "write",
                                                   "fsync", "rename", "mmap", "unlink", "stat"};

static struct {
  bool is_on;
  enum kind kind;
  long calls, at;
  bool onward;
  int error;
  const char *count_path, *skip;
} faults;

/* True where this call is to fail; errno is set then. */
static bool fails(enum kind kind) {
  if (!faults.is_on || faults.kind != kind) return false;
  faults.calls++;
  if (faults.at == 0 || faults.calls < faults.at || (faults.calls > faults.at && !faults.onward)) return false;
  errno = kind == ALLOC ? ENOMEM : faults.error;
  return true;
}

static bool fails_at(enum kind kind, const char *path) {
  if (faults.skip && strncmp(path, faults.skip, strlen(faults.skip)) == 0) return false;
  return fails(kind);
}

/* ---- memory ---- */

/* dlsym allocates before it has found out how. */
static char early[1 << 16];
static size_t early_used;

static bool is_early(const void *p) { return (const char *)p >= early && (const char *)p < early + sizeof early; }

static void *early_allocate(size_t bytes) {
  size_t start = early_used;
  if (bytes > sizeof early - start - 16) return NULL;
  early_used += (bytes + 15) & ~(size_t)15;
  return early + start;
}

/* The function that would have been called without this library. NULL while it is being looked up. */
static void *find(void **known, const char *name) {
  static bool is_busy;
  if (*known || is_busy) return *known;
  is_busy = true;
  *known = dlsym(RTLD_NEXT, name);
  is_busy = false;
  return *known;
}

#define NEXT(result, name, ...)              \
  static void *next_##name;                  \
  result (*next)(__VA_ARGS__) = NULL;        \
  {                                          \
    void *found = find(&next_##name, #name); \
    memcpy(&next, &found, sizeof next);      \
  }

void *malloc(size_t bytes) {
  NEXT(void *, malloc, size_t)
  if (!next) return early_allocate(bytes);
  return fails(ALLOC) ? NULL : next(bytes);
}

void *calloc(size_t count, size_t bytes) {
  NEXT(void *, calloc, size_t, size_t)
  if (!next) return early_allocate(count * bytes); /* never given out before: zero */
  return fails(ALLOC) ? NULL : next(count, bytes);
}

void free(void *p) {
  NEXT(void, free, void *)
  if (next && !is_early(p)) next(p);
}

void *realloc(void *p, size_t bytes) {
  NEXT(void *, realloc, void *, size_t)
  if (is_early(p) || !next) {
    void *moved = malloc(bytes);
    size_t most = p ? (size_t)(early + sizeof early - (char *)p) : 0;
    if (moved && p) memcpy(moved, p, bytes < most ? bytes : most);
    return moved;
  }
  return fails(ALLOC) ? NULL : next(p, bytes);
}

int posix_memalign(void **p, size_t alignment, size_t bytes) {
  NEXT(int, posix_memalign, void **, size_t, size_t)
  return fails(ALLOC) ? ENOMEM : next(p, alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  NEXT(void *, aligned_alloc, size_t, size_t)
  return fails(ALLOC) ? NULL : next(alignment, bytes);
}

/* jemalloc's own. */
void *mallocx(size_t bytes, int flags);
void *rallocx(void *p, size_t bytes, int flags);

void *mallocx(size_t bytes, int flags) {
  NEXT(void *, mallocx, size_t, int)
  return fails(ALLOC) ? NULL : next(bytes, flags);
}

void *rallocx(void *p, size_t bytes, int flags) {
  NEXT(void *, rallocx, void *, size_t, int)
  return fails(ALLOC) ? NULL : next(p, bytes, flags);
}

/* ---- files: libc's wrappers, by the system calls beneath them ---- */

static int open_at(int folder, const char *path, int flags, va_list arguments) {
  bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
  mode_t mode = makes ? va_arg(arguments, mode_t) : 0;
  return fails_at(OPEN, path) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define OPEN_FUNCTION(name)                             \
  int name(const char *path, int flags, ...) {          \
    va_list arguments;                                  \
    va_start(arguments, flags);                         \
    int fd = open_at(AT_FDCWD, path, flags, arguments); \
    va_end(arguments);                                  \
    return fd;                                          \
  }
OPEN_FUNCTION(open)
OPEN_FUNCTION(open64)

#define OPENAT_FUNCTION(name)                              \
  int name(int folder, const char *path, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    int fd = open_at(folder, path, flags, arguments);      \
    va_end(arguments);                                     \
    return fd;                                             \
  }
OPENAT_FUNCTION(openat)
OPENAT_FUNCTION(openat64)

ssize_t read(int fd, void *to, size_t bytes) { return fails(READ) ? -1 : syscall(SYS_read, fd, to, bytes); }
ssize_t write(int fd, const void *from, size_t bytes) {
  return fails(WRITE) ? -1 : syscall(SYS_write, fd, from, bytes);
}
#define PREAD_FUNCTION(name)                                                \
  ssize_t name(int fd, void *to, size_t bytes, off_t offset) {              \
    return fails(PREAD) ? -1 : syscall(SYS_pread64, fd, to, bytes, offset); \
  }
PREAD_FUNCTION(pread)
PREAD_FUNCTION(pread64)
#define PWRITE_FUNCTION(name)                                                  \
  ssize_t name(int fd, const void *from, size_t bytes, off_t offset) {         \
    return fails(WRITE) ? -1 : syscall(SYS_pwrite64, fd, from, bytes, offset); \
  }
PWRITE_FUNCTION(pwrite)
PWRITE_FUNCTION(pwrite64)

int fsync(int fd) { return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fails(FSYNC) ? -1 : (int)syscall(SYS_fdatasync, fd); }

int rename(const char *from, const char *to) {
  return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int unlink(const char *path) { return fails(UNLINK) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) {
  return fails(UNLINK) ? -1 : (int)syscall(SYS_unlinkat, folder, path, flags);
}

#define MMAP_FUNCTION(name)                                                                  \
  void *name(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) {      \
    if (fd >= 0 && fails(MMAP)) return MAP_FAILED;                                           \
    return (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset); /* NOLINT */ \
  }
MMAP_FUNCTION(mmap)
MMAP_FUNCTION(mmap64)

static int stat_at(int folder, const char *path, struct stat *status, int flags) {
  return fails_at(STAT, path) ? -1 : (int)syscall(SYS_newfstatat, folder, path, status, flags);
}
int stat(const char *path, struct stat *status) { return stat_at(AT_FDCWD, path, status, 0); }
int lstat(const char *path, struct stat *status) { return stat_at(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW); }
int fstat(int fd, struct stat *status) { return stat_at(fd, "", status, AT_EMPTY_PATH); }
int fstatat(int folder, const char *path, struct stat *status, int flags) {
  return stat_at(folder, path, status, flags);
}

int faccessat(int folder, const char *path, int mode, int flags) {
  return fails_at(STAT, path) ? -1 : (int)syscall(SYS_faccessat2, folder, path, mode, flags);
}
int access(const char *path, int mode) { return faccessat(AT_FDCWD, path, mode, 0); }

/* ---- files: what libc does within itself ---- */

#define FOPEN_FUNCTION(name)                               \
  FILE *name(const char *path, const char *mode) {         \
    NEXT(FILE *, name, const char *, const char *)         \
    return fails_at(OPEN, path) ? NULL : next(path, mode); \
  }
FOPEN_FUNCTION(fopen)
FOPEN_FUNCTION(fopen64)

/* As libc leaves a stream whose system call failed. */
static void spoil(FILE *file) { file->_flags |= 0x20; /* _IO_ERR_SEEN */ }

size_t fread(void *to, size_t each, size_t count, FILE *file) {
  NEXT(size_t, fread, void *, size_t, size_t, FILE *)
  if (!fails(READ)) return next(to, each, count, file);
  spoil(file);
  return 0;
}

int fflush(FILE *file) {
  NEXT(int, fflush, FILE *)
  bool is_in_memory = file && fileno(file) < 0;
  if (file == stderr || is_in_memory || !fails(WRITE)) return next(file);
  if (file) spoil(file);
  return EOF;
}

int fclose(FILE *file) {
  NEXT(int, fclose, FILE *)
  bool writes = (fcntl(fileno(file), F_GETFL) & O_ACCMODE) == O_WRONLY;
  bool is_lost = writes && fails(WRITE);
  int error = errno, result = next(file);
  if (!is_lost) return result;
  errno = error;
  return EOF;
}

void *opendir(const char *path);
void *opendir(const char *path) {
  NEXT(void *, opendir, const char *)
  return fails_at(OPEN, path) ? NULL : next(path);
}

/* ---- from main to the end ---- */

__attribute__((constructor)) static void begin(void) {
  const char *kind = getenv("FAULTS_KIND"), *at = getenv("FAULTS_AT"), *error = getenv("FAULTS_ERRNO");
  for (int i = 0; kind && i < KIND_COUNT; i++) {
    if (strcmp(kind, kind_names[i]) == 0) faults.kind = (enum kind)i;
  }
  faults.at = at ? atol(at) : 0;
  faults.error = error ? atoi(error) : EIO;
  faults.onward = getenv("FAULTS_ONWARD") != NULL;
  faults.count_path = getenv("FAULTS_COUNT");
  faults.skip = getenv("FAULTS_SKIP");
  unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void end(void) {
  faults.is_on = false;
  if (!faults.count_path) return;
  char text[32];
  int length = snprintf(text, sizeof text, "%ld\n", faults.calls);
  int fd = open(faults.count_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return;
  if (write(fd, text, (size_t)length) != length) faults.calls = 0;
  close(fd);
}

/* libc's start of a program; here, to know where main begins. */
static int (*program_main)(int, char **, char **);
static int counted_main(int argc, char **argv, char **environment) {
  faults.is_on = true;
  return program_main(argc, argv, environment);
}
int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
                      void *);
/* NOLINTNEXTLINE(readability-function-size): the C library says what it takes */
int __libc_start_main(int (*real_main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end) {
  NEXT(int, __libc_start_main, int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
       void (*)(void), void *)
  program_main = real_main;
  return next(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
