/* SPDX-License-Identifier: MIT
 *
 * grammar.c - see grammar.h. A grammar is GRAMMAR_DIR/LANGUAGE.so, which exports
 * tree_sitter_LANGUAGE(), and LANGUAGE.json beside it, which the build writes. */
#include "grammar.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_out.h"
#include "base/paths.h"
#include "base/open_file.h"

typedef const TSLanguage *grammar_function(void);

static bool check_name(const char *language, struct fault *fault) {
  size_t length = strlen(language);
  if (length > 0 && length < sizeof((struct grammar *)NULL)->language &&
      strspn(language, "abcdefghijklmnopqrstuvwxyz0123456789_") == length) {
    return true;
  }
  return fault_set(fault, EXIT_CODE_INPUT, "'%s' is not a language's name: expected 1 to 31 of a-z, 0-9 and _",
                   language);
}

static bool grammar_file(const char *language, const char *ending, char *path, struct fault *fault) {
  int length = snprintf(path, PATH_MAX, "%s/%s%s", paths_grammar_dir(), language, ending);
  if (length < 0 || length >= PATH_MAX) {
    return fault_set(fault, EXIT_CODE_INPUT, "the path of the grammar folder is too long: %s", paths_grammar_dir());
  }
  if (access(path, R_OK) == 0) return true;
  return fault_set(fault, exit_code_of_errno(errno),
                   "there is no grammar for the language '%s': cannot read %s: %s; build again, "
                   "or set PHASEBENCH_GRAMMAR_DIR to the folder that holds it",
                   language, path, strerror(errno));
}

bool grammar_load(const char *language, struct grammar *grammar, struct fault *fault) {
  memset(grammar, 0, sizeof *grammar);
  char path[PATH_MAX];
  if (!check_name(language, fault) || !grammar_file(language, ".so", path, fault)) return false;
  const char *why;
  int file = open_file(path, NULL, &why); /* the loader would wait for what a pipe says */
  if (file < 0)
    return fault_set(fault, exit_code_of_errno(errno), "%s: the grammar cannot be opened: %s; build again", path, why);
  close(file);
  errno = 0;
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  int error = errno;
  if (!module) return fault_loading(fault, "the grammar", dlerror(), error);
  char symbol[64];
  snprintf(symbol, sizeof symbol, "tree_sitter_%s", language);
  grammar_function *function = NULL;
  *(void **)&function = dlsym(module, symbol);
  if (!function) {
    fault_set(fault, EXIT_CODE_INPUT, "%s is not the grammar of '%s': it does not export %s()", path, language, symbol);
    goto close_module;
  }
  const TSLanguage *ts = function();
  uint32_t abi = ts ? ts_language_abi_version(ts) : 0;
  if (abi < TREE_SITTER_MIN_COMPATIBLE_LANGUAGE_VERSION || abi > TREE_SITTER_LANGUAGE_VERSION) {
    fault_set(fault, EXIT_CODE_INPUT,
              "%s has grammar ABI %u, and this tree-sitter runtime reads %d to %d: take a grammar "
              "package generated for one of these",
              path, abi, TREE_SITTER_MIN_COMPATIBLE_LANGUAGE_VERSION, TREE_SITTER_LANGUAGE_VERSION);
    goto close_module;
  }
  memcpy(grammar->language, language, strlen(language) + 1);
  grammar->ts = ts;
  grammar->module = module;
  return true;
close_module:
  dlclose(module);
  return false;
}

void grammar_unload(struct grammar *grammar) {
  if (grammar->module) dlclose(grammar->module);
  grammar->module = NULL;
  grammar->ts = NULL;
}

static bool copy_text(const cJSON *json, const char *key, const char *where, char *out, size_t out_bytes,
                      struct fault *fault) {
  const char *text = NULL;
  if (!json_get_text(json, key, where, &text, fault)) return false;
  if (strlen(text) >= out_bytes) {
    return fault_set(fault, EXIT_CODE_INPUT, "%s: \"%s\" is longer than %zu bytes; build again", where, key,
                     out_bytes - 1);
  }
  memcpy(out, text, strlen(text) + 1);
  return true;
}

bool grammar_describe(const char *language, struct grammar_info *info, struct fault *fault) {
  memset(info, 0, sizeof *info);
  char path[PATH_MAX];
  cJSON *json = NULL;
  if (!check_name(language, fault) || !grammar_file(language, ".json", path, fault) ||
      !json_read_file(path, &json, fault)) {
    return false;
  }
  bool ok = copy_text(json, "package", path, info->package, sizeof info->package, fault) &&
            copy_text(json, "version", path, info->version, sizeof info->version, fault);
  cJSON_Delete(json);
  if (!ok) return false;
  struct grammar grammar;
  if (!grammar_load(language, &grammar, fault)) return false;
  info->abi = ts_language_abi_version(grammar.ts);
  grammar_unload(&grammar);
  return true;
}
