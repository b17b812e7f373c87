/* SPDX-License-Identifier: MIT
 *
 * store.c - `phasebench store`: its command lines. What a store on disk is, is told in
 * store/disk.h and store/catalogue.h. */
#include "store.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/count.h"
#include "base/text.h"
#include "commands.h"
#include "find.h"
#include "options.h"

static const char help[] =
    "usage: phasebench store build|open|info|verify|export ...\n\n"
    "Stores on disk: documents parsed once and kept, to be opened without parsing.\n\n"
    "  build   parse a corpus and write it as a store\n"
    "  info    what a store holds, and what a line of it takes\n"
    "  open    open a store and read a sample of it, with times and memory\n"
    "  verify  read all of a store and check it\n"
    "  export  write sources or trees back to files\n\n"
    "A store is a folder. `phasebench store COMMAND --help` tells more.\n\n"
    "example: phasebench store build --dir my/code -o my.store\n";

static const char help_build[] =
    "usage: phasebench store build [--corpus NAME | --dir DIR] [--stages A+B+...] [--set STAGE.OPTION=N] -o STORE\n\n"
    "Parses every file and writes a store: sources, trees, and a catalogue of them. An older store of that\n"
    "name is replaced when the new one is durable: whenever the program or the machine stops, STORE is the\n"
    "old or the new one. Ctrl-C leaves the old one (exit code 6). It is made in STORE.making-XXXXXX beside\n"
    "it; what a killed build left there, the next build of that STORE removes, and says so.\n"
    "A file below DIR that is changed meanwhile is read again, and one that vanished is left out and named.\n"
    "Where a stage meets a limit that an option sets (p4a.cold_bytes), the build ends with exit code 4.\n\n"
    "  --corpus NAME         a corpus (default: quick)\n"
    "  --dir DIR             a directory of your own\n"
    "  --exclude PATTERN     leave out what this gitignore pattern matches; may be given again\n"
    "  --stages A+B+...      stages as for `run --combos`; the topmost must keep sources and trees and be able to\n"
    "                        commit, and the codec must be able to save (else exit code 2). Default: the longest\n"
    "                        combination of the standard order that can\n"
    "  --set STAGE.OPTION=N  sets an option of a stage (`phasebench stages` lists them); may be given again; N of\n"
    "                        bytes may end in K, KiB, M, MiB ... TiB\n"
    "  -o, --output STORE    a folder that does not exist, is empty, or is a store\n\n"
    "example: phasebench store build --corpus quick -o quick.store\n";

static const char help_info[] =
    "usage: phasebench store info [--json] [--stages A+B+...] STORE\n\n"
    "Tells what is in a store: stages, languages, documents, lines, and bytes on disk for each line.\n\n"
    "  --json            as JSON (results/store.schema.json)\n"
    "  --stages A+B+...  where the store's stages are not in the stage folder: the same stages, by path\n\n"
    "example: phasebench store info quick.store\n";

static const char help_open[] =
    "usage: phasebench store open [--json] [--stages A+B+...] [--set STAGE.OPTION=N] STORE\n\n"
    "Opens a store in this process, without parsing, and opens and walks a sample of at most 1,000 of its\n"
    "documents. Tells the time to open, resident memory above what it was before (with the catalogue that\n"
    "says which documents there are), and documents opened and walked per second. The page cache is as it is.\n\n"
    "  --json                as JSON (results/store.schema.json)\n"
    "  --stages A+B+...      where the store's stages are not in the stage folder: the same stages, by path\n"
    "  --set STAGE.OPTION=N  another value than the one it was built with; may be given again\n\n"
    "example: phasebench store open quick.store\n";

static const char help_verify[] =
    "usage: phasebench store verify [--json] [--sources] [--stages A+B+...] STORE\n\n"
    "Reads all of a store: every checksum, each document's source (its hash is the catalogue's) and tree\n"
    "(walked whole; its number of nodes is the catalogue's). Bad documents are listed, and the others are\n"
    "checked all the same. Exit code 7 when anything is bad.\n\n"
    "  --json            what was found, as JSON (results/store.schema.json); bad documents are listed in it\n"
    "  --sources         also parse every source anew and compare every fact of every node\n"
    "  --stages A+B+...  where the store's stages are not in the stage folder: the same stages, by path\n\n"
    "example: phasebench store verify --sources quick.store\n";

static const char help_export[] =
    "usage: phasebench store export [--trees sexp|json] [--replace] [--stages A+B+...] -o DIR|- STORE [PATH...]\n\n"
    "Writes the sources of a store back: all, or those of the given paths (of a document, or a folder of\n"
    "them). Below DIR each has its own relative path, and none is written outside of DIR. A file that is there\n"
    "with the same contents is kept, so that an export that ended early goes on when it is started again. One\n"
    "with other contents is not written over: it is named, like others that cannot be written, the rest goes\n"
    "on, and the exit code is 4 (7 where documents are corrupt). A full disk ends it at once.\n"
    "`-o -` writes to standard output, one document after the other.\n\n"
    "  --trees sexp      trees in place of sources: PATH.sexp, named nodes as S-expressions with fields\n"
    "  --trees json      PATH.jsonl: a line of JSON for each node, in preorder\n"
    "  -o, --output DIR  made if it does not exist\n"
    "  --replace         write over files that are there with other contents\n"
    "  --stages A+B+...  where the store's stages are not in the stage folder: the same stages, by path\n\n"
    "example: phasebench store export -o - quick.store --trees sexp tree-sitter-c/grammar.js\n";

struct action {
  const char *name, *help, *options; /* which of the options below, by letter */
  bool (*run)(const struct store_options *options, struct fault *fault);
};

static const struct action actions[] = {{"build", help_build, "cdtsox", store_command_build},
                                        {"info", help_info, "jt", store_command_info},
                                        {"open", help_open, "jts", store_command_open},
                                        {"verify", help_verify, "tSj", store_command_verify},
                                        {"export", help_export, "oTtR", store_command_export}};

static bool take_option(const struct action *action, int letter, struct store_options *options, struct fault *fault) {
  if (letter == '?' || letter == ':' || !strchr(action->options, letter))
    return fault_set(fault, EXIT_CODE_USAGE, "`phasebench store %s --help` lists the options", action->name);
  switch (letter) {
    case 'c':
      options->corpus = optarg;
      return true;
    case 'd':
      options->directory = optarg;
      return true;
    case 'x':
      return option_exclude(optarg, fault);
    case 't':
      options->stages = optarg;
      return true;
    case 'o':
      options->output = optarg;
      return true;
    case 'j':
      options->json = true;
      return true;
    case 'S':
      options->sources = true;
      return true;
    case 'R':
      options->replace = true;
      return true;
    case 's':
      return store_setting_add(&options->place, optarg, fault);
    default:
      break;
  }
  if (strcmp(optarg, "sexp") == 0) options->trees = STORE_TREES_SEXP;
  else if (strcmp(optarg, "json") == 0) options->trees = STORE_TREES_JSON;
  else return fault_set(fault, EXIT_CODE_USAGE, "--trees '%s': expected sexp or json", optarg);
  return true;
}

static bool parse(const struct action *action, int argc, char **argv, struct store_options *options, bool *wants_help,
                  struct fault *fault) {
  static const struct option names[] = {
      {"corpus", required_argument, NULL, 'c'},  {"dir", required_argument, NULL, 'd'},
      {"exclude", required_argument, NULL, 'x'}, {"stages", required_argument, NULL, 't'},
      {"set", required_argument, NULL, 's'},     {"output", required_argument, NULL, 'o'},
      {"json", no_argument, NULL, 'j'},          {"sources", no_argument, NULL, 'S'},
      {"trees", required_argument, NULL, 'T'},   {"replace", no_argument, NULL, 'R'},
      {"help", no_argument, NULL, 'h'},          {0}};
  static char name[64]; /* begins getopt's own messages */
  snprintf(name, sizeof name, "phasebench store %s", action->name);
  argv[0] = name;
  optind = 1;
  for (int letter; (letter = getopt_long(argc, argv, "ho:", names, NULL)) != -1;) {
    *wants_help |= letter == 'h';
    if (letter != 'h' && !take_option(action, letter, options, fault)) return false;
  }
  if (*wants_help) return true;
  bool builds = action->run == store_command_build, exports = action->run == store_command_export;
  if ((builds || exports) && (!options->output || !options->output[0]))
    return fault_set(fault, EXIT_CODE_USAGE, "-o is missing: %s",
                     builds ? "the folder that becomes the store" : "a folder, or - for standard output");
  if (!builds && optind == argc) return fault_set(fault, EXIT_CODE_USAGE, "which store? Its folder is missing");
  if (!builds) options->store = argv[optind++];
  if (exports) {
    options->paths = argv + optind;
    options->path_count = argc - optind;
  } else if (optind < argc) {
    return fault_set(fault, EXIT_CODE_USAGE, "'%s' is one argument too many", argv[optind]);
  }
  return true;
}

static int run(const struct action *action, int argc, char **argv) {
  static struct store_options options;
  struct fault fault = {0};
  bool wants_help = false;
  if (parse(action, argc, argv, &options, &wants_help, &fault)) {
    if (wants_help) {
      fputs(action->help, stdout);
      return EXIT_CODE_OK;
    }
    if (store_command_begin(&fault)) action->run(&options, &fault);
  }
  if (fault.code == EXIT_CODE_OK) return EXIT_CODE_OK;
  fflush(stdout);
  fprintf(stderr, "phasebench store %s: ", action->name);
  text_print(stderr, fault.message);
  putc('\n', stderr);
  return (int)fault.code;
}

int command_store(int argc, char **argv) {
  bool asks = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
  for (size_t i = 0; argc > 1 && i < COUNT(actions); i++) {
    if (strcmp(argv[1], actions[i].name) == 0) return run(&actions[i], argc - 1, argv + 1);
  }
  if (argc > 1 && !asks) {
    const char *known[COUNT(actions)];
    for (size_t i = 0; i < COUNT(actions); i++) known[i] = actions[i].name;
    subcommand_print_unknown("store", argv[1], known, COUNT(actions));
    return EXIT_CODE_USAGE;
  }
  fputs(help, asks ? stdout : stderr);
  return asks ? EXIT_CODE_OK : EXIT_CODE_USAGE;
}
