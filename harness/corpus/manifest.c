/* SPDX-License-Identifier: MIT
 *
 * manifest.c - see manifest.h. A manifest is refused for any key that
 * is not known, since a misspelt "exclude" would change what is measured. */
#include "manifest.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/count.h"
#include "base/json_out.h"
#include "base/paths.h"

const struct manifest_rule manifest_default_rules[] = {
    {".c", "c"},
    {".h", "c"},
    {".cc", "cpp"},
    {".cpp", "cpp"},
    {".cxx", "cpp"},
    {".hh", "cpp"},
    {".hpp", "cpp"},
    {".hxx", "cpp"},
    {".go", "go"},
    {".java", "java"},
    {".js", "javascript"},
    {".mjs", "javascript"},
    {".cjs", "javascript"},
    {".jsx", "javascript"},
    {".py", "python"},
    {".pyi", "python"},
    {".rs", "rust"},
    {".ts", "typescript"},
    {".mts", "typescript"},
    {".cts", "typescript"},
    {".tsx", "tsx"},
};
const size_t manifest_default_rule_count = COUNT(manifest_default_rules);

/* ---- checked reading of JSON: each function names the manifest and the key ---- */

struct reading {
  const char *path; /* of the manifest */
  struct fault *fault;
};

#define REFUSE(reading, ...) refuse((reading), __LINE__, __VA_ARGS__)
static bool refuse(const struct reading *reading, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(const struct reading *reading, int line, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return fault_set_at(reading->fault, __FILE__, line, EXIT_CODE_INPUT,
                      "the manifest %s %s (its format: corpora/README.md)", reading->path, text);
}

static bool known_keys(const struct reading *reading, const cJSON *object, const char *where, const char *const *keys) {
  if (!cJSON_IsObject(object)) return REFUSE(reading, "has no object \"%s\"", where);
  for (const cJSON *item = object->child; item; item = item->next) {
    size_t i = 0;
    while (keys[i] && strcmp(keys[i], item->string) != 0) i++;
    if (!keys[i]) return REFUSE(reading, "has the unknown key \"%s\" in \"%s\"", item->string, where);
  }
  return true;
}

static bool read_string(const struct reading *reading, const cJSON *object, const char *key, bool required,
                        const char **out) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  *out = NULL;
  if (!item && !required) return true;
  if (!cJSON_IsString(item) || !item->valuestring[0]) {
    return REFUSE(reading, "%s: \"%s\" must be a string that is not empty", item ? "cannot be used" : "is not complete",
                  key);
  }
  *out = item->valuestring;
  return true;
}

static bool read_strings(const struct reading *reading, const cJSON *object, const char *key, const char ***out) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key);
  *out = NULL;
  if (!list) return true;
  int count = cJSON_GetArraySize(list);
  if (!cJSON_IsArray(list) || count == 0) return REFUSE(reading, "has a \"%s\" that is not a list of strings", key);
  *out = calloc((size_t)count + 1, sizeof **out);
  if (!*out) return fault_set(reading->fault, EXIT_CODE_SYSTEM, "out of memory");
  size_t at = 0;
  for (const cJSON *item = list->child; item; item = item->next) {
    if (!cJSON_IsString(item) || !item->valuestring[0]) {
      return REFUSE(reading, "has an entry of \"%s\" that is not a string", key);
    }
    (*out)[at++] = item->valuestring;
  }
  return true;
}

static bool read_count(const struct reading *reading, const cJSON *object, const char *key, uint64_t *out) {
  return json_get_u64(object, key, reading->path, out, reading->fault);
}

/* ---- parts of a manifest ---- */

bool manifest_path_is_inside(const char *path) {
  if (!path[0]) return false;
  for (const char *part = path; part;) {
    size_t length = strcspn(part, "/");
    if (length == 0 || (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.'))
      return false;
    part = part[length] ? part + length + 1 : NULL;
  }
  return true;
}

static bool inside(const struct reading *reading, const char *key, const char *path) {
  if (!path || manifest_path_is_inside(path)) return true;
  return REFUSE(reading, "has the path \"%s\" in \"%s\": expected a relative one without empty, `.` and `..` parts",
                path, key);
}

static bool is_plain_name(const char *name) {
  size_t length = strlen(name);
  return length > 0 && length < 64 && name[0] != '-' && name[0] != '.' &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._+") == length;
}

/* deb-version(7). */
static bool is_version(const char *version) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-:~";
  return version[0] != '-' && strspn(version, letters) == strlen(version);
}

/* What other programs get, in lines too: a list of words, no options, no second line. */
static bool is_plain_word(const char *text) {
  if (text[0] == '-') return false;
  for (; *text; text++) {
    if ((unsigned char)*text < ' ' || *text == 0x7f) return false;
  }
  return true;
}

static bool check_words(const struct reading *reading, const struct manifest *manifest) {
  for (size_t i = 0; manifest->keep && manifest->keep[i]; i++) {
    if (is_plain_word(manifest->keep[i])) continue;
    return REFUSE(reading, "has a pattern in \"keep\" that begins with `-` or has control characters");
  }
  return !manifest->archive || is_plain_word(manifest->archive) ||
         REFUSE(reading, "has an \"archive\" that begins with `-` or has control characters");
}

static bool read_packages(const struct reading *reading, const cJSON *source, struct manifest *manifest) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(source, "packages");
  int count = cJSON_GetArraySize(list);
  if (!cJSON_IsArray(list) || count == 0) return REFUSE(reading, "has no list \"packages\" in \"source\"");
  manifest->packages = calloc((size_t)count, sizeof *manifest->packages);
  if (!manifest->packages) return fault_set(reading->fault, EXIT_CODE_SYSTEM, "out of memory");
  for (const cJSON *item = list->child; item; item = item->next) {
    struct manifest_package *package = &manifest->packages[manifest->package_count++];
    if (!known_keys(reading, item, "packages", (const char *const[]){"name", "version", NULL}) ||
        !read_string(reading, item, "name", true, &package->name) ||
        !read_string(reading, item, "version", true, &package->version)) {
      return false;
    }
    if (!is_plain_name(package->name)) return REFUSE(reading, "has no Debian package's name in \"%s\"", package->name);
    if (!is_version(package->version)) return REFUSE(reading, "has no Debian version in \"%s\"", package->version);
  }
  return true;
}

static bool read_source(const struct reading *reading, struct manifest *manifest) {
  const cJSON *source = cJSON_GetObjectItemCaseSensitive(manifest->json, "source");
  const char *type = NULL;
  if (!cJSON_IsObject(source)) return REFUSE(reading, "has no object \"source\"");
  if (!read_string(reading, source, "type", true, &type)) return false;
  bool ok = false;
  if (strcmp(type, "directory") == 0) {
    manifest->source = MANIFEST_DIRECTORY;
    ok = known_keys(reading, source, "source", (const char *const[]){"type", "folder", NULL}) &&
         read_string(reading, source, "folder", true, &manifest->folder);
  } else if (strcmp(type, "npm") == 0) {
    manifest->source = MANIFEST_NPM;
    ok = known_keys(reading, source, "source", (const char *const[]){"type", "download", "folder", NULL}) &&
         read_string(reading, source, "download", true, &manifest->download) &&
         read_string(reading, source, "folder", true, &manifest->folder);
  } else if (strcmp(type, "deb") == 0) {
    manifest->source = MANIFEST_DEB;
    ok = known_keys(reading, source, "source",
                    (const char *const[]){"type", "download", "packages", "archive", "keep", NULL}) &&
         read_string(reading, source, "download", true, &manifest->download) &&
         read_string(reading, source, "archive", false, &manifest->archive) &&
         read_strings(reading, source, "keep", &manifest->keep) && read_packages(reading, source, manifest);
    if (ok && !manifest->keep) return REFUSE(reading, "has no list \"keep\" in \"source\": which files are unpacked");
    ok = ok && check_words(reading, manifest);
  } else {
    return REFUSE(reading, "has the source type \"%s\": expected directory, npm or deb", type);
  }
  if (!ok || !inside(reading, "folder", manifest->folder) || !inside(reading, "archive", manifest->archive))
    return false;
  if (manifest->download && !is_plain_name(manifest->download)) {
    return REFUSE(reading, "has the download \"%s\": expected a name of a-z, 0-9, `-`, `.`, `_`", manifest->download);
  }
  return true;
}

static int compare_strings(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Overlapping paths would bring a file twice. */
static bool check_paths(const struct reading *reading, struct manifest *manifest) {
  if (!manifest->paths) return true;
  for (size_t i = 0; manifest->paths[i]; i++) {
    const char *path = manifest->paths[i];
    if (!inside(reading, "paths", path)) return false;
    for (size_t k = 0; manifest->paths[k]; k++) {
      size_t length = strlen(manifest->paths[k]);
      if (k != i && strncmp(path, manifest->paths[k], length) == 0 && (path[length] == '/' || path[length] == '\0')) {
        return REFUSE(reading, "names \"%s\" twice in \"paths\": \"%s\" holds it", path, manifest->paths[k]);
      }
    }
  }
  return true;
}

static bool holds(const char *path, const char *inner) {
  size_t length = strlen(path);
  return strncmp(path, inner, length) == 0 && (inner[length] == '/' || inner[length] == '\0');
}

/* A file that stood below two old paths would have two new states; one below two new paths would be read twice. */
static bool check_versions(const struct reading *reading, const struct manifest *manifest) {
  for (size_t i = 0; i < manifest->version_count; i++) {
    const struct manifest_version *one = &manifest->versions[i];
    if (!inside(reading, "versions", one->old) || !inside(reading, "versions", one->new)) return false;
    if (holds(one->old, one->new) || holds(one->new, one->old)) {
      return REFUSE(reading, "has the \"versions\" \"%s\" and \"%s\", which are not apart", one->old, one->new);
    }
    for (size_t k = 0; k < manifest->version_count; k++) {
      const struct manifest_version *other = &manifest->versions[k];
      if (k == i) continue;
      if (holds(other->old, one->old)) {
        return REFUSE(reading, "names \"%s\" twice as \"old\" in \"versions\": \"%s\" holds it", one->old, other->old);
      }
      if (holds(other->new, one->new)) {
        return REFUSE(reading, "names \"%s\" twice as \"new\" in \"versions\": \"%s\" holds it", one->new, other->new);
      }
    }
  }
  return true;
}

static bool read_versions(const struct reading *reading, struct manifest *manifest) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(manifest->json, "versions");
  if (!list) return true;
  int count = cJSON_GetArraySize(list);
  if (!cJSON_IsArray(list) || count == 0) {
    return REFUSE(reading, "has \"versions\" that are not a list of {\"old\": path, \"new\": path}");
  }
  manifest->versions = calloc((size_t)count, sizeof *manifest->versions);
  if (!manifest->versions) return fault_set(reading->fault, EXIT_CODE_SYSTEM, "out of memory");
  for (const cJSON *item = list->child; item; item = item->next) {
    struct manifest_version *version = &manifest->versions[manifest->version_count++];
    if (!known_keys(reading, item, "versions", (const char *const[]){"old", "new", NULL}) ||
        !read_string(reading, item, "old", true, &version->old) ||
        !read_string(reading, item, "new", true, &version->new)) {
      return false;
    }
  }
  return check_versions(reading, manifest);
}

static bool read_languages(const struct reading *reading, struct manifest *manifest) {
  const cJSON *languages = cJSON_GetObjectItemCaseSensitive(manifest->json, "languages");
  int count = cJSON_GetArraySize(languages);
  if (!cJSON_IsObject(languages) || count == 0) return REFUSE(reading, "has no object \"languages\"");
  manifest->rules = calloc((size_t)count, sizeof *manifest->rules);
  if (!manifest->rules) return fault_set(reading->fault, EXIT_CODE_SYSTEM, "out of memory");
  for (const cJSON *item = languages->child; item; item = item->next) {
    if (!cJSON_IsString(item) || item->string[0] != '.' || strchr(item->string + 1, '.')) {
      return REFUSE(reading, "has \"%s\" in \"languages\": expected an extension with its dot, and a language's name",
                    item->string);
    }
    for (size_t i = 0; i < manifest->rule_count; i++) {
      if (strcmp(manifest->rules[i].extension, item->string) == 0) {
        return REFUSE(reading, "names the extension \"%s\" twice", item->string);
      }
    }
    manifest->rules[manifest->rule_count++] = (struct manifest_rule){item->string, item->valuestring};
  }
  return true;
}

static bool read_expectations(const struct reading *reading, struct manifest *manifest) {
  const cJSON *expected = cJSON_GetObjectItemCaseSensitive(manifest->json, "expected");
  struct manifest_fingerprint *out = &manifest->expected;
  if (expected) {
    if (!known_keys(reading, expected, "expected",
                    (const char *const[]){"files", "lines", "bytes", "content_hash", NULL}) ||
        !read_count(reading, expected, "files", &out->files) || !read_count(reading, expected, "lines", &out->lines) ||
        !read_count(reading, expected, "bytes", &out->bytes) ||
        !read_string(reading, expected, "content_hash", true, &out->content_hash)) {
      return false;
    }
    if (strlen(out->content_hash) != 32 || strspn(out->content_hash, "0123456789abcdef") != 32) {
      return REFUSE(reading, "has a \"content_hash\" that is not 32 digits of 0-9 and a-f");
    }
    out->known = true;
  }
  const cJSON *target = cJSON_GetObjectItemCaseSensitive(manifest->json, "target");
  if (!target) return true;
  const char *why = NULL;
  return known_keys(reading, target, "target", (const char *const[]){"files", "lines", "why", NULL}) &&
         (!cJSON_HasObjectItem(target, "files") || read_count(reading, target, "files", &manifest->target_files)) &&
         read_count(reading, target, "lines", &manifest->target_lines) &&
         read_string(reading, target, "why", true, &why);
}

static bool read_all(const struct reading *reading, struct manifest *manifest, const char *expected_name) {
  static const char *const keys[] = {"schema",  "name",     "title",     "source",   "root",   "paths",
                                     "exclude", "versions", "languages", "expected", "target", NULL};
  const char *schema = NULL;
  if (!known_keys(reading, manifest->json, "manifest", keys) ||
      !read_string(reading, manifest->json, "schema", true, &schema)) {
    return false;
  }
  if (strcmp(schema, MANIFEST_SCHEMA) != 0) {
    return REFUSE(reading, "has the schema \"%s\": expected \"%s\"", schema, MANIFEST_SCHEMA);
  }
  if (!read_string(reading, manifest->json, "name", true, &manifest->name) ||
      !read_string(reading, manifest->json, "title", true, &manifest->title) || !read_source(reading, manifest) ||
      !read_string(reading, manifest->json, "root", false, &manifest->below) ||
      !inside(reading, "root", manifest->below) || !read_strings(reading, manifest->json, "paths", &manifest->paths) ||
      !check_paths(reading, manifest) || !read_strings(reading, manifest->json, "exclude", &manifest->exclude) ||
      !read_versions(reading, manifest) || !read_languages(reading, manifest) ||
      !read_expectations(reading, manifest)) {
    return false;
  }
  if (!is_plain_name(manifest->name) || strcmp(manifest->name, expected_name) != 0) {
    return REFUSE(reading, "calls itself \"%s\": expected its file's name, \"%s\"", manifest->name, expected_name);
  }
  return true;
}

/* ---- files ---- */

bool manifest_read(const char *name, struct manifest *manifest, struct fault *fault) {
  *manifest = (struct manifest){0};
  const char *base = strrchr(name, '/');
  size_t base_bytes = strlen(base ? base + 1 : name);
  char file_name[NAME_MAX + 1];
  if (base_bytes >= sizeof file_name) return fault_set(fault, EXIT_CODE_INPUT, "there is no corpus '%s'", name);
  memcpy(file_name, base ? base + 1 : name, base_bytes + 1);
  if (base) {
    if (base_bytes > 5 && strcmp(file_name + base_bytes - 5, ".json") == 0) file_name[base_bytes - 5] = '\0';
    if (!realpath(name, manifest->path)) {
      return fault_set(fault, exit_code_of_errno(errno), "cannot read the manifest %s: %s", name, strerror(errno));
    }
  } else {
    int length = snprintf(manifest->path, PATH_MAX, "%s/%s.json", paths_corpora_dir(), name);
    bool is_name = is_plain_name(name) && length < PATH_MAX;
    if (!is_name || access(manifest->path, F_OK) != 0) {
      if (is_name && exit_code_of_errno(errno) != EXIT_CODE_INPUT)
        return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be looked at: %s", manifest->path, strerror(errno));
      return fault_set(fault, EXIT_CODE_INPUT,
                       "there is no corpus '%s' in %s; `phasebench corpus list` shows those that "
                       "there are, and --dir PATH takes any directory",
                       name, paths_corpora_dir());
    }
  }
  if (!json_read_file(manifest->path, &manifest->json, fault)) return false;
  struct reading reading = {manifest->path, fault};
  if (read_all(&reading, manifest, file_name)) return true;
  manifest_free(manifest);
  return false;
}

void manifest_free(struct manifest *manifest) {
  cJSON_Delete(manifest->json);
  free(manifest->keep);
  free(manifest->packages);
  free(manifest->paths);
  free(manifest->exclude);
  free(manifest->versions);
  free(manifest->rules);
  *manifest = (struct manifest){0};
}

bool manifest_list(char ***names, size_t *count, struct fault *fault) {
  *names = NULL;
  *count = 0;
  DIR *directory = opendir(paths_corpora_dir());
  if (!directory) {
    return fault_set(fault, exit_code_of_errno(errno),
                     "cannot read the folder of the manifests, %s: %s; PHASEBENCH_CORPORA_DIR can "
                     "name another",
                     paths_corpora_dir(), strerror(errno));
  }
  bool ok = true;
  for (const struct dirent *entry; ok && (entry = readdir(directory));) {
    size_t length = strlen(entry->d_name);
    if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0) continue;
    char **grown = realloc(*names, (*count + 1) * sizeof **names);
    if (grown) *names = grown;
    ok = grown && ((*names)[*count] = strndup(entry->d_name, length - 5)) != NULL;
    *count += ok;
  }
  closedir(directory);
  if (!ok) return fault_set(fault, EXIT_CODE_SYSTEM, "out of memory");
  if (*count) qsort(*names, *count, sizeof **names, compare_strings);
  return true;
}

/* ---- where it is ---- */

static bool too_long(struct fault *fault) {
  return fault_set(fault, EXIT_CODE_INPUT, "the path of the corpus is longer than %d bytes", PATH_MAX);
}

bool manifest_download_folder(const struct manifest *manifest, char folder[PATH_MAX], struct fault *fault) {
  int length = snprintf(folder, PATH_MAX, "%s/corpora/%s", paths_cache_dir(), manifest->download);
  return length < PATH_MAX || too_long(fault);
}

bool manifest_root(const struct manifest *manifest, char root[PATH_MAX], bool *fetched, struct fault *fault) {
  char tree[PATH_MAX], written[PATH_MAX];
  int length;
  struct stat status;
  errno = 0;
  if (manifest->source == MANIFEST_DIRECTORY) {
    const char *slash = strrchr(manifest->path, '/');
    length = snprintf(tree, sizeof tree, "%.*s/%s", (int)(slash - manifest->path), manifest->path, manifest->folder);
    *fetched = length < PATH_MAX && stat(tree, &status) == 0 && S_ISDIR(status.st_mode);
  } else {
    char folder[PATH_MAX];
    if (!manifest_download_folder(manifest, folder, fault)) return false;
    length = snprintf(tree, sizeof tree, "%s/tree", folder);
    /* fetch writes this file last, before it gives the folder its name. */
    *fetched = snprintf(written, sizeof written, "%s/fetched", folder) < PATH_MAX && access(written, R_OK) == 0;
  }
  if (length >= PATH_MAX) return too_long(fault);
  if (!*fetched && errno && exit_code_of_errno(errno) != EXIT_CODE_INPUT)
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: cannot be looked at: %s", tree, strerror(errno));
  length =
      manifest->below ? snprintf(root, PATH_MAX, "%s/%s", tree, manifest->below) : snprintf(root, PATH_MAX, "%s", tree);
  return length < PATH_MAX || too_long(fault);
}
