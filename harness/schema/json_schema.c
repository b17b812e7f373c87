/* SPDX-License-Identifier: MIT
 *
 * json_schema.c - see json_schema.h. Every object is a list of members, most of which are figures; all of them are
 * printed by one function. */
#include "json_schema.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "figures.h"

#define MEMBERS_MAX 64
#define SCHEMA_BYTES 1024

struct member {
  const char *key;
  char schema[SCHEMA_BYTES];
  bool is_required, may_be_null;
};

struct object {
  const char *name, *description; /* description NULL: none */
  bool may_be_null;
  struct member members[MEMBERS_MAX];
  unsigned count;
};

/* ---- members ---- */

static struct member *add(struct object *object, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static struct member *add(struct object *object, const char *key, const char *format, ...) {
  struct member *member = &object->members[object->count++];
  *member = (struct member){.key = key, .is_required = true};
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(member->schema, sizeof member->schema, format, arguments);
  va_end(arguments);
  return member;
}

static void add_or_null(struct object *object, const char *key, const char *schema) {
  add(object, key, "%s", schema)->may_be_null = true;
}

static const char *type_of(unsigned flags) {
  bool may_be_null = flags & FIGURE_OR_NULL;
  if (flags & FIGURE_SHARE) return "\"type\": \"number\", \"minimum\": 0, \"maximum\": 100";
  if (!(flags & FIGURE_WHOLE))
    return may_be_null ? "\"type\": [\"number\", \"null\"], \"minimum\": 0" : "\"type\": \"number\", \"minimum\": 0";
  if (flags & FIGURE_SIGNED) return may_be_null ? "\"type\": [\"integer\", \"null\"]" : "\"type\": \"integer\"";
  return may_be_null ? "\"$ref\": \"#/$defs/count_or_null\"" : "\"$ref\": \"#/$defs/count\"";
}

/* `but` is a flag that these figures do not have here, or 0. */
static void add_figures(struct object *object, const struct figure_row *rows, unsigned count, unsigned but) {
  for (unsigned i = 0; i < count; i++) {
    unsigned flags = rows[i].flags & ~but;
    struct member *member = add(object, rows[i].key, "{\"description\": \"%s\", %s}", rows[i].meaning, type_of(flags));
    member->is_required = !(flags & FIGURE_OPTIONAL);
    member->may_be_null = flags & FIGURE_OR_NULL;
  }
}

/* ---- printing ---- */

static void write_rule(FILE *out, const char *key, bool is_first) {
  fprintf(
      out,
      "%s        {\n"
      "          \"if\": {\"properties\": {\"%s\": {\"type\": \"null\"}}, \"required\": [\"%s\"]},\n"
      "          \"then\": {\"required\": [\"missing\"], \"properties\": {\"missing\": {\"required\": [\"%s\"]}}},\n"
      "          \"else\": {\"properties\": {\"missing\": {\"not\": {\"required\": [\"%s\"]}}}}\n"
      "        }",
      is_first ? ",\n      \"allOf\": [\n" : ",\n", key, key, key, key);
}

/* What is null has its reason in "missing". */
static void write_rules(FILE *out, const struct object *object) {
  bool any = false;
  for (unsigned m = 0; m < object->count; m++) {
    if (!object->members[m].may_be_null) continue;
    write_rule(out, object->members[m].key, !any);
    any = true;
  }
  if (any) fputs("\n      ]", out);
}

static void write_required(FILE *out, const struct object *object) {
  const char *between = "";
  fputs("      \"required\": [", out);
  for (unsigned m = 0; m < object->count; m++) {
    if (!object->members[m].is_required) continue;
    fprintf(out, "%s\"%s\"", between, object->members[m].key);
    between = ", ";
  }
  fputs("],\n      \"additionalProperties\": false", out);
}

static void write_object(FILE *out, struct object *object) {
  bool any_null = false;
  for (unsigned m = 0; m < object->count; m++) any_null = any_null || object->members[m].may_be_null;
  if (any_null) add(object, "missing", "{\"$ref\": \"#/$defs/missing\"}")->is_required = false;
  fprintf(out, "    \"%s\": {\n", object->name);
  if (object->description) fprintf(out, "      \"description\": \"%s\",\n", object->description);
  fprintf(out, "      \"type\": %s,\n      \"properties\": {\n",
          object->may_be_null ? "[\"object\", \"null\"]" : "\"object\"");
  for (unsigned m = 0; m < object->count; m++) {
    fprintf(out, "        \"%s\": %s%s\n", object->members[m].key, object->members[m].schema,
            m + 1 < object->count ? "," : "");
  }
  fputs("      },\n", out);
  write_required(out, object);
  write_rules(out, object);
  fputs("\n    },\n", out);
}

static void write_list(FILE *out, const char *name, const char *of) {
  fprintf(out, "    \"%s\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/%s\"}},\n", name, of);
}

/* ---- the objects ---- */

static void write_names(FILE *out, const char *(*name)(unsigned), unsigned count) {
  for (unsigned i = 0; i < count; i++) fprintf(out, "%s\"%s\"", i ? ", " : "", name(i));
}

static const char *checkpoint_at(unsigned i) { return checkpoint_names[i].text; }
static const char *access_class_at(unsigned i) { return access_classes[i].text; }
static const char *owner_at(unsigned i) { return probe_owner_names[i].text; }

void json_schema_write_checkpoints(FILE *out) { write_names(out, checkpoint_at, CHECKPOINT_COUNT); }

static void add_enum(struct object *object, const char *key, const char *(*name)(unsigned), unsigned count) {
  char names[SCHEMA_BYTES - 64] = "";
  FILE *text = fmemopen(names, sizeof names, "w");
  if (text) {
    write_names(text, name, count);
    fclose(text);
  }
  add(object, key, "{\"enum\": [%s]}", names);
}

static void write_checkpoint(FILE *out) {
  struct object object = {
      .name = "checkpoint",
      .description = "what the process held at one moment; peak and faults are since the checkpoint before"};
  add_enum(&object, "name", checkpoint_at, CHECKPOINT_COUNT);
  add_figures(&object, probe_figures, PROBE_FIGURE_COUNT, 0);
  add_figures(&object, checkpoint_figures, CHECKPOINT_FIGURE_COUNT, 0);
  add_or_null(&object, "jemalloc", "{\"$ref\": \"#/$defs/jemalloc\"}");
  add_or_null(&object, "mappings", "{\"type\": [\"array\", \"null\"], \"items\": {\"$ref\": \"#/$defs/mapping\"}}");
  add_or_null(&object, "heaps", "{\"type\": [\"array\", \"null\"], \"items\": {\"$ref\": \"#/$defs/heap\"}}");
  write_object(out, &object);
}

static void write_memory(FILE *out) {
  struct object jemalloc = {.name = "jemalloc", .description = "of the whole allocator", .may_be_null = true};
  add_figures(&jemalloc, jemalloc_figures, JEMALLOC_FIGURE_COUNT, 0);
  write_object(out, &jemalloc);
  struct object heap = {.name = "heap", .description = "of one owner, or \\\"other\\\": what nobody took from a heap"};
  add(&heap, "owner", "{\"type\": \"string\", \"minLength\": 1}");
  add_figures(&heap, heap_figures, HEAP_FIGURE_COUNT, 0);
  write_object(out, &heap);
  struct object mapping = {.name = "mapping", .description = "RSS of all mappings of one owner"};
  add_enum(&mapping, "owner", owner_at, PROBE_OWNER_COUNT);
  add(&mapping, "rss_bytes", "{\"$ref\": \"#/$defs/count\"}");
  write_object(out, &mapping);
}

static void write_checkpoints(FILE *out) {
  fprintf(out,
          "    \"checkpoints\": {\n      \"description\": \"all of them, in this order\",\n"
          "      \"type\": \"array\",\n      \"minItems\": %d,\n      \"maxItems\": %d,\n      \"prefixItems\": [\n",
          CHECKPOINT_COUNT, CHECKPOINT_COUNT);
  for (unsigned i = 0; i < CHECKPOINT_COUNT; i++) {
    fprintf(out, "        {\"$ref\": \"#/$defs/checkpoint\", \"properties\": {\"name\": {\"const\": \"%s\"}}}%s\n",
            checkpoint_at(i), i + 1 < CHECKPOINT_COUNT ? "," : "");
  }
  fputs("      ]\n    },\n", out);
}

static void write_cell_figures(FILE *out) {
  struct object trees = {.name = "trees", .description = "at `purged`"};
  add_figures(&trees, tree_figures, TREE_FIGURE_COUNT, 0);
  write_object(out, &trees);
  struct object edits = {
      .name = "edits",
      .description =
          "what the checkpoint `edited` did and what it cost; growth is from before the edits to after them"};
  add(&edits, "source", "{\"enum\": [\"versions\", \"seeded\"]}");
  add_figures(&edits, edit_figures, EDIT_FIGURE_COUNT, 0);
  write_object(out, &edits);
  struct object timings = {.name = "timings"};
  add_figures(&timings, timing_figures, TIMING_FIGURE_COUNT, 0);
  write_object(out, &timings);
}

static void write_latency(FILE *out) {
  struct object object = {.name = "latency_of_class", .description = "of the accesses to documents of one class"};
  add_enum(&object, "class", access_class_at, ACCESS_CLASS_COUNT);
  add(&object, "documents", "{\"$ref\": \"#/$defs/count\"}");
  add(&object, "accesses", "{\"$ref\": \"#/$defs/count\"}");
  add_figures(&object, latency_figures, LATENCY_FIGURE_COUNT, 0);
  write_list(out, "latency", object.name);
  write_object(out, &object);
}

static void add_described(struct object *object, const char *key, const char *meaning, const char *of) {
  add(object, key, "{\"description\": \"%s\", \"$ref\": \"#/$defs/%s\"}", meaning, of)->may_be_null = true;
}

static void write_cold_open(FILE *out) {
  struct object latency = {.name = "cold_open_latency", .may_be_null = true};
  add_figures(&latency, latency_figures, LATENCY_FIGURE_COUNT, FIGURE_OR_NULL);
  write_object(out, &latency);
  struct object ratio = {.name = "cold_open_ratio", .may_be_null = true};
  add_figures(&ratio, ratio_figures, RATIO_FIGURE_COUNT, 0);
  write_object(out, &ratio);
  struct object object = {.name = "cold_open",
                          .description =
                              "opening a document that is not in use, over a sample of those that were not "
                              "edited; between `edited` and the proof"};
  add(&object, "documents", "{\"$ref\": \"#/$defs/count\"}");
  add(&object, "cold_documents",
      "{\"description\": \"those whose files were seen to be out of the page cache\", \"$ref\": \"#/$defs/count\"}");
  for (unsigned i = 0; i < COLD_OPEN_COUNT; i++)
    add_described(&object, cold_open_names[i].text, cold_open_names[i].meaning, latency.name);
  for (unsigned i = 0; i < COLD_OPEN_RATIO_COUNT; i++)
    add_described(&object, cold_open_ratios[i].text, cold_open_ratios[i].meaning, ratio.name);
  write_object(out, &object);
}

void json_schema_write(FILE *out) {
  write_checkpoint(out);
  write_memory(out);
  write_checkpoints(out);
  write_cell_figures(out);
  write_latency(out);
  write_cold_open(out);
}
