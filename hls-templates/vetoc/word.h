// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What travels between stages: a tensor [height, width, channels] in row-major order, LANES values a word.
// Either LANES divides the channels, or a word holds whole pixels and each row starts with a fresh word (the last
// word of a row may then carry lanes that nobody reads).
#ifndef VETOC_WORD_H
#define VETOC_WORD_H

#include <ap_fixed.h>
#include <ap_int.h>
#include <hls_stream.h>

#include <cstdint>
#include <type_traits>

#ifndef __SYNTHESIS__
// Loops carry labels for the synthesis tool's reports; a plain compiler has no use for them.
#pragma GCC diagnostic ignored "-Wunused-label"
#endif

namespace vetoc {

template <typename T, int LANES>
struct word {
  typedef T value_t;
  static constexpr int lanes = LANES;
  T lane[LANES];
};

// A table of constants. The test bench's build may flip their bits, to see the firmware notice.
#if defined(VETOC_PROBES) && !defined(__SYNTHESIS__)
#define VETOC_ROM
#else
#define VETOC_ROM const
#endif

// Constants in tables: exactly W bits for synthesis. In simulation the plain integer that holds them: a compiler takes
// minutes and gigabytes over a large table of class objects.
#ifdef __SYNTHESIS__
template <int W>
using rom_int = ap_int<W>;
template <int W>
using rom_uint = ap_uint<W>;
#else
template <int W>
using rom_int = typename std::conditional<
    W <= 8, std::int8_t,
    typename std::conditional<W <= 16, std::int16_t,
                              typename std::conditional<W <= 32, std::int32_t, std::int64_t>::type>::type>::type;
template <int W>
using rom_uint = typename std::make_unsigned<rom_int<W>>::type;
#endif

/// One step of a counter 0 … END - 1; whether it came around. Loop nests are one flat loop with such counters: a nest with
/// anything between its loops is not flattened by the tool, and its pipeline drains with every turn of the outer loop.
template <int END>
bool next(int &i) {
#pragma HLS INLINE
  const bool around = i == END - 1;
  i = around ? 0 : i + 1;
  return around;
}

/// Elements up to which the tool makes an array registers (config_array_partition, complete_threshold).
static constexpr int MOST_REGISTERS = 4;

/// Whether what a loop of one iteration a cycle writes to an array of `elements` can be read again `distance` iterations later:
/// registers can at once, a memory once the word has arrived (block RAM with ECC: read 3 cycles, written 1).
constexpr bool bears(int elements, int distance) { return elements <= MOST_REGISTERS || distance > MOST_REGISTERS; }

/// a / b, rounded up.
constexpr int divide_up(int a, int b) { return (a + b - 1) / b; }

}  // namespace vetoc

#endif
