// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Stand-in for the vendor's ap_axi_sdata.h: AXI4-Stream beats `hls::axis<T, WUser, WId, WDest>`, and `ap_axiu`,
// `ap_axis` over integers; works over the vendor's ap_int.h as well. A side channel of width 0 exists but carries nothing.
#ifndef VETOC_SIM_AP_AXI_SDATA_H
#define VETOC_SIM_AP_AXI_SDATA_H

#include <cstddef>

#include <ap_int.h>

namespace vetoc_sim {

/// A side channel that was not asked for.
struct no_channel {
  constexpr no_channel() {}
  template <typename T>
  constexpr no_channel(const T &) {}
};
template <int W>
struct channel {
  typedef ap_uint<W> type;
};
template <>
struct channel<0> {
  typedef no_channel type;
};
template <typename T>
struct data_bits {
  static constexpr int value = static_cast<int>(sizeof(T)) * 8;
};
template <int W>
struct data_bits<ap_int<W>> {
  static constexpr int value = W;
};
template <int W>
struct data_bits<ap_uint<W>> {
  static constexpr int value = W;
};

}  // namespace vetoc_sim

namespace hls {

template <typename T, std::size_t WUser = 0, std::size_t WId = 0, std::size_t WDest = 0>
struct axis {
  static constexpr int bytes = (vetoc_sim::data_bits<T>::value + 7) / 8;
  typedef ap_uint<bytes> byte_mask;

  T data;
  byte_mask keep;
  byte_mask strb;
  typename vetoc_sim::channel<static_cast<int>(WUser)>::type user;
  ap_uint<1> last;
  typename vetoc_sim::channel<static_cast<int>(WId)>::type id;
  typename vetoc_sim::channel<static_cast<int>(WDest)>::type dest;

  T get_data() const { return data; }
  void set_data(const T &value) { data = value; }
  ap_uint<1> get_last() const { return last; }
  void set_last(const ap_uint<1> &value) { last = value; }
  byte_mask get_keep() const { return keep; }
  void set_keep(const byte_mask &value) { keep = value; }
  byte_mask get_strb() const { return strb; }
  void set_strb(const byte_mask &value) { strb = value; }
  /// Marks every byte as valid.
  void keep_all() { keep = ~byte_mask(0); }
};

}  // namespace hls

template <std::size_t WData, std::size_t WUser = 0, std::size_t WId = 0, std::size_t WDest = 0>
using ap_axis = hls::axis<ap_int<static_cast<int>(WData)>, WUser, WId, WDest>;
template <std::size_t WData, std::size_t WUser = 0, std::size_t WId = 0, std::size_t WDest = 0>
using ap_axiu = hls::axis<ap_uint<static_cast<int>(WData)>, WUser, WId, WDest>;

#endif
