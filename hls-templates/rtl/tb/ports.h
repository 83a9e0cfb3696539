// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Setting ports of the module, whatever C++ type Verilator gives them: `words` are 32 bits each, the lowest first.
#ifndef VETOC_PORTS_H
#define VETOC_PORTS_H

#include <verilated.h>

#include <cstddef>
#include <cstdint>

namespace rtl {

template <typename T>
void put(T &port, const std::uint32_t *words) { port = static_cast<T>(words[0]); }
inline void put(QData &port, const std::uint32_t *words) { port = words[0] | (static_cast<QData>(words[1]) << 32); }
template <std::size_t N>
void put(VlWide<N> &port, const std::uint32_t *words) { for (std::size_t i = 0; i < N; ++i) port[i] = words[i]; }

}  // namespace rtl

#endif
