// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Weights exchanged between frames: bit-exact before and after, and bad images change nothing.
#ifndef VETOC_RELOAD_CASES_H
#define VETOC_RELOAD_CASES_H

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "golden.h"

namespace vetoc {

typedef std::vector<std::uint32_t> weight_image;

/// The words as beats, TLAST with the last; of word `partial` a byte is not valid.
inline void send_weights(hls::stream<weight_beat> &weights, const weight_image &image, std::size_t from = 0,
                         std::size_t to = SIZE_MAX, std::size_t partial = SIZE_MAX) {
  for (std::size_t i = from; i < image.size() && i < to; ++i) {
    weight_beat beat;
    beat.data = image[i];
    beat.keep = i == partial ? 7 : -1;
    beat.strb = -1;
    beat.last = i + 1 == image.size();
    weights.write(beat);
  }
}

/// The CRC that belongs at the end of an image.
inline std::uint32_t crc_of_words(const weight_image &image) {
  std::uint32_t state = 0xffffffffU;
  for (std::size_t i = 0; i + 1 < image.size(); ++i)
    for (int b = 0; b < 32; ++b) state = (state >> 1) ^ (((state ^ image[i] >> b) & 1U) != 0 ? 0xedb88320U : 0U);
  return ~state;
}

class reloading {
 public:
  reloading(const golden_frames &frames) : frames_(frames), number_(frames.count) {}

  /// Sends `images` with the first frame, all at once; frame by frame, one is taken. `expected` are the results that
  /// count from each frame on, `good` the images that are to be taken; word `partial` of each lacks a byte.
  bool expect(const char *name, const std::vector<weight_image> &images,
              const std::vector<const golden_results *> &expected, unsigned good,
              image_status status = image_status::taken, std::size_t partial = SIZE_MAX) {
    for (const weight_image &image : images) send_weights(weights_, image, 0, SIZE_MAX, partial);
    const std::uint32_t before = loaded_;
    loaded_ += good;
    refused_ += static_cast<std::uint32_t>(images.size()) - good;
    for (std::size_t f = 0; f < frames_.count || f < expected.size(); ++f) {
      const std::size_t frame = f % frames_.count;
      const std::size_t step = f < expected.size() ? f : expected.size() - 1;
      const std::uint32_t set = before + (f + 1 < good ? static_cast<std::uint32_t>(f) + 1 : good);
      send(input_, frames_.beats(frame, number_));
      run(input_, weights_, output_, registers_);
      if (!same_frame(*expected[step], frame, take(output_), number_, set & 255U)) {
        std::fprintf(stderr, "MISMATCH case \"%s\", step %zu\n", name, f);
        return false;
      }
      ++number_;
    }
    if (!weights_.empty() || registers_.weights_loaded != loaded_ || registers_.weights_refused != refused_ ||
        registers_.weights_status != static_cast<unsigned>(status)) {
      std::fprintf(stderr, "MISMATCH case \"%s\": loaded %u, refused %u, status %u instead of %u, %u, %u\n",
                   name, registers_.weights_loaded.to_uint(), registers_.weights_refused.to_uint(),
                   registers_.weights_status.to_uint(), loaded_, refused_, static_cast<unsigned>(status));
      return false;
    }
    std::printf("PASS %s\n", name);
    return true;
  }

  /// A reset when `words` of `image` have come, and the rest of it behind; then frames with the built-in weights, or, where
  /// the bank that the image went to was theirs (`gone`), frames that are kept because of it.
  bool reset_in(const char *name, const weight_image &image, std::size_t words, const golden_results &built_in, bool gone) {
    send_weights(weights_, image, 0, words);
    send(input_, frames_.beats(0, number_++));
    run(input_, weights_, output_, registers_);
    take(output_);
    if (!weights_.empty()) return failed(name, "words are left over before the reset");
    reset_firmware();
    registers_.weights_loaded = 0;
    registers_.weights_refused = 0;
    registers_.weights_status = 0;
    loaded_ = 0;
    refused_ = 0;
    send_weights(weights_, image, words);
    for (std::size_t f = 0; f < frames_.count; ++f) {
      send(input_, frames_.beats(f, number_));
      run(input_, weights_, output_, registers_);
      const decision d = take(output_);
      if (d.number != number_++ || d.weights != 0 || d.count != f) return failed(name, "number, weights or count");
      if (gone ? !d.upset || !d.keep : d.upset || d.score != built_in.score(f))
        return failed(name, gone ? "the built-in weights are gone, and nothing says so" : "another score, or an upset");
    }
    ++refused_;
    if (registers_.weights_loaded != 0 || registers_.weights_refused != 1 ||
        registers_.weights_status != static_cast<unsigned>(image_status::not_an_image))
      return failed(name, "the rest of the image is not refused for what it is");
    std::printf("PASS %s\n", name);
    return true;
  }

 private:
  static bool failed(const char *name, const char *what) {
    std::fprintf(stderr, "MISMATCH case \"%s\": %s\n", name, what);
    return false;
  }

  const golden_frames &frames_;
  hls::stream<design::pixel_beat> input_{"frames"};
  hls::stream<weight_beat> weights_{"weights"};
  hls::stream<decision_beat> output_{"decisions"};
  registers registers_;
  std::size_t number_;
  std::uint32_t loaded_ = 0;
  std::uint32_t refused_ = 0;
};

inline bool reload_cases(const std::string &folder, const golden_frames &frames, const golden_results &built_in,
                         compared what) {
  weight_image own;
  weight_image other;
  golden_results with_other;
  if (!load(folder + "/reload/built_in.bin", own) || !load(folder + "/reload/other.bin", other) ||
      !load_results(folder + "/reload", frames, what, with_other))
    return false;
  weight_image damaged = own;
  damaged[damaged.size() / 2] ^= 1U;
  // Bit 31 of two words: sums modulo 2^32 would not see it.
  weight_image paired = own;
  paired[paired.size() / 2] ^= 0x80000000U;
  paired[paired.size() / 2 + 2] ^= 0x80000000U;
  // The last shift of the last stage with weights, with a CRC that fits.
  weight_image beyond = own;
  beyond[beyond.size() - 3] = (beyond[beyond.size() - 3] & 0xffffffU) | 16U << 24;
  beyond.back() = crc_of_words(beyond);
  weight_image nothing = own;
  nothing[0] ^= 1U;
  weight_image swapped = own;
  std::size_t place = swapped.size() / 2;
  while (place + 1 < swapped.size() && swapped[place] == swapped[place + 1]) ++place;
  std::swap(swapped[place], swapped[place + 1]);
  weight_image foreign = own;
  foreign[1] ^= 1U;
  weight_image short_one = own;
  short_one.resize(own.size() / 2);
  weight_image long_one = own;
  long_one.push_back(0);

  reloading r(frames);
  const std::size_t half = own.size() / 2;
  return r.reset_in("a reset in the middle of a load", other, half, built_in, false) &&
         r.expect("weights after that reset", {other}, {&with_other}, 1) &&
         r.reset_in("a reset in the middle of a load over the built-in weights", own, half, built_in, true) &&
         r.expect("other weights between two frames", {other}, {&with_other}, 1) &&
         r.expect("weights with a wrong bit are refused", {damaged}, {&with_other}, 0, image_status::crc) &&
         r.expect("weights with two wrong bits are refused", {paired}, {&with_other}, 0, image_status::crc) &&
         r.expect("weights in a wrong order are refused", {swapped}, {&with_other}, 0, image_status::crc) &&
         r.expect("weights out of range are refused", {beyond}, {&with_other}, 0, image_status::range) &&
         r.expect("a word that is not whole is refused", {own}, {&with_other}, 0, image_status::bytes, half) &&
         r.expect("words that are no weights are refused", {nothing}, {&with_other}, 0, image_status::not_an_image) &&
         r.expect("weights for another design are refused", {foreign}, {&with_other}, 0, image_status::other_design) &&
         r.expect("weights that end too early are refused", {short_one}, {&with_other}, 0, image_status::too_short) &&
         r.expect("weights that do not end are refused", {long_one}, {&with_other}, 0, image_status::too_long) &&
         r.expect("the built-in weights again", {own}, {&built_in}, 1) &&
         r.expect("two exchanges, one a frame", {other, own}, {&with_other, &built_in}, 2);
}

}  // namespace vetoc

#endif
