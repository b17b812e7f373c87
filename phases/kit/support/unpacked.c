/* SPDX-License-Identifier: MIT */
#include "unpacked.h"

static uint64_t cost(const struct unpacked *unpacked) { return sizeof *unpacked + unpacked->length; }

struct unpacked *unpacked_new(struct unpacked_list *list, uint32_t id, uint64_t length) {
  if (length > SIZE_MAX - sizeof(struct unpacked)) return NULL;
  struct unpacked *unpacked = stage_allocate(list->ctx, list->kind, sizeof *unpacked + (size_t)length);
  if (unpacked) *unpacked = (struct unpacked){.id = id, .length = length};
  return unpacked;
}

void unpacked_discard(struct unpacked_list *list, struct unpacked *unpacked) {
  stage_release(list->ctx, list->kind, unpacked);
}

void unpacked_take(struct unpacked_list *list, struct unpacked *unpacked) {
  unpacked->next = list->first;
  list->first = unpacked;
  list->free_bytes += cost(unpacked);
}

/* Lets go of what nobody has pinned beyond `most` bytes, and of what is stale. */
static void trim(struct unpacked_list *list, uint64_t most, bool tells) {
  uint64_t bytes = 0;
  for (struct unpacked **at = &list->first; *at;) {
    struct unpacked *unpacked = *at;
    if (unpacked->pins == 0) {
      bytes += cost(unpacked);
      if (bytes > most || unpacked->is_stale) {
        if (tells && !unpacked->is_stale && list->on_leave) list->on_leave(list->with, unpacked);
        bytes -= cost(unpacked);
        list->free_bytes -= cost(unpacked);
        *at = unpacked->next;
        stage_release(list->ctx, list->kind, unpacked);
        continue;
      }
    }
    at = &unpacked->next;
  }
}

struct unpacked *unpacked_find(struct unpacked_list *list, uint32_t id) {
  for (struct unpacked **at = &list->first; *at; at = &(*at)->next) {
    struct unpacked *unpacked = *at;
    if (unpacked->id != id || unpacked->is_stale) continue;
    *at = unpacked->next;
    unpacked->next = list->first;
    list->first = unpacked;
    unpacked->hits++;
    return unpacked;
  }
  return NULL;
}

void unpacked_pin(struct unpacked_list *list, struct unpacked *unpacked, uint64_t offset, uint64_t length,
                  struct stage_pin *pin) {
  if (unpacked->pins++ == 0) {
    list->free_bytes -= cost(unpacked);
    list->pinned_bytes += cost(unpacked);
  }
  trim(list, list->budget_bytes, true);
  *pin = (struct stage_pin){unpacked->bytes + offset, length, unpacked};
}

void unpacked_unpin(struct unpacked_list *list, struct stage_pin *pin) {
  struct unpacked *unpacked = pin->keep;
  *pin = (struct stage_pin){0};
  if (--unpacked->pins == 0) {
    list->pinned_bytes -= cost(unpacked);
    list->free_bytes += cost(unpacked);
  }
  trim(list, list->budget_bytes, true);
}

void unpacked_forget(struct unpacked_list *list, uint32_t id) {
  for (struct unpacked *u = list->first; u; u = u->next) {
    if (u->id == id) u->is_stale = true;
  }
  trim(list, list->budget_bytes, true);
}

void unpacked_clear(struct unpacked_list *list) { trim(list, 0, false); }

void unpacked_free(struct unpacked_list *list) {
  while (list->first) {
    struct unpacked *next = list->first->next;
    stage_release(list->ctx, list->kind, list->first);
    list->first = next;
  }
  list->free_bytes = list->pinned_bytes = 0;
}
