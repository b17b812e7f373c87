/* SPDX-License-Identifier: MIT
 *
 * strip.h - records of trees without what can be computed, and back.
 *
 * Where a blob store lies above the base stage, which keeps bytes and no live trees, the base stage
 * writes trees as the skeleton's records (skeleton/skeleton.h). No saving is meant: that form leaves
 * all saving to the blob store, and these functions are what it leaves out where the blob store asks.
 * Both are as the hooks of struct stage_ops. */
#ifndef BASELINE_STRIP_H
#define BASELINE_STRIP_H

#include "skeleton/skeleton.h"

int baseline_strip(const void *bytes, uint64_t length, uint8_t *out, uint64_t *out_length);
int baseline_reconstruct(const uint8_t *stripped, uint64_t stripped_length, uint8_t *out, uint64_t length);

#endif
