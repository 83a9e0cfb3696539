// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a front end sends in C simulation: the beats of its last frame, and the module that it says it is.
#ifndef VETOC_SENT_H
#define VETOC_SENT_H

#include "send_features.h"

namespace vetoc {

/// What nobody took of the frame before is thrown away when the next one comes.
inline hls::stream<feature_beat> &features_sent() {
  static hls::stream<feature_beat> features("features");
  return features;
}

inline void forget_features() {
  while (!features_sent().empty()) features_sent().read();
}

inline ap_uint<16> &module_number() {
  static ap_uint<16> module = 0;
  return module;
}

}  // namespace vetoc

#endif
