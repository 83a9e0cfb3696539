// Test only: beat streams through the receiver alone. Reads u32 words from stdin: the number of streams, then of each the
// number of beats, of answers, the idle time, and of each beat data and flags (bit 0 TKEEP, 1 SOF, 2 EOFE, 3 TLAST, from
// bit 8 on the cycles that it comes late). Writes of each answer: number (2), causes, {numbered, gap, empty}, words and
// hash of the pixels, beats dropped; of each stream the beats that are left.
#include <cstdio>
#include <cstdlib>

#include "config.h"
#include "drive.h"

namespace {

/// The receiver of the project, for frames of a few beats.
struct small_config : input_config {
  static constexpr int BEATS = 6;
};

std::uint32_t next_word() {
  std::uint32_t w = 0;
  if (std::fread(&w, 4, 1, stdin) != 1) std::exit(2);
  return w;
}
void put(std::uint32_t w) { std::fwrite(&w, 4, 1, stdout); }

template <typename BEAT>
void set_user(BEAT &beat, std::uint32_t flags, std::true_type /*ssi*/) {
  beat.user = (flags >> 1 & 1U) << vetoc::SOF | (flags >> 2 & 1U) << vetoc::EOFE;
}
template <typename BEAT>
void set_user(BEAT & /*beat*/, std::uint32_t /*flags*/, std::false_type /*ssi*/) {}

}  // namespace

int main() {
  const std::uint32_t streams = next_word();
  for (std::uint32_t n = 0; n < streams; ++n) {
    vetoc::reset_firmware();
    hls::stream<design::pixel_beat> frames("frames");
    hls::stream<vetoc::frame_status> packets("packets");
    hls::stream<vetoc::word<ap_uint<16>, input_config::PIXELS>> pixels("pixels");
    const std::uint32_t beats = next_word();
    const std::uint32_t answers = next_word();
    const std::uint32_t idle = next_word();
    for (std::uint32_t i = 0; i < beats; ++i) {
      design::pixel_beat beat;
      beat.data = next_word();
      const std::uint32_t flags = next_word();
      beat.keep = (flags & 1U) != 0 ? -1 : 1;
      beat.strb = -1;
      set_user(beat, flags, std::integral_constant<bool, design::SSI>());
      beat.last = flags >> 3 & 1U;
      frames.write_after(beat, flags >> 8);
    }
    for (std::uint32_t a = 0; a < answers; ++a) {
      vetoc::receive<small_config>(frames, idle, 0, packets, pixels);
      const vetoc::frame_status s = packets.read();
      std::uint32_t hash = 0;
      const std::uint32_t words = static_cast<std::uint32_t>(pixels.size());
      while (!pixels.empty()) {
        const vetoc::word<ap_uint<16>, input_config::PIXELS> w = pixels.read();
        for (int l = 0; l < input_config::PIXELS; ++l) hash = hash * 31 + w.lane[l].to_uint();
      }
      put(ap_uint<32>(s.number.range(31, 0)).to_uint());
      put(ap_uint<32>(s.number.range(63, 32)).to_uint());
      put(s.causes.to_uint());
      put((s.numbered ? 1U : 0U) | (s.gap ? 2U : 0U) | (s.empty ? 4U : 0U));
      put(words);
      put(hash);
      put(s.dropped.to_uint());
    }
    put(static_cast<std::uint32_t>(frames.size()));
  }
  return 0;
}
