// Stand-in for tests, after the public interface: a header with a payload behind it.
#pragma once
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace XtcData {

struct Damage {
  std::uint16_t bits = 0;
  std::uint16_t value() const { return bits; }
};

class Xtc {
 public:
  Damage damage;
  std::uint32_t extent = sizeof(Xtc);

  char *payload() const { return reinterpret_cast<char *>(const_cast<Xtc *>(this) + 1); }
  int sizeofPayload() const { return static_cast<int>(extent - sizeof(Xtc)); }
  /// `size` bytes more of payload, all of them before `end`.
  void *alloc(std::uint32_t size, const void *end) {
    char *at = reinterpret_cast<char *>(this) + extent;
    assert(at + size <= static_cast<const char *>(end));
    static_cast<void>(end);
    extent += size;
    return at;
  }
};

struct TransitionId {
  enum Value { ClearReadout = 0, Configure = 2, L1Accept = 12 };
};

}  // namespace XtcData
