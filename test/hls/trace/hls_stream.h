// Test only: an hls_stream.h that writes down every read and write, to hold the cycle-level model to the C++.
#ifndef VETOC_TRACE_HLS_STREAM_H
#define VETOC_TRACE_HLS_STREAM_H

#include <cstdio>
#include <deque>
#include <string>
#include <vector>

namespace hls {

struct trace {
  bool on = false;
  std::vector<std::string> names;
  std::vector<int> log;  // 2 * stream + (1 for a write)
  static trace &instance() {
    static trace t;
    return t;
  }
};

template <typename T>
class stream {
 public:
  stream() : stream("unnamed") {}
  explicit stream(const char *name) : id_(static_cast<int>(trace::instance().names.size())) {
    trace::instance().names.push_back(name);
  }
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  T read() {
    if (trace::instance().on) trace::instance().log.push_back(2 * id_);
    T value = items_.at(0);
    items_.pop_front();
    return value;
  }
  bool read_nb(T &value) {
    if (items_.empty()) return false;
    value = read();
    return true;
  }
  void write(const T &value) {
    if (trace::instance().on) trace::instance().log.push_back(2 * id_ + 1);
    items_.push_back(value);
  }

 private:
  int id_;
  std::deque<T> items_;
};

}  // namespace hls

#endif
