// How much a request asks to hold: tokens by the chain's accounting, money at the dearest price
// that can apply while it may run.
#include <algorithm>
#include <limits>

#include "policies/admission/admission.hpp"
#include "policies/admission/money_bound.hpp"
#include "policies/admission/wording.hpp"
#include "policies/limits/meter.hpp"

namespace policies::admission {
namespace {

using chain_view = std::span<const keys::key_record* const>;

refusal refused(refusal_code code, std::string message, std::string_view param) {
  return {.code = code, .message = by_proxy(std::move(message)), .param = param, .retry_after = {}};
}

std::optional<refusal> check_model(chain_view chain, std::string_view model) {
  for (std::size_t depth = 0; depth < chain.size(); ++depth)
    if (!keys::model_allowed(*chain[depth], model))
      return refused(refusal_code::model_not_allowed,
                     "The model \"" + std::string{model.substr(0, 64)} +
                         "\" is not among the models of " + owner_of(*chain[depth], depth) +
                         "; GET /models lists those that can be used.",
                     "model");
  return std::nullopt;
}

// The member whose limits let the least through at once, and how much that is.
struct token_room {
  std::int64_t capacity = std::numeric_limits<std::int64_t>::max();
  std::int64_t debt = std::numeric_limits<std::int64_t>::max(); // adaptive: on top of what is held
  std::size_t depth = 0;
};

// A member that allows no tokens at all is left for reserve() to refuse.
token_room token_room_of(chain_view chain) {
  token_room least;
  for (std::size_t depth = 0; depth < chain.size(); ++depth) {
    const auto limit = limits::tokens_of(chain[depth]->limits);
    if (!limit || limit->capacity == 0)
      continue;
    if (limit->capacity < least.capacity)
      least.depth = depth;
    least.capacity = std::min(least.capacity, limit->capacity);
    least.debt = std::min(least.debt, limit->rate * limits::debt_minutes_max);
  }
  return least;
}

bool is_strict(chain_view chain) {
  return std::ranges::any_of(chain, [](const keys::key_record* member) {
    return member->token_accounting == keys::accounting::strict;
  });
}

bool limits_money(chain_view chain) {
  return std::ranges::any_of(
      chain, [](const keys::key_record* member) { return member->limits.limits_money(); });
}

std::int64_t plus_bounded(std::int64_t a, std::int64_t b) {
  return a > std::numeric_limits<std::int64_t>::max() - b ? std::numeric_limits<std::int64_t>::max()
                                                          : a + b;
}

refusal too_many_tokens(chain_view chain, const token_room& room, const plan& planned,
                        std::int64_t answer, std::int64_t most, bool unbounded) {
  const std::string prompt =
      unbounded ? "Parts by URL or file id, server-side tools or an earlier response count for "
                  "the whole context, "
                : "The prompt can be up to ";
  return refused(refusal_code::invalid_request,
                 prompt + counted(planned.prompt_bound.value) + " tokens; with " + counted(answer) +
                     " for the answer that is more than the " + counted(most) +
                     " that tokens_per_minute of " + owner_of(*chain[room.depth], room.depth) +
                     " lets through at once. Waiting will not help: send less, or ask the owner "
                     "of this proxy for a higher limit.",
                 {});
}

// Lowers planned.output_cap until the request can fit every token limit, and fills in what to hold.
std::optional<refusal> plan_tokens(chain_view chain, plan& planned, const model_bounds& bounds,
                                   tokens expected, bool unbounded) {
  const token_room room = token_room_of(chain);
  const bool strict = is_strict(chain);
  const std::int64_t prompt = planned.prompt_bound.value;
  const std::int64_t times = planned.multiplicity;
  const std::int64_t held_most =
      std::min(room.capacity, strict ? room.capacity : std::max<std::int64_t>(expected.value, 0));
  const std::int64_t most = strict ? held_most : plus_bounded(held_most, room.debt);

  const std::int64_t useful = std::min(planned.output_cap, bounds.output_min_useful).value;
  if (prompt + useful * times > most)
    return too_many_tokens(chain, room, planned, useful * times, most, unbounded);
  planned.output_cap.value = std::min(planned.output_cap.value, (most - prompt) / times);

  const std::int64_t bound = prompt + planned.output_cap.value * times;
  planned.ask.held_tokens = tokens{std::min(bound, held_most)};
  planned.ask.risk_tokens = tokens{bound - planned.ask.held_tokens.value};
  return std::nullopt;
}

money_bound money_bound_of(const plan& planned) {
  return {.prompt = planned.prompt_bound,
          .price = planned.dearest,
          .multiplicity = planned.multiplicity};
}

std::optional<refusal> plan_money(chain_view chain, plan& planned, std::string_view model,
                                  pricing::price_memo& prices, const model_bounds& bounds,
                                  instant now) {
  const auto dearest =
      prices.dearest(model, now - billing_slack, now + bounds.lifetime + billing_slack);
  if (dearest) {
    planned.priced = true;
    planned.dearest = *dearest;
    const money_bound money = money_bound_of(planned);
    planned.ask.money_want = money.cost(planned.output_cap);
    planned.ask.money_min = money.cost(std::min(planned.output_cap, bounds.output_min_useful));
    return std::nullopt;
  }
  if (!limits_money(chain))
    return std::nullopt;
  return refused(refusal_code::model_not_allowed,
                 "This key has a spending limit and the model \"" +
                     std::string{model.substr(0, 64)} +
                     "\" has no price in the price table, so its cost cannot be bounded; ask the "
                     "owner of this proxy to add the price.",
                 "model");
}

} // namespace

std::variant<plan, refusal> plan_request(chain_view chain, const access::route& /*route*/,
                                         usage::body_format format,
                                         const usage::inspection& request, std::string_view model,
                                         pricing::price_memo& prices,
                                         const model_bounds& bounds, tokens expected_tokens,
                                         instant now) {
  if (auto wrong = check_model(chain, model))
    return *std::move(wrong);
  if (request.has_images)
    if (auto wrong = check_permission(chain, access::permission::images))
      return *std::move(wrong);

  plan planned;
  planned.prompt_bound =
      request.unbounded_prompt ? bounds.context : std::min(request.prompt_bound, bounds.context);
  planned.output_cap =
      usage::wanted_output(request, format, std::min(bounds.output_max, bounds.context));
  planned.multiplicity = std::max<std::int64_t>(request.multiplicity, 1);
  if (auto wrong = plan_tokens(chain, planned, bounds, expected_tokens, request.unbounded_prompt))
    return *std::move(wrong);
  if (auto wrong = plan_money(chain, planned, model, prices, bounds, now))
    return *std::move(wrong);
  return planned;
}

std::variant<plan, refusal> plan_call(chain_view chain, const access::route& route,
                                      pricing::price_memo& prices,
                                      const model_bounds& bounds, instant now) {
  plan planned;
  planned.output_cap = tokens{0};
  planned.priced = true;
  if (route.call.empty())
    return planned;
  const auto price =
      prices.call_price(route.call, now - billing_slack, now + bounds.lifetime + billing_slack);
  if (price) {
    constexpr std::int64_t pico_per_nano = 1000;
    const std::int64_t whole = price->value / pico_per_nano;
    planned.ask.money_want = nano_usd{price->value % pico_per_nano > 0 ? whole + 1 : whole};
    planned.ask.money_min = planned.ask.money_want;
    return planned;
  }
  planned.priced = false;
  if (!limits_money(chain))
    return planned;
  return refused(refusal_code::permission_denied,
                 "This key has a spending limit and the call \"" + std::string{route.call} +
                     "\" has no price in the price table, so its cost cannot be bounded; ask the "
                     "owner of this proxy to add the price.",
                 {});
}

tokens cap_for(const plan& planned, nano_usd granted) {
  if (!planned.priced)
    return planned.output_cap;
  return money_bound_of(planned).cap_within(granted, planned.output_cap);
}

usage::body_format format_of(access::feature what) {
  switch (what) {
  case access::feature::chat:
    return usage::body_format::chat;
  case access::feature::fim:
    return usage::body_format::fim;
  case access::feature::responses:
    return usage::body_format::responses;
  case access::feature::anthropic:
    return usage::body_format::anthropic;
  default:
    return usage::body_format::opaque;
  }
}

} // namespace policies::admission
