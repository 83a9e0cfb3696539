// A stub of LCLS-II's event builder: loads both plug-ins, and lets each event of stdin through them.
//
// Arguments: producer, consumer, threshold (or "trained"), prescale, key. An event: u64 pulse id, u32 transition, u32 number of
// contributions; a contribution: u32 kind (0: a node with a network, 1: another detector's), u32 damage, u32 bytes, the bytes.
// Answers: the u32 of the result.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "psdaq/trigger/Trigger.hh"
#include "psdaq/trigger/TriggerPrimitive.hh"

namespace {

void read_exactly(void *to, std::size_t bytes) {
  if (std::fread(to, 1, bytes, stdin) != bytes) std::exit(3);
}

template <typename T>
T number() {
  T value;
  read_exactly(&value, sizeof value);
  return value;
}

template <typename T>
T *made(const char *library, const char *function) {
  void *handle = dlopen(library, RTLD_NOW);
  void *create = handle == nullptr ? nullptr : dlsym(handle, function);
  if (create == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::exit(2);
  }
  return reinterpret_cast<T *(*)()>(create)();
}

/// An event's header with room for a payload behind it.
struct dgram {
  std::vector<std::uint64_t> room;
  explicit dgram(std::size_t payload) : room((sizeof(Pds::EbDgram) + payload + 15) / 8) { new (room.data()) Pds::EbDgram; }
  Pds::EbDgram &get() { return *reinterpret_cast<Pds::EbDgram *>(room.data()); }
  const void *end() const { return room.data() + room.size(); }
};

}  // namespace

int main(int, char **arguments) {
  std::unique_ptr<Pds::Trg::TriggerPrimitive> producer(made<Pds::Trg::TriggerPrimitive>(arguments[1], "create_producer"));
  std::unique_ptr<Pds::Trg::Trigger> consumer(made<Pds::Trg::Trigger>(arguments[2], "create_consumer"));
  nlohmann::json configure;
  nlohmann::json &body = configure["trigger_body"];
  if (std::strcmp(arguments[3], "trained") != 0) body["vetoc_threshold"] = std::atoll(arguments[3]);
  body["vetoc_prescale"] = std::atoll(arguments[4]);
  body["vetoc_prescale_key"] = std::atoll(arguments[5]);
  if (producer->configure(configure, nlohmann::json(), 0) != 0) return 4;
  if (consumer->configure(nlohmann::json(), configure, Pds::Eb::EbParams()) != 0) return 5;
  const Drp::MemPool pool;
  std::uint64_t pulse;
  while (std::fread(&pulse, sizeof pulse, 1, stdin) == 1) {
    Pds::Eb::ResultDgram result;
    result.pulse = pulse;
    result.transition = static_cast<XtcData::TransitionId::Value>(number<std::uint32_t>());
    const std::uint32_t count = number<std::uint32_t>();
    std::vector<dgram> contributions;
    std::vector<const Pds::EbDgram *> all;
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool foreign = number<std::uint32_t>() == 1;
      const std::uint32_t damage = number<std::uint32_t>();
      const std::uint32_t bytes = number<std::uint32_t>();
      dgram detector(bytes);
      XtcData::Xtc &raw = detector.get().xtc;
      read_exactly(raw.alloc(bytes, detector.end()), bytes);
      contributions.emplace_back(foreign ? bytes : producer->size());
      dgram &one = contributions.back();
      if (foreign) std::memcpy(one.get().xtc.alloc(bytes, one.end()), raw.payload(), bytes);
      else producer->event(pool, 0, raw, one.get().xtc, one.end());
      one.get().xtc.damage.bits = static_cast<std::uint16_t>(damage);
    }
    for (dgram &one : contributions) all.push_back(&one.get());
    consumer->event(all.data(), all.data() + all.size(), result);
    std::fwrite(&result.data, sizeof result.data, 1, stdout);
  }
  return 0;
}
