/* SPDX-License-Identifier: MIT
 *
 * doctor_checks.h - is this machine, and this installation, fit to measure? Each check says what was found,
 * why it matters, and what to do. What cannot be told is a warning, never "ok". */
#ifndef PHASEBENCH_DOCTOR_H
#define PHASEBENCH_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_check {
  const char *name; /* static, as `why` */
  enum doctor_state state;
  char found[512];
  const char *why;
  char todo[512]; /* empty where nothing is to be done */
};

struct doctor {
  struct doctor_check checks[32];
  unsigned count;
  uint64_t memory_free_bytes;  /* set by doctor_machine; 0: not known */
  uint64_t memory_limit_bytes; /* of the control group; 0: none */
};

/* What the kernel refuses a new process: errno, 0 for nothing. */
struct doctor_refusals {
  int aslr, huge_pages;
};
struct doctor_refusals doctor_try_refusals(void);

/* /proc and /sys, below the root that environment_set_root sets. */
void doctor_machine(struct doctor *doctor, struct doctor_refusals refusals);
/* Memory: that of the machine and of its control groups. */
void doctor_memory(struct doctor *doctor);
/* The build, stages, grammars, corpora and gnuplot. */
void doctor_program(struct doctor *doctor);
/* The places that are written to. */
void doctor_places(struct doctor *doctor, const char *results_dir);

const char *doctor_state_name(enum doctor_state state);
enum doctor_state doctor_worst(const struct doctor *doctor);

/* For the checks: adds one. todo: "" for nothing. Returns it, for messages that are put together. */
struct doctor_check *doctor_add(struct doctor *doctor, const char *name, enum doctor_state state, const char *why,
                                const char *todo, const char *found, ...) __attribute__((format(printf, 6, 7)));

/* What the cell of the baseline takes at its peak for a corpus of so many lines, roughly and rather too
 * much: measured are 42 MiB for quick, 245 for ts-1720, 825 for python-stdlib. */
uint64_t doctor_corpus_need_bytes(uint64_t line_count);

#endif
