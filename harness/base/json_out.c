/* SPDX-License-Identifier: MIT
 *
 * json_out.c - exact numbers in cJSON, and files that are whole or absent. */
#include "json_out.h"
#include "open_file.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "count.h"
#include "number.h"
#include "output.h"
#include "text.h"

#include "count.h"

/* ---- building ---- */

static cJSON *checked(cJSON *item) {
  if (item) return item;
  fputs("phasebench: out of memory while building JSON\n", stderr);
  exit(EXIT_CODE_SYSTEM);
}

cJSON *json_new_object(void) { return checked(cJSON_CreateObject()); }
cJSON *json_new_array(void) { return checked(cJSON_CreateArray()); }

void json_add_item(cJSON *object, const char *key, cJSON *item) {
  checked(item);
  bool added = key ? cJSON_AddItemToObject(object, key, item) : cJSON_AddItemToArray(object, item);
  if (!added) checked(NULL);
}

cJSON *json_add_object(cJSON *object, const char *key) {
  cJSON *member = json_new_object();
  json_add_item(object, key, member);
  return member;
}

cJSON *json_add_array(cJSON *object, const char *key) {
  cJSON *member = json_new_array();
  json_add_item(object, key, member);
  return member;
}

void json_add_u64(cJSON *object, const char *key, uint64_t value) {
  char digits[32];
  snprintf(digits, sizeof digits, "%" PRIu64, value);
  json_add_item(object, key, cJSON_CreateRaw(digits));
}

void json_add_i64(cJSON *object, const char *key, int64_t value) {
  char digits[32];
  snprintf(digits, sizeof digits, "%" PRId64, value);
  json_add_item(object, key, cJSON_CreateRaw(digits));
}

void json_add_double(cJSON *object, const char *key, double value) {
  if (!isfinite(value)) {
    fprintf(stderr, "phasebench: the figure '%s' is not a finite number\n", key ? key : "(array element)");
    exit(EXIT_CODE_INTERNAL);
  }
  char digits[40];
  snprintf(digits, sizeof digits, "%.17g", value);
  json_add_item(object, key, cJSON_CreateRaw(digits));
}

void json_add_bool(cJSON *object, const char *key, bool value) { json_add_item(object, key, cJSON_CreateBool(value)); }

void json_add_text(cJSON *object, const char *key, const char *value) {
  if (!value) {
    json_add_item(object, key, cJSON_CreateNull());
    return;
  }
  char *clean = malloc(3 * strlen(value) + 1);
  if (!clean) checked(NULL);
  char *to = clean;
  const uint8_t *end = (const uint8_t *)value + strlen(value);
  for (const uint8_t *from = (const uint8_t *)value; from < end;) {
    size_t length = utf8_sequence_bytes(from, (size_t)(end - from));
    if (length == 0) {
      memcpy(to, "\xef\xbf\xbd", 3);
      to += 3;
      from++;
    } else {
      memcpy(to, from, length);
      to += length;
      from += length;
    }
  }
  *to = 0;
  json_add_item(object, key, cJSON_CreateString(clean));
  free(clean);
}

void json_add_path(cJSON *object, const char *key, const char *path) {
  size_t text_bytes = 4 * strlen(path) + 1;
  char *text = malloc(text_bytes);
  if (!text || !path_to_text(path, text, text_bytes)) checked(NULL);
  json_add_text(object, key, text);
  free(text);
}

void json_add_hash(cJSON *object, const char *key, uint64_t hash) {
  char digits[17];
  snprintf(digits, sizeof digits, "%016" PRIx64, hash);
  json_add_item(object, key, cJSON_CreateString(digits));
}

void json_add_missing(cJSON *object, const char *key, const char *reason) {
  json_add_item(object, key, cJSON_CreateNull());
  cJSON *missing = cJSON_GetObjectItemCaseSensitive(object, "missing");
  if (!missing) missing = json_add_object(object, "missing");
  json_add_text(missing, key, reason);
}

static void number_to_raw(cJSON *item) {
  char digits[40];
  snprintf(digits, sizeof digits, "%.17g", item->valuedouble);
  cJSON *raw = checked(cJSON_CreateRaw(digits));
  item->type = cJSON_Raw | (item->type & ~0xff); /* the upper bits are cJSON's flags */
  item->valuestring = raw->valuestring;
  raw->valuestring = NULL;
  cJSON_Delete(raw);
}

void json_make_exact(cJSON *root) {
  /* cJSON parses no deeper than this. */
  cJSON *pending[CJSON_NESTING_LIMIT + 1];
  unsigned depth = 0;
  if (cJSON_IsNumber(root)) number_to_raw(root);
  pending[depth++] = root->child;
  while (depth > 0) {
    cJSON *item = pending[depth - 1];
    if (!item || depth == COUNT(pending)) {
      depth--;
      continue;
    }
    pending[depth - 1] = item->next;
    if (cJSON_IsNumber(item)) number_to_raw(item);
    if (item->child) pending[depth++] = item->child;
  }
}

/* ---- reading ---- */

static const cJSON *member(const cJSON *object, const char *key, const char *where, struct fault *fault) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  if (!item) fault_set(fault, EXIT_CODE_INPUT, "%s: there is no \"%s\" where one was expected", where, key);
  return item;
}

static bool wrong(const char *key, const char *where, const char *expected, struct fault *fault) {
  return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" is not %s", where, key, expected);
}

bool json_get_u64(const cJSON *object, const char *key, const char *where, uint64_t *value, struct fault *fault) {
  const cJSON *item = member(object, key, where, fault);
  if (!item) return false;
  double number = cJSON_IsNumber(item) ? item->valuedouble : -1;
  /* 2^53 itself may be a rounded 2^53 + 1. */
  if (!(number >= 0) || number >= (double)JSON_INTEGER_MAX || number != floor(number)) {
    return wrong(key, where, "a whole number from 0 to 9007199254740991 (beyond that a reader would change it)", fault);
  }
  *value = (uint64_t)number;
  return true;
}

bool json_get_double(const cJSON *object, const char *key, const char *where, double *value, struct fault *fault) {
  const cJSON *item = member(object, key, where, fault);
  if (!item) return false;
  if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)) return wrong(key, where, "a number", fault);
  *value = item->valuedouble;
  return true;
}

bool json_get_bool(const cJSON *object, const char *key, const char *where, bool *value, struct fault *fault) {
  const cJSON *item = member(object, key, where, fault);
  if (!item) return false;
  if (!cJSON_IsBool(item)) return wrong(key, where, "true or false", fault);
  *value = cJSON_IsTrue(item);
  return true;
}

bool json_get_text(const cJSON *object, const char *key, const char *where, const char **text, struct fault *fault) {
  const cJSON *item = member(object, key, where, fault);
  if (!item) return false;
  if (!cJSON_IsString(item)) return wrong(key, where, "a string", fault);
  *text = item->valuestring;
  return true;
}

bool json_get_array(const cJSON *object, const char *key, const char *where, const cJSON **array, struct fault *fault) {
  *array = member(object, key, where, fault);
  if (!*array) return false;
  if (!cJSON_IsArray(*array)) return wrong(key, where, "an array", fault);
  return true;
}

bool json_get_object(const cJSON *object, const char *key, const char *where, const cJSON **found,
                     struct fault *fault) {
  *found = member(object, key, where, fault);
  if (!*found) return false;
  if (!cJSON_IsObject(*found)) return wrong(key, where, "an object", fault);
  return true;
}

bool json_get_hash(const cJSON *object, const char *key, const char *where, uint64_t *hash, struct fault *fault) {
  const char *text;
  if (!json_get_text(object, key, where, &text, fault)) return false;
  if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16) return wrong(key, where, "16 hex digits", fault);
  return number_read(text, 16, hash) != NULL;
}

void json_make_printable(cJSON *root) {
  for (cJSON *item = root; item; item = item->next) {
    if (item->string) text_make_printable(item->string);
    if (item->valuestring) text_make_printable(item->valuestring);
    json_make_printable(item->child);
  }
}

bool json_get_path(const cJSON *object, const char *key, const char *where, char *path, size_t path_bytes,
                   struct fault *fault) {
  const char *text;
  if (!json_get_text(object, key, where, &text, fault)) return false;
  return path_from_text(text, path, path_bytes) ||
         fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" is no path, or longer than %zu bytes", where, key,
                   path_bytes - 1);
}

/* ---- files ---- */

/* Parsed, JSON takes some ten times its size. The largest results, of all combinations, have some MiB. */
static const size_t FILE_BYTES_MAX = (size_t)256 << 20;

static bool read_all(int fd, const char *path, char **text, size_t *text_bytes, struct fault *fault) {
  size_t capacity = 1 << 16, used = 0;
  char *buffer = malloc(capacity);
  while (buffer) {
    ssize_t got = read(fd, buffer + used, capacity - used - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fault_set(fault, exit_code_of_errno(errno), "%s: cannot be read: %s", path, strerror(errno));
      free(buffer);
      return false;
    }
    if (got == 0) {
      buffer[used] = 0;
      *text = buffer;
      *text_bytes = used;
      return true;
    }
    used += (size_t)got;
    if (used > FILE_BYTES_MAX) {
      free(buffer);
      return fault_set(fault, EXIT_CODE_INPUT, "%s: is larger than 256 MiB, which no file of phasebench is", path);
    }
    if (capacity - used < 2) {
      char *bigger = realloc(buffer, capacity *= 2);
      if (!bigger) free(buffer);
      buffer = bigger;
    }
  }
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while reading", path);
}

static unsigned line_of(const char *text, const char *at) {
  unsigned line = 1;
  for (const char *p = text; p < at; p++) line += *p == '\n';
  return line;
}

cJSON *json_parse(const char *text, size_t text_bytes, const char *where, struct fault *fault) {
  const char *end = text;
  errno = 0;
  cJSON *root = cJSON_ParseWithLengthOpts(text, text_bytes, &end, false);
  int error = errno; /* cJSON says only that it failed; malloc says why */
  if (root) {
    while (end < text + text_bytes && *end && strchr(" \t\r\n", *end)) end++;
    if (end == text + text_bytes) return root;
    cJSON_Delete(root);
  } else if (error == ENOMEM) {
    fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while it was read", where);
  }
  fault_set(fault, EXIT_CODE_INPUT, "%s: not JSON from line %u (byte %zu) on; it was cut short or is not a JSON file",
            where, line_of(text, end), (size_t)(end - text));
  return NULL;
}

bool json_read_file(const char *path, cJSON **root, struct fault *fault) {
  const char *why;
  int fd = open_file(path, NULL, &why);
  if (fd < 0) return fault_set(fault, exit_code_of_errno(errno), "%s: cannot be opened: %s", path, why);
  char *text = NULL;
  size_t text_bytes = 0;
  bool ok = read_all(fd, path, &text, &text_bytes, fault);
  close(fd);
  if (!ok) return false;
  *root = json_parse(text, text_bytes, path, fault);
  free(text);
  return *root != NULL;
}

static bool write_all(int fd, const char *bytes, size_t byte_count) {
  while (byte_count > 0) {
    ssize_t put = write(fd, bytes, byte_count);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes += put;
    byte_count -= (size_t)put;
  }
  return true;
}

/* A rename is durable when its folder has been synced. Filesystems that cannot sync a folder say EINVAL. */
static bool sync_folder(const char *path) {
  char folder[4096];
  const char *slash = strrchr(path, '/');
  int length = slash == path ? 1 : slash ? (int)(slash - path) : 1;
  snprintf(folder, sizeof folder, "%.*s", length, slash ? path : ".");
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == EACCES; /* a folder one may write into but not read */
  bool ok = fsync(fd) == 0 || errno == EINVAL;
  close(fd);
  return ok;
}

bool json_may_replace(const char *path, struct fault *fault) {
  struct stat status;
  if (lstat(path, &status) != 0 || S_ISREG(status.st_mode)) return true; /* writing says what else is wrong */
  const char *what = S_ISDIR(status.st_mode)   ? "a folder"
                     : S_ISLNK(status.st_mode) ? "a link; name the file that it leads to"
                                               : "a device, pipe or socket, which a file would replace";
  return fault_set(fault, EXIT_CODE_USAGE, "%s: this is %s; expected the name of a file, new or old", path, what);
}

bool json_write_bytes(const char *path, const void *bytes, size_t byte_count, struct fault *fault) {
  if (!json_may_replace(path, fault)) return false;
  char temporary[4096];
  int length = snprintf(temporary, sizeof temporary, "%s.tmp-%ld", path, (long)getpid());
  if (length < 0 || (size_t)length >= sizeof temporary) {
    return fault_set(fault, EXIT_CODE_USAGE, "%.200s...: the file name is too long", path);
  }
  const char *what = "cannot be created";
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) goto failed;
  what = "cannot be written";
  if (!write_all(fd, bytes, byte_count) || fsync(fd) != 0) goto close_file;
  int closed = close(fd);
  fd = -1;
  if (closed != 0) goto remove_file;
  what = "cannot be put in place";
  if (rename(temporary, path) != 0) goto remove_file;
  if (!sync_folder(path)) {
    return fault_set(fault, EXIT_CODE_SYSTEM, "%s: written, but its folder cannot be synced to disk: %s", path,
                     strerror(errno));
  }
  return true;

  int error;
close_file:
  error = errno;
  close(fd);
  errno = error;
remove_file:
  error = errno;
  unlink(temporary);
  errno = error;
failed:
  return fault_set(fault, EXIT_CODE_SYSTEM, "%s: %s: %s%s", path, what, strerror(errno),
                   errno == ENOSPC || errno == EDQUOT ? "; free some disk space, or write elsewhere" : "");
}

bool json_write_file(const char *path, const cJSON *root, struct fault *fault) {
  char *text = cJSON_Print(root);
  if (!text) return fault_set(fault, EXIT_CODE_SYSTEM, "%s: out of memory while printing JSON", path);
  size_t length = strlen(text);
  text[length] = '\n'; /* in place of the NUL: the length is known */
  bool ok = json_write_bytes(path, text, length + 1, fault);
  cJSON_free(text);
  return ok;
}

bool json_print(cJSON *root, struct fault *fault) {
  char *text = cJSON_Print(root);
  bool good = text != NULL;
  if (!good) fault_set(fault, EXIT_CODE_SYSTEM, "out of memory while printing JSON");
  if (good && puts(text) < 0)
    good = fault_set(fault, EXIT_CODE_SYSTEM, "standard output: writing failed: %s", strerror(errno));
  good = good && output_flush(fault);
  cJSON_free(text);
  cJSON_Delete(root);
  return good;
}
