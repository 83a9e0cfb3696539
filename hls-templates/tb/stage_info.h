// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
#ifndef VETOC_STAGE_INFO_H
#define VETOC_STAGE_INFO_H

namespace vetoc {

/// A stage whose values the test bench can look at.
struct stage_info {
  const char *name;
  int height;
  int width;
  int channels;
  int bits;  // of a mantissa
};

}  // namespace vetoc

#endif
