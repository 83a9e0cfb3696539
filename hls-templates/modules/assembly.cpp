// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// All parts together: what the front ends sent, through gather_modules, into the decision.
//
//   assembly GOLDEN SENT     GOLDEN: as of bench; SENT: k.bin of module k, written by send
//
// Packets are of the golden frames, the first again behind the last. Every frame is sent with its packets in order, in reverse and interleaved with the next; then one is missing, late,
// repeated, damaged, of no module, or says that its frame was malformed. Each decision and each logit is compared.
#include <cstdio>
#include <cstring>
#include <string>

#include "../firmware/gather_modules.h"
#include "drive.h"
#include "golden.h"

namespace {

typedef std::vector<module_beat> packet;

constexpr int MODULES = gather_config::MODULES;
constexpr std::uint32_t PATIENCE = 3;

/// The packets of module `k`, one a frame.
bool load_packets(const std::string &folder, int k, std::vector<packet> &packets) {
  std::FILE *file = std::fopen((folder + "/" + std::to_string(k) + ".bin").c_str(), "rb");
  if (file == nullptr) return false;
  std::uint16_t words[3];
  packet one;
  while (std::fread(words, sizeof words, 1, file) == 1) {
    module_beat beat;
    beat.data = words[0];
    beat.keep = -1;
    beat.strb = -1;
    beat.user = words[1];
    beat.last = words[2];
    one.push_back(beat);
    if (words[2] != 0) {
      packets.push_back(one);
      one.clear();
    }
  }
  std::fclose(file);
  return one.empty();
}

/// The CRC of a packet that was changed, bit by bit: not the way the firmware computes it.
void sign(packet &p) {
  std::uint32_t state = 0xffffffffU;
  for (std::size_t w = 0; w + 2 < p.size(); ++w)
    for (int b = 0; b < 16; ++b) {
      const bool odd = (state & 1U) != (p[w].data.test(b) ? 1U : 0U);
      state = (state >> 1) ^ (odd ? 0xedb88320U : 0U);
    }
  p[p.size() - 2].data = ~state & 0xffffU;
  p[p.size() - 1].data = ~state >> 16;
}

struct counters {
  ap_uint<32> taken = 0, refused = 0, repeated = 0, late = 0, incomplete = 0;
  ap_uint<MODULES> missing = 0;
};

/// What is expected of a frame: whole, or flagged by who sent it.
struct expected {
  std::size_t frame;
  bool flagged;
};

class bench {
 public:
  bench(const vetoc::golden_frames &frames, const vetoc::golden_results &results,
        const std::vector<std::vector<packet>> &sent)
      : frames_(frames), results_(results), sent_(sent) {}

  packet of(int module, std::size_t frame) const { return sent_[static_cast<std::size_t>(module)][frame]; }
  void give(const packet &p) {
    for (const module_beat &beat : p) modules_.write(beat);
    call();
  }
  /// All packets of a frame but that of `without`, the last module first where `reversed`.
  void give_frame(std::size_t frame, bool reversed = false, int without = -1) {
    for (int i = 0; i < MODULES; ++i) {
      const int m = reversed ? MODULES - 1 - i : i;
      if (m != without) give(of(m, frame));
    }
  }
  void wait(std::uint32_t calls = PATIENCE) {
    for (std::uint32_t i = 0; i < calls; ++i) call();
  }

  /// Compares the decisions that have come with `wanted`, all of them.
  bool expect(const char *what, const std::vector<expected> &wanted) {
    for (const expected &one : wanted) {
      if (beats_.empty()) return fail(what, one, "no decision came");
      const vetoc::decision d = decide();
      if (d.number != one.frame + 1) return fail(what, one, "another number");
      if (!one.flagged) {
        if (d.malformed || d.score != results_.score(one.frame % frames_.count) ||
            d.by_score != results_.keep(one.frame % frames_.count))
          return fail(what, one, "another decision");
        if (!same_stages(one.frame)) return fail(what, one, "another integer in a stage");
      } else if (!d.keep || !d.malformed || (d.causes >> vetoc::ERROR & 1U) == 0) {
        return fail(what, one, "not kept and flagged");
      }
      ++decisions_;
    }
    if (!beats_.empty()) return fail(what, {0, false}, "a decision too many");
    return true;
  }

  const counters &count() const { return count_; }
  std::size_t decisions() const { return decisions_; }
  std::size_t integers() const { return integers_; }

 private:
  void call() {
    gather_modules(modules_, beats_, PATIENCE, count_.taken, count_.refused, count_.repeated, count_.late,
                   count_.incomplete, count_.missing);
  }
  /// One frame of words into the decision.
  vetoc::decision decide() {
    hls::stream<design::pixel_beat> frame("frames");
    bool last = false;
    while (!last) {
      const module_beat beat = beats_.read();
      last = beat.last == 1;
      frame.write(beat);
    }
    hls::stream<vetoc::decision_beat> answers("decisions");
    vetoc::run(frame, answers, registers_);
    return vetoc::take(answers);
  }
  bool same_stages(std::size_t frame) {
    for (int s = 0; s < design::STAGES; ++s) {
      const std::size_t size = size_of(design::stages[s]);
      const std::int32_t *wanted = results_.stages[static_cast<std::size_t>(s)].data() + frame % frames_.count * size;
      if (!vetoc::same_stage(design::stages[s], frame, wanted)) return false;
      integers_ += size;
    }
    return true;
  }
  static bool fail(const char *what, const expected &one, const char *why) {
    std::fprintf(stderr, "assembly: %s: frame %zu: %s\n", what, one.frame + 1, why);
    return false;
  }

  const vetoc::golden_frames &frames_;
  const vetoc::golden_results &results_;
  const std::vector<std::vector<packet>> &sent_;
  hls::stream<module_beat> modules_{"modules"};
  hls::stream<module_beat> beats_{"frames"};
  vetoc::registers registers_;
  counters count_;
  std::size_t decisions_ = 0;
  std::size_t integers_ = 0;
};

/// Frames go up from 0: each case takes the next ones, as a detector's would.
bool whole_frames(bench &b, std::size_t &next) {
  b.give_frame(next);
  b.give_frame(next + 1, true);
  if (!b.expect("modules in order, and in reverse", {{next, false}, {next + 1, false}})) return false;
  next += 2;
  for (int m = 0; m < MODULES; ++m) {
    b.give(b.of(m, next));
    b.give(b.of(MODULES - 1 - m, next + 1));
  }
  if (!b.expect("two frames interleaved", {{next, false}, {next + 1, false}})) return false;
  next += 2;
  b.give_frame(next + 1, false, 0);
  b.give_frame(next, true);
  b.give(b.of(0, next + 1));
  if (!b.expect("a frame whole before the one in front of it", {{next, false}, {next + 1, false}})) return false;
  next += 2;
  return true;
}

bool broken_frames(bench &b, std::size_t &next) {
  b.give_frame(next, false, 1);
  b.wait();
  if (!b.expect("a module is missing", {{next, true}})) return false;
  if (b.count().missing != 2 || b.count().incomplete != 1) return false;
  b.give(b.of(1, next));
  if (!b.expect("its packet comes late", {}) || b.count().late != 1) return false;
  next += 1;

  b.give_frame(next, false, MODULES - 1);
  b.give(b.of(0, next));
  b.give(b.of(MODULES - 1, next));
  if (!b.expect("a module repeats", {{next, true}}) || b.count().repeated != 1) return false;
  next += 1;

  packet damaged = b.of(0, next);
  damaged[7].data = ap_uint<16>(damaged[7].data.to_uint() ^ 1U);
  b.give(damaged);
  b.give_frame(next, false, 0);
  b.wait();
  if (!b.expect("a wrong CRC", {{next, true}}) || b.count().refused != 1) return false;
  next += 1;

  packet stranger = b.of(0, next);
  stranger[4].data = MODULES;
  sign(stranger);
  b.give(stranger);
  b.give_frame(next);
  if (!b.expect("a packet of no module", {{next, false}}) || b.count().refused != 2) return false;
  next += 1;

  packet unwell = b.of(0, next);
  unwell[5].data = 1;
  sign(unwell);
  b.give(unwell);
  b.give_frame(next, false, 0);
  if (!b.expect("a module whose frame was malformed", {{next, true}})) return false;
  next += 1;

  packet cut = b.of(0, next);
  cut.resize(cut.size() / 2);
  cut.back().last = 1;
  b.give(cut);
  b.give_frame(next, true, 0);
  b.wait();
  if (!b.expect("a packet cut short", {{next, true}}) || b.count().refused != 3) return false;
  next += 1;
  return true;
}

/// More frames on their way than there is room for: the oldest goes, flagged.
bool crowded(bench &b, std::size_t &next) {
  std::vector<expected> wanted;
  for (int f = 0; f <= gather_config::FRAMES; ++f) b.give_frame(next + static_cast<std::size_t>(f), false, 0);
  if (!b.expect("no room for a frame more", {{next, true}})) return false;
  for (int f = 1; f <= gather_config::FRAMES; ++f) {
    b.give(b.of(0, next + static_cast<std::size_t>(f)));
    wanted.push_back({next + static_cast<std::size_t>(f), false});
  }
  if (!b.expect("the others are completed", wanted)) return false;
  next += static_cast<std::size_t>(gather_config::FRAMES) + 1;
  return true;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "assembly GOLDEN SENT\n");
    return 2;
  }
  vetoc::golden_frames frames;
  vetoc::golden_results results;
  std::vector<std::vector<packet>> sent(MODULES);
  if (!vetoc::load_frames(argv[1], frames) ||
      !vetoc::load_results(argv[1], frames, vetoc::compared::streams, results))
    return 2;
  constexpr std::size_t NEEDED = 12 + gather_config::FRAMES + 1;
  for (int k = 0; k < MODULES; ++k) {
    std::vector<packet> &own = sent[static_cast<std::size_t>(k)];
    if (!load_packets(argv[2], k, own) || own.size() != sent[0].size() || own.size() < NEEDED) {
      std::fprintf(stderr, "assembly: %zu packets of module %d, and the cases take %zu\n", own.size(), k, NEEDED);
      return 2;
    }
  }
  vetoc::probes::instance().all = true;
  bench b(frames, results, sent);
  std::size_t next = 0;
  if (!whole_frames(b, next) || !broken_frames(b, next) || !crowded(b, next)) return 1;
  for (; next < sent[0].size(); ++next) {
    b.give_frame(next, next % 2 == 1);
    if (!b.expect("the frames that are left", {{next, false}})) return 1;
  }
  std::printf("assembly: %zu decisions and %zu integers of %zu frames in %d modules are as they should be\n", b.decisions(),
              b.integers(), sent[0].size(), MODULES);
  return 0;
}
