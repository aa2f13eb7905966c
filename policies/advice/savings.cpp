// Where the same answers would have cost less, by the key's own 30 days.
#include <algorithm>

#include "policies/advice/checks.hpp"

namespace policies::advice {
namespace {

constexpr std::int64_t prompt_telling = 100'000; // tokens
constexpr double cached_little = 0.10;
constexpr nano_usd worth_saying{100'000'000}; // $0.10 in 30 days

void check_caching(const key_facts& facts, findings& out) {
  const std::int64_t prompts = facts.month.cached_tokens + facts.month.prompt_tokens;
  const double share = ratio(facts.month.cached_tokens, prompts);
  if (prompts < prompt_telling)
    return;
  const bool little = share < cached_little;
  out.push_back({"caching", little ? grade::hint : grade::good,
                 percent(share) + " of its prompt tokens came from the upstream's cache",
                 little ? "put what is the same in each prompt first: a cached token costs a "
                          "fraction of a new one"
                        : ""});
}

void check_models(const key_facts& facts, findings& out) {
  const auto saved = [](const model_use& of) { return of.cost - of.cheapest_cost; };
  const auto most = std::ranges::max_element(facts.models, {}, saved);
  if (most == facts.models.end() || saved(*most) < worth_saying)
    return;
  out.push_back({"models", grade::hint,
                 "30 days of " + most->name + " cost " + dollars(most->cost) + "; " +
                     most->cheapest + " would have cost " + dollars(most->cheapest_cost),
                 "try " + most->cheapest + " where its answers are good enough: it saves " +
                     dollars(saved(*most))});
}

} // namespace

void check_savings(const key_facts& facts, findings& out) {
  check_caching(facts, out);
  check_models(facts, out);
}

} // namespace policies::advice
