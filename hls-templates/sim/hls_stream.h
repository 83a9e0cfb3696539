// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Stand-in for the vendor's hls_stream.h: `hls::stream<T>` and `hls::stream<T, DEPTH>` as unbounded queues, as C
// simulation runs one stage after the other. Reading an empty stream ends the program and names the stream (the
// vendor's prints a warning and hands out a default value); data left over at the end is reported on stderr.
// `high_water()` tells how full the stream has been.
#ifndef VETOC_SIM_HLS_STREAM_H
#define VETOC_SIM_HLS_STREAM_H

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "vetoc_sim_bits.h"

namespace hls {

template <typename T, int DEPTH = 0>
class stream;

/// The queue, whatever depth was declared; a `stream<T, N>` may be passed where a `stream<T>` is asked for.
template <typename T>
class stream<T, 0> {
 public:
  typedef T value_type;

  stream() : stream("unnamed") {}
  explicit stream(const char *name) : stream(std::string(name)) {}
  explicit stream(std::string name) : name_(std::move(name)), slots_(16) {}
  stream(const stream &) = delete;
  stream &operator=(const stream &) = delete;
  ~stream() {
    if (count_ != 0)
      std::fprintf(stderr, "vetoc simulation warning: stream %s ends with %zu values left over\n", name_.c_str(), count_);
  }

  void set_name(const char *name) { name_ = name; }
  const std::string &name() const { return name_; }

  bool empty() const { return count_ == 0; }
  bool full() const { return depth_ != 0 && count_ >= depth_; }
  std::size_t size() const { return count_; }
  std::size_t capacity() const { return depth_; }
  /// The most values that were ever in the stream.
  std::size_t high_water() const { return high_water_; }

  T read() {
    if (count_ == 0) vetoc_sim::fail("read of an empty stream:", name_.c_str());
    T value = slots_[head_];
    head_ = (head_ + 1) & (slots_.size() - 1);
    --count_;
    return value;
  }
  void read(T &value) { value = read(); }
  bool read_nb(T &value) {
    if (count_ == 0) return false;
    value = read();
    return true;
  }
  void write(const T &value) {
    if (count_ == slots_.size()) grow();
    slots_[(head_ + count_) & (slots_.size() - 1)] = value;
    if (++count_ > high_water_) high_water_ = count_;
  }
  bool write_nb(const T &value) {
    if (full()) return false;
    write(value);
    return true;
  }
  void operator>>(T &value) { value = read(); }
  void operator<<(const T &value) { write(value); }

 protected:
  std::size_t depth_ = 0;

 private:
  void grow() {
    std::vector<T> bigger(slots_.size() * 2);
    for (std::size_t i = 0; i < count_; ++i) bigger[i] = slots_[(head_ + i) & (slots_.size() - 1)];
    slots_.swap(bigger);
    head_ = 0;
  }

  std::string name_;
  /// A ring; its size is a power of two.
  std::vector<T> slots_;
  std::size_t head_ = 0;
  std::size_t count_ = 0;
  std::size_t high_water_ = 0;
};

template <typename T, int DEPTH>
class stream : public stream<T, 0> {
 public:
  stream() : stream("unnamed") {}
  explicit stream(const char *name) : stream<T, 0>(name) { this->depth_ = DEPTH; }
  explicit stream(std::string name) : stream<T, 0>(std::move(name)) { this->depth_ = DEPTH; }
};

}  // namespace hls

#endif
