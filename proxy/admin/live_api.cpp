// A key's limits at this moment, and what it did in the last minute.
#include <algorithm>
#include <array>
#include <map>

#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/live_limits.hpp"
#include "proxy/stores/roll_up.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using stores::minute_row;

constexpr std::int64_t minute_ms = stores::ms_per_minute;

// What the window that ended at `now` has of two minutes' rows: all of the current one, and of the
// one before it the part that is not older than a minute, as if it had come evenly.
double in_window(std::int64_t before, std::int64_t current, std::int64_t now_ms) {
  const double left = 1 - static_cast<double>(now_ms % minute_ms) / static_cast<double>(minute_ms);
  return static_cast<double>(current) + static_cast<double>(before) * left;
}

minute_row last_minute_by_rows(const admin_context& context, policies::key_id key,
                               std::int64_t now_ms) {
  minute_row sum;
  const auto family = context.directory.family_of(key);
  context.store.rows(now_ms - minute_ms, now_ms + 1, [&](const journal::entry& e) {
    if (std::ranges::find(family, policies::key_id{e.key}) != family.end())
      if (const auto added = stores::minute_of(e))
        sum += *added;
    return true;
  });
  return sum;
}

// Of this proxy: counted row by row where that is quickly done, else from the sums of two minutes.
minute_row last_minute_here(const admin_context& context, policies::key_id key,
                            std::int64_t now_ms) {
  constexpr std::int64_t rows_max = 200'000;
  const stores::minute_range two{now_ms / minute_ms - 1, now_ms / minute_ms + 1};
  std::int64_t account = 0;
  for (const minute_row& row : used_minutes(context, std::nullopt, two))
    account += row.requests;
  if (account <= rows_max)
    return last_minute_by_rows(context, key, now_ms);
  std::array<minute_row, 2> rows{};
  for (const minute_row& row : used_minutes(context, key, two))
    rows[static_cast<std::size_t>(row.minute - two.from)] = row;
  const auto sum = [&](std::int64_t minute_row::*field) {
    return static_cast<std::int64_t>(in_window(rows[0].*field, rows[1].*field, now_ms));
  };
  return {two.from, sum(&minute_row::requests), sum(&minute_row::tokens), sum(&minute_row::errors),
          sum(&minute_row::cost_nano)};
}

minute_row last_minute(const admin_context& context, policies::key_id key, std::int64_t now_ms) {
  minute_row sum = last_minute_here(context, key, now_ms);
  const auto family = context.directory.family_of(key);
  for (const auto& other : context.store.elsewhere(now_ms - minute_ms))
    if (std::ranges::find(family, other.key) != family.end())
      sum += other.row;
  return sum;
}

// Of each key by itself, in the minute that ended at `now`.
std::map<std::uint64_t, minute_row> last_minutes(const admin_context& context,
                                                 std::int64_t now_ms) {
  std::map<std::uint64_t, minute_row> sums;
  context.store.rows(now_ms - minute_ms, now_ms + 1, [&](const journal::entry& e) {
    if (const auto added = stores::minute_of(e))
      sums[e.key] += *added;
    return true;
  });
  for (const auto& other : context.store.elsewhere(now_ms - minute_ms))
    sums[other.key.value] += other.row;
  return sums;
}

using used_key = std::pair<std::uint64_t, minute_row>;

bool sort_by(std::string_view name, std::vector<used_key>& keys, const admin_context& context) {
  const auto by = [&](auto value) {
    std::ranges::stable_sort(keys, std::greater{}, [&](const used_key& k) { return value(k); });
    return true;
  };
  if (name == "requests")
    return by([](const used_key& k) { return k.second.requests; });
  if (name == "tokens")
    return by([](const used_key& k) { return k.second.tokens; });
  if (name == "cost")
    return by([](const used_key& k) { return k.second.cost_nano; });
  if (name == "errors")
    return by([](const used_key& k) { return k.second.errors; });
  if (name != "name")
    return false;
  std::ranges::sort(keys, {}, [&](const used_key& k) {
    const auto record = context.directory.copy_of(policies::key_id{k.first});
    return record ? record->name : std::string{};
  });
  return true;
}

} // namespace

answer<reply> usage_live(const admin_context& context, const request& call) {
  const auto limit = number_in(call.query, "limit", {1, 1000, 20});
  if (!limit)
    return limit.error();
  const auto sums = last_minutes(context, call.now.time_since_epoch().count());
  std::vector<used_key> keys{sums.begin(), sums.end()};
  const std::string_view sort = call.query.get("sort").value_or("requests");
  if (!sort_by(sort, keys, context))
    return problem{.message = "sort: '" + shown(sort) +
                              "' is not one of requests, tokens, cost, errors, name",
                   .param = "sort"};
  keys.resize(std::min(keys.size(), static_cast<std::size_t>(*limit)));
  json::array out;
  for (const auto& [id, sum] : keys) {
    const policies::key_id key{id};
    const auto record = context.directory.copy_of(key);
    if (!record)
      continue;
    const auto state = context.store.state(key, call.now);
    out.push_back({{"key_id", policies::keys::to_string(key)},
                   {"name", record->name},
                   {"requests", sum.requests},
                   {"tokens", sum.tokens},
                   {"errors", sum.errors},
                   {"cost", usd(policies::nano_usd{sum.cost_nano})},
                   {"cost_nano_usd", sum.cost_nano},
                   {"concurrent_requests", state.slots},
                   {"limits", live_limits(record->limits, state, call.now)}});
  }
  return json_reply(
      200,
      {{"at", rfc3339(call.now)}, {"window_seconds", minute_ms / 1000}, {"keys", std::move(out)}});
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

answer<reply> key_current(const admin_context& context, const request& call) {
  const auto record = known_key(context, call.key);
  if (!record)
    return record.error();
  const minute_row sum = last_minute(context, call.key, call.now.time_since_epoch().count());
  const auto state = context.store.state(call.key, call.now);
  return json_reply(200, {{"key_id", policies::keys::to_string(call.key)},
                          {"at", rfc3339(call.now)},
                          {"window_seconds", minute_ms / 1000},
                          {"requests", sum.requests},
                          {"tokens", sum.tokens},
                          {"errors", sum.errors},
                          {"cost", usd(policies::nano_usd{sum.cost_nano})},
                          {"concurrent_requests", state.slots}});
}

} // namespace proxy::admin
