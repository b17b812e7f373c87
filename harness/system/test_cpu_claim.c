/* SPDX-License-Identifier: MIT
 *
 * Runs beside each other claim different CPUs, and the one too many knows it. */
#include "cpu_claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Numbers that no machine of today has, so that a real run beside the test does not matter. */
#define FIRST (CPU_SETSIZE - 2)
#define SECOND (CPU_SETSIZE - 1)

static cpu_set_t both(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(FIRST, &set);
  CPU_SET(SECOND, &set);
  return set;
}

static void claims_exclude_each_other(void **state) {
  (void)state;
  const cpu_set_t allowed = both();
  struct cpu_claim a = cpu_claim_take(&allowed), b = cpu_claim_take(&allowed), c = cpu_claim_take(&allowed);
  assert_int_equal(a.cpu, SECOND);
  assert_int_equal(b.cpu, FIRST);
  assert_int_equal(c.cpu, SECOND);
  assert_true(!a.is_shared && !b.is_shared && c.is_shared);
  cpu_claim_release(&a);
  a = cpu_claim_take(&allowed);
  assert_true(a.cpu == SECOND && !a.is_shared);
  cpu_claim_release(&a);
  cpu_claim_release(&b);
  cpu_claim_release(&c);
}

static void a_process_that_dies_gives_its_claim_back(void **state) {
  (void)state;
  const cpu_set_t allowed = both();
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    cpu_claim_take(&allowed);
    abort();
  }
  assert_int_equal(waitpid(child, NULL, 0), child);
  struct cpu_claim again = cpu_claim_take(&allowed);
  assert_true(again.cpu == SECOND && !again.is_shared);
  cpu_claim_release(&again);
}

static void nothing_is_chosen_from_nothing(void **state) {
  (void)state;
  cpu_set_t none;
  CPU_ZERO(&none);
  struct cpu_claim claim = cpu_claim_take(&none);
  assert_true(claim.cpu == -1 && !claim.is_shared && claim.fd == -1);
}

static void steal_is_told_of_a_cpu_that_there_is(void **state) {
  (void)state;
  uint64_t ns;
  assert_true(cpu_steal_ns(0, &ns));
  assert_false(cpu_steal_ns(CPU_SETSIZE - 1, &ns));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(claims_exclude_each_other),
      cmocka_unit_test(a_process_that_dies_gives_its_claim_back),
      cmocka_unit_test(nothing_is_chosen_from_nothing),
      cmocka_unit_test(steal_is_told_of_a_cpu_that_there_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
