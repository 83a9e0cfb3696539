// Stand-in for tests: objects of objects and whole numbers, with the calls that the plug-ins make.
#pragma once
#include <cstdint>
#include <map>
#include <string>

namespace nlohmann {

class json {
 public:
  json() = default;
  json(std::int64_t number) : number(number) {}
  bool contains(const std::string &name) const { return members.count(name) != 0; }
  const json &operator[](const std::string &name) const { return members.at(name); }
  json &operator[](const std::string &name) { return members[name]; }
  template <typename T>
  T get() const {
    return static_cast<T>(number);
  }

 private:
  std::int64_t number = 0;
  std::map<std::string, json> members;
};

}  // namespace nlohmann
