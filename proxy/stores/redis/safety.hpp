// Whether a Redis keeps what limits and keys need of it: judged from its settings and what it says
// of itself, without asking it anything.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/stores/redis/address.hpp"

namespace proxy::stores::redis {

enum class safety : std::uint8_t { good, note, problem };
std::string_view name_of(safety how);

struct safety_finding {
  safety how{};
  std::string subject; // the setting
  std::string message; // how it is, and what follows
  std::string advice;  // what to do; empty: nothing
};

// `settings` as CONFIG GET answers them, `facts` the lines of INFO. What is missing in `settings`
// could not be read, and is told so.
using text_map = std::map<std::string, std::string, std::less<>>;
std::vector<safety_finding> judge_safety(const text_map& settings, const text_map& facts,
                                         layout how);

// "name:value" lines.
text_map facts_in(std::string_view info);

} // namespace proxy::stores::redis
