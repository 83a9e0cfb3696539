// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The event builder's half of the pair: keeps an event that a node's network keeps, and a share of the others, by the hash of the
// pulse that vetoc and its firmware use. Fails safe: an event without a decision of a network is kept. Configuration, in
// `trigger_body`: `vetoc_prescale`, one in how many misses is kept (0, none, unless given), `vetoc_prescale_key`.
#include "psdaq/trigger/Trigger.hh"

#include "../firmware/vetoc/prescale.h"
#include "teb_data.h"

namespace {

// auxdata, 24 bits: why, and the score, held to 16 bits, from bit 8 on.
constexpr std::uint32_t BY_SCORE = 1U;
constexpr std::uint32_t UNDECIDED = 2U;
constexpr std::uint32_t BY_PRESCALE = 4U;

std::uint32_t narrowed(std::int32_t score) {
  const std::int32_t held = score > 32767 ? 32767 : score < -32768 ? -32768 : score;
  return static_cast<std::uint32_t>(held) & 0xffffU;
}

/// What the nodes with a network say together.
struct judgement {
  bool by_score = false;
  bool undecided = false;
  bool any = false;
  std::int32_t best = 0;

  void take(const Pds::EbDgram &contribution) {
    const XtcData::Xtc &xtc = contribution.xtc;
    const bool whole = xtc.sizeofPayload() >= static_cast<int>(sizeof(vetoc::teb_data));
    if (xtc.damage.value() != 0) undecided = true;
    if (!whole) return;
    const vetoc::teb_data &said = *reinterpret_cast<const vetoc::teb_data *>(xtc.payload());
    if (said.magic != vetoc::teb_data::MAGIC) return;
    by_score = by_score || said.by_score != 0;
    undecided = undecided || said.malformed != 0;
    best = any && best > said.score ? best : said.score;
    any = true;
  }
};

class consumer : public Pds::Trg::Trigger {
 public:
  int configure(const nlohmann::json & /*connect_message*/, const nlohmann::json &configure_message,
                const Pds::Eb::EbParams & /*parameters*/) override {
    n = 0;
    key = 0;
    if (!configure_message.contains("trigger_body")) return 0;
    const nlohmann::json &body = configure_message["trigger_body"];
    if (body.contains("vetoc_prescale")) n = body["vetoc_prescale"].get<std::uint32_t>();
    if (body.contains("vetoc_prescale_key")) key = body["vetoc_prescale_key"].get<std::uint32_t>();
    // More than the hash can tell apart: no configuration.
    return n > vetoc::MAX_PRESCALE ? 1 : 0;
  }

  void event(const Pds::EbDgram *const *start, const Pds::EbDgram **end, Pds::Eb::ResultDgram &result) override {
    if (result.service() != XtcData::TransitionId::L1Accept) return;
    judgement judged;
    for (const Pds::EbDgram *const *one = start; one != end; ++one) judged.take(**one);
    const bool undecided = judged.undecided || !judged.any;
    const bool wanted = judged.by_score || undecided;
    const bool by_prescale = !wanted && vetoc::prescale_chooses(result.pulseId(), n, key);
    result.persist(wanted);
    result.prescale(by_prescale);
    result.monitor(~0U);
    result.auxdata((judged.by_score ? BY_SCORE : 0U) | (undecided ? UNDECIDED : 0U) | (by_prescale ? BY_PRESCALE : 0U) |
                   narrowed(judged.best) << 8);
  }

 private:
  std::uint32_t n = 0;
  std::uint32_t key = 0;
};

}  // namespace

extern "C" Pds::Trg::Trigger *create_consumer() { return new consumer; }
