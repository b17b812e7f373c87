/* SPDX-License-Identifier: MIT
 *
 * stage_module.h - one stage's module: loaded, and checked before anything of it is used. */
#ifndef PHASEBENCH_STAGE_MODULE_H
#define PHASEBENCH_STAGE_MODULE_H

#include "base/fault.h"
#include "stage.h"

struct stage_module {
  void *handle;
  const struct stage_ops *ops; /* the module's own; valid until it is unloaded */
};

/* Loads a module by path and checks it: is it a shared object of this machine, does
 * it export phasebench_stage, are ABI version, layout and sizes ours, is every
 * required hook there, is its name its file's. Each refusal says what was found,
 * what was expected, and what to do. Faults: EXIT_CODE_INPUT. */
bool stage_module_load(const char *path, struct stage_module *module, struct fault *fault);
void stage_module_unload(struct stage_module *module);

/* For a module from elsewhere, before it is loaded for the first time: loads it in a child
 * process, and refuses it when that ends the child (a constructor that aborts).
 * Faults: EXIT_CODE_INPUT, EXIT_CODE_SYSTEM. */
bool stage_module_probe(const char *path, struct fault *fault);

#endif
