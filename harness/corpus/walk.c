/* SPDX-License-Identifier: MIT
 *
 * walk.c - which files are the corpus: a walk that follows no symbolic links, so that no
 * loop can arise, and gitignore-like patterns. A directory that is left out is not
 * entered, and counts once. Not by fts(3): glibc's crashes when memory is out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "build.h"
#include "ignore.h"

#define IGNORE_FILE_BYTES_MAX (1 << 20)

/* The patterns of one directory on the way from the root to where the walk is. */
struct level {
  char *directory;     /* relative to the root; "" is the root; NULL: it lies above the root */
  size_t folder_bytes; /* there: of its own path, without a slash behind it */
  struct ignore list;
};

struct walk {
  struct corpus_build *build;
  struct fault *fault;
  size_t root_bytes; /* of the root's path, with the slash behind it */
  struct ignore excludes;
  struct level *levels;
  size_t level_count, level_capacity;
  size_t outer_count;                 /* of the levels, the first ones lie above the root */
  char outer_path[2 * PATH_MAX];      /* where there are such: the root's real path, and room for what is below it */
  size_t outer_bytes;                 /* of the root's real path */
  char path[PATH_MAX + NAME_MAX + 2]; /* where the walk is */
};

/* A path of the walk, as seen from the root; "" is the root. */
static const char *relative(const struct walk *walk, const char *path) {
  return strlen(path) < walk->root_bytes ? "" : path + walk->root_bytes;
}

static bool out_of_memory(struct fault *fault) {
  return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while the corpus's files were listed");
}

bool corpus_skip_file(struct corpus_build *build, const char *path, enum corpus_skip why, struct fault *fault) {
  build->corpus->skipped[why]++;
  if (why == CORPUS_SKIP_UNKNOWN_EXTENSION || why == CORPUS_SKIP_EXCLUDED) return true;
  if (build->skipped_count == build->skipped_capacity) {
    size_t capacity = build->skipped_capacity ? build->skipped_capacity * 2 : 64;
    struct corpus_skipped *grown = realloc(build->skipped, capacity * sizeof *grown);
    if (!grown) return out_of_memory(fault);
    build->skipped = grown;
    build->skipped_capacity = capacity;
  }
  const char *copy = obstack_copy0(build->strings, path, strlen(path));
  build->skipped[build->skipped_count++] = (struct corpus_skipped){copy, why};
  return true;
}

/* ---- patterns ---- */

/* Adds the patterns of one file to the list; a file that is not there adds none. */
static bool add_ignore_file(struct walk *walk, const char *folder, const char *name, struct ignore *list) {
  char path[PATH_MAX];
  int length = snprintf(path, sizeof path, "%s/%s", folder, name);
  if (length >= PATH_MAX) return true; /* the walk could not have come here */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  if (fd < 0 && (errno == ENOENT || errno == ELOOP)) return true;
  /* The directory cannot be entered: its files are going to be listed as unreadable. */
  if (fd < 0 && errno == EACCES && lstat(path, &status) != 0) return true;
  if (fd >= 0 && fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
    close(fd);
    return true;
  }
  int open_error = errno;
  char *text = fd < 0 ? NULL : malloc(IGNORE_FILE_BYTES_MAX);
  ssize_t got = text ? read(fd, text, IGNORE_FILE_BYTES_MAX) : -1;
  int why = fd < 0 ? open_error : errno;
  if (fd >= 0) close(fd);
  bool ok = got >= 0 && got < IGNORE_FILE_BYTES_MAX;
  if (!ok) {
    enum exit_code code = got < 0 ? exit_code_of_errno(why) : EXIT_CODE_INPUT;
    if (fd >= 0 && !text) code = EXIT_CODE_SYSTEM;
    fault_set(walk->fault, code, "cannot read %s, which says what to leave out: %s", path,
              got < 0 ? strerror(why) : "it is larger than 1 MiB");
  } else if (!ignore_add_text(list, text, (size_t)got)) {
    ok = out_of_memory(walk->fault);
  }
  free(text);
  return ok;
}

/* A new level with the patterns that `folder` has, if any; `directory` is copied. */
static bool push_folder(struct walk *walk, const char *folder, const char *directory) {
  struct ignore list = {0};
  /* .ignore comes second: the last pattern that matches decides. */
  if (!add_ignore_file(walk, folder, ".gitignore", &list) || !add_ignore_file(walk, folder, ".ignore", &list)) {
    goto clear_list;
  }
  if (list.count == 0) return true;
  if (walk->level_count == walk->level_capacity) {
    size_t capacity = walk->level_capacity ? walk->level_capacity * 2 : 16;
    struct level *grown = realloc(walk->levels, capacity * sizeof *grown);
    if (!grown) goto no_memory;
    walk->levels = grown;
    walk->level_capacity = capacity;
  }
  char *copy = directory ? strdup(directory) : NULL;
  if (directory && !copy) goto no_memory;
  walk->levels[walk->level_count++] = (struct level){copy, directory ? 0 : strlen(folder), list};
  return true;
no_memory:
  out_of_memory(walk->fault);
clear_list:
  ignore_clear(&list);
  return false;
}

/* Enters a directory; `directory` is relative to the root. */
static bool push_level(struct walk *walk, const char *directory) {
  if (!walk->build->honour_ignore_files) return true;
  char folder[PATH_MAX];
  int length = snprintf(folder, sizeof folder, "%s%s%s", walk->build->corpus->root, directory[0] ? "/" : "", directory);
  return length >= PATH_MAX || push_folder(walk, folder, directory); /* fts could not have come there */
}

static void pop_level(struct walk *walk) {
  struct level *level = &walk->levels[--walk->level_count];
  free(level->directory);
  ignore_clear(&level->list);
}

/* Leaves a directory: drops its patterns, if it had any. */
static void leave(struct walk *walk, const char *directory) {
  if (walk->level_count == walk->outer_count) return;
  if (strcmp(walk->levels[walk->level_count - 1].directory, directory) == 0) pop_level(walk);
}

static bool is_version_control(const char *name) {
  return strcmp(name, ".git") == 0 || strcmp(name, ".hg") == 0 || strcmp(name, ".svn") == 0;
}

/* What the levels above the root say of a path, of which outer_path is the whole. */
static enum ignore_verdict ask_outer(const struct walk *walk, bool is_directory) {
  enum ignore_verdict verdict = IGNORE_NO_WORD;
  for (size_t i = walk->outer_count; verdict == IGNORE_NO_WORD && i-- > 0;) {
    const struct level *level = &walk->levels[i];
    verdict = ignore_check(&level->list, walk->outer_path + level->folder_bytes + 1, is_directory);
  }
  return verdict;
}

static enum ignore_verdict ask_outer_about(struct walk *walk, const char *path, bool is_directory) {
  size_t room = sizeof walk->outer_path - walk->outer_bytes;
  if (walk->outer_count == 0 || strlen(path) + 2 > room) return IGNORE_NO_WORD;
  snprintf(walk->outer_path + walk->outer_bytes, room, "/%s", path);
  return ask_outer(walk, is_directory);
}

/* The options and the manifest speak first, then the innermost directory's file. */
static bool is_left_out(struct walk *walk, const char *path, bool is_directory) {
  const char *slash = strrchr(path, '/');
  if (is_version_control(slash ? slash + 1 : path)) return true;
  enum ignore_verdict verdict = ignore_check(&walk->excludes, path, is_directory);
  for (size_t i = walk->level_count; verdict == IGNORE_NO_WORD && i-- > walk->outer_count;) {
    const struct level *level = &walk->levels[i];
    size_t skip = level->directory[0] ? strlen(level->directory) + 1 : 0;
    verdict = ignore_check(&level->list, path + skip, is_directory);
  }
  if (verdict == IGNORE_NO_WORD) verdict = ask_outer_about(walk, path, is_directory);
  return verdict == IGNORE_OUT;
}

/* ---- above the root ---- */

/* The length of the path of the working tree that holds the folder `path`; -1: none does, or the folder is its top. */
static ssize_t top_above(const char *path) {
  char git[PATH_MAX + 8];
  for (ssize_t length = (ssize_t)strlen(path); length >= 0; length--) {
    if (path[length] != '/' && path[length] != '\0') continue;
    struct stat status;
    snprintf(git, sizeof git, "%.*s/.git", (int)length, path);
    if (lstat(git, &status) == 0) return path[length] == '/' ? length : -1;
  }
  return -1;
}

static void forget_outer(struct walk *walk) {
  while (walk->level_count) pop_level(walk);
  walk->outer_count = 0;
}

/* The root lies within a git working tree: the patterns of the folders above it count, as they do for git, since else
 * the same commit has other files where it was built. Where they leave out the root itself they do not: it was named. */
static bool enter_outer(struct walk *walk) {
  if (!walk->build->honour_ignore_files || !realpath(walk->build->corpus->root, walk->outer_path)) return true;
  ssize_t top = top_above(walk->outer_path);
  if (top < 0) return true;
  char *path = walk->outer_path;
  size_t end = walk->outer_bytes = strlen(path);
  for (size_t at = (size_t)top; at < end;) {
    path[at] = '\0';
    bool ok = push_folder(walk, path, NULL);
    path[at] = '/';
    walk->outer_count = walk->level_count;
    if (!ok) return false;
    at += 1 + strcspn(path + at + 1, "/");
    char behind = path[at];
    path[at] = '\0';
    enum ignore_verdict verdict = ask_outer(walk, true);
    path[at] = behind;
    if (verdict == IGNORE_OUT) {
      forget_outer(walk);
      return true;
    }
  }
  return true;
}

/* ---- files ---- */

/* The language of a file name, as an index into build->languages; -1: not known. */
static int64_t language_of(const struct corpus_build *build, const char *name) {
  const char *extension = strrchr(name, '.');
  if (!extension || extension == name) return -1;
  for (size_t i = 0; i < build->rule_count; i++) {
    if (strcmp(build->rules[i].extension, extension) != 0) continue;
    for (size_t k = 0; k < build->language_count; k++) {
      if (strcmp(build->languages[k], build->rules[i].language) == 0) return (int64_t)k;
    }
  }
  return -1;
}

static bool add_candidate(struct walk *walk, const char *path, uint64_t bytes, uint32_t language) {
  struct corpus_build *build = walk->build;
  if (build->candidate_count == build->candidate_capacity) {
    size_t capacity = build->candidate_capacity ? build->candidate_capacity * 2 : 1024;
    struct corpus_candidate *grown = realloc(build->candidates, capacity * sizeof *grown);
    if (!grown) return out_of_memory(walk->fault);
    build->candidates = grown;
    build->candidate_capacity = capacity;
  }
  const char *copy = obstack_copy0(build->strings, path, strlen(path));
  build->candidates[build->candidate_count++] = (struct corpus_candidate){copy, bytes, language};
  return true;
}

/* What may be read the next time is not left out in silence. */
static bool skip_unreadable(struct walk *walk, const char *path, int error) {
  if (exit_code_of_errno(error) == EXIT_CODE_INPUT)
    return corpus_skip_file(walk->build, relative(walk, path), CORPUS_SKIP_UNREADABLE, walk->fault);
  return fault_set(walk->fault, EXIT_CODE_SYSTEM, "cannot read %s: %s", path, strerror(error));
}

static bool visit_file(struct walk *walk, const char *path, const struct stat *status) {
  struct corpus_build *build = walk->build;
  if (is_left_out(walk, path, false)) return corpus_skip_file(build, path, CORPUS_SKIP_EXCLUDED, walk->fault);
  if (S_ISLNK(status->st_mode)) return corpus_skip_file(build, path, CORPUS_SKIP_SYMLINK, walk->fault);
  if (!S_ISREG(status->st_mode)) return corpus_skip_file(build, path, CORPUS_SKIP_SPECIAL, walk->fault);
  const char *slash = strrchr(path, '/');
  int64_t language = language_of(build, slash ? slash + 1 : path);
  if (language < 0) return corpus_skip_file(build, path, CORPUS_SKIP_UNKNOWN_EXTENSION, walk->fault);
  if ((uint64_t)status->st_size > build->max_file_bytes) {
    return corpus_skip_file(build, path, CORPUS_SKIP_HUGE, walk->fault);
  }
  return add_candidate(walk, path, (uint64_t)status->st_size, (uint32_t)language);
}

/* ---- folders ---- */

/* Names, one behind the other, each with its NUL. */
struct names {
  char *bytes;
  size_t used, capacity;
};

static bool add_name(struct names *names, const char *name) {
  size_t length = strlen(name) + 1;
  if (names->capacity - names->used < length) {
    size_t capacity = 2 * names->capacity + length + 1024;
    char *grown = realloc(names->bytes, capacity);
    if (!grown) return false;
    names->bytes = grown;
    names->capacity = capacity;
  }
  memcpy(names->bytes + names->used, name, length);
  names->used += length;
  return true;
}

/* All names of a folder, which is closed again: as many are open as a walk is deep otherwise. 0, or an errno. */
static int list_names(const char *path, struct names *names) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (!folder) {
    int error = errno;
    if (fd >= 0) close(fd);
    return error;
  }
  int error = 0;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(folder);
    if (!entry) error = errno;
    if (!entry || error) break;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (add_name(names, entry->d_name)) continue;
    error = ENOMEM;
    break;
  }
  closedir(folder);
  return error;
}

static bool visit(struct walk *walk, size_t length);

/* What is in the folder at walk->path. */
static bool visit_names(struct walk *walk, size_t length, const struct names *names) {
  bool good = true;
  for (const char *name = names->bytes; good && names->used && name < names->bytes + names->used;
       name += strlen(name) + 1) {
    int added = snprintf(walk->path + length, sizeof walk->path - length, "/%s", name);
    good = visit(walk, length + (size_t)added);
    walk->path[length] = '\0';
  }
  return good;
}

static bool visit_folder(struct walk *walk, size_t length) {
  const char *path = relative(walk, walk->path);
  bool is_root = path[0] == '\0';
  if (!is_root && is_left_out(walk, path, true))
    return corpus_skip_file(walk->build, path, CORPUS_SKIP_EXCLUDED, walk->fault);
  if (!push_level(walk, path)) return false;
  struct names names = {0};
  int error = list_names(walk->path, &names);
  bool good = !error;
  if (good) good = visit_names(walk, length, &names);
  else if (!is_root) good = skip_unreadable(walk, walk->path, error);
  else
    fault_set(walk->fault, exit_code_of_errno(error), "cannot read the directory %s: %s", walk->path, strerror(error));
  free(names.bytes);
  leave(walk, relative(walk, walk->path));
  return good;
}

/* Visits what is at walk->path, of `length` bytes. No longer path than the kernel's longest is entered, so that
 * the recursion has an end. */
static bool visit(struct walk *walk, size_t length) {
  struct stat status;
  if (length >= PATH_MAX) return skip_unreadable(walk, walk->path, ENAMETOOLONG);
  if (lstat(walk->path, &status) < 0) return skip_unreadable(walk, walk->path, errno);
  if (S_ISDIR(status.st_mode)) return visit_folder(walk, length);
  return visit_file(walk, relative(walk, walk->path), &status);
}

/* ---- the walk ---- */

/* A start below the root: the patterns of the directories above it count too, and so
 * does what they leave out. */
static bool enter_parents(struct walk *walk, const char *start, bool *left_out) {
  *left_out = false;
  if (!start[0]) return true;
  if (!push_level(walk, "")) return false;
  for (const char *slash = strchr(start, '/'); slash; slash = strchr(slash + 1, '/')) {
    char directory[PATH_MAX];
    memcpy(directory, start, (size_t)(slash - start));
    directory[slash - start] = '\0';
    if (is_left_out(walk, directory, true)) {
      *left_out = true;
      return corpus_skip_file(walk->build, directory, CORPUS_SKIP_EXCLUDED, walk->fault);
    }
    if (!push_level(walk, directory)) return false;
  }
  return true;
}

static bool walk_start(struct walk *walk, const char *start) {
  char path[PATH_MAX];
  const char *root = walk->build->corpus->root;
  int length = snprintf(path, sizeof path, "%s%s%s", root, start[0] ? "/" : "", start);
  if (length >= PATH_MAX) {
    return fault_set(walk->fault, EXIT_CODE_INPUT, "the path %s in %s is too long", start, root);
  }
  struct stat status;
  if (lstat(path, &status) != 0) {
    return fault_set(walk->fault, exit_code_of_errno(errno),
                     "the corpus '%s' names %s, which cannot be found in %s: %s", walk->build->corpus->name,
                     start[0] ? start : "a folder", root, strerror(errno));
  }
  bool left_out = false;
  bool ok = enter_outer(walk) && enter_parents(walk, start, &left_out);
  memcpy(walk->path, path, (size_t)length + 1);
  if (ok && !left_out) ok = visit(walk, (size_t)length);
  forget_outer(walk);
  return ok;
}

static int compare_candidates(const void *a, const void *b) {
  return strcmp(((const struct corpus_candidate *)a)->path, ((const struct corpus_candidate *)b)->path);
}

static bool add_excludes(struct walk *walk) {
  for (size_t i = 0; i < 2; i++) {
    const char *const *list = walk->build->excludes[i];
    for (; list && *list; list++) {
      if (!ignore_add(&walk->excludes, *list, strlen(*list))) return out_of_memory(walk->fault);
    }
  }
  return true;
}

bool corpus_walk(struct corpus_build *build, struct fault *fault) {
  static const char *const everything[] = {"", NULL};
  const char *root = build->corpus->root;
  struct walk walk = {.build = build, .fault = fault, .root_bytes = strlen(root) + 1};
  bool ok = add_excludes(&walk);
  for (const char *const *start = build->paths ? build->paths : everything; ok && *start; start++) {
    ok = walk_start(&walk, *start);
  }
  ignore_clear(&walk.excludes);
  free(walk.levels);
  if (ok && build->candidate_count) {
    qsort(build->candidates, build->candidate_count, sizeof *build->candidates, compare_candidates);
  }
  return ok;
}
