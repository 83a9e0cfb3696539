// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What outlives a frame. In hardware a static variable with a reset (the scripts ask for `-reset state` as well); in C
// simulation the same, on a list, so that a test bench can reset the firmware in the middle of anything.
#ifndef VETOC_STATE_H
#define VETOC_STATE_H

#ifdef __SYNTHESIS__
/// `TYPE NAME` with the value that TYPE's constructor gives it, after configuration and after each reset.
#define VETOC_STATE(TYPE, NAME) static TYPE NAME
/// In front of a stream inside that may hold beats of frames to come.
#define VETOC_LASTING
#else

#include <ap_int.h>

#include <functional>
#include <vector>

namespace vetoc {

inline std::vector<std::function<void()>> &resets() {
  static std::vector<std::function<void()>> all;
  return all;
}

/// What the reset wire does.
inline void reset_firmware() {
  for (const std::function<void()> &reset : resets()) reset();
}

/// What a reset leaves: what the constructor gives, and 0 of an integer, whose constructor gives nothing in the vendor's
/// headers.
template <typename T>
struct reset_value {
  static T get() { return T(); }
};
template <int W>
struct reset_value<ap_uint<W>> {
  static ap_uint<W> get() { return 0; }
};

template <typename T>
struct resettable {
  T value = reset_value<T>::get();
  resettable() {
    resets().push_back([this] { value = reset_value<T>::get(); });
  }
};

}  // namespace vetoc

// A call of the top function is one frame: what waits in the stream then is there for the next.
#define VETOC_LASTING static
#define VETOC_STATE(TYPE, NAME)               \
  static vetoc::resettable<TYPE> NAME##_kept; \
  TYPE &NAME = NAME##_kept.value
#endif

#endif
