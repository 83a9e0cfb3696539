// Faults that a test plants in an emitted project, all compiled in, switched on one at a time by VETOC_FAULT.
#ifndef VETOC_PLANTED_H
#define VETOC_PLANTED_H

#include <ap_fixed.h>

#include <cstdlib>

/// Whether fault `number` is among those that VETOC_FAULT names, as "3,17".
inline bool vetoc_planted(int number) {
  static const struct faults {
    bool on[256] = {};
    faults() {
      const char *at = std::getenv("VETOC_FAULT");
      while (at != nullptr && *at != '\0') {
        char *end = nullptr;
        on[std::strtol(at, &end, 10) & 255] = true;
        at = *end == ',' ? end + 1 : "";
      }
    }
  } given;
  return given.on[number];
}

/// The format FORMAT with another rounding and overflow.
template <typename FORMAT, ap_q_mode Q, ap_o_mode O>
struct vetoc_other_modes;
template <int W, int I, ap_q_mode Q0, ap_o_mode O0, int N, ap_q_mode Q, ap_o_mode O>
struct vetoc_other_modes<ap_fixed<W, I, Q0, O0, N>, Q, O> {
  typedef ap_fixed<W, I, Q, O> type;
};
template <int W, int I, ap_q_mode Q0, ap_o_mode O0, int N, ap_q_mode Q, ap_o_mode O>
struct vetoc_other_modes<ap_ufixed<W, I, Q0, O0, N>, Q, O> {
  typedef ap_ufixed<W, I, Q, O> type;
};

#endif
