// What happened to a key: refusals that mean something to its owner, and what admins did to it.
#include <algorithm>

#include "policies/admission/security_event.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
namespace admission = policies::admission;

constexpr std::int64_t events_max = 1000;
constexpr std::size_t refusals_max = 20'000; // tallies looked at

std::string time_text(std::int64_t ms) {
  return rfc3339(policies::instant{policies::milliseconds{ms}});
}

// "90m", "24h", "7d", or an instant.
answer<std::int64_t> since_in(const request& call) {
  const std::string text{call.query.get("since").value_or("24h")};
  const std::int64_t now_ms = call.now.time_since_epoch().count();
  if (const auto at = parse_rfc3339(text))
    return number_answer(at->time_since_epoch().count());
  static constexpr std::array<std::pair<char, std::int64_t>, 3> units{
      {{'m', 60'000}, {'h', 3'600'000}, {'d', 86'400'000}}};
  const bool digits = text.size() >= 2 && text.size() <= 5 &&
                      text.find_first_not_of("0123456789") == text.size() - 1;
  for (const auto& [letter, ms] : units)
    if (digits && text.back() == letter)
      return number_answer(now_ms - std::stoll(text) * ms);
  return problem{.message =
                     "since: '" + shown(text) + "' is neither a span (90m, 24h, 7d) nor an instant",
                 .param = "since"};
}

std::string words_for(const admission::security_event& event) {
  const auto code = admission::name_of(event.code);
  if (event.type == admission::event_type::suspicious_pattern)
    return fmt::format("{} attempts refused with {} in a row: somebody may be trying what the key "
                       "is good for",
                       event.count, code);
  return fmt::format("{} times {}", event.count, code);
}

json::object view_of(const admission::security_event& event) {
  return {{"type", admission::name_of(event.type)},
          {"time", time_text(event.last_ms)},
          {"first", time_text(event.first_ms)},
          {"last", time_text(event.last_ms)},
          {"count", event.count},
          {"code", admission::name_of(event.code)},
          {"actor", nullptr},
          {"detail", words_for(event)}};
}

json::object view_of(const stores::audit_row& row) {
  return {{"type", "admin_action"},
          {"time", time_text(row.time_ms)},
          {"first", time_text(row.time_ms)},
          {"last", time_text(row.time_ms)},
          {"count", 1},
          {"code", row.action},
          {"actor", row.actor},
          {"detail", row.detail}};
}

std::vector<admission::sighting> refusals_of(const admin_context& context, policies::key_id key,
                                             std::int64_t from_ms) {
  std::vector<admission::sighting> seen;
  for (const journal::entry& e : context.store.recent_errors(key, from_ms, refusals_max))
    if (e.kind == journal::entry_kind::tally)
      seen.push_back({e.time_ms, static_cast<admission::refusal_code>(e.refusal), e.count});
  return seen;
}

} // namespace

answer<reply> key_events(const admin_context& context, const request& call) {
  const auto from_ms = since_in(call);
  const auto limit = number_in(call.query, "limit", {1, events_max, 100});
  if (!from_ms || !limit)
    return !from_ms ? from_ms.error() : limit.error();
  if (const auto record = known_key(context, call.key); !record)
    return record.error();
  std::vector<std::pair<std::int64_t, json::object>> found;
  for (const auto& event : admission::events_of(refusals_of(context, call.key, *from_ms)))
    found.emplace_back(event.last_ms, view_of(event));
  const auto most = static_cast<std::size_t>(*limit);
  const std::string subject = policies::keys::to_string(call.key);
  for (const stores::audit_row& row : context.store.audit_of(subject, *from_ms, most))
    found.emplace_back(row.time_ms, view_of(row));
  std::ranges::stable_sort(found, std::greater{}, [](const auto& each) { return each.first; });
  found.resize(std::min(found.size(), most));
  json::array events;
  for (auto& [ms, view] : found)
    events.push_back(std::move(view));
  return json_reply(200, {{"key_id", subject}, {"events", std::move(events)}});
}

} // namespace proxy::admin
