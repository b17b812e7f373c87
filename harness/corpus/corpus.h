/* SPDX-License-Identifier: MIT
 *
 * corpus.h - a pinned set of source files: manifest or directory -> list of files,
 * with a fingerprint. The format of a manifest is described in corpora/README.md. */
#ifndef PHASEBENCH_CORPUS_H
#define PHASEBENCH_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/size.h"

enum corpus_skip {
  CORPUS_SKIP_UNKNOWN_EXTENSION,
  CORPUS_SKIP_EXCLUDED,
  CORPUS_SKIP_UNREADABLE,
  CORPUS_SKIP_BINARY, /* a NUL byte within the first 8,000 bytes */
  CORPUS_SKIP_HUGE,   /* more than max_file_bytes */
  CORPUS_SKIP_SYMLINK,
  CORPUS_SKIP_SPECIAL, /* socket, device, pipe */
  CORPUS_SKIP_COUNT
};

struct corpus_file {
  const char *path;  /* relative to the corpus's root; any bytes: text.h tells how it stands in JSON */
  uint64_t bytes;    /* size when the corpus was read */
  uint64_t lines;    /* newlines, and one for an unterminated last line */
  uint64_t hash;     /* XXH3, 64 bits, of the contents */
  uint32_t language; /* index into corpus.languages */
  bool non_utf8;     /* kept all the same; counted and listed */
};

struct corpus_language {
  const char *name; /* as in the grammar's file name: c, cpp, typescript, ... */
  uint64_t files, lines, bytes;
  const char *grammar_package; /* of the npm package whose grammar the build holds */
  const char *grammar_version;
  uint32_t grammar_abi;
};

struct corpus_skipped {
  const char *path;
  enum corpus_skip why;
};

/* A file of the corpus, and its text after the checkpoint `edited`. */
struct corpus_edit {
  uint32_t file;    /* index into corpus.files */
  const char *path; /* relative to the corpus's root, of the file that holds the new text */
  uint64_t bytes;
  uint64_t hash; /* XXH3, 64 bits */
};

struct corpus {
  const char *name;          /* manifest's name, or "dir:" and the directory's base name; as text.h writes names */
  const char *title;         /* one line for people */
  const char *root;          /* absolute */
  struct corpus_file *files; /* sorted by path, bytewise */
  size_t file_count;
  struct corpus_language *languages; /* sorted by name; only those with files */
  size_t language_count;
  uint64_t lines, bytes;
  uint64_t non_utf8_files, empty_files;
  uint64_t skipped[CORPUS_SKIP_COUNT];  /* a directory that is left out counts once */
  struct corpus_skipped *skipped_files; /* all but unknown extensions and excludes; sorted by path */
  size_t skipped_file_count;
  /* Where the manifest names versions: the files that another version changed, in the order of
   * `files`. Files that a version adds, removes or leaves alone are not here. */
  bool has_versions;
  struct corpus_edit *edits;
  size_t edit_count;
  /* Of a sample (corpus_options.max_lines): of which corpus, and what that has. of NULL: it is no sample. */
  struct {
    const char *of;
    uint64_t max_lines, seed, all_files, all_lines;
  } sample;
  /* XXH3-128 in hex over, for each file in order: path, NUL, language, NUL, bytes
   * (8 bytes, little endian), hash (8 bytes, little endian); then for each edit: path of
   * the file, NUL, path of the new text, NUL, its bytes, its hash. */
  char content_hash[33];
  void *arena; /* where all of the above lives */
};

#define CORPUS_MAX_FILE_BYTES (256 * MIB_BYTES)

struct corpus_options {
  uint64_t max_file_bytes;     /* 0: the default, CORPUS_MAX_FILE_BYTES; at most UINT32_MAX */
  const char *const *excludes; /* gitignore patterns, beside those of the manifest; NULL-terminated or NULL */
  uint64_t max_lines;          /* whole files with at most so many lines in all, drawn by `seed`; 0: all files */
  uint64_t seed;
  const char *const *includes; /* in place of `paths` of a manifest; NULL-terminated or NULL */
};

/* Opens corpus `name` (or, with a '/' in it, the manifest at that path), which must
 * have been fetched, and reads every file once. options may be NULL. Grammars are
 * loaded, described and unloaded again. The caller closes the corpus. Long readings
 * show their progress where stderr is a terminal. */
bool corpus_open(const char *name, const struct corpus_options *options, struct corpus **corpus, struct fault *fault);
/* The same for a directory of the user's own: what .gitignore and .ignore files
 * found in it leave out is left out, and so are .git, .hg and .svn; symbolic links
 * are not followed. */
bool corpus_open_directory(const char *path, const struct corpus_options *options, struct corpus **corpus,
                           struct fault *fault);
void corpus_close(struct corpus *corpus);

/* ---- a directory that is edited while it is used ---- */

enum corpus_again {
  CORPUS_AGAIN_READ,     /* *text is the file's, and the corpus has its size, lines and hash of now */
  CORPUS_AGAIN_LEFT_OUT, /* it cannot be part of the corpus any more; *why says why */
  CORPUS_AGAIN_FAULT     /* out of memory, or an error that may be gone the next time */
};
/* Reads a file that has changed since the corpus was read; reads it twice where it changes meanwhile.
 * The caller frees *text. */
enum corpus_again corpus_read_again(struct corpus *corpus, struct corpus_file *file, char **text, const char **why,
                                    struct fault *fault);
/* Leaves out the files that is_left_out has by their index, and makes sums and fingerprint anew. */
bool corpus_leave_out(struct corpus *corpus, const bool *is_left_out, struct fault *fault);

/* The corpus that is measured when none is named. */
#define CORPUS_DEFAULT "ts-1720"

/* Writes the absolute path of a file; false when it does not fit. */
bool corpus_file_path(const struct corpus *corpus, const struct corpus_file *file, char *path, size_t path_bytes);

/* The reason as a JSON key ("unknown_extension") and as a sentence. */
const char *corpus_skip_name(enum corpus_skip why);
const char *corpus_skip_text(enum corpus_skip why);

struct cJSON;
/* Adds the members of the "corpus" object of a result: name, title, fingerprint, languages, skipped. */
void corpus_add_json(const struct corpus *corpus, struct cJSON *object);

/* Tells on standard error how many files of a user's directory are left out, and names the first three. */
void corpus_tell_left_out(const char *program, const struct corpus *corpus);
/* One line on standard error where one large file is most of the bytes: times, and figures per line, are its alone. */
void corpus_tell_largest(const char *program, const struct corpus *corpus);

#endif
