// What every answer tells a client about its limits: the tightest of its chain.
#include "proxy/session/conversation.hpp"

#include <algorithm>
#include <charconv>

namespace proxy::session {
namespace {

// Minimum over the chain of a limit that may be absent.
template <class Get>
std::optional<std::int64_t> tightest(const keys::key_chain& chain, Get get) {
  std::optional<std::int64_t> least;
  for (const auto* record : chain.view())
    if (const std::optional<std::int64_t> limit = get(record->limits))
      least = least ? std::min(*least, *limit) : *limit;
  return least;
}

// OpenAI writes "1s", "6m0s", "120ms"; seconds with a fraction say the same.
void write_reset(http::head_writer& out, std::string_view name, policies::milliseconds span) {
  std::array<char, 24> text{};
  auto* end = std::to_chars(text.data(), text.data() + 20, span.count()).ptr;
  *end++ = 'm';
  *end++ = 's';
  out.line(name, std::string_view{text.data(), static_cast<std::size_t>(end - text.data())});
}

// Dollars with nine decimals, written from the integer.
void write_usd(http::head_writer& out, std::string_view name, policies::nano_usd amount) {
  constexpr std::int64_t nano = 1'000'000'000;
  std::array<char, 32> text{};
  const std::int64_t value = std::max<std::int64_t>(0, amount.value);
  auto* end = std::to_chars(text.data(), text.data() + 20, value / nano).ptr;
  *end++ = '.';
  std::int64_t rest = value % nano;
  for (int digit = 8; digit >= 0; --digit, rest /= 10) end[digit] = static_cast<char>('0' + rest % 10);
  out.line(name, std::string_view{text.data(), static_cast<std::size_t>(end + 9 - text.data())});
}

} // namespace

void write_limit_fields(http::head_writer& out, conversation& c) {
  out.line("x-request-id", c.x.id_view());
  const policies::limits::remaining& left = c.x.reservation.left;
  if (!c.x.key || (!left.requests && !left.tokens_left && !left.money_left)) return;
  const keys::key_chain chain{*c.x.key};
  if (left.requests) {
    const auto limit = tightest(chain, [](const auto& l) { return l.requests_per_minute; });
    out.line("x-ratelimit-limit-requests", static_cast<std::uint64_t>(limit.value_or(0)));
    out.line("x-ratelimit-remaining-requests", static_cast<std::uint64_t>(*left.requests));
    write_reset(out, "x-ratelimit-reset-requests", left.requests_reset);
  }
  if (left.tokens_left) {
    const auto limit = tightest(chain, [](const auto& l) { return l.tokens_per_minute; });
    out.line("x-ratelimit-limit-tokens", static_cast<std::uint64_t>(limit.value_or(0)));
    out.line("x-ratelimit-remaining-tokens", static_cast<std::uint64_t>(*left.tokens_left));
    write_reset(out, "x-ratelimit-reset-tokens", left.tokens_reset);
  }
  if (left.money_limit && left.money_left) {
    write_usd(out, "x-budget-limit-usd", *left.money_limit);
    write_usd(out, "x-budget-remaining-usd", *left.money_left);
  }
}

} // namespace proxy::session
