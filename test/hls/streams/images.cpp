// Test only: images of weights through the loader alone. Reads u32 words from stdin: the number of images, then of each the
// number of its words and the words. Writes of each image the status and how many words were handed to stages.
#include <cstdio>
#include <cstdlib>

#include "config.h"
#include "tables/load_weights.h"

namespace {

std::uint32_t next_word() {
  std::uint32_t w = 0;
  if (std::fread(&w, 4, 1, stdin) != 1) std::exit(2);
  return w;
}

}  // namespace

int main() {
  const std::uint32_t images = next_word();
  hls::stream<vetoc::weight_beat> weights("weights");
  hls::stream<vetoc::weight_word> parts[load_weights_config::STAGES];
  hls::stream<bool> announcements("announcements");
  ap_uint<32> loaded = 0;
  ap_uint<32> refused = 0;
  ap_uint<32> status = 0;
  for (std::uint32_t n = 0; n < images; ++n) {
    const std::uint32_t words = next_word();
    for (std::uint32_t i = 0; i < words; ++i) {
      vetoc::weight_beat beat;
      beat.data = next_word();
      beat.keep = -1;
      beat.strb = -1;
      beat.last = i + 1 == words;
      weights.write(beat);
    }
    vetoc::load_weights<load_weights_config>(load_weights_limits, weights, parts, announcements, 0, loaded, refused,
                                             status);
    std::uint32_t handed = 0;
    for (auto &part : parts)
      while (!part.empty())
        if (!part.read().commit) ++handed;
    const bool announced = !announcements.empty();
    while (!announcements.empty()) announcements.read();
    const std::uint32_t answer[3] = {status.to_uint(), handed, announced ? 1U : 0U};
    std::fwrite(answer, 4, 3, stdout);
  }
  return 0;
}
