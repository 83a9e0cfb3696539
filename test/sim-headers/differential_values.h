// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The hash of results, the test values, and results mixed into the hash; `hash.ts` repeats what it must.
#ifndef VETOC_DIFFERENTIAL_VALUES_H
#define VETOC_DIFFERENTIAL_VALUES_H

#include <ap_fixed.h>
#include <ap_int.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

int case_number = 0;
int dumped_case = -1;
std::uint32_t hash_state = 0;

/// FNV-1a over 32-bit words: cheap to repeat in TypeScript.
void mix32(std::uint32_t word) { hash_state = (hash_state ^ word) * 16777619u; }
void mix(std::uint64_t word) {
  mix32(static_cast<std::uint32_t>(word));
  mix32(static_cast<std::uint32_t>(word >> 32));
  if (case_number == dumped_case) std::printf("  %016llx\n", static_cast<unsigned long long>(word));
}
void begin() { hash_state = 2166136261u; }
void end() { std::printf("%d %08x\n", case_number++, hash_state); }

/// mulberry32, seeded by the case: the same values on both sides and in TypeScript.
std::uint32_t random_state = 0;
std::uint32_t draw() {
  random_state += 0x6d2b79f5u;
  std::uint32_t t = random_state;
  t = (t ^ (t >> 15)) * (t | 1u);
  t ^= t + (t ^ (t >> 7)) * (t | 61u);
  return t ^ (t >> 14);
}

/// The i-th edge of W bits, i < 12: about 0, the extremes and the middle.
std::uint64_t edge_bits(int width, int i) {
  const std::uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
  const std::uint64_t top = 1ull << (width - 1);
  const std::uint64_t edges[12] = {0,       1,           2,       3,       ~0ull,   ~1ull,
                                   top - 1, top - 2, top, top + 1, top >> 1, (top >> 1) - 1};
  return edges[i] & mask;
}

/// The i-th test mantissa of W bits: all of them, or the edges, then random numbers of random magnitude.
std::uint64_t test_bits(int width, std::uint64_t i) {
  const std::uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
  if (width <= 10) return i & mask;
  if (i < 12) return edge_bits(width, static_cast<int>(i));
  const std::uint64_t low = draw();
  const std::uint64_t high = draw();
  const std::uint64_t bits = low | (high << 32);
  const int keep = 1 + static_cast<int>(draw() % static_cast<std::uint32_t>(width));
  const std::uint64_t small = keep >= 64 ? bits : bits & ((1ull << keep) - 1);
  return ((draw() & 1u) ? ~small : small) & mask;
}
std::uint64_t test_count(int width, std::uint64_t most) { return width <= 10 ? 1ull << width : most; }

/// Mixes all `width` bits of a mantissa.
template <typename T>
void mix_bits(T x, int width) {
  for (int low = 0; low < width; low += 64) {
    const int high = low + 63 < width - 1 ? low + 63 : width - 1;
    mix(static_cast<std::uint64_t>(x.range(high, low).to_uint64()));
  }
}
inline void mix_double(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  mix(bits);
}

// A fixed-point result also reports its format.
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
void mix_result(const ap_fixed<W, I, Q, O, N> &x) {
  mix(static_cast<std::uint64_t>(W * 1000 + I + 500));
  mix(1);
  mix_bits(x, W);
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
void mix_result(const ap_ufixed<W, I, Q, O, N> &x) {
  mix(static_cast<std::uint64_t>(W * 1000 + I + 500));
  mix(0);
  mix_bits(x, W);
}
template <int W>
void mix_result(const ap_int<W> &x) {
  mix(static_cast<std::uint64_t>(W));
  mix(1);
  mix_bits(x, W);
}
template <int W>
void mix_result(const ap_uint<W> &x) {
  mix(static_cast<std::uint64_t>(W));
  mix(0);
  mix_bits(x, W);
}

template <typename A>
A from_bits(int width, std::uint64_t bits) {
  A a = 0;
  a.range(width - 1, 0) = ap_uint<64>(bits);
  return a;
}

}  // namespace

#endif
