// What the scripts of limits answered, read and judged: what was held or lent, which limit refused
// and until when, and what is left, worked out from the states by the same policies that the
// embedded store runs.
#pragma once

#include <optional>

#include "proxy/keys/key_slot.hpp"
#include "proxy/stores/redis/limit_wire.hpp"

namespace proxy::stores::redis {

// How long a command may be on its way after its asker has stopped waiting.
inline constexpr std::int64_t on_its_way_ms_max = 2000;

// A chain as it is after a script, by Redis's clock.
struct seen_chain {
  policies::instant now{};
  std::array<policies::limits::limit_state, keys::chain_max> states{};
  std::size_t count = 0;
};

// To one who asked in a round (scripts/round.lua).
struct limit_answer {
  enum class verdict : std::uint8_t { held = 1, refused = 2, too_late = 3, closed = 5 };
  verdict what{};
  policies::limits::hold held{};
};
std::optional<limit_answer> read_answer(const redisReply& one);

struct round_answer {
  std::span<redisReply* const> each; // what the round asked for, in its order
  seen_chain seen;
};
// `asked`: for how many operations. nullopt: it is not that script's.
std::optional<round_answer> read_round(const redisReply& with, std::size_t asked);

// What a step lent (scripts/lease.lua). nullopt: nothing; step_code() says why.
struct lent_answer {
  policies::limits::hold lent{};
  seen_chain seen;
};
std::optional<lent_answer> read_lent(const redisReply& with);
std::optional<std::int64_t> step_code(const redisReply& with);

// Whether it is the answer to this: where a reply was dropped or came twice, all that follow are
// another's.
bool answers_round(const redisReply& with, std::uint64_t word);
bool answers_step(const redisReply& with, std::string_view lease);

// A chain's states beside the limits they are judged by.
class answered_chain {
 public:
  answered_chain(const keys::key_chain& chain, seen_chain seen);
  answered_chain(std::span<const policies::limits::limit_set> limits, seen_chain seen);
  answered_chain(const answered_chain&) = delete;
  answered_chain& operator=(const answered_chain&) = delete;

  policies::limits::remaining least_left() const;
  // nullopt: by the limits of this moment it would be admitted.
  std::optional<policies::limits::limit_refusal> why_not(const policies::limits::ask& wanted);
  std::optional<policies::limits::limit_refusal> why_not_more(const policies::limits::ask& wanted,
                                                              const policies::limits::hold& held);

 private:
  std::span<const policies::limits::member> view() const { return {all_.data(), count_}; }

  seen_chain seen_;
  std::array<policies::limits::member, keys::chain_max> all_{};
  std::size_t count_ = 0;
};

} // namespace proxy::stores::redis
