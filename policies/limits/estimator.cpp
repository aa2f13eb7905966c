// The expected size of a request: a running quantile, found by steps up and down that balance where
// 90 of 100 samples lie below (stochastic approximation after Robbins and Monro, multiplicative).
#include "policies/limits/estimator.hpp"

#include <algorithm>

namespace policies::limits {
namespace {

constexpr std::int64_t one = 1'000'000;       // ratios are in millionths
constexpr std::int64_t ratio_min = one / 100; // of the cold estimate
constexpr std::int64_t ratio_max = 64 * one;
constexpr std::int64_t size_max = 10'000'000'000;
constexpr std::int64_t cold_output_max = 1024;
constexpr std::int64_t above_percent = 10; // samples that may lie above the estimate
constexpr std::int64_t steps_first = 2;    // the first samples move the ratio by half of it,
constexpr std::int64_t steps_last = 16;    // later ones by a sixteenth

struct sizes {
  std::int64_t bound;
  std::int64_t cold;
};

sizes sizes_of(tokens prompt_bound, tokens output_cap) {
  const auto prompt = std::clamp<std::int64_t>(prompt_bound.value, 0, size_max);
  const auto output = std::clamp<std::int64_t>(output_cap.value, 0, size_max);
  return {.bound = prompt + output, .cold = prompt / 3 + std::min(output, cold_output_max)};
}

// FNV-1a, 64 bits.
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash;
}

} // namespace

tokens estimator::expected(std::string_view model, tokens prompt_bound, tokens output_cap) const {
  const sizes size = sizes_of(prompt_bound, output_cap);
  const std::uint64_t hash = hash_of(model);
  const auto known = std::ranges::find(entries_, hash, &entry::model_hash);
  const std::int64_t ratio = known == entries_.end() ? one : known->ratio_millionths;
  const std::int64_t scaled = (size.cold * ratio + one - 1) / one;
  return tokens{std::min(size.bound, std::max<std::int64_t>(scaled, 1))};
}

void estimator::learn(std::string_view model, tokens prompt_bound, tokens output_cap, tokens used) {
  const sizes size = sizes_of(prompt_bound, output_cap);
  entry& known = entry_of(hash_of(model));
  known.last_used = ++clock_;
  known.samples = std::min(known.samples + 1, 1'000'000U);
  const std::int64_t used_ratio = std::clamp<std::int64_t>(used.value, 0, size_max) * one /
                                  std::max<std::int64_t>(size.cold, 1);
  const std::int64_t steps = std::min<std::int64_t>(steps_first + known.samples, steps_last);
  std::int64_t& ratio = known.ratio_millionths;
  if (used_ratio > ratio)
    ratio += ratio * (100 - above_percent) / 100 / steps;
  else
    ratio -= ratio * above_percent / 100 / steps;
  ratio = std::clamp(ratio, ratio_min, ratio_max);
}

estimator::entry& estimator::entry_of(std::uint64_t model_hash) {
  const auto known = std::ranges::find(entries_, model_hash, &entry::model_hash);
  if (known != entries_.end())
    return *known;
  if (entries_.size() < models_max)
    return entries_.emplace_back(entry{.model_hash = model_hash});
  entry& oldest = *std::ranges::min_element(entries_, {}, &entry::last_used);
  oldest = {.model_hash = model_hash};
  return oldest;
}

} // namespace policies::limits
