// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Weights that are exchanged while frames run. Every stage with weights has two banks: one is in use, new weights go to
// the other in the background, and the banks change places between two frames, in all stages for the same frame.
//
// load_weights checks an image and hands each stage its part; swap_weights tells every stage, frame by frame, which set of
// weights counts; spare_bank is a stage's side: it takes its part word by word.
//
// An image is 32-bit words: MAGIC, the design that it was made for, the parts, the CRC-32 of all of them; TLAST with the
// last. A part is one row of factors for each cycle (32 / width factors a word, the first in the low bits), then two
// words an output channel: bias 31..0; bias 55..32 in bits 23..0, alignment in bits 29..24. The part of `decide` is the
// threshold.
//
// It fails safe: an image that is not whole or not of this design, or out of range, is refused and counted, its status says
// why, and the weights stay as they were.
#ifndef VETOC_RELOAD_H
#define VETOC_RELOAD_H

#include <ap_axi_sdata.h>

#include "crc32.h"
#include "link.h"
#include "state.h"
#include "weights.h"

namespace vetoc {

typedef ap_axiu<32, 0, 0, 0> weight_beat;

/// A word of a stage's part, or the news that the image was good.
struct weight_word {
  ap_uint<32> data;
  bool first;   // starts the part from the beginning
  bool commit;  // no data: the part is complete and may be used
};

/// Which weights a frame is decided with: how often they were reloaded, modulo 256. The lowest bit is the bank.
typedef ap_uint<8> weight_set;

static constexpr unsigned WEIGHT_MAGIC = 0x32574556U;  // "VEW2"
static constexpr int HEADER_WORDS = 2;
static constexpr int LARGEST_SHIFT = 15;

/// What became of an image.
enum class image_status { none, taken, not_an_image, other_design, too_short, too_long, bytes, crc, range, busy };

// Bits of the mode register that have to do with a second network in shadow (canary).
static constexpr int SECOND_DECIDES = 4;
static constexpr int TAKE_OVER = 5;

/// What the words of a part may be: `factors` words of which the bits of `unused` are 0, then two words a channel with a
/// bias from `low` to `high`.
struct part_limits {
  int words;
  int factors;
  unsigned unused;
  long long low;
  long long high;
};

/// Whether a word at `place` of its part is in range; `before` is the word in front of it.
inline bool in_range(const part_limits &part, int place, ap_uint<32> before, ap_uint<32> data) {
#pragma HLS INLINE
  if (place < part.factors) return (data & ap_uint<32>(part.unused)) == 0;
  if ((place - part.factors) % 2 == 0) return true;  // the low half of a bias: judged with the high one
  ap_int<56> bias;
  bias.range(31, 0) = before;
  bias.range(55, 32) = data.range(23, 0);
  return data.range(31, 24) <= LARGEST_SHIFT && bias >= ap_int<56>(part.low) && bias <= ap_int<56>(part.high);
}

struct load_counts {
  ap_uint<32> loaded = 0, refused = 0;  // at most 2^32 - 1 each
};

/// Where the loader is in an image. It outlives a call, so that a reset in the middle of one finds it.
struct load_state {
  image_status found = image_status::none;  // the first thing that is wrong
  bool ended = false;                       // TLAST has come
  int place = 0;                            // words taken
  int stage = 0;
  int word_of_part = 0;
  std::uint32_t crc = CRC_START;
  std::uint32_t before = 0;  // the word in front
  bool second = false;       // for the second network: the one that is in shadow
};

/// `limits` holds what each part may be. Waits for an image; nothing waits for it. Of two networks the one in shadow gets it:
/// `parts` holds the stages of the first, then those of the second.
template <typename CONFIG>
void load_weights(const part_limits (&limits)[CONFIG::STAGES], hls::stream<weight_beat> &weights,
                  hls::stream<weight_word> (&parts)[CONFIG::NETWORKS * CONFIG::STAGES],
                  hls::stream<bool> &announcements, ap_uint<32> mode, ap_uint<32> &weights_loaded,
                  ap_uint<32> &weights_refused, ap_uint<32> &weights_status) {
  VETOC_STATE(load_counts, count);
#pragma HLS RESET variable = count
  VETOC_STATE(load_state, s);
#pragma HLS RESET variable = s
  constexpr int LAST = CONFIG::WORDS - 1;
WORDS:
  while (!s.ended) {
#pragma HLS PIPELINE II = 1
#ifndef __SYNTHESIS__
    // C simulation runs every stage once a frame, hardware whenever there is something to do: the rest of an image may be
    // there with a later frame.
    if (weights.empty()) return;
#endif
    const weight_beat beat = weights.read();
    s.ended = beat.last == 1;
    const bool armed = CONFIG::NETWORKS > 1 && mode.test(TAKE_OVER);
    if (s.place == 0) s.second = CONFIG::NETWORKS > 1 && !mode.test(SECOND_DECIDES);
    // What decides by then must not be touched.
    const bool decides = CONFIG::NETWORKS > 1 && mode.test(SECOND_DECIDES) == s.second;
    // Words beyond the last one are thrown away up to TLAST.
    const bool inside = s.place <= LAST;
    image_status wrong = image_status::none;
    if (inside && (armed || decides)) wrong = image_status::busy;
    if (s.place == LAST && beat.data != crc32_of(s.crc)) wrong = image_status::crc;
    if (s.place == 1 && beat.data != CONFIG::DESIGN) wrong = image_status::other_design;
    if (s.place == 0 && beat.data != WEIGHT_MAGIC) wrong = image_status::not_an_image;
    if (s.ended && s.place < LAST) wrong = image_status::too_short;
    if (!s.ended && s.place == LAST) wrong = image_status::too_long;
    if (inside && !beat.keep.and_reduce()) wrong = image_status::bytes;
    const bool of_a_part = s.place >= HEADER_WORDS && s.place < LAST;
    if (of_a_part && wrong == image_status::none && !in_range(limits[s.stage], s.word_of_part, s.before, beat.data))
      wrong = image_status::range;
    s.crc = crc32_next<2>(s.crc, beat.data);
    s.before = beat.data.to_uint();
    if (s.found == image_status::none) s.found = wrong;
    if (s.found == image_status::none && of_a_part) {
      weight_word word;
      word.data = beat.data;
      word.first = s.word_of_part == 0;
      word.commit = false;
    HAND_OUT:
      for (int p = 0; p < CONFIG::NETWORKS * CONFIG::STAGES; ++p) {
#pragma HLS UNROLL
        if (p == s.stage + (s.second ? CONFIG::STAGES : 0)) parts[p].write(word);
      }
      const bool part_ends = s.word_of_part == limits[s.stage].words - 1;
      s.word_of_part = part_ends ? 0 : s.word_of_part + 1;
      if (part_ends) ++s.stage;
    }
    if (inside) ++s.place;
  }
  if (s.found == image_status::none) {
    s.found = image_status::taken;
    weight_word commit;
    commit.data = 0;
    commit.first = false;
    commit.commit = true;
  COMMIT:
    for (int p = 0; p < CONFIG::STAGES; ++p) {
#pragma HLS UNROLL
      if (!s.second) parts[p].write(commit);
      if (CONFIG::NETWORKS > 1 && s.second) parts[(CONFIG::NETWORKS - 1) * CONFIG::STAGES + p].write(commit);
    }
    // After the commits: whoever hears of the set finds its part in the stream.
    announcements.write(s.second);
    count.loaded = saturated(count.loaded);
  } else {
    count.refused = saturated(count.refused);
  }
  weights_loaded = count.loaded;
  weights_refused = count.refused;
  weights_status = static_cast<unsigned>(s.found);
  s = load_state();
}

/// Which weights each network uses.
struct network_sets {
  weight_set first = 0;
  weight_set second = 0;
};

/// Lets pixels through; with the first word of a frame it tells every stage the set of weights for that frame.
template <typename CONFIG>
void swap_weights(hls::stream<word<typename CONFIG::value_t, CONFIG::LANES>> &in, hls::stream<bool> &announcements,
                  hls::stream<weight_set> (&sets)[CONFIG::NETWORKS * CONFIG::STAGES],
                  hls::stream<word<typename CONFIG::value_t, CONFIG::LANES>> &out) {
  VETOC_STATE(network_sets, set);
#pragma HLS RESET variable = set
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::value_t, CONFIG::LANES> x = in.read();
    if (i == 0) {
      bool second = false;
      if (announcements.read_nb(second)) {
        if (second)
          set.second += 1;
        else
          set.first += 1;
      }
    TELL:
      for (int s = 0; s < CONFIG::NETWORKS * CONFIG::STAGES; ++s) {
#pragma HLS UNROLL
        sets[s].write(s < CONFIG::STAGES ? set.first : set.second);
      }
    }
    out.write(x);
  }
}

/// What every stage with two banks remembers from frame to frame.
struct bank_state {
  weight_set in_use = 0;
  bool complete = false;  // the other bank holds the next set

  int bank() const { return in_use.to_int() & 1; }
  int spare() const { return 1 - bank(); }
};

/// Between two frames: takes words (`background`) until the next frame begins, then the set that it asks for; returns
/// its bank. A set that was announced is on its way already, so that this never waits for the sender of the weights.
template <typename BACKGROUND>
int next_bank(hls::stream<weight_set> &sets, bank_state &state, BACKGROUND &background) {
#pragma HLS INLINE
BETWEEN_FRAMES:
  while (sets.empty()) {
#pragma HLS PIPELINE II = 1
    background();
  }
  const weight_set set = sets.read();
  if (set != state.in_use) {
  REST_OF_PART:
    while (!state.complete) {
#pragma HLS PIPELINE II = 1
      background();
    }
    state.in_use = set;
    state.complete = false;
  }
  return state.bank();
}

/// C simulation has no cycles between frames: the words that a frame left waiting come in after it.
template <typename BACKGROUND>
void after_frame(hls::stream<weight_word> &part, const bank_state &state, BACKGROUND &background) {
#pragma HLS INLINE
#ifndef __SYNTHESIS__
  while (!state.complete && !part.empty()) background();
#endif
}

/// Takes a stage's part into the bank that is not in use, row by row.
template <typename CONFIG>
struct spare_bank {
  static constexpr int WIDTH = part_words<CONFIG>::WIDTH;
  static constexpr int PER_WORD = part_words<CONFIG>::PER_WORD;
  static constexpr int FACTOR_WORDS = part_words<CONFIG>::FACTOR_WORDS;
  static constexpr int CHANNEL_WORDS = 2 * CONFIG::OUT_LANES;
  static constexpr int ROW_WORDS = FACTOR_WORDS > CHANNEL_WORDS ? FACTOR_WORDS : CHANNEL_WORDS;

  bank_state state;
  std::uint32_t crc_of_bank[2] = {CONFIG::CRC, CONFIG::CRC};  // what the scrubber must find
  bool loaded[2] = {false, false};                            // by an image, since the last reset
  std::uint32_t crc = CRC_START;                              // of the part so far
  int row = 0;    // that the next word belongs to: STEPS of factors, then OUT_CHANNELS / OUT_LANES of channels
  int words = 0;  // of that row, taken so far
  ap_uint<32> held[ROW_WORDS];  // those words, the last one at the end

  /// One word, if one waits and there is room for it; whether there was.
  bool take(hls::stream<weight_word> &part, weight_table<CONFIG> &weights, bias_table<CONFIG> &bias,
            align_table<CONFIG> &align) {
#pragma HLS INLINE
    weight_word word;
    if (state.complete || !part.read_nb(word)) return false;
    if (word.commit) {
      state.complete = true;
      crc_of_bank[state.spare()] = crc32_of(crc);
      loaded[state.spare()] = true;
      return true;
    }
    if (word.first) {
      row = 0;
      words = 0;
      crc = CRC_START;
    }
    crc = crc32_next<2>(crc, word.data);
  SHIFT:
    for (int i = 0; i < ROW_WORDS - 1; ++i) {
#pragma HLS UNROLL
      held[i] = held[i + 1];
    }
    held[ROW_WORDS - 1] = word.data;
    ++words;
    const bool factors = row < CONFIG::STEPS;
    if (words < (factors ? FACTOR_WORDS : CHANNEL_WORDS)) return true;
    if (factors)
      store_factors(weights[state.spare() * CONFIG::STEPS + row]);
    else
      store_channels(state.spare() * CONFIG::OUT_CHANNELS + (row - CONFIG::STEPS) * CONFIG::OUT_LANES, bias, align);
    words = 0;
    ++row;
    return true;
  }

 private:
  void store_factors(rom_int<WIDTH> (&factors)[CONFIG::MULTIPLIERS]) {
#pragma HLS INLINE
  FACTORS:
    for (int k = 0; k < CONFIG::MULTIPLIERS; ++k) {
#pragma HLS UNROLL
      const int low = k % PER_WORD * WIDTH;
      const ap_int<WIDTH> factor = held[ROW_WORDS - FACTOR_WORDS + k / PER_WORD].range(low + WIDTH - 1, low);
      factors[k] = static_cast<rom_int<WIDTH>>(factor.to_int());
    }
  }

  void store_channels(int first, bias_table<CONFIG> &bias, align_table<CONFIG> &align) {
#pragma HLS INLINE
  CHANNELS:
    for (int p = 0; p < CONFIG::OUT_LANES; ++p) {
#pragma HLS UNROLL
      const ap_uint<32> low = held[ROW_WORDS - CHANNEL_WORDS + 2 * p];
      const ap_uint<32> high = held[ROW_WORDS - CHANNEL_WORDS + 2 * p + 1];
      ap_int<56> value;
      value.range(31, 0) = low;
      value.range(55, 32) = high.range(23, 0);
      bias[first + p] = static_cast<rom_int<CONFIG::bias_t::width>>(value.to_int64());
      align[first + p] = static_cast<rom_uint<6>>(ap_uint<6>(high.range(29, 24)).to_uint());
    }
  }
};

}  // namespace vetoc

#endif
