// The steps of leases: what nodes are lent, use, bring back, and what becomes of it when they are
// gone.
#include "tests/proxy/stores/redis/twins.hpp"

namespace tests {

using policies::nano_usd;
using policies::tokens;

namespace {

constexpr std::uint64_t node = 1;

std::int64_t ms(instant at) {
  return at.time_since_epoch().count();
}

void pack(redis::packer& out, const limits::portion& p) {
  out << p.requests << p.slots << p.held_tokens.value << p.risk_tokens.value << p.money.value;
}

} // namespace

limits::portion twins::some_portion() {
  return {.requests = below(30),
          .slots = below(4),
          .held_tokens = tokens{some_amount()},
          .risk_tokens = tokens{below(2) == 0 ? some_amount() : 0},
          .money = nano_usd{some_amount()}};
}

known_loan& twins::some_loan() {
  if (loans_.empty() || (loans_.size() < 8 && below(10) == 0))
    return loans_.emplace_back(
        known_loan{.number = ++loan_number_, .leaf = static_cast<std::size_t>(below(keys_count))});
  return loans_[static_cast<std::size_t>(below(static_cast<std::int64_t>(loans_.size())))];
}

limits::loan_step twins::some_step(const limits::loan& of) {
  limits::loan_step step;
  const std::int64_t kind = below(20);
  step.sequence = of.sequence + (kind == 0 ? 2 : kind < 3 && of.sequence > 0 ? 0 : 1);
  step.returned = limits::portion::each(of.amount, {}, [this](std::int64_t a, std::int64_t) {
    return a > 0 ? below(a + 1) : below(2) * a;
  });
  step.requests_used =
      below(1 + std::max<std::int64_t>(0, of.amount.requests - step.returned.requests));
  if (below(4) != 0)
    step.wanted = some_portion();
  if (below(4) == 0)
    step.least = {.requests = below(3), .slots = below(2), .money = nano_usd{below(100)}};
  step.parts = 1 + below(60);
  return step;
}

void twins::lend() {
  known_loan& l = some_loan();
  const limits::loan_step step = some_step(l.lent);
  const bool late = below(8) == 0;
  redis::packer numbers;
  numbers << ms(now_) << ms(now_) + (late ? -1 : 0) << step.sequence << std::int64_t{0}
          << step.requests_used << step.parts;
  pack(numbers, step.returned);
  pack(numbers, step.wanted);
  pack(numbers, step.least);
  auto made = call(redis::script::lease, l.leaf);
  made.argument(redis::lease_name(node, l.number))
      .argument(redis::hex(node) + redis::hex(id_of(l.leaf)))
      .argument(packed_limits(l.leaf))
      .argument(numbers.text());

  const bool fresh = l.lent.sequence == 0;
  const std::int64_t code = l.expired                             ? 2
                            : step.sequence > l.lent.sequence + 1 ? 3
                            : fresh && late                       ? 4
                                                                  : 1;
  ++counts["lent " + std::to_string(code)];
  if (code != 1) {
    expect(made, [code](const redisReply& got) {
      REQUIRE(redis::number_of(*redis::items_of(got)[0]) == code);
    });
    return;
  }
  if (step.sequence == l.lent.sequence)
    ++counts["lent again"];
  else
    l.since = now_;
  limits::lend(chain_of(l.leaf), l.lent, step, now_);
  counts["lent nothing"] += l.lent.granted.empty();
  expect(made, [wanted = l.lent](const redisReply& got) {
    const auto answer = redis::read_lent(got);
    REQUIRE(answer.has_value());
    const limits::portion granted{.requests = answer->lent.requests_held,
                                  .slots = answer->lent.slots,
                                  .held_tokens = answer->lent.held_tokens,
                                  .risk_tokens = answer->lent.risk_tokens,
                                  .money = answer->lent.money};
    REQUIRE(granted == wanted.granted);
    REQUIRE(answer->lent.month_id == wanted.month_id);
    REQUIRE(answer->lent.day_id == wanted.day_id);
  });
}

// One outcome, as the journal of the node tells it; or that it never ran.
void twins::settle_lent() {
  known_loan& l = some_loan();
  if (l.lent.sequence == 0)
    return;
  const bool ran = below(6) != 0;
  const limits::actuals used{tokens{some_amount()}, nano_usd{some_amount()}};
  const limits::hold windows{.month_id = l.lent.month_id - below(2),
                             .day_id = l.lent.day_id - below(2)};
  redis::packer outcome;
  std::int64_t& progress = progress_[{1, l.leaf}];
  progress = sequence_ = std::max(progress, sequence_) + 1;
  outcome << progress << std::int64_t{ran} << redis::view(fresh_id()) << used.used_tokens.value
          << used.cost.value << windows.month_id << windows.day_id
          << redis::lease_name(node, l.number);
  redis::packer now;
  now << ms(now_) << std::int64_t{0};
  auto made = call(redis::script::apply, l.leaf, true);
  made.argument(redis::hex(1)).argument(packed_limits(l.leaf)).argument(now.text());
  made.argument(outcome.text());
  if (ran && l.expired)
    limits::settle_expired(chain_of(l.leaf), l.lent, used, windows, now_);
  else if (ran)
    limits::settle_lent(chain_of(l.leaf), l.lent, used, windows, now_);
  ++counts[l.expired ? "settled expired" : "settled lent"];
  expect(made, [](const redisReply& got) { REQUIRE(redis::number_of(got) == 1); });
}

// The node is back: what is left is free.
void twins::end_loan() {
  known_loan& l = some_loan();
  if (l.lent.sequence == 0)
    return;
  auto made = call(redis::script::end_hold, l.leaf);
  redis::packer numbers;
  numbers << ms(now_);
  made.argument(redis::lease_name(node, l.number))
      .argument(packed_limits(l.leaf))
      .argument(numbers.text());
  ++counts[l.expired ? "forgiven" : "loan ended"];
  if (l.expired)
    limits::forgive(chain_of(l.leaf), l.lent, now_);
  else
    limits::end_loan(chain_of(l.leaf), l.lent, now_);
  expect(made, [](const redisReply& got) { REQUIRE(redis::number_of(got) == 1); });
  std::erase_if(loans_, [n = l.number](const known_loan& each) { return each.number == n; });
}

void twins::sweep_loans() {
  for (known_loan& l : loans_) {
    if (l.lent.sequence == 0)
      continue;
    auto made = call(redis::script::sweep, l.leaf);
    redis::packer numbers;
    numbers << ms(now_) << bounds.lifetime_max.count() << bounds.memory_max.count();
    made.argument(redis::lease_name(node, l.number))
        .argument(packed_limits(l.leaf))
        .argument(numbers.text());
    const auto age = now_ - l.since;
    const bool forgotten = l.expired && age > bounds.memory_max;
    const bool expires = !l.expired && age > bounds.lifetime_max;
    const std::int64_t wanted = forgotten ? 2 : expires ? 1 : 0;
    if (expires) {
      limits::expire(chain_of(l.leaf), l.lent, now_);
      l.expired = true;
      l.since = now_;
      ++counts["expired"];
    }
    if (forgotten)
      l.number = 0;
    expect(made, [wanted](const redisReply& got) { REQUIRE(redis::number_of(got) == wanted); });
  }
  std::erase_if(loans_, [](const known_loan& l) { return l.number == 0; });
}

} // namespace tests
