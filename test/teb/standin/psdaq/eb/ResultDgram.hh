// Stand-in for tests, after the public interface: an event's header, and the event builder's answer.
#pragma once
#include <cstdint>

#include "xtcdata/xtc/Xtc.hh"

namespace Pds {

class EbDgram {
 public:
  std::uint64_t pulse = 0;
  XtcData::TransitionId::Value transition = XtcData::TransitionId::L1Accept;
  XtcData::Xtc xtc;

  std::uint64_t pulseId() const { return pulse; }
  XtcData::TransitionId::Value service() const { return transition; }
};

namespace Eb {

struct EbParams {};

class ResultDgram : public EbDgram {
 public:
  std::uint32_t data = 0;

  void prescale(bool value) { set(0, 1, value ? 1 : 0); }
  void persist(bool value) { set(1, 1, value ? 1 : 0); }
  void monitor(std::uint32_t buffers) { set(2, 4, buffers); }
  void auxdata(std::uint32_t value) { set(8, 24, value); }

 private:
  void set(int from, int bits, std::uint32_t value) {
    const std::uint32_t mask = (1U << bits) - 1U;
    data = (data & ~(mask << from)) | (value & mask) << from;
  }
};

}  // namespace Eb
}  // namespace Pds
