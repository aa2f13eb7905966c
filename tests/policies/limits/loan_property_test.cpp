// Two nodes' loans on a chain of two keys, thousands of random steps: what is held, spent and lent
// is what a plain sum over the loans says.
#include <map>
#include <random>

#include "policies/limits/lend.hpp"

#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

namespace tests {
namespace {

using limits::loan;
using limits::loan_step;
using limits::portion;

// What a node is known to have: its loan, told again in the plainest way.
struct node {
  loan lent;
  portion amount;
  std::int64_t month = 0, day = 0;
  bool gone = false;

  portion held() const { return gone ? portion{} : limits::without_debt(amount); }
};

class trial {
 public:
  explicit trial(std::uint64_t seed) : random_(seed) {
    for (key* k : {&leaf_, &root_})
      k->limits = any_limits();
  }

  void step() {
    now_ += milliseconds{below(3) == 0 ? below(20 * 86'400'000) : below(30'000)};
    node& one = nodes_[static_cast<std::size_t>(below(2))];
    if (one.gone)
      below(3) == 0 ? forgive(one) : settle_expired(one);
    else if (const std::int64_t what = below(12); what < 6)
      lend(one);
    else if (what < 10)
      settle(one);
    else
      what == 10 ? expire(one) : end(one);
    check();
  }

 private:
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  std::optional<std::int64_t> limit(std::int64_t most) {
    return below(3) == 0 ? std::nullopt : std::optional{below(40) == 0 ? 0 : below(most) + 1};
  }
  std::optional<nano_usd> money_limit() {
    const auto amount = limit(100'000);
    return amount ? std::optional{nano_usd{*amount}} : std::nullopt;
  }
  limits::limit_set any_limits() {
    return {.requests_per_minute = limit(200),
            .tokens_per_minute = limit(5000),
            .monthly = money_limit(),
            .daily = money_limit(),
            .total = money_limit(),
            .concurrent_requests = limit(50)};
  }
  portion any_portion(std::int64_t scale) {
    const auto some = [&](std::int64_t most) { return below(3) == 0 ? 0 : below(most * scale); };
    return {.requests = some(9),
            .slots = some(4),
            .held_tokens = tokens{some(200)},
            .risk_tokens = tokens{some(2000)},
            .money = nano_usd{some(4000)}};
  }

  void lend(node& to) {
    loan_step told;
    told.sequence = to.lent.sequence + 1;
    told.wanted = below(5) == 0 ? portion{} : any_portion(1 + below(8));
    told.parts = 1 + below(4);
    if (below(3) == 0)
      told.least =
          portion::each(told.wanted, {}, [](std::int64_t a, std::int64_t) { return a / 2; });
    told.requests_used = below(to.amount.requests + 1);
    to.amount.requests -= told.requests_used;
    told.returned = portion::each(limits::without_debt(to.amount), {},
                                  [&](std::int64_t a, std::int64_t) { return below(a + 1); });
    to.amount -= told.returned;
    const portion granted = limits::lend(links_.links, to.lent, told, now_);
    to.month = leaf_.state.month.id;
    to.day = leaf_.state.day.id;
    CHECK(granted == grantable(told));
    to.amount += granted;
    CHECK(limits::lend(links_.links, to.lent, told, now_) == granted); // told twice
  }

  // By the limits' own words; meters are read after the fact, for draining is not judged here.
  portion grantable(const loan_step& told) const {
    portion most = told.wanted;
    bool stands_against = told.wanted.empty();
    for (const key* k : {&leaf_, &root_}) {
      const auto within = [&](std::optional<std::int64_t> limit, std::int64_t used,
                              std::int64_t& wanted) {
        if (!limit)
          return;
        stands_against = stands_against || *limit == 0 || used > *limit;
        wanted = std::min(wanted, std::max<std::int64_t>(0, *limit - used) / told.parts);
      };
      const auto amount = [](const std::optional<nano_usd>& limit) {
        return limit ? std::optional{limit->value} : std::nullopt;
      };
      const portion held = held_by_all();
      const limits::limit_state& s = k->state;
      within(k->limits.requests_per_minute, wholes(s.requests) + held.requests, most.requests);
      within(k->limits.tokens_per_minute, wholes(s.tokens) + held.held_tokens.value,
             most.held_tokens.value);
      if (told.wanted.risk_tokens.value > 0 && k->limits.tokens_per_minute)
        within(*k->limits.tokens_per_minute * 10, held.risk_tokens.value, most.risk_tokens.value);
      within(k->limits.concurrent_requests, held.slots, most.slots);
      within(amount(k->limits.monthly), in_month(s.month.id) + by_month(s.month.id),
             most.money.value);
      within(amount(k->limits.daily), in_day(s.day.id) + by_day(s.day.id), most.money.value);
      within(amount(k->limits.total), held.money.value + spent_.value, most.money.value);
    }
    return stands_against || !most.covers(told.least) ? portion{} : most;
  }
  static std::int64_t wholes(const limits::meter& m) { return (m.level + 59'999) / 60'000; }

  void settle(node& from) {
    const limits::actuals used{tokens{below(300)}, nano_usd{below(3000)}};
    const limits::hold windows{.month_id = from.month, .day_id = from.day};
    limits::settle_lent(links_.links, from.lent, used, windows, now_);
    from.amount.held_tokens -= used.used_tokens;
    from.amount.money -= used.cost;
    spend(from, used.cost);
  }

  void expire(node& one) {
    limits::expire(links_.links, one.lent, now_);
    one.amount = limits::without_debt(one.amount);
    CHECK(one.lent.amount == one.amount);
    one.gone = true;
    spend(one, one.amount.money);
  }

  void settle_expired(node& one) {
    const limits::actuals used{tokens{below(300)}, nano_usd{below(3000)}};
    const limits::hold windows{.month_id = one.month, .day_id = one.day};
    limits::settle_expired(links_.links, one.lent, used, windows, now_);
    const nano_usd covered = std::min(used.cost, one.amount.money);
    one.amount.money -= covered;
    spend(one, used.cost - covered);
  }

  void forgive(node& one) {
    limits::forgive(links_.links, one.lent, now_);
    CHECK(one.lent.amount.empty());
    spend(one, nano_usd{} - one.amount.money);
    one = {};
  }

  void end(node& one) {
    limits::end_loan(links_.links, one.lent, now_);
    CHECK(one.lent.amount.empty());
    one = {};
  }

  void spend(const node& by, nano_usd cost) {
    spent_ += cost;
    months_[by.month] += cost.value;
    days_[by.day] += cost.value;
  }

  portion held_by_all() const { return nodes_[0].held() + nodes_[1].held(); }
  std::int64_t in_month(std::int64_t id) const {
    const auto found = months_.find(id);
    return found == months_.end() ? 0 : found->second;
  }
  std::int64_t in_day(std::int64_t id) const {
    const auto found = days_.find(id);
    return found == days_.end() ? 0 : found->second;
  }
  std::int64_t by_month(std::int64_t id) const {
    std::int64_t sum = 0;
    for (const node& one : nodes_)
      sum += one.month == id ? one.held().money.value : 0;
    return sum;
  }
  std::int64_t by_day(std::int64_t id) const {
    std::int64_t sum = 0;
    for (const node& one : nodes_)
      sum += one.day == id ? one.held().money.value : 0;
    return sum;
  }

  void check() const {
    const portion held = held_by_all();
    for (const key* k : {&leaf_, &root_}) {
      const limits::limit_state& s = k->state;
      CHECK(s.requests.held == held.requests);
      CHECK(s.slots == held.slots);
      CHECK(s.tokens.held == held.held_tokens.value);
      CHECK(s.tokens_at_risk == held.risk_tokens.value);
      CHECK(s.total.held == held.money);
      CHECK(s.month.held.value == by_month(s.month.id));
      CHECK(s.day.held.value == by_day(s.day.id));
      CHECK(s.total.spent == spent_);
      CHECK(s.month.spent.value == in_month(s.month.id));
      CHECK(s.day.spent.value == in_day(s.day.id));
    }
  }

  std::mt19937_64 random_;
  key leaf_, root_;
  chain links_{&leaf_, &root_};
  node nodes_[2];
  instant now_ = noon;
  nano_usd spent_{};
  std::map<std::int64_t, std::int64_t> months_, days_;
};

} // namespace

TEST_CASE("lend: two nodes hold and spend what the sum over their loans says, on every member") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    trial one{seed};
    for (int i = 0; i < 60; ++i)
      one.step();
  }
}

} // namespace tests
