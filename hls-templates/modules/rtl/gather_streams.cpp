// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Random packets of modules into gather_modules in Verilator, with pauses of both ends, and into the C++ of the HLS firmware
// (vetoc/gather.h): the same frames, word by word, and the same counters. Modules are apart by some frames, miss some, repeat
// some; packets are damaged, cut, of no module, of other times, or say that something was wrong.
//
//   gather_streams COUNT [SEED]
#include <cstdio>
#include <cstdlib>

#include "../gather.h"
#include "gather_modules.h"
#include "vetoc/receive.h"

namespace {

constexpr int MODULES = gather_config::MODULES;
constexpr int FEATURES = gather_config::FEATURES;
typedef std::vector<rtl::gather_word> words;

struct generator {
  std::uint32_t state;
  std::uint32_t below(std::uint32_t n) {
    state = state * 1664525U + 1013904223U;
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(state) * n) >> 32);
  }
  bool percent(std::uint32_t p) { return below(100) < p; }
};

words packet_of(std::uint64_t number, std::uint16_t module, std::uint16_t state, generator &r) {
  words packet;
  const auto add = [&](std::uint32_t word) { packet.push_back({static_cast<std::uint16_t>(word), 3, packet.empty() ? 2U : 0U, false}); };
  for (int w = 0; w < 4; ++w) add(static_cast<std::uint32_t>(number >> (16 * w)));
  add(module);
  add(state);
  for (int f = 0; f < FEATURES; ++f) add(r.below(65536));
  std::uint32_t crc = 0xffffffffU;
  for (const rtl::gather_word &word : packet)
    for (int i = 0; i < 16; ++i) crc = (crc >> 1) ^ ((crc & 1U) != (word.data >> i & 1U) ? 0xedb88320U : 0U);
  add(~crc & 0xffffU);
  add(~crc >> 16);
  packet.back().last = true;
  return packet;
}

/// Damages a packet in one of the ways that a link does.
void damage(words &packet, generator &r) {
  switch (r.below(4)) {
    case 0: packet[r.below(static_cast<std::uint32_t>(packet.size()))].data ^= static_cast<std::uint16_t>(1U << r.below(16)); break;
    case 1: packet.resize(1 + r.below(static_cast<std::uint32_t>(packet.size()) - 1)); packet.back().last = true; break;
    case 2: packet.back().user |= 1U; break;
    default: packet[r.below(static_cast<std::uint32_t>(packet.size()))].keep = 1; break;
  }
}

class both {
 public:
  /// A packet into the two; that of the RTL is sent with those that follow.
  void give(const words &packet) {
    offered_.insert(offered_.end(), packet.begin(), packet.end());
    for (const rtl::gather_word &word : packet) modules_.write(rtl::beat_of<module_beat>(word));
    call(0xffffffffU);
  }
  /// Lets the RTL come to rest, then compares. `gives_up`: all frames that still wait go.
  bool same(generator &r, std::uint32_t pause, bool gives_up) {
    if (gives_up)
      for (int f = 0; f < gather_config::FRAMES; ++f) call(1);
    std::size_t at = 0;
    std::uint32_t quiet = 0;
    const std::uint32_t enough = 4 * (FEATURES + 32);
    for (int round = 0; round < (gives_up ? 2 : 1); ++round) {
      dut_.module().patience = round == 0 ? 0xffffffffU : 1U;
      for (quiet = 0; quiet < enough; ++quiet) {
        const std::size_t before = dut_.frames.size();
        const bool offers = at < offered_.size() && !r.percent(pause);
        if (dut_.step(offers ? &offered_[at] : nullptr, !r.percent(pause))) {
          ++at;
          quiet = 0;
        }
        if (dut_.frames.size() > before || at < offered_.size()) quiet = 0;
      }
    }
    offered_.clear();
    std::size_t i = 0;
    bool right = true;
    for (; !frames_.empty(); ++i) {
      const module_beat wanted = frames_.read();
      right = right && i < dut_.frames.size() && dut_.frames[i].data == wanted.data.to_uint() &&
              dut_.frames[i].user == wanted.user.to_uint() && dut_.frames[i].last == (wanted.last == 1) && dut_.frames[i].keep == 3;
    }
    right = right && i == dut_.frames.size();
    dut_.frames.clear();
    words_ += i;
    Vgather_modules &m = dut_.module();
    right = right && m.taken == taken_.to_uint() && m.refused == refused_.to_uint() && m.repeated == repeated_.to_uint() &&
            m.late == late_.to_uint() && m.incomplete == incomplete_.to_uint();
    for (int k = 0; k < MODULES; ++k) right = right && dut_.misses(k) == missing_.test(k);
    return right;
  }
  std::size_t sent() const { return words_; }
  /// Every rule was needed.
  bool covered() const { return taken_ != 0 && refused_ != 0 && repeated_ != 0 && late_ != 0 && incomplete_ != 0; }

 private:
  void call(std::uint32_t patience) {
    hls::stream<vetoc::frame_status> packets("packets");
    hls::stream<vetoc::word<ap_uint<16>, 1>> values("words");
    do {
      if (!modules_.empty()) vetoc::receive<packets_config>(modules_, 0, 0, packets, values);
      vetoc::gather<gather_config>(packets, values, patience, frames_, taken_, refused_, repeated_, late_, incomplete_, missing_);
    } while (!modules_.empty());
  }

  rtl::gather dut_;
  words offered_;
  hls::stream<module_beat> modules_{"modules"};
  hls::stream<module_beat> frames_{"frames"};
  ap_uint<32> taken_ = 0, refused_ = 0, repeated_ = 0, late_ = 0, incomplete_ = 0;
  ap_uint<MODULES> missing_ = 0;
  std::size_t words_ = 0;
};

}  // namespace

int main(int argc, char **argv) {
  const std::uint32_t count = argc > 1 ? static_cast<std::uint32_t>(std::atol(argv[1])) : 200;
  generator r = {argc > 2 ? static_cast<std::uint32_t>(std::atol(argv[2])) : 1U};
  both b;
  // Numbers pass 2^16, 2^32 and 2^48: each of their words counts.
  static const std::uint64_t starts[] = {1, 0xfff0, 0xfffffff0U, 0xfffffffffff0U};
  std::uint64_t now = 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i % (count / 4 + 1) == 0) now = starts[i / (count / 4 + 1)];
    const std::uint32_t pause = r.percent(50) ? 0 : r.below(80);
    for (std::uint32_t p = 0, packets = 1 + r.below(6 * MODULES); p < packets; ++p) {
      const std::uint64_t number = now + r.below(r.percent(90) ? 3 : 8) - (r.percent(3) ? 2 : 0);
      const std::uint32_t module = r.percent(2) ? MODULES + r.below(3) : r.below(MODULES);
      words packet = packet_of(number, static_cast<std::uint16_t>(module), static_cast<std::uint16_t>(r.percent(4) ? 1U << r.below(9) : 0), r);
      if (r.percent(5)) damage(packet, r);
      b.give(packet);
      if (r.percent(60 / MODULES + 1)) ++now;
    }
    if (!b.same(r, pause, r.percent(20))) {
      std::fprintf(stderr, "gather_streams: after %u groups of packets the RTL and the C++ differ\n", i + 1);
      return 1;
    }
  }
  if (!b.covered()) {
    std::fprintf(stderr, "gather_streams: not every rule was needed\n");
    return 1;
  }
  std::printf("gather_streams: %u groups of packets, %zu words of frames are as the C++ says\n", count, b.sent());
  return 0;
}
