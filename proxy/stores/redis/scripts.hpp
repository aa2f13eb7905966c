// The Lua scripts of proxy/stores/redis/scripts, built in, and the names Redis calls them by. What
// they do is said at the top of each.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace proxy::stores::redis {

enum class script : std::uint8_t {
  round,
  end_hold,
  lease,
  sweep,
  apply,
  hold,
  root,
  roll_up,
  change_key,
  restore_key,
  roll_call,
  who
};
inline constexpr std::array all_scripts{script::round,       script::end_hold,  script::lease,
                                        script::sweep,       script::apply,     script::hold,
                                        script::root,        script::roll_up,   script::change_key,
                                        script::restore_key, script::roll_call, script::who};

std::string_view source_of(script which);
// SHA-1 in hex, as EVALSHA takes it.
const std::string& digest_of(script which);

} // namespace proxy::stores::redis
