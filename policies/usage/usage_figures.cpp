// What the figures of a usage object amount to, format by format (sources: the API's documentation
// of chat, FIM, Responses and the Anthropic format).
#include <algorithm>
#include <charconv>

#include "policies/usage/answer_scan.hpp"

namespace policies::usage {
namespace {

struct sides {
  std::int64_t input = 0; // cached included
  std::int64_t cached = 0;
  std::int64_t output = 0;
};

} // namespace

void usage_figures::set(figure what, std::string_view number) {
  if (number == "null") {
    at(what) = absent;
    return;
  }
  std::int64_t value = 0;
  const auto [stop, problem] = std::from_chars(number.begin(), number.end(), value);
  const bool sane =
      problem == std::errc{} && stop == number.end() && number.front() != '-' && value <= largest;
  at(what) = sane ? value : nonsense;
}

void usage_figures::update_from(const usage_figures& newer) {
  for (std::size_t i = 0; i < figure_count; ++i) {
    if (newer.values_[i] != absent)
      values_[i] = newer.values_[i];
  }
}

std::optional<pricing::token_usage> usage_figures::judged(body_format format) const {
  if (std::find(values_.begin(), values_.end(), nonsense) != values_.end())
    return std::nullopt;
  sides seen;
  switch (format) {
  case body_format::responses:
    if (!has(figure::input_tokens) || !has(figure::output_tokens))
      return std::nullopt;
    seen = {value(figure::input_tokens), value(figure::cached_detail),
            value(figure::output_tokens)};
    break;
  case body_format::anthropic: // input_tokens leaves cache reads out
    if (!has(figure::input_tokens) || !has(figure::output_tokens))
      return std::nullopt;
    seen = {value(figure::input_tokens) + value(figure::cache_creation) + value(figure::cache_read),
            value(figure::cache_read), value(figure::output_tokens)};
    break;
  default: // embeddings and the like have no output
    if (!has(figure::prompt_tokens) ||
        (!has(figure::completion_tokens) && format != body_format::opaque))
      return std::nullopt;
    seen = {value(figure::prompt_tokens),
            value(has(figure::cache_hit) ? figure::cache_hit : figure::cached_detail),
            value(figure::completion_tokens)};
  }
  if (seen.cached > seen.input)
    return std::nullopt;
  const std::int64_t reasoning = std::min(value(figure::reasoning_detail), seen.output);
  return pricing::token_usage{.cached = tokens{seen.cached},
                              .prompt = tokens{seen.input - seen.cached},
                              .output = tokens{seen.output},
                              .reasoning = tokens{reasoning}};
}

} // namespace policies::usage
