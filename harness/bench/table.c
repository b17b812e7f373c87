/* SPDX-License-Identifier: MIT
 *
 * table.c - what the benchmarks say together: each subject beside tree-sitter.
 * A ratio is the median of the ratios of repetitions with the same number, not the
 * ratio of two medians: what disturbs the machine for a while disturbs both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/interrupt.h"
#include "base/number.h"
#include "base/size.h"
#include "base/text.h"
#include "bench.h"
#include "render/table.h"

struct sample {
  char name[300];
  int64_t repetition;
  double real_ns;
};

struct bench_table {
  struct sample *samples;
  size_t count, room;
  unsigned errors;
  bool lost; /* a repetition could not be kept */
};

struct bench_table *bench_table_new(void) {
  return calloc(1, sizeof(struct bench_table));
}

void bench_table_free(struct bench_table *table) {
  if (!table) return;
  free(table->samples);
  free(table);
}

void bench_table_add(void *sink, const struct gbench_result *result) {
  struct bench_table *table = sink;
  if (interrupt_number() != 0) return; /* the command says so, once */
  if (result->error) {
    fprintf(stderr, "phasebench bench: ERROR: %s: %s\n", result->name, result->error);
    table->errors++;
    return;
  }
  if (table->count == table->room) {
    size_t room = table->room ? 2 * table->room : 64;
    struct sample *samples = realloc(table->samples, room * sizeof *samples);
    if (!samples) {
      table->lost = true;
      return;
    }
    table->samples = samples;
    table->room = room;
  }
  struct sample *sample = &table->samples[table->count++];
  snprintf(sample->name, sizeof sample->name, "%s", result->name);
  sample->repetition = result->repetition;
  sample->real_ns = result->real_ns;
}

/* ---- medians ---- */

static const struct sample *find(const struct bench_table *table, const char *name, int64_t repetition) {
  for (size_t i = 0; i < table->count; i++) {
    if (table->samples[i].repetition == repetition && strcmp(table->samples[i].name, name) == 0) {
      return &table->samples[i];
    }
  }
  return NULL;
}

/* A summary of the times of `name`; with a reference, of the ratios reference / name, pair by pair. */
static struct summary collect(const struct bench_table *table, const char *name, const char *reference) {
  double values[SUMMARY_VALUES_MAX];
  unsigned n = 0;
  for (int64_t repetition = 0; n < SUMMARY_VALUES_MAX; repetition++) {
    const struct sample *mine = find(table, name, repetition);
    const struct sample *theirs = reference ? find(table, reference, repetition) : NULL;
    if (!mine || (reference && !theirs)) break;
    if (!(mine->real_ns > 0)) return summary_missing("no time was measured");
    values[n++] = reference ? theirs->real_ns / mine->real_ns : mine->real_ns;
  }
  return summary_of(values, n);
}

/* ---- print ---- */

struct shape {
  const char *operation, *reference, *unit;
  enum { PER_NODE, PER_TARGET, PER_SOURCE } of;
  const char *own_reference; /* an operation of the same subject that it is also held against; or NULL */
};

static const struct shape shapes[] = {
    {"parse", NULL, "MiB/s", PER_SOURCE, NULL},
    {"ingest", "parse", "MiB/s", PER_SOURCE, NULL},
    {"encode", "parse", "MiB/s", PER_SOURCE, NULL},
    {"walk", "walk", "M nodes/s", PER_NODE, NULL},
    {"cursor", "cursor", "M nodes/s", PER_NODE, NULL},
    {"count", "count", "M nodes/s", PER_NODE, "walk"},
    {"index", "index", "ns", PER_TARGET, NULL},
    {"first_child", "first_child", "ns", PER_TARGET, NULL},
    {"next_sibling", "next_sibling", "ns", PER_TARGET, NULL},
    {"previous_sibling", "previous_sibling", "ns", PER_TARGET, NULL},
    {"parent", "parent", "ns", PER_TARGET, NULL},
    {"child_by_field", "child_by_field", "ns", PER_TARGET, NULL},
    {"descendant", "descendant", "ns", PER_TARGET, NULL},
    {"point", "point", "ns", PER_TARGET, NULL},
};

static void speed_text(const struct shape *shape, const struct bench *bench, double ns, char *text, unsigned bytes) {
  switch (shape->of) {
    case PER_NODE:
      number_readable((double)bench->nodes / ns * 1000, 1, text, bytes);
      break;
    case PER_SOURCE:
      number_readable((double)bench->source_bytes / MIB / ns * 1e9, 1, text, bytes);
      break;
    case PER_TARGET:
      number_readable(ns / bench->target_count, 1, text, bytes);
      break;
  }
}

/* How many times as fast as `reference` (an operation/subject); nothing where that was not run. */
static void print_ratio(const struct bench_table *table, const char *name, const char *reference, const char *words) {
  char ratio[48], low[48], high[48];
  struct summary pairs = collect(table, name, reference);
  if (pairs.missing) return;
  number_readable(pairs.median, 2, ratio, sizeof ratio);
  number_readable(pairs.min, 2, low, sizeof low);
  number_readable(pairs.max, 2, high, sizeof high);
  printf(" %9s x %s (%s ... %s, n = %u)", ratio, words, low, high, pairs.n);
}

static void print_ratios(const struct bench_table *table, const struct shape *shape, const char *name,
                         const char *subject) {
  char reference[300], words[64];
  if (shape->reference && strcmp(subject, "tree-sitter") != 0) {
    snprintf(reference, sizeof reference, "%s/tree-sitter", shape->reference);
    print_ratio(table, name, reference, shape->reference);
  }
  if (shape->own_reference) {
    snprintf(reference, sizeof reference, "%s/%s", shape->own_reference, subject);
    snprintf(words, sizeof words, "%s of its own", shape->own_reference);
    print_ratio(table, name, reference, words);
  }
}

/* Was the operation run, for any subject? */
static bool was_run(const struct bench_table *table, const char *operation) {
  size_t length = strlen(operation);
  for (size_t i = 0; i < table->count; i++) {
    const char *name = table->samples[i].name;
    if (strncmp(name, operation, length) == 0 && name[length] == '/') return true;
  }
  return false;
}

static void print_row(const struct bench_table *table, const struct bench *bench, const struct shape *shape,
                      const struct bench_subject *subject) {
  char name[300], speed[48];
  const char *lacks = bench_lacks(subject, shape->operation);
  snprintf(name, sizeof name, "%s/%s", shape->operation, subject->name);
  struct summary time = collect(table, name, NULL);
  if (lacks && was_run(table, shape->operation)) {
    printf("%-16s %-24s %10s no figure: %s\n", shape->operation, subject->name, "-", lacks);
  }
  if (time.missing) return; /* not run, or it had an error, which was printed */
  speed_text(shape, bench, time.median, speed, sizeof speed);
  printf("%-16s %-24s %10s %-9s ", shape->operation, subject->name, speed, shape->unit);
  print_ratios(table, shape, name, subject->name);
  putchar('\n');
}

bool bench_table_print(const struct bench_table *table, const struct bench *bench) {
  char size[SIZE_TEXT_BYTES];
  printf("%u document%s, %s of source, %llu nodes; %u random targets (%u refused)\n", bench->document_count,
         plural(bench->document_count), size_text(bench->source_bytes, size), (unsigned long long)bench->nodes,
         bench->target_count, bench->targets_refused);
  printf("\n%-16s %-24s %-20s  %s\n", "operation", "subject", "    median",
         "times as fast as tree-sitter (pairs of repetitions: median, smallest ... largest)");
  for (size_t s = 0; s < COUNT(shapes); s++) {
    for (unsigned i = 0; i < bench->subject_count; i++) print_row(table, bench, &shapes[s], &bench->subjects[i]);
  }
  if (table->lost) fputs("phasebench bench: out of memory: repetitions are missing from this table\n", stderr);
  if (table->errors)
    fprintf(stderr, "phasebench bench: %u repetition%s ended in an error\n", table->errors, plural(table->errors));
  return table->errors == 0 && !table->lost;
}
