// What keys and the account have used, from the roll-ups, beside what is live.
#include <map>

#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/live_limits.hpp"
#include "proxy/admin/periods.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::nano_usd;
using stores::usage_sums;

std::int64_t tokens_of(const usage_sums& sums) {
  return sums.cached_tokens + sums.prompt_tokens + sums.output_tokens;
}

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

usage_sums sum_of(const std::vector<stores::usage_row>& rows) {
  usage_sums all;
  for (const stores::usage_row& row : rows)
    all += row.sums;
  return all;
}

// Refusals never reached a model: they have no name and no line here.
json::array by_model(const std::vector<stores::usage_row>& rows) {
  std::map<std::string, usage_sums> models;
  for (const stores::usage_row& row : rows)
    if (!row.model.empty())
      models[row.model] += row.sums;
  json::array out;
  for (const auto& [model, sums] : models)
    out.push_back({{"model", model},
                   {"requests", sums.requests},
                   {"tokens", tokens_of(sums)},
                   {"cost", usd(nano_usd{sums.cost_nano})},
                   {"average_tokens_per_request", ratio(tokens_of(sums), sums.requests)}});
  return out;
}

json::object figures(const usage_sums& sums) {
  const std::int64_t outcomes = sums.requests - sums.refused;
  return {{"requests", sums.requests},
          {"dispatched", sums.dispatched},
          {"refused", sums.refused},
          {"limited", sums.limited},
          {"interrupted", sums.interrupted},
          {"errors", sums.errors},
          {"tokens", tokens_of(sums)},
          {"prompt_tokens", sums.cached_tokens + sums.prompt_tokens},
          {"cached_tokens", sums.cached_tokens},
          {"completion_tokens", sums.output_tokens},
          {"reasoning_tokens", sums.reasoning_tokens},
          {"cost", usd(nano_usd{sums.cost_nano})},
          {"cost_nano_usd", sums.cost_nano},
          {"error_rate", ratio(sums.errors, sums.requests)},
          {"average_latency_ms", ratio(sums.total_ms_sum, outcomes)}};
}

// Requests in one period, over as many of those before as the key has lived; a key too young to
// have any is as usual as it is now, so that "twice the average" means something from its first
// day.
double average_requests(const usage_sums& now, const usage_sums& before,
                        const period_ranges& ranges, policies::instant since) {
  const double period = ratio(ranges.before.until_hour - ranges.before.from_hour, periods_before);
  const std::int64_t born = floor<std::chrono::hours>(since.time_since_epoch()).count();
  const double lived = static_cast<double>(ranges.before.until_hour - born) / period;
  if (lived < 1)
    return static_cast<double>(now.requests);
  return static_cast<double>(before.requests) /
         std::min(lived, static_cast<double>(periods_before));
}

// All that both calls answer alike; `key` absent: the account.
answer<json::object> usage_of(const admin_context& context, const request& call,
                              const policies::keys::key_record* record) {
  const auto key = record ? std::optional{record->id} : std::nullopt;
  const auto ranges = ranges_of(call.query.get("period").value_or("24h"), call.now);
  if (!ranges)
    return ranges.error();
  const auto rows = context.store.usage(key, ranges->now);
  const usage_sums before = sum_of(context.store.usage(key, ranges->before));
  json::object out{{"key_id", nullptr}, {"period", ranges->name}};
  if (key)
    out["key_id"] = policies::keys::to_string(*key);
  const usage_sums now = sum_of(rows);
  for (auto& [name, value] : figures(now))
    out.emplace(name, std::move(value));
  out["average_requests"] =
      average_requests(now, before, *ranges, record ? record->created : policies::instant{});
  out["by_model"] = by_model(rows);
  return out;
}

// Holds of a child are its root's too.
std::int64_t held_by_all(const admin_context& context, policies::instant now) {
  std::vector<policies::key_id> roots;
  context.directory.for_each([&](keys::key_slot& slot) {
    if (!slot.parent)
      roots.push_back(slot.id);
  });
  std::int64_t held = 0;
  for (const policies::key_id root : roots)
    held += money_held(context.store.state(root, now));
  return held;
}

} // namespace

answer<reply> key_usage(const admin_context& context, const request& call) {
  const auto record = known_key(context, call.key);
  if (!record)
    return record.error();
  auto out = usage_of(context, call, record->get());
  if (!out)
    return out.error();
  const auto state = context.store.state(call.key, call.now);
  (*out)["held_nano_usd"] = money_held(state);
  (*out)["daily_budget"] = usd_or_null((*record)->daily_budget);
  (*out)["limits"] = live_limits((*record)->limits, state, call.now);
  return json_reply(200, *out);
}

answer<reply> account_usage(const admin_context& context, const request& call) {
  auto out = usage_of(context, call, nullptr);
  if (!out)
    return out.error();
  (*out)["held_nano_usd"] = held_by_all(context, call.now);
  (*out)["daily_budget"] = nullptr;
  (*out)["limits"] = json::object{};
  return json_reply(200, *out);
}

answer<reply> key_limits(const admin_context& context, const request& call) {
  const auto record = known_key(context, call.key);
  if (!record)
    return record.error();
  const auto& limits = (*record)->limits;
  json::object out{{"key_id", policies::keys::to_string(call.key)}, {"at", rfc3339(call.now)}};
  for (auto& [name, value] : live_limits(limits, context.store.state(call.key, call.now), call.now))
    out.emplace(name, std::move(value));
  out["bound"] = bound_in_words(limits);
  return json_reply(200, out);
}

} // namespace proxy::admin
