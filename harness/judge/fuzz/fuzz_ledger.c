/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a ledger of claims. */
#include "claims.h"
#include "testing/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fault fault = {0};
  struct claims *claims = NULL;
  if (!claims_open(fuzz_file(data, size), &claims, &fault) && fault.code != EXIT_CODE_INPUT) abort();
  claims_close(claims);
  return 0;
}
