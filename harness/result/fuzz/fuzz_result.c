/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a result file: refused, or read. */
#include "testing/fuzz_file.h"
#include "result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fault fault = {0};
  struct result *result;
  if (result_open(fuzz_file(data, size), &result, &fault)) result_close(result);
  else if (fault.code != EXIT_CODE_INPUT) abort();
  return 0;
}
