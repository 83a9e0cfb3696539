// Test only: an hls_stream.h whose values may come late: `read_nb` finds nothing for as many calls as a value has to wait.
#ifndef VETOC_STREAMS_HLS_STREAM_H
#define VETOC_STREAMS_HLS_STREAM_H

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <utility>

namespace hls {

template <typename T, int DEPTH = 0>
class stream {
 public:
  stream() = default;
  explicit stream(const char *) {}
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  T read() {
    if (items_.empty()) {
      std::fprintf(stderr, "more answers than packets\n");
      std::exit(1);
    }
    const T value = items_.front().first;
    items_.pop_front();
    return value;
  }
  bool read_nb(T &value) {
    if (items_.empty()) return false;
    if (items_.front().second > 0) {
      --items_.front().second;
      return false;
    }
    value = read();
    return true;
  }
  void write(const T &value) { write_after(value, 0); }
  bool write_nb(const T &value) {
    write(value);
    return true;
  }
  void write_after(const T &value, unsigned wait) { items_.push_back(std::make_pair(value, wait)); }

 private:
  std::deque<std::pair<T, unsigned>> items_;
};

}  // namespace hls

#endif
