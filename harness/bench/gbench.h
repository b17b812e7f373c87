/* SPDX-License-Identifier: MIT
 *
 * gbench.h - Google Benchmark for C. The library measures, repeats, and writes JSON; here
 * is only what C needs to reach it. gbench.cc is the project's only C++ file; no
 * exception leaves it.
 *
 * Threads: one. */
#ifndef PHASEBENCH_GBENCH_H
#define PHASEBENCH_GBENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench_state; /* the library's; valid during a call of the benchmark */

/* A benchmark. It is called more than once in a run (to find out how many iterations a
 * repetition needs, for each repetition, and again to measure memory), so that it must
 * find the same to do each time:
 *     prepare;  while (gbench_keep_running(state)) { the work }  counters;  tidy up */
typedef void gbench_fn(struct gbench_state *state, void *user);

/* name is copied; user must outlive the run. false: out of memory. */
bool gbench_register(const char *name, gbench_fn *run, void *user);
/* Forgets all that are registered. */
void gbench_clear(void);

/* ---- within a benchmark ---- */

/* One more iteration? The time between the first and the last (false) is measured. */
bool gbench_keep_running(struct gbench_state *state);
/* The same for `iterations` at a time: the loop's body does that many. */
bool gbench_keep_running_batch(struct gbench_state *state, int64_t iterations);
/* Time between pause and resume is left out. They cost about 0.5 us. */
void gbench_pause(struct gbench_state *state);
void gbench_resume(struct gbench_state *state);
/* Iterations made; after the loop. */
int64_t gbench_iterations(const struct gbench_state *state);
/* A counter that is reported as it is. */
void gbench_counter(struct gbench_state *state, const char *name, double value);
/* A counter that is reported per second of measured time: value is the amount that the
 * whole loop did. */
void gbench_counter_rate(struct gbench_state *state, const char *name, double value);
/* Seconds of measured time for each of `amount` things that the whole loop did. */
void gbench_counter_seconds_per(struct gbench_state *state, const char *name, double amount);
/* The run has no result but this message, which is copied. The loop ends; what follows
 * it runs. */
void gbench_error(struct gbench_state *state, const char *message);

/* The compiler must take it that `p` is read and changed. */
static inline void gbench_keep(const void *p) { __asm__ volatile("" : : "g"(p) : "memory"); }

/* ---- memory ---- */

struct gbench_memory {
  int64_t allocations_count; /* made between start and stop */
  int64_t peak_bytes;        /* most that was allocated at a time, above the start */
  int64_t allocated_bytes;   /* in total */
  int64_t growth_bytes;      /* allocated at stop - at start */
};
/* Around a few iterations of each repetition, apart from the timed ones. */
struct gbench_memory_source {
  void (*start)(void *user);
  void (*stop)(void *user, struct gbench_memory *memory);
  void *user;
};
/* source must outlive the runs; NULL: memory is not measured. */
void gbench_use_memory(const struct gbench_memory_source *source);
/* What jemalloc counts; NULL where there is no jemalloc. Its peak is of this thread,
 * and found at the latest 64 KiB after it was reached. */
const struct gbench_memory_source *gbench_jemalloc(void);

/* ---- a run ---- */

struct gbench_counter_value {
  const char *name;
  double value; /* of a rate: per second */
};
/* One repetition of one benchmark. Valid during the call. */
struct gbench_result {
  const char *name;  /* as registered */
  const char *error; /* NULL: there was none; else the rest means nothing */
  int64_t repetition;
  int64_t iterations;
  double real_ns; /* per iteration */
  double cpu_ns;
  const struct gbench_counter_value *counters;
  unsigned counter_count;
  const struct gbench_memory *memory; /* NULL: not measured */
};
typedef void gbench_result_fn(void *sink, const struct gbench_result *result);

struct gbench_request {
  const char *const *arguments; /* the library's own options ("--benchmark_..."), without a program name */
  unsigned argument_count;
  gbench_result_fn *each; /* is given every repetition after the run of its family; may be NULL */
  void *sink;             /* of `each` */
  bool table;             /* the library's table goes to standard error */
};

/* Runs what is registered. Returns the number of benchmarks that ran, or -1: an option is
 * not known, or the library failed; why[0..why_bytes) says so. A --benchmark_out that
 * cannot be written ends the process (the library's own way): check it before. */
int gbench_run(const struct gbench_request *request, char *why, unsigned why_bytes);

#ifdef __cplusplus
}
#endif

#endif
