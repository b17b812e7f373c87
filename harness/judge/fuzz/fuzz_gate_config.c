/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a configuration of the gate. */
#include "testing/fuzz_file.h"
#include "gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fault fault = {0};
  struct gate_config *config = NULL;
  if (!gate_config_open(fuzz_file(data, size), &config, &fault) && fault.code != EXIT_CODE_INPUT) abort();
  gate_config_close(config);
  return 0;
}
