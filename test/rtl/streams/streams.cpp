// Test only: beat streams through vetoc_receive alone, in the words of test/hls/streams/streams.cpp. Words and answers are
// not always taken at once, so that the receiver waits for credits in the middle of anything.
#include <verilated.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vvetoc_receive.h"
#include "clock.h"

namespace {

std::uint32_t next_word() {
  std::uint32_t w = 0;
  if (std::fread(&w, 4, 1, stdin) != 1) std::exit(2);
  return w;
}
void put(std::uint32_t w) { std::fwrite(&w, 4, 1, stdout); }

struct beat {
  std::uint32_t data, flags;
};

}  // namespace

int main() {
  Vvetoc_receive dut;
  std::uint32_t seed = 1;
  const std::uint32_t streams = next_word();
  for (std::uint32_t n = 0; n < streams; ++n) {
    std::vector<beat> beats(next_word());
    const std::uint32_t answers = next_word();
    dut.idle_cycles = next_word();
    for (beat &b : beats) {
      b.data = next_word();
      b.flags = next_word();
    }
    dut.clk = 0;
    dut.rst = 1;
    dut.valid = 0;
    for (int i = 0; i < 3; ++i) clock(dut);
    dut.rst = 0;
    std::size_t at = 0;
    std::uint32_t wait = 0, told = 0, words = 0, hash = 0;
    for (int idle = 0; told < answers; ++idle) {
      if (idle > 1000) return 3;
      seed = seed * 1664525U + 1013904223U;
      // Every other stream meets a pipeline that is busy.
      dut.ok = n % 2 == 0 || (seed >> 16) % 4 != 0;
      dut.packet_ok = n % 2 == 0 || (seed >> 20) % 4 != 0;
      dut.valid = at < beats.size() && wait == 0;
      if (dut.valid) {
        const std::uint32_t flags = beats[at].flags;
        dut.data = beats[at].data;
        dut.whole = flags & 1U;
        dut.start = flags >> 1 & 1U;
        dut.error = flags >> 2 & 1U;
        dut.last = flags >> 3 & 1U;
      }
      dut.eval();
      const bool taken = dut.valid && dut.ready;
      if (wait > 0) --wait;
      clock(dut);
      if (taken) {
        idle = 0;
        if (++at < beats.size()) wait = beats[at].flags >> 8;
      }
      if (dut.we) {
        ++words;
        for (int l = 0; l < 2; ++l) hash = hash * 31 + (dut.d >> (16 * l) & 0xffffU);
      }
      if (!dut.packet_we) continue;
      idle = 0;
      const auto &s = dut.packet_d;
      put(s[0]);
      put(s[1]);
      put(s[2] & 255U);
      put(s[2] >> 8 & 7U);
      put(words);
      put(hash);
      put(s[2] >> 11 | s[3] << 21);
      ++told;
      words = hash = 0;
    }
    put(static_cast<std::uint32_t>(beats.size() - at));
  }
  return 0;
}
