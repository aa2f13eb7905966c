// What a reserve or extend script answered, read and judged: which limit refused and until when,
// and what is left, worked out from the states by the same policies that the embedded store runs.
#pragma once

#include <optional>

#include "proxy/keys/key_slot.hpp"
#include "proxy/stores/redis/limit_wire.hpp"

namespace proxy::stores::redis {

// How long a command may be on its way after its asker has stopped waiting.
inline constexpr std::int64_t on_its_way_ms_max = 2000;

struct limit_answer {
  enum class verdict : std::uint8_t { held = 1, refused = 2, too_late = 3 };
  verdict what{};
  policies::instant now{};
  policies::limits::hold held{};
  std::array<policies::limits::limit_state, keys::chain_max> states{};
  std::size_t count = 0;
};
std::optional<limit_answer> read_answer(const redisReply& with);
// Whether it is the answer to this request: where a reply was dropped or came twice, all that
// follow are another's.
bool answers(const redisReply& with, std::string_view id);

// An answer's states beside the limits they were judged by.
class answered_chain {
 public:
  answered_chain(const keys::key_chain& chain, limit_answer& answer);
  answered_chain(std::span<const policies::limits::limit_set> limits, limit_answer& answer);
  std::span<const policies::limits::member> view() const { return {all_.data(), count_}; }

  policies::limits::remaining least_left() const;
  // nullopt: by the limits of this moment it would be admitted.
  std::optional<policies::limits::limit_refusal> why_not(const policies::limits::ask& wanted);
  std::optional<policies::limits::limit_refusal> why_not_more(const policies::limits::ask& wanted,
                                                              const policies::limits::hold& held);

 private:
  std::array<policies::limits::member, keys::chain_max> all_{};
  std::size_t count_ = 0;
  policies::instant now_;
};

} // namespace proxy::stores::redis
