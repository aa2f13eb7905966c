// The reference model and the scripts, side by side: each step is done to the book in memory at
// once and written down as a call; a batch of calls then goes to Redis, and every answer and every
// state must be what the book had at that step.
#pragma once

#include <functional>
#include <map>
#include <random>

#include "policies/limits/book.hpp"
#include "policies/limits/lend.hpp"
#include "proxy/stores/redis/blocking_client.hpp"
#include "proxy/stores/redis/limit_answer.hpp"
#include "tests/support/catch.hpp"

namespace tests {

namespace limits = policies::limits;
namespace redis = proxy::stores::redis;
using policies::instant;
using policies::milliseconds;
using policies::request_id;

// A root, two children and a grandchild.
inline constexpr std::size_t keys_count = 4;
inline constexpr std::array<int, keys_count> parent_of{-1, 0, 0, 1};

constexpr std::uint64_t id_of(std::size_t key) {
  return 100 + key;
}

struct known_request {
  request_id id;
  std::size_t leaf = 0;
  limits::hold held{};
};

struct known_loan {
  std::uint32_t number = 0;
  std::size_t leaf = 0;
  limits::loan lent{};
  bool expired = false;
  instant since{};
};

class twins {
 public:
  twins(redis::blocking_client& by, std::uint64_t seed) : by_(by), random_(seed), book_(bounds) {}

  void step();
  void compare();                    // sends what was written down and checks it
  std::map<std::string, int> counts; // of what happened, so that no kind of step is missing

 private:
  static constexpr limits::book::bounds bounds{.lifetime_max = milliseconds{120'000},
                                               .memory_max = milliseconds{600'000}};
  using check = std::function<void(const redisReply&)>;

  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }
  std::int64_t some_amount();
  limits::ask some_ask();
  limits::limit_set some_limits();
  known_request& some_request();
  known_request some_open_request();
  request_id fresh_id();
  void pass_time();

  std::vector<limits::member> chain_of(std::size_t leaf);
  redis::script_call call(redis::script which, std::size_t leaf, bool with_lanes = false) const;
  std::string packed_limits(std::size_t leaf) const;
  void expect(const redis::script_call& call, check answer);
  void expect_states();

  // Operations of one key that go to Redis as one command, while the book does one after the other.
  struct round {
    std::size_t leaf = 0;
    instant not_after{};
    std::vector<std::string> asked{};
    std::vector<std::function<void(const redisReply&, const redis::seen_chain&, bool alone)>>
        checks{};
  };
  round begin_round(std::size_t leaf);
  void end_round(const round& r);
  void expect_answer(
      round& r, const limits::book::answer& wanted,
      std::function<std::optional<limits::limit_refusal>(redis::answered_chain&)> why) const;
  void reserve(round& r, const request_id& id);
  void extend(round& r, const known_request& which);
  void settle(round& r, const known_request& which, bool ran);
  void mixed_round();
  void apply(const known_request& r);
  void forget(const request_id& id);
  void sweep();

  limits::portion some_portion();
  known_loan& some_loan();
  limits::loan_step some_step(const limits::loan& of);
  void lend();
  void settle_lent();
  void end_loan();
  void sweep_loans();

  redis::blocking_client& by_;
  std::mt19937_64 random_;
  limits::book book_;
  instant now_{std::chrono::sys_days{std::chrono::year{2026} / 4 / 30} + std::chrono::hours{23}};
  std::array<limits::limit_set, keys_count> sets_{};
  std::array<limits::limit_state, keys_count> states_{};
  std::vector<known_request> requests_;
  std::vector<known_loan> loans_;
  std::uint32_t loan_number_ = 1;
  std::map<std::pair<std::uint64_t, std::size_t>, std::int64_t> progress_;
  std::int64_t sequence_ = 0;
  redis::batch calls_;
  std::vector<check> checks_;
};

} // namespace tests
