// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
#ifndef VETOC_STAGE_INFO_H
#define VETOC_STAGE_INFO_H

#include <cstddef>

namespace vetoc {

/// A stage whose values the test bench can look at.
struct stage_info {
  const char *name;
  int height;
  int width;
  int channels;
  int bits;  // of a mantissa
};

inline std::size_t size_of(const stage_info &stage) {
  return static_cast<std::size_t>(stage.height) * static_cast<std::size_t>(stage.width) *
         static_cast<std::size_t>(stage.channels);
}

}  // namespace vetoc

#endif
