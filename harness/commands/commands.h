/* SPDX-License-Identifier: MIT
 *
 * commands.h - the subcommands. Each takes argv from its own name on and returns an
 * exit code (fault.h). A summary of NULL keeps a command out of the help. */
#ifndef PHASEBENCH_COMMANDS_H
#define PHASEBENCH_COMMANDS_H

#define COMMANDS(X)                                                                     \
  X(corpus, "list, fetch, show and verify the sets of source files that are measured")  \
  X(run, "measure what combinations of stages hold in memory, and write a result file") \
  X(cell, NULL)                                                                         \
  X(stages, "list the stages that combinations are made of, and their options")         \
  X(metrics, "print the figures of result files, one a line, for scripts")              \
  X(claims, "hold published numbers against result files, and against each other")      \
  X(gate, "compare a result with a baseline, and fail where a metric got worse")        \
  X(baseline, "keep results as baselines: save, list, show")                            \
  X(attribution, "tell which stage saves how much, and at what price")                  \
  X(report, "draw pictures and tables of result files")                                 \
  X(compare, "show two result files side by side")                                      \
  X(bench, "measure the speed of codecs beside tree-sitter")                            \
  X(store, "keep a corpus on disk, parsed: build, open, verify, export")                \
  X(estimate, "estimate how few bits a node the trees of a corpus could take")          \
  X(doctor, "tell whether this machine and installation are fit to measure")            \
  X(help, "tell more about a command")                                                  \
  X(version, "print the version")

#define X(name, summary) int command_##name(int argc, char **argv);
COMMANDS(X)
#undef X

#endif
