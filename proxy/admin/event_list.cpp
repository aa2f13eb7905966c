// What happened, gathered from where each kind of it is known.
#include "proxy/admin/event_list.hpp"

#include <algorithm>
#include <map>

#include "policies/admission/security_event.hpp"
#include "policies/keys/rotation.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/alerts/service.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
namespace admission = policies::admission;

constexpr std::size_t refusals_max = 20'000; // tallies looked at

std::string time_text(std::int64_t ms) {
  return rfc3339(policies::instant{policies::milliseconds{ms}});
}

std::string words_for(const admission::security_event& event) {
  const auto code = admission::name_of(event.code);
  if (event.type == admission::event_type::suspicious_pattern)
    return fmt::format("{} attempts refused with {} in a row: somebody may be trying what the key "
                       "is good for",
                       event.count, code);
  return fmt::format("{} times {}", event.count, code);
}

json::object view_of(policies::key_id key, const admission::security_event& event) {
  return {{"key_id", policies::keys::to_string(key)},
          {"type", admission::name_of(event.type)},
          {"time", time_text(event.last_ms)},
          {"first", time_text(event.first_ms)},
          {"last", time_text(event.last_ms)},
          {"count", event.count},
          {"code", admission::name_of(event.code)},
          {"actor", nullptr},
          {"detail", words_for(event)}};
}

json::object view_of(const stores::audit_row& row) {
  return {{"key_id", row.subject},
          {"type", "admin_action"},
          {"time", time_text(row.time_ms)},
          {"first", time_text(row.time_ms)},
          {"last", time_text(row.time_ms)},
          {"count", 1},
          {"code", row.action},
          {"actor", row.actor},
          {"detail", row.detail}};
}

void add_refusals(std::vector<listed_event>& to, const admin_context& context,
                  std::optional<policies::key_id> whose, std::int64_t from_ms) {
  std::map<policies::key_id, std::vector<admission::sighting>> seen;
  for (const journal::entry& e : context.store.recent_errors(whose, from_ms, refusals_max))
    if (e.kind == journal::entry_kind::tally)
      seen[policies::key_id{e.key}].push_back(
          {e.time_ms, static_cast<admission::refusal_code>(e.refusal), e.count});
  for (const auto& [key, sightings] : seen)
    for (const auto& event : admission::events_of(sightings))
      to.push_back({event.last_ms,
                    fmt::format("{} {} {}", key.value, admission::name_of(event.type),
                                admission::name_of(event.code)),
                    view_of(key, event)});
}

void add_actions(std::vector<listed_event>& to, const admin_context& context,
                 std::optional<policies::key_id> whose, event_range range) {
  const auto rows =
      whose ? context.store.audit_of(policies::keys::to_string(*whose), range.from_ms, range.most)
            : context.store.audit(range.most);
  for (const stores::audit_row& row : rows)
    if (row.time_ms >= range.from_ms)
      to.push_back({row.time_ms,
                    fmt::format("{} {} {} {}", row.time_ms, row.actor, row.action, row.subject),
                    view_of(row)});
}

std::string words_for(std::string_view what) {
  if (what == "rotation_reminder")
    return "the key's schedule asks for a new secret within 7 days";
  if (what == "rotation_due")
    return "the key's schedule asks for a new secret now";
  return "the secret from before a rotation does not work any more";
}

// Derived from the key as it is now: a rotation in time takes its reminder away.
void add_rotations(std::vector<listed_event>& to, const admin_context& context,
                   std::optional<policies::key_id> whose, event_range range,
                   policies::instant now) {
  const auto add = [&](const policies::keys::key_record& record) {
    if (record.status != policies::keys::key_status::active)
      return;
    for (const auto& event : policies::keys::rotation_events(record, now)) {
      const std::int64_t ms = event.at.time_since_epoch().count();
      if (ms < range.from_ms)
        continue;
      json::object view =
          view_of(stores::audit_row{ms, "", std::string(event.what),
                                    policies::keys::to_string(record.id), words_for(event.what)});
      view["type"] = "rotation";
      view["actor"] = nullptr;
      to.push_back({ms, fmt::format("{} {} {}", record.id.value, event.what, ms), std::move(view)});
    }
  };
  if (whose)
    return add(*context.directory.copy_of(*whose));
  context.directory.for_each([&](keys::key_slot& slot) { add(*slot.record.load()); });
}

// What somebody else than the key's holder may be behind is the guide's suspicious_pattern.
std::string_view type_of(policies::insight::rule which) {
  using policies::insight::rule;
  switch (which) {
  case rule::volume:
  case rule::new_network:
  case rule::new_referrer:
  case rule::silent_key:
  case rule::unknown_keys:
    return "suspicious_pattern";
  default:
    return "anomaly";
  }
}

// A burst of refusals is an event by its refusals already.
void add_alerts(std::vector<listed_event>& to, const admin_context& context,
                std::optional<policies::key_id> whose, std::int64_t from_ms) {
  if (!context.alerts)
    return;
  for (const policies::insight::alert& each : context.alerts->all()) {
    const policies::instant last = each.resolved.value_or(each.fired);
    const std::int64_t ms = last.time_since_epoch().count();
    if (ms < from_ms || (whose && each.key != *whose) ||
        each.which == policies::insight::rule::refused_burst)
      continue;
    const std::string about = each.subject.empty() ? "" : " (" + each.subject + ")";
    to.push_back(
        {ms,
         fmt::format("{} {} {} {}", each.key.value, policies::insight::name_of(each.which),
                     each.subject, each.fired.time_since_epoch().count()),
         json::object{{"key_id", each.key ? policies::keys::to_string(each.key) : "account"},
                      {"type", type_of(each.which)},
                      {"time", rfc3339(last)},
                      {"first", rfc3339(each.fired)},
                      {"last", rfc3339(last)},
                      {"count", 1},
                      {"code", policies::insight::name_of(each.which)},
                      {"actor", nullptr},
                      {"detail", each.message + about +
                                     (each.resolved ? "; over: " + each.resolution : "")}}});
  }
}

} // namespace

std::vector<listed_event> list_events(const admin_context& context,
                                      std::optional<policies::key_id> whose, event_range range,
                                      policies::instant now) {
  std::vector<listed_event> found;
  add_refusals(found, context, whose, range.from_ms);
  add_actions(found, context, whose, range);
  add_alerts(found, context, whose, range.from_ms);
  add_rotations(found, context, whose, range, now);
  std::ranges::stable_sort(found, std::greater{}, &listed_event::ms);
  found.resize(std::min(found.size(), range.most));
  for (listed_event& each : found)
    each.view["key_name"] = name_or_null(context, each.view.at("key_id").as_string());
  return found;
}

} // namespace proxy::admin
