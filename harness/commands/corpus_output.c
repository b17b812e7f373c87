/* SPDX-License-Identifier: MIT
 *
 * corpus_output.c - how the parts of `phasebench corpus` end: with an exit code, and output that arrived. */
#include <stdio.h>

#include "base/json_out.h"
#include "base/output.h"
#include "corpus.h"

int corpus_report(const struct fault *fault) {
  fault_print(fault, "");
  return fault->code;
}

/* Output that cannot be written (a full disk behind a pipe) is an error. */
int corpus_finish_output(int code) {
  struct fault fault = {0};
  return output_flush(&fault) ? code : corpus_report(&fault);
}

int corpus_print_json(cJSON *json, int code) {
  struct fault fault = {0};
  return json_print(json, &fault) ? code : corpus_report(&fault);
}
