// Which of a cluster's slots a key lies in, and what its nodes say when a command came to the wrong
// one. https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/stores/redis/address.hpp"

namespace proxy::stores::redis {

inline constexpr std::size_t slots_count = 16384;
// Of the part in the first braces, if there is one.
std::uint16_t slot_of(std::string_view key);

// An error before which nothing ran: the same command may be asked again.
struct redirection {
  enum class kind : std::uint8_t {
    moved, // the slot is at `to` from now on
    ask,   // this once at `to`, after ASKING
    later, // here, in a moment: a slot is on its way, a node starts or is no master any more
  } what{};
  std::uint16_t slot = 0; // moved, ask
  place to{};             // an empty host: the one that said so
};
std::optional<redirection> read_redirection(std::string_view error);

} // namespace proxy::stores::redis
