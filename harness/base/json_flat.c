/* SPDX-License-Identifier: MIT
 *
 * json_flat.c */
#include "json_flat.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES 256
#define TEXT_BYTES 1024

static void leaf_text(const cJSON *value, const char *reason, char *text, size_t text_bytes) {
  if (cJSON_IsString(value)) snprintf(text, text_bytes, "%s", value->valuestring);
  else if (cJSON_IsBool(value)) snprintf(text, text_bytes, "%s", cJSON_IsTrue(value) ? "yes" : "no");
  else if (cJSON_IsNumber(value)) snprintf(text, text_bytes, "%.17g", value->valuedouble);
  else if (cJSON_IsNull(value)) snprintf(text, text_bytes, reason ? "not known: %s" : "none%s", reason ? reason : "");
  else snprintf(text, text_bytes, "...");
}

static void array_text(const cJSON *array, char *text, size_t text_bytes) {
  size_t used = 0;
  text[0] = '\0';
  for (const cJSON *item = array->child; item && used + 4 < text_bytes; item = item->next) {
    char one[TEXT_BYTES];
    leaf_text(item, NULL, one, sizeof one);
    used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", item == array->child ? "" : ", ", one);
  }
}

static void flat(const cJSON *object, const char *prefix, json_leaf_fn *each, void *sink) {
  const cJSON *missing = cJSON_GetObjectItemCaseSensitive(object, "missing");
  for (const cJSON *member = object->child; member; member = member->next) {
    char path[PATH_BYTES], text[TEXT_BYTES];
    if (member == missing || !member->string) continue;
    snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] ? "." : "", member->string);
    if (cJSON_IsObject(member)) {
      flat(member, path, each, sink);
      continue;
    }
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(missing, member->string);
    if (cJSON_IsArray(member)) array_text(member, text, sizeof text);
    else leaf_text(member, cJSON_IsString(reason) ? reason->valuestring : NULL, text, sizeof text);
    each(sink, path, text);
  }
}

void json_flat(const cJSON *object, json_leaf_fn *each, void *sink) {
  if (cJSON_IsObject(object)) flat(object, "", each, sink);
}

static void reasons(const cJSON *value, const char *prefix, json_leaf_fn *each, void *sink) {
  for (const cJSON *member = value ? value->child : NULL; member; member = member->next) {
    char path[PATH_BYTES];
    bool is_missing = member->string && strcmp(member->string, "missing") == 0 && cJSON_IsObject(member);
    if (is_missing) {
      for (const cJSON *reason = member->child; reason; reason = reason->next) {
        snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] ? "." : "", reason->string);
        if (cJSON_IsString(reason)) each(sink, path, reason->valuestring);
      }
    } else if (cJSON_IsObject(member) || cJSON_IsArray(member)) {
      if (member->string) snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] ? "." : "", member->string);
      else snprintf(path, sizeof path, "%s", prefix);
      reasons(member, path, each, sink);
    }
  }
}

void json_reasons(const cJSON *object, json_leaf_fn *each, void *sink) { reasons(object, "", each, sink); }
