// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The second stream: what comes with every frame beside its words, in step with the pixels. A set of maps is BEATS beats, one for
// each word of pixels, and a beat of CRC-32 behind them, TLAST with that. A beat holds, low bits first, of each map the values of
// all pixels of the word, pixel by pixel; the rest is 0. The CRC is that of all bits of the BEATS beats.
//
// A set is taken for each frame that brings pixels, and none for one that brings none: a memory that is read in a circle stays in step.
//   ends too early     -> the rest is zeros: pixels that measure nothing
//   does not end       -> what follows up to TLAST is thrown away
//   another CRC-32     -> as it is
// Each of these is said with the frame, which is then kept and flagged `upset`; the next set is right again.
#ifndef VETOC_RECEIVE_MAPS_H
#define VETOC_RECEIVE_MAPS_H

#include <ap_axi_sdata.h>

#include "crc32.h"
#include "word.h"

namespace vetoc {

template <typename CONFIG>
using map_beat = ap_axiu<CONFIG::BITS, 0, 0, 0>;

/// The bits of a beat from FIRST on, as the values of a map for the pixels of a word.
template <typename T, int LANES, int FIRST, int BITS>
word<T, LANES> map_word(const ap_uint<BITS> &data) {
#pragma HLS INLINE
  word<T, LANES> values;
LANES:
  for (int l = 0; l < LANES; ++l) {
#pragma HLS UNROLL
    const ap_uint<T::width> bits = data.range(FIRST + (l + 1) * T::width - 1, FIRST + l * T::width);
    values.lane[l].range(T::width - 1, 0) = bits;
  }
  return values;
}

/// One set. `hand_on` gives the bits of a beat to the streams of the maps.
template <typename CONFIG, typename HAND_ON>
void receive_set(hls::stream<map_beat<CONFIG>> &maps, hls::stream<bool> &upset, const HAND_ON &hand_on) {
#pragma HLS INLINE
  int place = 0;         // beats handed on
  bool ended = false;    // TLAST was seen
  bool wrong = false;
  std::uint32_t crc = CRC_START;
BEATS:
  while (place < CONFIG::BEATS || !ended) {
#pragma HLS PIPELINE II = 1
    ap_uint<CONFIG::BITS> data = 0;
    bool last = false;
    if (!ended) {
      const map_beat<CONFIG> beat = maps.read();
      data = beat.data;
      last = beat.last == 1;
    }
    const bool trailer = place == CONFIG::BEATS;
    if (trailer) {
      // The first beat behind the pixels is the CRC; what comes behind that is too much.
      const std::uint32_t sent = ap_uint<32>(data.range(31, 0)).to_uint();
      if (!last || sent != crc32_of(crc)) wrong = true;
    } else {
      if (ended || last) {
        wrong = true;
        data = 0;
      }
      crc = crc32_next<CONFIG::BITS / 16>(crc, data);
      hand_on(data);
      ++place;
    }
    ended = ended || last;
  }
  upset.write(wrong);
}

/// Pedestals and factors.
template <typename CONFIG>
void receive_maps(hls::stream<bool> &upset, hls::stream<map_beat<CONFIG>> &maps,
                  hls::stream<word<typename CONFIG::map0_t, CONFIG::LANES0>> &map0,
                  hls::stream<word<typename CONFIG::map1_t, CONFIG::LANES1>> &map1) {
  receive_set<CONFIG>(maps, upset, [&](const ap_uint<CONFIG::BITS> &data) {
#pragma HLS INLINE
    map0.write(map_word<typename CONFIG::map0_t, CONFIG::LANES0, CONFIG::FIRST0>(data));
    map1.write(map_word<typename CONFIG::map1_t, CONFIG::LANES1, CONFIG::FIRST1>(data));
  });
}

/// Words of gain and their thresholds, too.
template <typename CONFIG>
void receive_maps(hls::stream<bool> &upset, hls::stream<map_beat<CONFIG>> &maps,
                  hls::stream<word<typename CONFIG::map0_t, CONFIG::LANES0>> &map0,
                  hls::stream<word<typename CONFIG::map1_t, CONFIG::LANES1>> &map1,
                  hls::stream<word<typename CONFIG::map2_t, CONFIG::LANES2>> &map2,
                  hls::stream<word<typename CONFIG::map3_t, CONFIG::LANES3>> &map3) {
  receive_set<CONFIG>(maps, upset, [&](const ap_uint<CONFIG::BITS> &data) {
#pragma HLS INLINE
    map0.write(map_word<typename CONFIG::map0_t, CONFIG::LANES0, CONFIG::FIRST0>(data));
    map1.write(map_word<typename CONFIG::map1_t, CONFIG::LANES1, CONFIG::FIRST1>(data));
    map2.write(map_word<typename CONFIG::map2_t, CONFIG::LANES2, CONFIG::FIRST2>(data));
    map3.write(map_word<typename CONFIG::map3_t, CONFIG::LANES3, CONFIG::FIRST3>(data));
  });
}

}  // namespace vetoc

#endif
