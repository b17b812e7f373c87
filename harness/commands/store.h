/* SPDX-License-Identifier: MIT
 *
 * store.h - the parts of `phasebench store`. Each returns false with a fault. */
#ifndef PHASEBENCH_COMMAND_STORE_H
#define PHASEBENCH_COMMAND_STORE_H

#include <cjson/cJSON.h>

#include "store/disk.h"

enum store_trees { STORE_TREES_NONE, STORE_TREES_SEXP, STORE_TREES_JSON };

struct store_options {
  const char *corpus, *directory; /* build */
  const char *stages;             /* NULL: the longest cumulative combination that can (build), or as the store says */
  const char *output;             /* build: the store; export: a folder, or "-" */
  const char *store;              /* all but build */
  char **paths;                   /* export */
  int path_count;
  struct store_place place; /* --set */
  bool json, sources;
  bool replace; /* export: files that are there with other contents */
  enum store_trees trees;
};

bool store_command_build(const struct store_options *options, struct fault *fault);
bool store_command_info(const struct store_options *options, struct fault *fault);
bool store_command_open(const struct store_options *options, struct fault *fault);
bool store_command_verify(const struct store_options *options, struct fault *fault);
bool store_command_export(const struct store_options *options, struct fault *fault);

/* The beginning of what info and open print as JSON: the store, its stages, its contents. The caller owns it. */
cJSON *store_command_head(const char *schema, const struct store_disk *disk, const struct store_disk_size *size);

/* What all of them need before the first store is opened: tree-sitter's heap. */
bool store_command_begin(struct fault *fault);

/* Room for the nodes of a batch. */
#define STORE_BATCH_NODES 512u
/* Opens a document, walks all of it, closes it. */
bool store_command_walk(struct store *store, struct stage_cursor *cursor, uint32_t id, struct stage_node *batch,
                        uint64_t *nodes, struct fault *fault);

#endif
