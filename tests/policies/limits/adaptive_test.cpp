// Adaptive token accounting in simulated time: clients that never tire, sizes as they occur, and an
// attacker that trains the estimate.
#include <queue>
#include <random>

#include "policies/limits/estimator.hpp"
#include "tests/policies/limits/keys.hpp"
#include "tests/support/catch.hpp"

using namespace tests;

namespace {

struct shape {
  const char* name;
  std::int64_t tokens_per_minute;
  double prompt_mu, prompt_sigma; // lognormal: bytes of the prompt
  double output_mu, output_sigma; // lognormal: tokens of the answer
  std::int64_t output_cap;
};

struct answer {
  instant ends;
  limits::hold held;
  std::int64_t prompt_bound, used;
  bool operator>(const answer& other) const { return ends > other.ends; }
};

// One key under more load than it may have: a new request whenever the last one was admitted.
class saturation {
 public:
  saturation(const shape& sizes, std::uint64_t seed) : sizes_(sizes), random_(seed) {
    subject_.limits.tokens_per_minute = sizes.tokens_per_minute;
    draw();
  }

  // Tokens settled until `end`.
  std::int64_t run(instant end) {
    const std::int64_t before = settled_;
    while (now_ < end) {
      finish();
      instant next = now_;
      if (!try_one(next))
        now_ = std::min(next, running_.empty() ? next : running_.top().ends);
    }
    return settled_ - before;
  }

 private:
  void draw() {
    std::lognormal_distribution<double> prompt{sizes_.prompt_mu, sizes_.prompt_sigma};
    std::lognormal_distribution<double> output{sizes_.output_mu, sizes_.output_sigma};
    const auto bytes = static_cast<std::int64_t>(std::min(prompt(random_), 1e6));
    const auto written = static_cast<std::int64_t>(output(random_));
    bound_ = bytes + 64;
    used_ = bytes * 3 / 10 + 20 + std::min(written, sizes_.output_cap);
    took_ = 200ms + milliseconds{std::min(written, sizes_.output_cap) * 10}; // 100 tokens a second
  }

  bool try_one(instant& next) {
    const auto model = "deepseek-flash";
    const tokens cap{sizes_.output_cap};
    const tokens estimate = learnt_.expected(model, tokens{bound_}, cap);
    const std::int64_t risk = bound_ + cap.value - estimate.value;
    const auto result = links_.reserve(asking_tokens(estimate.value, risk), now_);
    if (const auto* refusal = std::get_if<limits::limit_refusal>(&result)) {
      REQUIRE_FALSE(refusal->never_fits);
      next = now_ + (refusal->retry_after == 0ms ? 1h : refusal->retry_after);
      return false;
    }
    running_.push({now_ + took_, std::get<limits::hold>(result), bound_, used_});
    draw();
    return true;
  }

  void finish() {
    while (!running_.empty() && running_.top().ends <= now_) {
      const answer done = running_.top();
      running_.pop();
      links_.settle(done.held, done.used, 0, now_);
      learnt_.learn("deepseek-flash", tokens{done.prompt_bound}, tokens{sizes_.output_cap},
                    tokens{done.used});
      settled_ += done.used;
    }
  }

  const shape& sizes_;
  std::mt19937_64 random_;
  key subject_{};
  chain links_{&subject_};
  limits::estimator learnt_;
  std::priority_queue<answer, std::vector<answer>, std::greater<>> running_;
  instant now_ = noon;
  std::int64_t settled_ = 0, bound_ = 0, used_ = 0;
  milliseconds took_{};
};

} // namespace

TEST_CASE("adaptive: ten saturated minutes settle within 1 % of the limit") {
  const shape shapes[] = {
      {"chat", 400'000, 7.5, 1.0, 5.5, 0.8, 8192},
      {"thinking", 2'000'000, 8.0, 1.0, 7.3, 0.9, 65'536},
      {"documents", 2'000'000, 10.3, 0.7, 6.0, 0.7, 8192},
      {"short", 40'000, 5.5, 0.7, 4.0, 0.7, 1024},
  };
  for (const shape& s : shapes)
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      saturation clients{s, seed};
      clients.run(noon + 5min); // the first burst, and what it learns
      const std::int64_t settled = clients.run(noon + 15min);
      const double share =
          static_cast<double>(settled) / static_cast<double>(s.tokens_per_minute * 10);
      INFO(s.name << ", seed " << seed << ": " << share << " of the limit");
      CHECK(share > 0.99);
      CHECK(share < 1.01);
    }
}

TEST_CASE("adaptive: trained low, then burst, an attacker gets the declared debt and no more") {
  const std::int64_t rate = 100'000;
  key k{.limits = {.tokens_per_minute = rate}};
  const chain links{&k};
  limits::estimator learnt;
  const tokens prompt{30'000}, cap{65'536};
  instant now = noon;
  std::int64_t settled = 0;
  for (int i = 0; i < 3000; ++i, now += 20ms) { // a minute of next to nothing
    const tokens estimate = learnt.expected("m", prompt, cap);
    const auto result = links.reserve(
        asking_tokens(estimate.value, prompt.value + cap.value - estimate.value), now);
    if (const auto* held = std::get_if<limits::hold>(&result)) {
      links.settle(*held, 1, 0, now);
      learnt.learn("m", prompt, cap, tokens{1});
      settled += 1;
    }
  }
  CHECK(learnt.expected("m", prompt, cap) < tokens{200});
  const instant burst_from = now;
  std::int64_t burst = 0;
  for (; now < burst_from + 30min; now += 100ms) {
    std::vector<limits::hold> together;
    for (;;) {
      const tokens estimate = learnt.expected("m", prompt, cap);
      const auto result = links.reserve(
          asking_tokens(estimate.value, prompt.value + cap.value - estimate.value), now);
      if (!std::holds_alternative<limits::hold>(result))
        break;
      together.push_back(std::get<limits::hold>(result));
    }
    for (const auto& held : together) { // each takes all it may
      const std::int64_t used = limits::bound_of(held).used_tokens.value;
      links.settle(held, used, 0, now);
      learnt.learn("m", prompt, cap, tokens{used});
      burst += used;
    }
    const auto elapsed_ms = (now - burst_from).count();
    REQUIRE(burst <= rate + rate * limits::debt_minutes_max + rate * elapsed_ms / 60'000);
  }
  CHECK(burst > rate * 30); // and what is due is granted
}
