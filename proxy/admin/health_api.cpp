// A key's health: the figures that the rules in policies/advice ask for, gathered from the store.
#include <algorithm>
#include <map>

#include "policies/advice/health.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/live_limits.hpp"
#include "proxy/admin/periods.hpp"
#include "proxy/admin/usage_figures.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
namespace advice = policies::advice;
namespace pricing = policies::pricing;
using stores::usage_sums;

advice::use use_of(const usage_sums& sums) {
  return {.requests = sums.requests,
          .errors = sums.errors,
          .limited = sums.limited,
          .cached_tokens = sums.cached_tokens,
          .prompt_tokens = sums.prompt_tokens,
          .output_tokens = sums.output_tokens};
}

policies::access::permission_set exercised_in(const std::vector<stores::usage_row>& rows) {
  policies::access::permission_set out;
  for (const stores::usage_row& row : rows)
    if (row.sums.dispatched > 0)
      if (const auto needs =
              policies::access::permission_of(static_cast<policies::access::feature>(row.feature)))
        out.add(*needs);
  return out;
}

struct offer {
  std::string_view model;
  policies::nano_usd cost;
};

// The model that takes least for these tokens, at the prices of one instant.
std::optional<offer> cheapest_for(const pricing::token_usage& tokens,
                                  const pricing::price_table& prices, policies::instant at) {
  std::optional<offer> best;
  for (const auto& row : prices.data().models) {
    const auto price = prices.at(row.model, at);
    if (!price)
      continue;
    const policies::nano_usd cost = pricing::cost_of(tokens, *price);
    if (!best || cost < best->cost)
      best = offer{row.model, cost};
  }
  return best;
}

// What was paid is compared in proportion to today's prices: it was paid at peak hours and others.
std::vector<advice::model_use> models_in(const std::vector<stores::usage_row>& rows,
                                         const admin_context& context, policies::instant now) {
  std::map<std::string, usage_sums> sums;
  for (const stores::usage_row& row : rows)
    if (!row.model.empty())
      sums[row.model] += row.sums;
  std::vector<advice::model_use> out;
  for (const auto& [model, each] : sums) {
    pricing::token_usage tokens;
    tokens.cached = policies::tokens{each.cached_tokens};
    tokens.prompt = policies::tokens{each.prompt_tokens};
    tokens.output = policies::tokens{each.output_tokens};
    const auto price = context.prices->at(model, now);
    const auto best = cheapest_for(tokens, *context.prices, now);
    if (!price || !best || best->model == model)
      continue;
    const double share = ratio(best->cost.value, pricing::cost_of(tokens, *price).value);
    const auto cheapest = static_cast<std::int64_t>(share * static_cast<double>(each.cost_nano));
    out.push_back({model, policies::nano_usd{each.cost_nano}, std::string(best->model),
                   policies::nano_usd{cheapest}});
  }
  return out;
}

advice::key_facts facts_of(const admin_context& context, const policies::keys::key_record& record,
                           policies::instant now) {
  const auto day = ranges_of("24h", now)->now;
  const auto month = ranges_of("30d", now)->now;
  const auto rows = used_hours(context, record.id, month);
  advice::key_facts facts{.key = record};
  facts.now = now;
  facts.last_used = context.store.last_used(record.id);
  facts.day = use_of(sum_of(used_hours(context, record.id, day)));
  facts.month = use_of(sum_of(rows));
  facts.exercised = exercised_in(rows);
  facts.models = models_in(rows, context, now);
  const stores::minute_range minutes{month.from_hour * 60, month.until_hour * 60};
  for (const stores::minute_row& row : used_minutes(context, record.id, minutes)) {
    facts.peak_requests = std::max(facts.peak_requests, row.requests);
    facts.peak_tokens = std::max(facts.peak_tokens, row.tokens);
  }
  const auto state = at_present(context.store.state(record.id, now), record.limits, now);
  facts.month_spent = state.month.spent;
  facts.day_spent = state.day.spent;
  facts.total_spent = state.total.spent;
  return facts;
}

} // namespace

answer<reply> key_health(const admin_context& context, const request& call) {
  const auto record = known_key(context, call.key);
  if (!record)
    return record.error();
  const auto found = advice::health_of(facts_of(context, **record, call.now));
  json::array checks;
  for (const advice::finding& each : found)
    checks.push_back(
        {{"check", each.check},
         {"status", advice::name_of(each.how)},
         {"message", each.message},
         {"advice", each.advice.empty() ? json::value(nullptr) : json::value(each.advice)}});
  return json_reply(200, {{"key_id", policies::keys::to_string(call.key)},
                          {"status", advice::name_of(advice::worst_of(found))},
                          {"checks", std::move(checks)}});
}

} // namespace proxy::admin
