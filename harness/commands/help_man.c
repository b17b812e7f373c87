/* SPDX-License-Identifier: MIT
 *
 * help_man.c - phasebench(1), made of what the commands say of themselves. */
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "commands.h"
#include "help_text.h"

/* Writes a text so that roff takes no part of it as a request or an escape, and so that quotes, hyphens
 * and tildes stay those that a shell understands. */
static void put_text(const char *text, size_t length, FILE *out) {
  for (size_t i = 0; i < length; i++) {
    bool begins = i == 0 || text[i - 1] == '\n';
    if (begins && (text[i] == '.' || text[i] == '\'')) fputs("\\&", out);
    switch (text[i]) {
      case '\\':
        fputs("\\e", out);
        break;
      case '-':
        fputs("\\-", out);
        break;
      case '\'':
        fputs("\\(aq", out);
        break;
      case '`':
        fputs("\\(ga", out);
        break;
      case '^':
        fputs("\\(ha", out);
        break;
      case '~':
        fputs("\\(ti", out);
        break;
      default:
        putc(text[i], out);
    }
  }
}

static void put(const char *text, FILE *out) { put_text(text, strlen(text), out); }

static void put_verbatim(const char *text, FILE *out) {
  fputs(".EX\n", out);
  put(text, out);
  fputs(text[0] && text[strlen(text) - 1] == '\n' ? ".EE\n" : "\n.EE\n", out);
}

/* term, then what it means */
static void put_item(const char *term, const char *text, FILE *out) {
  fputs(".TP\n.B ", out);
  put(term, out);
  putc('\n', out);
  put(text, out);
  putc('\n', out);
}

/* "example: ..." or "examples:" and what follows it, which is how all help texts end. */
static void put_examples(const char *text, FILE *out) {
  const char *at = strstr(text, "\nexample");
  if (!at) return;
  at += strcspn(at, ":") + 1;
  for (const char *line = at; *line;) {
    line += strspn(line, " \n");
    size_t length = strcspn(line, "\n");
    put_text(line, length, out);
    if (length) putc('\n', out);
    line += length;
  }
}

typedef void each_fn(const char *title, const char *text, FILE *out);

static void put_section(const char *title, const char *text, FILE *out) {
  fputs(".SS ", out);
  put(title, out);
  putc('\n', out);
  put_verbatim(text, out);
}

static void put_example_of(const char *title, const char *text, FILE *out) {
  (void)title;
  put_examples(text, out);
}

/* The subcommands that have a --help of their own. */
static bool each_subcommand(const struct command *command, const char *text, each_fn *each, FILE *out,
                            struct fault *fault) {
  char name[32], title[80];
  for (unsigned i = 0; help_subcommand(text, command->name, i, name); i++) {
    char *more;
    if (!help_text(command, name, &more, fault)) return false;
    snprintf(title, sizeof title, "%s %s", command->name, name);
    if (strcmp(more, text) != 0) each(title, more, out);
    free(more);
  }
  return true;
}

static bool each_command(each_fn *each, FILE *out, struct fault *fault) {
  bool ok = true;
  for (size_t i = 0; ok && i < command_count; i++) {
    const struct command *command = &command_table[i];
    char *text;
    if (!command->summary) continue;
    ok = help_text(command, NULL, &text, fault);
    if (!ok) break;
    each(command->name, text, out);
    ok = each_subcommand(command, text, each, out, fault);
    free(text);
  }
  return ok;
}

static void put_head(FILE *out) {
  fprintf(out,
          ".\\\" Made by `phasebench help --man` from the program's own help texts.\n"
          ".TH PHASEBENCH 1 \"%s\" \"phasebench %s\"\n.SH NAME\n",
          phasebench_date(), phasebench_version());
  put("phasebench", out);
  fputs(" \\- ", out);
  put("how many lines of code fit in a megabyte, with every line's syntax tree at hand\n", out);
  fputs(
      ".SH SYNOPSIS\n.B phasebench\n.I COMMAND\n.RI [ OPTION ]...\n.br\n.B phasebench help\n.RI [ COMMAND ]\n"
      ".SH DESCRIPTION\n",
      out);
  put("phasebench measures how much memory the syntax trees of whole codebases take under combinations of stages: "
      "memory techniques, each in a shared object of its own.\nEach combination runs in a fresh process over real "
      "code, what the kernel says the process holds is what counts, and a figure is published only when every "
      "source byte and every fact of every node came back identical.\n",
      out);
  for (size_t i = 0; i < command_count; i++) {
    if (command_table[i].summary) put_item(command_table[i].name, command_table[i].summary, out);
  }
}

static void put_places(FILE *out) {
  fputs(".SH EXIT STATUS\n", out);
#define X(name, number, text) put_item(#number, text, out);
  EXIT_CODES(X)
#undef X
  fputs(".SH ENVIRONMENT\n", out);
  put_item("PHASEBENCH_CACHE",
           "where fetched corpora are; default: $XDG_CACHE_HOME/phasebench, else "
           "~/.cache/phasebench",
           out);
  put_item("PHASEBENCH_STAGE_DIR", "stages, in place of lib/phasebench/stages", out);
  put_item("PHASEBENCH_GRAMMAR_DIR", "grammars, in place of lib/phasebench/grammars", out);
  put_item("PHASEBENCH_CORPORA_DIR", "manifests of corpora, in place of share/phasebench/corpora", out);
  put_item("PHASEBENCH_REPORTS_DIR", "gnuplot scripts and claims, in place of share/phasebench/reports", out);
  fputs(
      ".SH FILES\nPaths without a slash at their beginning are below the prefix of the installation, or below\n"
      "the current folder for results.\n",
      out);
  put_item("lib/phasebench/stages/*.so", "the stages that combinations are made of", out);
  put_item("lib/phasebench/grammars/*.so", "tree-sitter grammars", out);
  put_item("share/phasebench/corpora/*.json", "manifests of corpora", out);
  put_item("share/phasebench/reports/claims.json", "published figures, with their sources", out);
  put_item("share/phasebench/results/*.schema.json", "what result files hold, and what commands print as JSON", out);
  put_item("share/phasebench/skeleton/", "what a stage of your own begins as", out);
  put_item("include/phasebench/stage.h", "the contract of stages", out);
  put_item("results/CORPUS.json",
           "what run writes unless told otherwise; its cells are kept in "
           "results/CORPUS.json.cells until it is complete",
           out);
  put_item("results/baselines/NAME.json", "what gate compares with", out);
}

bool help_write_man(FILE *out, struct fault *fault) {
  put_head(out);
  fputs(".SH COMMANDS\n", out);
  if (!each_command(put_section, out, fault)) return false;
  put_places(out);
  fputs(".SH EXAMPLES\n.EX\n", out);
  if (!each_command(put_example_of, out, fault)) return false;
  fputs(".EE\n", out);
  return true;
}
