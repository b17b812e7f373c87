/* SPDX-License-Identifier: MIT
 *
 * corpus.c - `phasebench corpus`: its command lines. Each part has a file of its own, corpus_*.c. */
#include "corpus.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "base/number.h"
#include "commands.h"
#include "corpus/manifest.h"
#include "find.h"

#define PATTERNS_MAX 256 /* --exclude and --path, each */

static const char help_corpus[] =
    "usage: phasebench corpus list   [--json]\n"
    "       phasebench corpus fetch  [--again] NAME...\n"
    "       phasebench corpus show   [--json] NAME | --dir PATH [OPTION]...\n"
    "       phasebench corpus verify NAME...\n\n"
    "A corpus is a pinned set of source files, described by a manifest (corpora/NAME.json).\n"
    "NAME is a manifest's name, or a path with a '/' of a manifest elsewhere.\n"
    "`phasebench corpus list --help` and so on tell more.\n\n"
    "example:\n"
    "  phasebench corpus fetch " CORPUS_DEFAULT
    "\n"
    "  phasebench corpus show " CORPUS_DEFAULT "\n";

static int usage_error(const char *what) {
  fprintf(stderr, "phasebench: corpus: %s; `phasebench corpus --help` tells more\n", what);
  return EXIT_CODE_USAGE;
}

struct command_line {
  bool as_json, as_files, again, help;
  const char *directory;
  const char *excludes[PATTERNS_MAX + 1], *paths[PATTERNS_MAX + 1];
  size_t exclude_count, path_count;
  uint64_t max_file_bytes;
  char **names; /* NULL-terminated: the end of argv */
};

/* Returns an option's error text, or NULL. */
static const char *take_option(struct command_line *line, int option, const char *value) {
  switch (option) {
    case 'j':
      line->as_json = true;
      return NULL;
    case 'f':
      line->as_files = true;
      return NULL;
    case 'a':
      line->again = true;
      return NULL;
    case 'h':
      line->help = true;
      return NULL;
    case 'd':
      line->directory = value;
      return NULL;
    case 'x':
      if (line->exclude_count == PATTERNS_MAX) return "too many --exclude";
      line->excludes[line->exclude_count++] = value;
      return NULL;
    case 'p':
      if (line->path_count == PATTERNS_MAX) return "too many --path";
      line->paths[line->path_count++] = value;
      return NULL;
    case 'm':
      return number_parse(value, 1, UINT64_MAX, &line->max_file_bytes) ? NULL
                                                                       : "--max-file-bytes needs a number above 0";
    default:
      return "an option is unknown or has no value";
  }
}

static const char *parse(const char *action, int argc, char **argv, const char *options, struct command_line *line) {
  static const struct option all[] = {
      {"json", no_argument, NULL, 'j'},
      {"again", no_argument, NULL, 'a'},
      {"help", no_argument, NULL, 'h'},
      {"dir", required_argument, NULL, 'd'},
      {"exclude", required_argument, NULL, 'x'},
      {"path", required_argument, NULL, 'p'},
      {"max-file-bytes", required_argument, NULL, 'm'},
      {"files", no_argument, NULL, 'f'},
      {0},
  };
  static char name[64]; /* begins getopt's own messages */
  snprintf(name, sizeof name, "phasebench corpus %s", action);
  argv[0] = name;
  optind = 1;
  for (int option; (option = getopt_long(argc, argv, "h", all, NULL)) != -1;) {
    const char *error = option != 'h' && option != '?' && !strchr(options, option)
                            ? "that option belongs to another command"
                            : take_option(line, option, optarg);
    if (error) return error;
  }
  line->names = argv + optind;
  return NULL;
}

static int run_show(const struct command_line *line) {
  bool one_name = line->names[0] && !line->names[1];
  if (line->directory ? line->names[0] != NULL : !one_name) return usage_error("show needs one NAME, or --dir PATH");
  if (line->as_json && line->as_files) return usage_error("--json and --files exclude each other");
  struct corpus_options options = {
      .max_file_bytes = line->max_file_bytes,
      .excludes = line->exclude_count ? line->excludes : NULL,
      .includes = line->path_count ? line->paths : NULL,
  };
  return corpus_command_show(line->names[0], line->directory, &options,
                             line->as_json    ? CORPUS_SHOW_JSON
                             : line->as_files ? CORPUS_SHOW_FILES
                                              : CORPUS_SHOW_TEXT);
}

int command_corpus(int argc, char **argv) {
  static const struct {
    const char *name, *options, *help;
  } actions[] = {{"list", "j", corpus_list_help},
                 {"fetch", "a", corpus_fetch_help},
                 {"show", "jfdxpm", corpus_show_help},
                 {"verify", "", corpus_verify_help}};
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    fputs(help_corpus, argc < 2 ? stderr : stdout);
    return argc < 2 ? EXIT_CODE_USAGE : EXIT_CODE_OK;
  }
  size_t action = 0;
  while (action < COUNT(actions) && strcmp(argv[1], actions[action].name) != 0) action++;
  if (action == COUNT(actions)) {
    const char *known[COUNT(actions)];
    for (size_t i = 0; i < COUNT(actions); i++) known[i] = actions[i].name;
    subcommand_print_unknown("corpus", argv[1], known, COUNT(actions));
    return EXIT_CODE_USAGE;
  }
  struct command_line line = {0};
  const char *error = parse(actions[action].name, argc - 1, argv + 1, actions[action].options, &line);
  if (error) return usage_error(error);
  if (line.help) {
    fputs(actions[action].help, stdout);
    return EXIT_CODE_OK;
  }
  if (action == 0) return line.names[0] ? usage_error("list takes no NAME") : corpus_command_list(line.as_json);
  if (action == 2) return run_show(&line);
  if (!line.names[0]) return usage_error("expected the NAME of a corpus");
  return action == 1 ? corpus_command_fetch(line.names, line.again) : corpus_command_verify(line.names);
}
