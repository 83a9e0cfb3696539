// Stand-in for tests, after the public interface of lcls2 (November 2026).
#pragma once
#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "xtcdata/xtc/Xtc.hh"

struct CUstream_st;
typedef CUstream_st *cudaStream_t;

namespace Drp {
class MemPool {};
}  // namespace Drp

namespace Pds {
namespace Trg {

class TriggerPrimitive {
 public:
  virtual ~TriggerPrimitive() {}
  virtual int configure(const nlohmann::json &configure, const nlohmann::json &connect, std::size_t collection) = 0;
  virtual void event(const Drp::MemPool &pool, std::uint32_t index, const XtcData::Xtc &contribution, XtcData::Xtc &xtc,
                     const void *end) = 0;
  /// The form for graphics cards, which a plug-in may leave as it is.
  virtual void event(cudaStream_t, float const *const, std::size_t, std::uint32_t *const *, std::size_t, const unsigned &,
                     unsigned) {}
  virtual std::size_t size() const = 0;
};

}  // namespace Trg
}  // namespace Pds
