// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Simulation only: which bit of which memory flips in this cycle. What: 0 memory, 1 row, 2 bit, 3 copy.
import "DPI-C" function int vetoc_upset(input int what);
