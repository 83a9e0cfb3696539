// Test only: runs one frame of zeros and prints the reads ("<") and writes (">") of every stream, in order.
#include "drive.h"

int main() {
  std::vector<std::uint16_t> pixels(static_cast<std::size_t>(design::HEIGHT) * design::WIDTH);
  vetoc::registers r;
  hls::stream<design::pixel_beat> frames("frames");
  hls::stream<vetoc::decision_beat> decisions("decisions");
  vetoc::send(frames, vetoc::beats_of(pixels.data(), 0));
  hls::trace &t = hls::trace::instance();
  t.on = true;
  vetoc::run(frames, decisions, r);
  t.on = false;
  for (const int entry : t.log) std::printf("%c%s\n", entry % 2 == 1 ? '>' : '<', t.names[entry / 2].c_str());
  return 0;
}
