// A limit's refusal in words: which limit of whom, how far it is used, and what would help.
#include "policies/admission/admission.hpp"
#include "policies/admission/wording.hpp"

namespace policies::admission {
namespace {

constexpr milliseconds retry_after_default{1000};

struct limit_words {
  std::string_view name;
  std::string_view unit;
  std::string_view resets; // money: when
};

limit_words words_of(limits::limit_kind kind) {
  switch (kind) {
  case limits::limit_kind::requests_per_minute:
    return {"requests_per_minute", "requests", {}};
  case limits::limit_kind::tokens_per_minute:
    return {"tokens_per_minute", "tokens", {}};
  case limits::limit_kind::concurrent_requests:
    return {"concurrent_requests", "requests", {}};
  case limits::limit_kind::monthly_spending_limit:
    return {"monthly_spending_limit", {}, "It resets on the first of next month at 00:00 UTC."};
  case limits::limit_kind::daily_spending_limit:
    return {"daily_spending_limit", {}, "It resets at the next 00:00 UTC."};
  case limits::limit_kind::total_spending_limit:
    break;
  }
  return {"total_spending_limit", {}, "It does not reset; the owner of this proxy can raise it."};
}

bool is_money(limits::limit_kind kind) {
  return kind == limits::limit_kind::monthly_spending_limit ||
         kind == limits::limit_kind::daily_spending_limit ||
         kind == limits::limit_kind::total_spending_limit;
}

refusal retry_later(std::string message, milliseconds after) {
  const milliseconds wait = after > milliseconds{0} ? after : retry_after_default;
  return {.code = refusal_code::rate_limit_exceeded,
          .message = by_proxy(message + " Try again in " + seconds(wait) + "."),
          .param = {},
          .retry_after = wait};
}

refusal never(refusal_code code, std::string message) {
  return {.code = code,
          .message = by_proxy(std::move(message)),
          .param = {},
          .retry_after = {},
          .should_retry = false};
}

refusal money_refusal(const limits::limit_refusal& why, const std::string& whose) {
  const limit_words words = words_of(why.kind);
  const std::string name = std::string{words.name} + " of " + whose;
  const std::string wanted = dollars(nano_usd{why.wanted});
  if (why.limit <= 0)
    return never(refusal_code::insufficient_quota,
                 "Spending limit reached: the " + name + " is $0.0000, which allows nothing.");
  const std::string figures = "the " + name + " is " + dollars(nano_usd{why.limit}) +
                              ", of which " + dollars(nano_usd{why.used}) +
                              " is spent or held by requests in "
                              "flight; this request can cost up to " +
                              wanted + ".";
  if (why.held_only)
    return retry_later("Spending limit reached for the moment: " + figures +
                           " Room comes back as the requests in flight end.",
                       why.retry_after);
  refusal spent = never(refusal_code::insufficient_quota,
                        "Spending limit reached: " + figures + " " + std::string{words.resets});
  if (why.retry_after > milliseconds{0})
    spent.retry_after = why.retry_after;
  return spent;
}

// A meter's rate, which the refusal's figures (capacities) do not tell.
std::int64_t rate_of(limits::limit_kind kind, const limits::limit_set& limits) {
  return (kind == limits::limit_kind::tokens_per_minute ? limits.tokens_per_minute
                                                        : limits.requests_per_minute)
      .value_or(0);
}

refusal rate_refusal(const limits::limit_refusal& why, const keys::key_record& member,
                     const std::string& whose) {
  const limit_words words = words_of(why.kind);
  const std::string name = std::string{words.name} + " of " + whose;
  if (why.limit <= 0)
    return never(refusal_code::rate_limit_exceeded,
                 "Rate limit reached: the " + name + " is 0, which allows nothing.");
  const std::string unit{words.unit};
  if (why.kind == limits::limit_kind::concurrent_requests)
    return retry_later("Too many requests at once: the " + name + " is " + counted(why.limit) +
                           ", and " + counted(why.used) + " are in flight.",
                       why.retry_after);
  const bool debt = why.kind == limits::limit_kind::tokens_per_minute &&
                    why.limit != limits::token_capacity(member.limits);
  const std::string figures =
      "the " + name + " is " + counted(rate_of(why.kind, member.limits)) +
      (debt ? ", and requests in flight may owe up to " + counted(why.limit) + " " + unit
            : ", at most " + counted(why.limit) + " at once") +
      "; used: " + counted(why.used) + ", this request: " + counted(why.wanted) + ".";
  if (why.never_fits)
    return never(refusal_code::invalid_request,
                 "This request is larger than its rate limit: " + figures +
                     " Waiting will not help: send less, or ask the owner of this proxy for a "
                     "higher limit.");
  return retry_later("Rate limit reached: " + figures, why.retry_after);
}

} // namespace

refusal refusal_of(const limits::limit_refusal& why, const keys::key_record& member) {
  const std::string whose = owner_of(member, why.member);
  return is_money(why.kind) ? money_refusal(why, whose) : rate_refusal(why, member, whose);
}

} // namespace policies::admission
