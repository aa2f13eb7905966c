// The property test's world: keys that share parents, a book of holds, and the naive oracle beside
// it. Every step is done to both and compared; random choices are made by the caller.
#pragma once

#include <array>
#include <stdexcept>
#include <string>

#include "policies/limits/book.hpp"
#include "tests/policies/limits/oracle.hpp"

namespace tests {

using limits::book;

// Thrown where subject and oracle differ: a million steps are too many for assertion macros.
inline void must(bool holds, const char* what) {
  if (!holds)
    throw std::runtime_error(what);
}

class trial {
 public:
  static constexpr std::size_t key_count = 10;
  // A root, two teams, a team within a team, members of each, and one key alone.
  inline static const std::vector<std::vector<std::size_t>> chains = {
      {4, 3, 1, 0}, {5, 3, 1, 0}, {3, 1, 0}, {6, 1, 0}, {7, 2, 0}, {8, 0}, {9}};

  struct ended {
    std::uint64_t number;
    naive_hold hold;
    bool tombstone;
    instant since;
  };

  std::map<std::uint64_t, naive_hold> open;
  std::vector<ended> recent; // ended not long ago, for duplicates and late truths
  std::size_t admitted = 0, refused = 0, exact_waits = 0, expired = 0, corrected = 0;

  std::int64_t spent_by(std::size_t key) const { return naive_[key].spent; }
  void change_limits(std::size_t key, const limits::limit_set& to);

  void reserve(const std::vector<std::size_t>& chain, const limits::ask& wanted, instant now);
  void extend(std::uint64_t number, const limits::ask& wanted, instant now);
  void settle(std::uint64_t number, std::int64_t used, std::int64_t cost, instant now);
  void cancel(std::uint64_t number, instant now);
  void sweep(instant now);
  void crash(instant now);
  void duplicate_reserve(std::uint64_t number, instant now);
  void cancel_before_reserve(const std::vector<std::size_t>& chain, instant now);
  void ask_too_late(const std::vector<std::size_t>& chain, instant now);
  void tell_again(std::size_t index, std::int64_t used, std::int64_t cost, instant now);

  // Every invariant that a state alone must keep, and that it is what the oracle says.
  void compare();
  void all_is_out(); // with no hold open

 private:
  static policies::request_id id_of(std::uint64_t number);
  std::vector<limits::member> links(const std::vector<std::size_t>& chain);
  std::int64_t present(const std::vector<std::size_t>& chain, instant now);
  instant clock(instant now) { return latest_ = std::max(latest_, now); }
  bool remembered(const ended& one, instant now) const {
    return std::max(latest_, now) - one.since < memory;
  }

  verdict judge(const std::vector<std::size_t>& chain, const limits::ask& wanted,
                const naive_hold* already, std::int64_t now_ms);
  void check_refusal(const limits::limit_refusal& told, const verdict& expected);
  void check_wait(const std::vector<std::size_t>& chain, const limits::ask& wanted, instant now,
                  const std::vector<limits::limit_state>& before,
                  const limits::limit_refusal& told);
  void check_admission(const std::vector<std::size_t>& chain, const limits::ask& wanted,
                       bool extended);
  void note_refusal(const std::vector<std::size_t>& chain, std::int64_t now_ms);
  void note_dispatch(naive_hold& held, std::int64_t now_ms);
  void note_outcome(naive_hold& held, std::int64_t used, std::int64_t cost, std::int64_t now_ms);
  void note_truth(naive_hold& held, std::int64_t used, std::int64_t cost, std::int64_t now_ms);
  void end(std::uint64_t number, bool tombstone);
  void rebuild(std::size_t key);
  void sum_up(std::int64_t now_ms); // 0: as of the latest instant each key has seen
  void compare_window(const limits::money_window& window, std::int64_t id, std::int64_t held,
                      std::int64_t spent) const;

  static constexpr milliseconds memory = 3h;
  static constexpr milliseconds patience = 5s;
  std::array<key, key_count> keys_{};
  std::array<naive_key, key_count> naive_{};
  book book_{{.lifetime_max = 30min, .memory_max = memory}};
  std::map<std::uint64_t, instant> since_; // of open holds, by the book's clock
  instant latest_{};
  std::uint64_t last_number_ = 0;
};

} // namespace tests
