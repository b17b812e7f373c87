/* SPDX-License-Identifier: MIT */
#include "bus.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct maps *watched;
static struct sigaction previous;
static bool is_installed;
static uintptr_t page_bytes;

static struct map *map_at(uintptr_t address) {
  for (struct maps *maps = watched; maps; maps = maps->next_watched) {
    for (struct map *map = maps->first; map; map = map->next) {
      if (address - (uintptr_t)map->bytes < map->mapped_bytes) return map;
    }
  }
  return NULL;
}

/* From the page that failed to the map's end: a file that was cut short has none of these, and
 * the map is void anyhow. */
static bool put_zeros(struct map *map, uintptr_t address) {
  uintptr_t from = address & ~(page_bytes - 1), end = (uintptr_t)map->bytes + map->mapped_bytes;
  map->is_corrupt = 1;
  return mmap((void *)from, end - from, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* The default action: on return the read fails again, or the signal that was sent is raised anew. */
static void pass_on(int number, siginfo_t *info, void *context) {
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  } else if (previous.sa_handler == SIG_DFL || info->si_code > 0) {
    signal(number, SIG_DFL);
    if (info->si_code <= 0) raise(number);
  }
}

static void on_bus_error(int number, siginfo_t *info, void *context) {
  int saved = errno;
  /* si_code <= 0: sent by somebody, and si_addr is no address. */
  struct map *map = info->si_code > 0 ? map_at((uintptr_t)info->si_addr) : NULL;
  if (!map || !put_zeros(map, (uintptr_t)info->si_addr)) pass_on(number, info, context);
  errno = saved;
}

int bus_watch(struct maps *maps) {
  if (maps->is_watched) return STAGE_OK;
  if (!is_installed) {
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, &action, &previous) < 0) {
      STAGE_FAIL(maps->ctx, "SIGBUS cannot be handled: %s", strerror(errno));
      return STAGE_IO;
    }
    is_installed = true;
  }
  maps->next_watched = watched;
  maps->is_watched = true;
  watched = maps;
  return STAGE_OK;
}

/* Somebody has set a handler after ours and passes on to us: ours must stay, and its code with it. */
static void stay_loaded(void) {
  Dl_info here;
  if (dladdr((void *)(uintptr_t)on_bus_error, &here)) dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

void bus_unwatch(struct maps *maps) {
  if (!maps->is_watched) return;
  struct maps **at = &watched;
  while (*at != maps) at = &(*at)->next_watched;
  *at = maps->next_watched;
  maps->is_watched = false;
  struct sigaction current;
  if (watched || sigaction(SIGBUS, NULL, &current) < 0) return;
  if ((current.sa_flags & SA_SIGINFO) && current.sa_sigaction == on_bus_error) {
    sigaction(SIGBUS, &previous, NULL);
    is_installed = false;
  } else {
    stay_loaded();
  }
}
