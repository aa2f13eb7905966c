// Alerts that stand and that stood, who is told of them, and a test of that.
#include <algorithm>

#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_object.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_change.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/key_view.hpp"
#include "proxy/alerts/service.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
namespace insight = policies::insight;

constexpr std::int64_t alerts_max = 1000;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object view_of(const admin_context& context, const insight::alert& what) {
  const auto record = what.key ? context.directory.copy_of(what.key) : nullptr;
  return alerts::view_of(what, record ? record->name : std::string{});
}

json::object view_of(const alerts::courier_status& of) {
  json::array keys;
  for (const std::string& each : of.routes.keys)
    keys.emplace_back(each);
  return {{"name", of.name},
          {"kind", of.kind},
          {"severity_min", insight::name_of(of.routes.least)},
          {"keys", std::move(keys)},
          {"quiet_hours",
           text_or_null(of.routes.quiet ? insight::to_string(*of.routes.quiet) : std::string{})},
          {"quiet_passes", insight::name_of(of.routes.passes_quiet)},
          {"queued", of.queue.queued},
          {"queued_bytes", of.queue.bytes},
          {"delivered", of.queue.delivered},
          {"dropped", of.queue.dropped},
          {"failures", of.failures},
          {"last_error", text_or_null(of.last_error)},
          {"last_delivered", text_or_null(of.last_delivered)}};
}

problem nobody_watches() {
  return {.status = 409,
          .message = "alerts are off here: [insight] enabled = false",
          .code = "alerts_off"};
}

} // namespace

answer<reply> list_alerts(const admin_context& context, const request& call) {
  const auto limit = number_in(call.query, "limit", {1, alerts_max, 100});
  if (!limit)
    return limit.error();
  const std::string_view state = call.query.get("state").value_or("all");
  if (state != "open" && state != "ended" && state != "all")
    return problem{.message = "state: 'open', 'ended' or 'all'", .param = "state"};
  json::array out;
  std::int64_t open = 0;
  const auto all = context.alerts ? context.alerts->all() : std::vector<insight::alert>{};
  for (const insight::alert& each : all) {
    open += each.resolved ? 0 : 1;
    const bool wanted = state == "all" || (state == "open") == !each.resolved;
    if (wanted && out.size() < static_cast<std::size_t>(*limit))
      out.push_back(view_of(context, each));
  }
  return json_reply(200, {{"open", open}, {"alerts", std::move(out)}});
}

answer<reply> alert_receivers(const admin_context& context, const request&) {
  json::array out;
  if (context.alerts)
    for (const alerts::courier_status& each : context.alerts->receivers())
      out.push_back(view_of(each));
  return json_reply(200, list_of(std::move(out)));
}

answer<reply> test_alerts(const admin_context& context, const request& call) {
  if (!context.alerts)
    return nobody_watches();
  std::string receiver;
  if (!call.body.empty()) {
    auto body = parse_object(call.body);
    if (!body)
      return body.error();
    for (const auto& [name, value] : *body) {
      if (name != "receiver" || !value.is_string())
        return problem{.message = "only 'receiver' can be said here, a receiver's name",
                       .param = "receiver"};
      receiver = value.as_string();
    }
  }
  const auto id = context.alerts->test(receiver);
  if (!id)
    return problem{.status = 404, .message = id.error().message, .code = "receiver_not_found"};
  return json_reply(202, {{"delivery_id", *id}});
}

// What is looked for, and from which figure on, where a key has none of its own.
answer<reply> alert_rules_of_all(const admin_context& context, const request&) {
  if (!context.alerts)
    return nobody_watches();
  json::array rules;
  for (std::size_t i = 0; i < insight::rule_count; ++i)
    if (const auto which = static_cast<insight::rule>(i); which != insight::rule::test)
      rules.push_back({{"name", insight::name_of(which)},
                       {"severity", insight::name_of(insight::severity_of(which))}});
  json::array settings;
  for (const insight::rule_setting& each : insight::key_rule_settings())
    settings.push_back({{"name", each.name},
                        {"value", each.get(context.alerts->rules_of_all())},
                        {"least", each.least},
                        {"most", each.most},
                        {"whole", each.whole}});
  return json_reply(200, {{"rules", std::move(rules)}, {"settings", std::move(settings)}});
}

answer<reply> alert_rules(const admin_context& context, const request& call) {
  if (!context.alerts)
    return nobody_watches();
  return json_reply(200, alerts::view_of(context.alerts->rules().of(call.key)));
}

// All of them at once: what is not said is as for all keys. The audit trail has the change before
// it is made: one that then fails is in it, one that is made always is.
answer<reply> set_alert_rules(const admin_context& context, const request& call) {
  if (!context.alerts)
    return nobody_watches();
  auto record = changeable(context, call);
  if (!record)
    return record.error();
  auto body = parse_object(call.body);
  if (!body)
    return body.error();
  const auto settings = alerts::key_settings_in(*body);
  if (!settings)
    return problem{.message = settings.error().message};
  const json::object changed = differences(alerts::view_of(context.alerts->rules().of(call.key)),
                                           alerts::view_of(*settings));
  if (changed.empty())
    return json_reply(200, alerts::view_of(*settings));
  ++record->version;
  record->updated = call.now;
  const auto why = audit_of(call, "key.alert_rules", call.key, changed);
  if (auto told = context.store.update(*record, why); !told)
    return problem_of(told.error());
  if (auto written = context.alerts->rules().put(call.key, *settings); !written)
    return problem_of(written.error());
  return json_reply(200, alerts::view_of(*settings));
}

} // namespace proxy::admin
