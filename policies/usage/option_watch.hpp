// Catches one member of a small object in a request, such as thinking.type, and notices a twin of
// it. Knows nothing of what the options mean.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "policies/usage/json_cursor.hpp"

namespace policies::usage {

class option_watch : public json::watcher {
 public:
  explicit option_watch(std::string_view wanted) : wanted_(wanted) {}

  std::string_view value() const { return value_; } // raw, without quotes; empty: none
  bool twice() const { return twice_; }

  void name(std::size_t depth, const json::string_token& name) {
    announced_ = depth == 2 && alike(name);
    twice_ |= announced_ && seen_;
    seen_ |= announced_;
  }
  void text(std::size_t, const json::string_token& value) { take(value.raw); }
  void scalar(std::size_t, std::string_view value) { take(value); }
  void open(std::size_t) { announced_ = false; }

 private:
  bool alike(const json::string_token& name) const {
    std::array<char, json::name_length_max> room;
    const auto spelt = name.plain ? name.raw : json::decode_name(name, room);
    return std::equal(spelt.begin(), spelt.end(), wanted_.begin(), wanted_.end(),
                      [](char a, char b) { return json::fold(a) == json::fold(b); });
  }
  void take(std::string_view value) {
    if (announced_)
      value_ = value;
    announced_ = false;
  }

  std::string_view wanted_;
  std::string_view value_;
  bool announced_ = false;
  bool seen_ = false;
  bool twice_ = false;
};

} // namespace policies::usage
