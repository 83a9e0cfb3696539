// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A node's half of the pair for LCLS-II's trigger event builder: asks the C simulation of the firmware about the node's frame, and
// contributes what it says. Configuration, in the trigger's `trigger_body`: `vetoc_threshold`, instead of the trained one.
#include <mutex>
#include <new>

#include "../tb/drive.h"
#include "facility.h"
#include "teb_data.h"

namespace {

class producer : public Pds::Trg::TriggerPrimitive {
 public:
  int configure(const nlohmann::json &configure_message, const nlohmann::json & /*connect_message*/,
                size_t /*collection_id*/) override {
    const std::lock_guard<std::mutex> lock(guard);
    registers = vetoc::registers();
    if (!configure_message.contains("trigger_body")) return 0;
    const nlohmann::json &body = configure_message["trigger_body"];
    if (!body.contains("vetoc_threshold")) return 0;
    registers.mode = 1U << vetoc::OWN_THRESHOLD;
    registers.threshold = body["vetoc_threshold"].get<std::int32_t>();
    return 0;
  }

  void event(const Drp::MemPool &pool, std::uint32_t index, const XtcData::Xtc &contribution, XtcData::Xtc &xtc,
             const void *end) override {
    vetoc::teb_data said = {vetoc::teb_data::MAGIC, 0, 0, 1};
    const std::uint16_t *pixels = vetoc::frame_in(pool, index, contribution);
    if (pixels != nullptr) decide(pixels, said);
    new (xtc.alloc(sizeof said, end)) vetoc::teb_data(said);
  }

  using Pds::Trg::TriggerPrimitive::event;

  size_t size() const override { return sizeof(vetoc::teb_data); }

 private:
  /// The firmware has registers and counters: threads take turns.
  void decide(const std::uint16_t *pixels, vetoc::teb_data &said) {
    const std::lock_guard<std::mutex> lock(guard);
    hls::stream<design::pixel_beat> frames("frames");
    hls::stream<vetoc::decision_beat> decisions("decisions");
    vetoc::send(frames, vetoc::beats_of(pixels, 0));
    vetoc::run(frames, decisions, registers);
    const vetoc::decision decision = vetoc::take(decisions);
    said.score = decision.score;
    said.by_score = decision.by_score ? 1 : 0;
    said.malformed = decision.malformed ? 1 : 0;
  }

  std::mutex guard;
  vetoc::registers registers;
};

}  // namespace

extern "C" Pds::Trg::TriggerPrimitive *create_producer() { return new producer; }
