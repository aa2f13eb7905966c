// A node's side of leases: one thread's part of what was lent to it on a key's chain, divided among
// requests without asking anyone. It also says how much is worth asking for. The store that lends,
// and how it is asked, are not known here.
#pragma once

#include <optional>
#include <utility>

#include "policies/limits/portion.hpp"

namespace policies::limits {

inline constexpr std::int64_t demand_ms = 100;
// Below so many requests in that time each is asked for by itself.
inline constexpr std::int64_t demand_requests_min = 4;

// What was asked for in about the last 100 ms: the present span, or the whole one before it.
class demand {
 public:
  void note(const portion& asked, std::int64_t now_ms) {
    pass(now_ms);
    current_ += asked;
  }
  portion at(std::int64_t now_ms) {
    pass(now_ms);
    return portion::each(current_, before_,
                         [](std::int64_t a, std::int64_t b) { return std::max(a, b); });
  }

 private:
  void pass(std::int64_t now_ms) {
    if (now_ms < since_ms_ + demand_ms)
      return;
    before_ = now_ms < since_ms_ + 2 * demand_ms ? current_ : portion{};
    current_ = {};
    since_ms_ = now_ms;
  }
  std::int64_t since_ms_ = 0;
  portion current_;
  portion before_;
};

class lease {
 public:
  // Of this one are the holds that it gives; never 0.
  explicit lease(std::uint32_t number) : number_(number) {}
  std::uint32_t number() const { return number_; }

  // Granted by the store, for these windows of money.
  void add(const portion& granted, std::int64_t month_id, std::int64_t day_id);
  // A step that did not happen: what it told and brought back is here still.
  void take_back(const portion& returned, std::int64_t requests_used);
  // Its tokens and money had to be held apart: the request has been admitted all the same.
  void use_request(hold& held);

  // nullopt: not enough left, or not for this day. Money is never lowered here: that is for who
  // knows all that is left.
  std::optional<hold> take(const ask& wanted, std::int64_t day_id);
  // The second step of a provisional hold of this lease.
  bool extend(hold& held, const ask& wanted, std::int64_t day_id);
  // The parts of a hold that are this lease's come back, but for what was used. A provisional
  // request becomes used with settle() and never counted with cancel().
  void settle(const hold& held, const actuals& used);
  void cancel(const hold& held);

  const portion& free() const { return free_; }
  std::int64_t flying() const { return flying_; } // holds that have not ended
  std::int64_t requests_used() const { return requests_used_; }

  // What is to be brought back: all that is promised to nobody, debts included.
  portion take_free();
  portion give_up(const portion& part) { return free_ -= part, part; }
  std::int64_t take_requests_used();

 private:
  std::uint32_t number_;
  portion free_;
  std::int64_t requests_used_ = 0; // and not told yet
  std::int64_t flying_ = 0;
  std::int64_t month_id_ = 0;
  std::int64_t day_id_ = 0;
};

// How much to ask for, where `recent` was asked for in 100 ms and `free` is left: enough for the
// next 100 ms. Nothing: `free` still is plenty, or single requests are as cheap asked for.
portion chunk_for(const portion& recent, const portion& free);
// What is left over after a rush: beyond twice what 100 ms take.
portion surplus_of(const portion& recent, const portion& free);

} // namespace policies::limits
