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

// Fields put together in one piece: names are ours and values are digits, so nothing has to be
// checked byte by byte.
class field_text {
 public:
  field_text& name(std::string_view text) { return put(text), put(": "); }
  field_text& number(std::int64_t value) {
    at_ = std::to_chars(at_, text_.data() + text_.size(), value).ptr;
    return *this;
  }
  field_text& put(std::string_view text) {
    at_ = std::copy(text.begin(), text.end(), at_);
    return *this;
  }
  // Dollars with nine decimals, written from the integer.
  field_text& usd(policies::nano_usd amount) {
    constexpr std::int64_t nano = 1'000'000'000;
    const std::int64_t value = std::max<std::int64_t>(0, amount.value);
    number(value / nano).put(".");
    std::int64_t rest = value % nano;
    for (int digit = 8; digit >= 0; --digit, rest /= 10)
      at_[digit] = static_cast<char>('0' + rest % 10);
    at_ += 9;
    return *this;
  }
  void end_line() { put("\r\n"); }
  std::string_view text() const {
    return {text_.data(), static_cast<std::size_t>(at_ - text_.data())};
  }

 private:
  std::array<char, 640> text_; // eight fields of at most 33 + 2 + 31 + 2 bytes
  char* at_ = text_.data();
};

// What OpenAI's SDKs read of one bucket.
void write_bucket(field_text& out, std::string_view unit, std::int64_t limit, std::int64_t left,
                  policies::milliseconds reset) {
  out.put("x-ratelimit-limit-").name(unit).number(limit).end_line();
  out.put("x-ratelimit-remaining-").name(unit).number(left).end_line();
  out.put("x-ratelimit-reset-").name(unit).number(reset.count()).put("ms").end_line();
}

} // namespace

void write_limit_fields(http::head_writer& out, conversation& c) {
  field_text fields;
  fields.name("x-request-id").put(c.x.id_view()).end_line();
  const policies::limits::remaining& left = c.x.reservation.left;
  if (c.x.key && (left.requests || left.tokens_left)) {
    const keys::key_chain chain{*c.x.key};
    if (left.requests) {
      const auto limit = tightest(chain, [](const auto& l) { return l.requests_per_minute; });
      write_bucket(fields, "requests", limit.value_or(0), *left.requests, left.requests_reset);
    }
    if (left.tokens_left) {
      const auto limit = tightest(chain, [](const auto& l) { return l.tokens_per_minute; });
      write_bucket(fields, "tokens", limit.value_or(0), *left.tokens_left, left.tokens_reset);
    }
  }
  if (left.money_limit && left.money_left) {
    fields.name("x-budget-limit-usd").usd(*left.money_limit).end_line();
    fields.name("x-budget-remaining-usd").usd(*left.money_left).end_line();
  }
  out.raw(fields.text());
}

} // namespace proxy::session
