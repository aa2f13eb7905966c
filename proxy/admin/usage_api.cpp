// What keys and the account have used, from the roll-ups, beside what is live.
#include <algorithm>
#include <tuple>

#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/live_limits.hpp"
#include "proxy/admin/periods.hpp"
#include "proxy/admin/usage_figures.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using stores::usage_sums;

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
  const auto rows = used_hours(context, key, ranges->now);
  const auto spreads = used_spreads(context, key, ranges->now);
  const usage_sums before = used_total(context, key, ranges->before);
  json::object out{{"key_id", nullptr}, {"period", ranges->name}};
  if (key)
    out["key_id"] = policies::keys::to_string(*key);
  const usage_sums now = sum_of(rows);
  for (auto& [name, value] : figures(now))
    out.emplace(name, std::move(value));
  out["average_requests"] =
      average_requests(now, before, *ranges, record ? record->created : policies::instant{});
  const auto spread = spread_of(spreads);
  out["latency"] = latency(spread);
  add_counts(out, spread);
  out["by_feature"] = by_feature(rows);
  out["by_model"] = by_model(rows, spreads);
  return out;
}

struct all_money {
  std::int64_t held = 0;
  // What active keys may spend a month between them; null: one may spend what it likes.
  json::value monthly_limit = nullptr;
};

// Holds of a child are its root's too, and so are its limits.
all_money money_of_all(const admin_context& context, policies::instant now) {
  std::vector<policies::key_id> roots;
  context.directory.for_each([&](keys::key_slot& slot) {
    if (!slot.parent)
      roots.push_back(slot.id);
  });
  all_money out;
  policies::nano_usd sum{};
  bool bounded = !roots.empty();
  for (const policies::key_id root : roots) {
    out.held += money_held(context.store.state(root, now));
    const auto record = context.directory.copy_of(root);
    if (!record || record->status != policies::keys::key_status::active)
      continue;
    bounded = bounded && record->limits.monthly;
    sum.value += record->limits.monthly.value_or(policies::nano_usd{}).value;
  }
  if (bounded)
    out.monthly_limit = usd(sum);
  return out;
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
  const all_money money = money_of_all(context, call.now);
  (*out)["held_nano_usd"] = money.held;
  (*out)["monthly_limit"] = money.monthly_limit;
  (*out)["daily_budget"] = nullptr;
  (*out)["limits"] = json::object{};
  return json_reply(200, *out);
}

// Which keys the account's usage is made of, the dearest first.
answer<reply> usage_of_keys(const admin_context& context, const request& call) {
  const auto ranges = ranges_of(call.query.get("period").value_or("30d"), call.now);
  const auto limit = number_in(call.query, "limit", {1, 1000, 20});
  if (!ranges || !limit)
    return !ranges ? ranges.error() : limit.error();
  const policies::instant since{std::chrono::hours{ranges->now.from_hour}};
  std::vector<policies::key_id> recent;
  context.directory.for_each([&](keys::key_slot& slot) {
    const auto last = context.store.last_used(slot.id);
    if (last && *last >= since)
      recent.push_back(slot.id);
  });
  auto used = context.store.totals(recent, ranges->now);
  std::ranges::sort(used, std::greater{}, [](const auto& each) {
    return std::tuple{each.sums.cost_nano, each.sums.requests, each.key.value};
  });
  used.resize(std::min(used.size(), static_cast<std::size_t>(*limit)));
  json::array out;
  for (const auto& [id, sums] : used) {
    json::object line = line_of("key_id", policies::keys::to_string(id), sums);
    line["name"] = context.directory.copy_of(id)->name;
    out.push_back(std::move(line));
  }
  return json_reply(200, {{"period", ranges->name}, {"keys", std::move(out)}});
}

answer<reply> usage_models(const admin_context& context, const request& call) {
  const auto whose = subject_of(context, call);
  if (!whose)
    return whose.error();
  const auto ranges = ranges_of(call.query.get("period").value_or("30d"), call.now);
  if (!ranges)
    return ranges.error();
  return json_reply(200, {{"key_id", id_or_null(*whose)},
                          {"period", ranges->name},
                          {"models", by_model(used_hours(context, *whose, ranges->now),
                                              used_spreads(context, *whose, ranges->now))}});
}

} // namespace proxy::admin
