/* SPDX-License-Identifier: MIT
 *
 * allocator.h - allocator profiles, and whether this process really runs with one.
 *
 * jemalloc takes options from MALLOC_CONF, but also from /etc/malloc.conf, and a system can load
 * another allocator in front of it. Either moves figures without a word: with junk:true p1 reads
 * fifteen times too good. So a process that measures reads back what it runs with. */
#ifndef PHASEBENCH_ALLOCATOR_H
#define PHASEBENCH_ALLOCATOR_H

#include <stdbool.h>

#include "base/fault.h"

#define ALLOCATOR_PROFILES(X)                                                        \
  X("strict", "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0,background_thread:false") \
  X("stock", "background_thread:false")

/* The MALLOC_CONF of a profile, static; NULL: there is no such profile. */
const char *allocator_profile_conf(const char *profile);

/* Whether every option of jemalloc that this project knows is what the profile says, or else
 * jemalloc's default, and malloc is jemalloc's. Faults: EXIT_CODE_CELL_FAILED, naming the option
 * or the library. A build without jemalloc has no profile and passes. */
bool allocator_check(const char *profile, struct fault *fault);

/* The options in force, as jemalloc reports them and not as they were asked for; where there is no
 * jemalloc, a text that says what there is instead. Static. */
const char *allocator_options(void);

#endif
