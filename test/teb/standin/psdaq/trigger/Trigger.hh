// Stand-in for tests, after the public interface of lcls2 (November 2026).
#pragma once
#include <cstddef>
#include <vector>

#include <nlohmann/json.hpp>

#include "psdaq/eb/ResultDgram.hh"

namespace Pds {
namespace Trg {

class Trigger {
 public:
  virtual ~Trigger() {}
  virtual int configure(const nlohmann::json &connect, const nlohmann::json &configure, const Eb::EbParams &parameters) = 0;
  virtual void event(const EbDgram *const *start, const EbDgram **end, Eb::ResultDgram &result) = 0;
};

}  // namespace Trg
}  // namespace Pds
