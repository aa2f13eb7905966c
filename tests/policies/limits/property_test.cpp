// A million random steps, every invariant after each of them; and the promises about windows of
// time, looked for over all pairs of admissions under a clock that runs forwards.
#include <random>

#include "tests/policies/limits/trial.hpp"
#include "tests/support/catch.hpp"

using namespace tests;

namespace {

#ifdef NDEBUG
constexpr int step_count = 1'000'000;
#else
constexpr int step_count = 60'000; // sanitizers and -O0 cost twenty times as much
#endif

class chance {
 public:
  explicit chance(std::uint64_t seed) : random_(seed) {}

  // 0 .. n - 1
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  // 0 .. n - 1, small numbers as likely as large ones of any size
  std::int64_t skewed(std::int64_t n) { return below(below(n) + 1); }
  template <class Container>
  auto any_of(Container& from) {
    return std::next(from.begin(), below(static_cast<std::int64_t>(from.size())));
  }

 private:
  std::mt19937_64 random_;
};

std::optional<std::int64_t> any_limit(chance& random, std::int64_t least, std::int64_t most) {
  if (random.one_in(2))
    return std::nullopt;
  return random.one_in(60) ? 0 : least + random.below(most - least);
}

// Around what the key has spent already, so that raising, lowering and running dry all happen.
std::optional<nano_usd> any_money(chance& random, std::int64_t spent, std::int64_t more) {
  const auto amount = any_limit(random, 0, more);
  return amount ? std::optional{nano_usd{*amount + (random.one_in(5) ? spent / 2 : spent)}}
                : std::nullopt;
}

// Parents get as much as a few children. Now and then a rate is so low that its meter is hours
// deep.
limits::limit_set any_limits(chance& random, std::size_t key, std::int64_t spent) {
  const std::int64_t share = key < 4 ? 4 : 1;
  const std::int64_t scale = random.one_in(8) ? 300 : 1;
  limits::limit_set set{.requests_per_minute = any_limit(random, 1, 800 * share / scale),
                        .tokens_per_minute = any_limit(random, 100, 1'000'000 * share / scale),
                        .monthly = any_money(random, random.below(spent + 1), 4'000'000 * share),
                        .daily = any_money(random, random.below(spent + 1) / 9, 400'000 * share),
                        .total = any_money(random, spent, 4'000'000 * share),
                        .concurrent_requests = any_limit(random, 1, 30 * share)};
  if (random.one_in(4))
    set.burst_requests = random.below(100);
  if (random.one_in(4))
    set.burst_tokens = random.below(50'000);
  return set;
}

limits::ask any_ask(chance& random) {
  limits::ask wanted{.held_tokens = tokens{random.skewed(5'000)},
                     .money_want = nano_usd{random.skewed(3'000)},
                     .provisional = random.one_in(4)};
  if (random.one_in(2))
    wanted.risk_tokens = tokens{random.skewed(20'000)};
  wanted.money_min = nano_usd{random.below(wanted.money_want.value + 1)};
  return wanted;
}

// A clock that mostly walks forwards, and jumps an hour, a day's end or a month's end, and back.
class walking_clock {
 public:
  instant now = at({2026, 11, 20, 13});

  void tick(chance& random) {
    if (random.one_in(5000))
      now += random.one_in(2) ? 1h : random.one_in(2) ? -1h : 3h;
    else if (random.one_in(200))
      now -= milliseconds{random.below(3000)};
    else if (random.one_in(20'000))
      now = std::chrono::floor<std::chrono::days>(now) + std::chrono::days{1} - 500ms;
    else if (random.one_in(100'000))
      now = end_of_month() - 700ms;
    else
      now += milliseconds{random.skewed(random.one_in(50) ? 60'000 : 400)};
  }

 private:
  instant end_of_month() const {
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(now)};
    return std::chrono::sys_days{(date.year() / date.month() + std::chrono::months{1}) / 1};
  }
};

// One random thing that happens to a hold that is open.
void touch_open(trial& world, chance& random, instant now) {
  const auto [number, held] = *random.any_of(world.open);
  if (number % 100 == 0) // abandoned: nobody will ever tell
    return;
  const std::int64_t bound = held.tokens + held.risk;
  const bool above = random.one_in(500); // a pricing bug: more than was held
  switch (random.below(8)) {
  case 0:
    world.cancel(number, now);
    break;
  case 1:
    world.duplicate_reserve(number, now);
    break;
  case 2:
  case 3:
    if (held.requests > 0)
      world.extend(number, any_ask(random), now);
    break;
  default:
    world.settle(number, above ? bound + 5000 : random.below(bound + 1),
                 above ? held.money + 700 : random.below(held.money + 1), now);
  }
}

void change_limits(trial& world, chance& random) {
  const auto key = static_cast<std::size_t>(random.below(trial::key_count));
  world.change_limits(key, any_limits(random, key, world.spent_by(key)));
}

void step(trial& world, chance& random, walking_clock& clock) {
  clock.tick(random);
  const instant now = clock.now;
  const auto& chain = *random.any_of(trial::chains);
  if (random.one_in(300))
    change_limits(world, random);
  else if (random.one_in(500))
    world.sweep(now);
  else if (random.one_in(step_count / 12))
    world.crash(now);
  else if (random.one_in(200))
    world.cancel_before_reserve(chain, now);
  else if (random.one_in(200))
    world.ask_too_late(chain, now);
  else if (random.one_in(50) && !world.recent.empty())
    world.tell_again(static_cast<std::size_t>(random.below(std::ssize(world.recent))),
                     random.below(9000), random.below(2500), now);
  else if (!world.open.empty() && (random.below(100) < 45 || world.open.size() > 60) &&
           !random.one_in(3000))
    touch_open(world, random, now);
  else
    world.reserve(chain, any_ask(random), now);
}

void settle_all(trial& world, chance& random, instant now) {
  while (!world.open.empty()) {
    const auto [number, held] = *world.open.begin();
    if (random.one_in(3))
      world.cancel(number, now);
    else
      world.settle(number, held.tokens, held.money, now);
  }
  world.all_is_out();
}

} // namespace

TEST_CASE("limits: a million random steps keep every invariant") {
  const std::uint64_t seed = 20261123;
  chance random{seed};
  trial world;
  walking_clock clock;
  int done = 0;
  try {
    for (; done < step_count; ++done) {
      step(world, random, clock);
      world.compare();
      if (random.one_in(20'000)) {
        settle_all(world, random, clock.now);
        world.compare();
      }
    }
    settle_all(world, random, clock.now);
  } catch (const std::exception& broken) {
    FAIL("seed " << seed << ", step " << done << ": " << broken.what());
  }
  INFO("seed " << seed << ": " << world.admitted << " admitted, " << world.refused << " refused, "
               << world.exact_waits << " waits checked, " << world.expired << " expired, "
               << world.corrected << " corrected");
  CHECK(world.admitted > step_count / 20);
  CHECK(world.refused > step_count / 20);
  CHECK(world.exact_waits > step_count / 100);
  CHECK(world.expired > 0);
  CHECK(world.corrected > 0);
}

namespace {

// What was let through at each instant. In every window the sum is at most capacity + rate x time;
// with 60000ths: used(i..j) x 60000 - rate x (t_j - t_i) <= capacity x 60000 for all i <= j.
class window_sweep {
 public:
  window_sweep(std::int64_t rate, std::int64_t capacity) : rate_(rate), capacity_(capacity) {}

  bool add(instant at, std::int64_t amount) {
    const std::int64_t drained = rate_ * (at - noon).count();
    least_before_ = std::min(least_before_, sum_ * 60'000 - drained);
    sum_ += amount;
    return sum_ * 60'000 - drained - least_before_ <= capacity_ * 60'000;
  }

 private:
  std::int64_t rate_, capacity_, sum_ = 0;
  std::int64_t least_before_ = 0;
};

} // namespace

TEST_CASE("limits: in every window no more requests, strict tokens than burst + rate x time") {
  const std::uint64_t seed = 42;
  INFO("seed " << seed);
  chance random{seed};
  key child{.limits = {.requests_per_minute = 600, .tokens_per_minute = 300'000}};
  key parent{.limits = {.requests_per_minute = 450,
                        .burst_requests = 20,
                        .tokens_per_minute = 200'000,
                        .burst_tokens = 40'000}};
  const chain links{&child, &parent};
  window_sweep requests[] = {{600, 600}, {450, 20}},
               used[] = {{300'000, 300'000}, {200'000, 40'000}};
  std::vector<limits::hold> open;
  int broken = 0, admitted = 0;
  instant now = noon;
  const auto let_through = [&] {
    ++admitted;
    for (window_sweep& one : requests)
      broken += one.add(now, 1) ? 0 : 1;
  };
  for (int i = 0; i < 200'000; ++i, now += milliseconds{random.skewed(120)}) {
    const bool provisional = random.one_in(4);
    const auto result = links.reserve(
        {.held_tokens = tokens{random.skewed(9000)}, .provisional = provisional}, now);
    if (const auto* held = std::get_if<limits::hold>(&result)) {
      open.push_back(*held);
      if (!provisional)
        let_through();
    }
    if (open.empty() || (random.one_in(2) && open.size() < 9))
      continue;
    const auto done = random.any_of(open);
    if (done->requests_held > 0 && random.one_in(3)) {
      links.cancel(*done, now);
    } else {
      const std::int64_t tokens_used = random.below(done->held_tokens.value + 1);
      if (done->requests_held > 0)
        let_through();
      links.settle(*done, tokens_used, 0, now);
      for (window_sweep& one : used)
        broken += one.add(now, tokens_used) ? 0 : 1;
    }
    open.erase(done);
  }
  CHECK(broken == 0);
  CHECK(admitted > 10'000);
}
