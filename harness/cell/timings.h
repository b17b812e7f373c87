/* SPDX-License-Identifier: MIT
 *
 * timings.h - how long the steps of a cell took, summed over all documents. */
#ifndef PHASEBENCH_CELL_TIMINGS_H
#define PHASEBENCH_CELL_TIMINGS_H

#include <stdint.h>

struct cell_timings {
  uint64_t parse_ns; /* ts_parser_parse, of all documents */
  uint64_t store_ns; /* handing text and tree to the store */
  uint64_t free_ns;  /* freeing the parser's trees; next to nothing where the store keeps them */
  uint64_t finalize_ns;
  uint64_t walk_ns; /* opening and batch-walking all documents */
  uint64_t walked_nodes;
  uint64_t edit_parse_ns; /* incremental parses; where the codec has no live tree, the parse of the old text, too */
  uint64_t edit_store_ns;
};

#endif
