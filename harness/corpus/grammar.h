/* SPDX-License-Identifier: MIT
 *
 * grammar.h - grammars as shared objects, loaded when a corpus needs them and
 * unloaded when nobody reads their tables any more. */
#ifndef PHASEBENCH_GRAMMAR_H
#define PHASEBENCH_GRAMMAR_H

#include <stdint.h>
#include <tree_sitter/api.h>

#include "base/fault.h"

struct grammar {
  char language[32];
  const TSLanguage *ts; /* NULL while unloaded */
  void *module;
};

/* Loads grammars/LANGUAGE.so and checks its ABI against the runtime's. */
bool grammar_load(const char *language, struct grammar *grammar, struct fault *fault);
void grammar_unload(struct grammar *grammar);

struct grammar_info {
  char package[64];
  char version[32];
  uint32_t abi;
};
/* What grammars/LANGUAGE.json and the module say. */
bool grammar_describe(const char *language, struct grammar_info *info, struct fault *fault);

#endif
