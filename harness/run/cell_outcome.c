/* SPDX-License-Identifier: MIT
 *
 * cell_outcome.c - the end of a process and the file it left, made into one object.
 *
 * What a cell says of itself is believed only as far as it is borne out from outside:
 * an "ok" needs exit code 0, a "failed" any other, and the cell must be the one that was
 * asked for. */
#include "cell_outcome.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/json_out.h"
#include "base/size.h"
#include "schema/figures.h"
#include "cell_place.h"

#define REASON_BYTES 1024

static const cJSON *get(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

static bool is_text(const cJSON *item, const char *text) {
  return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

bool cell_outcome_ok(const cJSON *cell) { return is_text(get(cell, "status"), "ok"); }

/* ---- the log ---- */

/* The line that says most: the first one of ours or of a sanitizer, else the last one. "" when
 * there is none. */
static void telling_line(const char *path, char line[256]) {
  static const char *const marks[] = {"phasebench", "ERROR: ", "runtime error: ", "Assertion"};
  char next[1024];
  bool found = false;
  line[0] = 0;
  FILE *in = fopen(path, "r");
  while (in && !found && fgets(next, sizeof next, in)) {
    next[strcspn(next, "\r\n")] = 0;
    if (next[strspn(next, " \t=")] == 0) continue;
    snprintf(line, 256, "%.255s", next);
    for (size_t i = 0; i < COUNT(marks); i++) found |= strstr(next, marks[i]) != NULL;
  }
  if (in) fclose(in);
}

/* ---- reasons ---- */

static void reason(char text[REASON_BYTES], const struct cell_outcome_facts *facts, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void reason(char text[REASON_BYTES], const struct cell_outcome_facts *facts, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int used = vsnprintf(text, REASON_BYTES, format, arguments);
  va_end(arguments);
  char line[256];
  telling_line(facts->log_path, line);
  if (line[0] && used > 0 && used < REASON_BYTES) {
    snprintf(text + used, REASON_BYTES - (size_t)used, "; it said: %s", line);
  }
}

/* How the process ended, where that alone decides; NULL: it exited with a code. */
static const char *bad_end(const struct cell_outcome_facts *facts, char text[REASON_BYTES]) {
  const struct supervise_outcome *end = facts->end;
  const char *abbreviation;
  switch (end->end) {
    case SUPERVISE_TIMEOUT:
      reason(text, facts, "killed after %.3f s, the limit set by --timeout", (double)facts->timeout_ms / 1000);
      return "timeout";
    case SUPERVISE_MEMORY_LIMIT:
      reason(text, facts, "killed when %.1f MiB were resident; the limit set by --memory-limit is %.1f MiB",
             (double)end->highest_rss_bytes / MIB, (double)facts->memory_limit_bytes / MIB);
      return "memory_limit";
    case SUPERVISE_SIGNALLED:
      if (end->code == SIGSYS) { /* system/confine.h */
        reason(text, facts, "a stage tried to start a process, which a cell may not: its memory would count nowhere");
        return "failed";
      }
      abbreviation = sigabbrev_np(end->code);
      reason(text, facts, "ended by signal %d (SIG%s)%s", end->code, abbreviation ? abbreviation : "?",
             end->code == SIGKILL ? ", which was not ours: by the kernel, if memory was out, or by someone" : "");
      return "crashed";
    case SUPERVISE_INTERRUPTED: /* such a cell is not finished, and nobody asks for its object */
      reason(text, facts, "the run was interrupted");
      return "failed";
    case SUPERVISE_EXITED:
      break;
  }
  return NULL;
}

/* Is this the cell that was asked for? Keys that the cell leaves out are ours to add. */
static bool is_the_cell(const cJSON *cell, const struct cell_outcome_facts *facts, const char **key) {
  const cJSON *item;
  *key = "combination";
  if ((item = get(cell, *key)) && !is_text(item, facts->combination->combination.name)) return false;
  *key = "profile";
  if ((item = get(cell, *key)) && !is_text(item, facts->profile)) return false;
  *key = "kind";
  if ((item = get(cell, *key)) && !is_text(item, facts->combination->instrument ? "instrument" : "measured"))
    return false;
  *key = "repetition";
  if ((item = get(cell, *key)) && !(cJSON_IsNumber(item) && item->valuedouble == facts->repetition)) return false;
  return true;
}

/* What is wrong with an exit code and an output together; NULL: they agree. */
static const char *disagreement(const cJSON *cell, const struct cell_outcome_facts *facts,
                                const struct fault *unreadable, char text[REASON_BYTES]) {
  int code = facts->end->code;
  const char *key;
  if (!cell && code != EXIT_CODE_OK) { /* it ended before it could write why */
    reason(text, facts, "exit code %d (%s)", code, exit_code_text((enum exit_code)code));
  } else if (!cell) {
    reason(text, facts, "exit code %d, but its output cannot be used: %.400s", code, unreadable->message);
  } else if (!cJSON_IsObject(cell) || !cJSON_IsString(get(cell, "status"))) {
    reason(text, facts, "exit code %d, but its output is no object with a \"status\"", code);
  } else if (!is_the_cell(cell, facts, &key)) {
    reason(text, facts, "its output is of another cell: \"%s\" is not the one asked for", key);
  } else if (is_text(get(cell, "status"), "ok") != (code == EXIT_CODE_OK)) {
    reason(text, facts, "exit code %d, but it calls itself \"%.40s\"", code, get(cell, "status")->valuestring);
  } else if (code != EXIT_CODE_OK && !(cJSON_IsString(get(cell, "reason")) && get(cell, "reason")->valuestring[0])) {
    reason(text, facts, "it failed without a reason");
  } else {
    return NULL;
  }
  return "failed";
}

/* ---- the object ---- */

/* A cell knows files by its place's names (cell_place.h); people know them by theirs. */
static void name_really(const struct cell_outcome_facts *facts, const char *text, char really[REASON_BYTES]) {
  size_t used = 0;
  while (*text && used + 1 < REASON_BYTES) {
    const char *name = NULL;
    size_t taken = 1;
    if (strncmp(text, CELL_PLACE_CORPUS, strlen(CELL_PLACE_CORPUS)) == 0) {
      name = facts->corpus_root;
      taken = strlen(CELL_PLACE_CORPUS);
    } else if (strncmp(text, CELL_PLACE, strlen(CELL_PLACE)) == 0) {
      name = facts->place;
      taken = strlen(CELL_PLACE) - 1; /* its '/' stays */
    }
    if (name) used += (size_t)snprintf(really + used, REASON_BYTES - used, "%s", name);
    else really[used++] = *text;
    text += taken;
  }
  really[used < REASON_BYTES ? used : REASON_BYTES - 1] = '\0';
}

static cJSON *head(const struct cell_outcome_facts *facts, const char *status, const char *why) {
  char reason_text[REASON_BYTES];
  cJSON *cell = json_new_object();
  if (why) name_really(facts, why, reason_text);
  const struct plan_combination *combination = facts->combination;
  json_add_text(cell, "combination", combination->combination.name);
  cJSON *stages = json_add_array(cell, "stages");
  for (unsigned i = 0; i < combination->stage_count; i++) json_add_text(stages, NULL, combination->stages[i]);
  json_add_text(cell, "kind", combination->instrument ? "instrument" : "measured");
  json_add_text(cell, "profile", facts->profile);
  json_add_u64(cell, "repetition", facts->repetition);
  json_add_u64(cell, "position", facts->position);
  json_add_text(cell, "status", status);
  json_add_text(cell, "reason", why ? reason_text : NULL);
  json_add_u64(cell, "wall_ns", facts->end->wall_ns);
  return cell;
}

/* Moves over what the cell found; of one that is not ok, only what is no figure. */
static void take_rest(cJSON *cell, cJSON *output, bool ok) {
  for (unsigned part = 0; !ok && part < CELL_PART_COUNT; part++) {
    cJSON_DeleteItemFromObjectCaseSensitive(output, cell_parts[part]);
  }
  while (output->child) {
    cJSON *item = cJSON_DetachItemViaPointer(output, output->child);
    if (get(cell, item->string)) {
      cJSON_Delete(item);
    } else {
      char key[256];
      snprintf(key, sizeof key, "%s", item->string);
      json_add_item(cell, key, item);
    }
  }
}

cJSON *cell_outcome_planned(const struct plan_combination *combination, const char *profile, unsigned repetition,
                            unsigned position) {
  const struct supervise_outcome end = {0};
  const struct cell_outcome_facts facts = {
      .combination = combination, .profile = profile, .repetition = repetition, .position = position, .end = &end};
  return head(&facts, "failed", "not measured yet");
}

cJSON *cell_outcome_object(const struct cell_outcome_facts *facts, struct fault *fault) {
  char text[REASON_BYTES];
  const char *status = bad_end(facts, text);
  if (status) return head(facts, status, text);
  cJSON *output = NULL;
  struct fault unreadable = {0};
  if (!json_read_file(facts->out_path, &output, &unreadable) && unreadable.code == EXIT_CODE_SYSTEM) {
    fault_set(fault, unreadable.code, "%s", unreadable.message); /* which says nothing about the cell */
    return NULL;
  }
  status = disagreement(output, facts, &unreadable, text);
  cJSON *cell;
  if (status) {
    cell = head(facts, status, text);
  } else {
    bool ok = facts->end->code == EXIT_CODE_OK;
    json_make_exact(output);
    cell = head(facts, ok ? "ok" : "failed", ok ? NULL : get(output, "reason")->valuestring);
    take_rest(cell, output, ok);
  }
  cJSON_Delete(output);
  return cell;
}
