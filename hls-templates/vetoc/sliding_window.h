// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Line buffer and window registers: pixels in, windows out. Walks over the padded image position by position, LANES
// channels a cycle, and emits a word [KERNEL_HEIGHT][KERNEL_WIDTH][LANES] wherever a window is complete.
//
// Every element of an emitted window was written in the same call: a window is complete only KERNEL_HEIGHT - 1 padded
// rows and KERNEL_WIDTH - 1 padded columns after the start. Nothing that a previous frame left behind can be seen.
#ifndef VETOC_SLIDING_WINDOW_H
#define VETOC_SLIDING_WINDOW_H

#include "word.h"

namespace vetoc {

template <typename CONFIG>
using window_word = word<typename CONFIG::input_t, CONFIG::KERNEL_HEIGHT * CONFIG::KERNEL_WIDTH * CONFIG::LANES>;

/// PADDING stands at positions outside the image.
template <typename CONFIG, int PADDING = 0>
void sliding_window(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                    hls::stream<window_word<CONFIG>> &windows) {
  typedef word<typename CONFIG::input_t, CONFIG::LANES> word_t;
  constexpr int KH = CONFIG::KERNEL_HEIGHT;
  constexpr int KW = CONFIG::KERNEL_WIDTH;
  constexpr int GROUPS = CONFIG::IN_CHANNELS / CONFIG::LANES;
  constexpr int ROWS = CONFIG::PAD_TOP + CONFIG::IN_HEIGHT + CONFIG::PAD_BOTTOM;
  constexpr int COLUMNS = CONFIG::PAD_LEFT + CONFIG::IN_WIDTH + CONFIG::PAD_RIGHT;
  constexpr int LINES = KH > 1 ? KH - 1 : 1;
  constexpr int NEXT_ROW = COLUMNS * GROUPS;
  static_assert(bears(COLUMNS * GROUPS, NEXT_ROW) && bears(GROUPS, GROUPS), "read before it is written");

  word_t lines[LINES][COLUMNS][GROUPS];
#pragma HLS ARRAY_PARTITION variable = lines complete dim = 1
#pragma HLS AGGREGATE variable = lines
#ifdef VETOC_ECC
#pragma HLS BIND_STORAGE variable = lines type = ram_s2p impl = bram_ecc
#endif
  word_t window[GROUPS][KH][KW];
#pragma HLS ARRAY_PARTITION variable = window complete dim = 2
#pragma HLS ARRAY_PARTITION variable = window complete dim = 3
#pragma HLS AGGREGATE variable = window
  word_t nothing;
PADDING:
  for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
    nothing.lane[l] = PADDING;
  }

  int rows_to_go = KH - 1;     // rows until the next row of windows is complete
  int columns_to_go = KW - 1;  // columns until the next window of the row is
  int y = 0;
  int x = 0;
  int g = 0;
POSITIONS:
  for (int i = 0; i < ROWS * COLUMNS * GROUPS; ++i) {
#pragma HLS PIPELINE II = 1
// What is written is read again a row (of the line buffer), or all groups of a pixel (of a window), later: the tool knows how
// much its memories need, and more than four groups have that much room.
#pragma HLS DEPENDENCE variable = lines type = inter direction = RAW distance = NEXT_ROW true
#pragma HLS DEPENDENCE variable = window type = inter direction = RAW distance = GROUPS true
    const bool inside = y >= CONFIG::PAD_TOP && y < CONFIG::PAD_TOP + CONFIG::IN_HEIGHT && x >= CONFIG::PAD_LEFT &&
                        x < CONFIG::PAD_LEFT + CONFIG::IN_WIDTH;
    word_t arriving = nothing;
    if (inside) arriving = in.read();

  WINDOW_ROWS:
    for (int ky = 0; ky < KH; ++ky) {
#pragma HLS UNROLL
      const word_t entering = ky == KH - 1 ? arriving : lines[ky < LINES ? ky : 0][x][g];
    SHIFT:
      for (int kx = 0; kx < KW - 1; ++kx) {
#pragma HLS UNROLL
        window[g][ky][kx] = window[g][ky][kx + 1];
      }
      window[g][ky][KW - 1] = entering;
      if (ky > 0) lines[ky - 1][x][g] = entering;
    }

    if (rows_to_go == 0 && columns_to_go == 0) {
      window_word<CONFIG> w;
    EMIT_ROWS:
      for (int ky = 0; ky < KH; ++ky) {
#pragma HLS UNROLL
      EMIT_COLUMNS:
        for (int kx = 0; kx < KW; ++kx) {
#pragma HLS UNROLL
        EMIT_LANES:
          for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
            w.lane[(ky * KW + kx) * CONFIG::LANES + l] = window[g][ky][kx].lane[l];
          }
        }
      }
      windows.write(w);
    }
    if (next<GROUPS>(g)) {
      columns_to_go = columns_to_go == 0 ? CONFIG::STRIDE_X - 1 : columns_to_go - 1;
      if (next<COLUMNS>(x)) {
        columns_to_go = KW - 1;
        rows_to_go = rows_to_go == 0 ? CONFIG::STRIDE_Y - 1 : rows_to_go - 1;
        ++y;
      }
    }
  }
}

}  // namespace vetoc

#endif
