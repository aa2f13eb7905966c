// Alerts as words and as JSON. No secret and no prompt comes near: there is none in an alert.
#include "proxy/alerts/delivery.hpp"

#include <boost/json.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "policies/keys/secret.hpp"

namespace proxy::alerts {
namespace {

namespace json = boost::json;
namespace insight = policies::insight;
using policies::instant;
using policies::milliseconds;

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value time_or_null(const std::optional<instant>& at) {
  return at ? json::value(rfc3339(*at)) : json::value(nullptr);
}

std::string key_text(policies::key_id id) {
  return id ? policies::keys::to_string(id) : std::string{};
}

// "high_error_rate" -> "high error rate"
std::string words(std::string_view name) {
  std::string out{name};
  std::ranges::replace(out, '_', ' ');
  return out;
}

std::optional<json::object> object_in(const std::string& line) {
  boost::system::error_code error;
  json::value read = json::parse(line, error);
  if (error || !read.is_object())
    return std::nullopt;
  return std::move(read.as_object());
}

std::string text_in(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found && found->is_string() ? std::string(found->as_string()) : std::string{};
}

std::int64_t number_in(const json::object& from, std::string_view name) {
  const auto* found = from.if_contains(name);
  return found && found->is_int64() ? found->as_int64() : 0;
}

} // namespace

std::string rfc3339(instant at) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", whole);
}

json::object view_of(const insight::alert& what, const std::string& key_name) {
  return {{"id", what.id},
          {"rule", insight::name_of(what.which)},
          {"severity", insight::name_of(what.how)},
          {"key_id", or_null(key_text(what.key))},
          {"key_name", or_null(key_name)},
          {"subject", or_null(what.subject)},
          {"message", what.message},
          {"fired_at", rfc3339(what.fired)},
          {"resolved_at", time_or_null(what.resolved)},
          {"resolution", or_null(what.resolution)}};
}

delivery delivery_of(const insight::alert& what, const std::string& key_name) {
  const bool over = what.resolved.has_value();
  const instant at = what.resolved.value_or(what.fired);
  delivery out{.id = what.id + (over ? ".resolved" : ".fired"),
               .how = what.how,
               .made_ms = at.time_since_epoch().count()};
  const std::string whose = key_name.empty() ? key_text(what.key) : key_name;
  out.subject = fmt::format("[{}] {}{}{}", over ? "resolved" : insight::name_of(what.how),
                            words(insight::name_of(what.which)), whose.empty() ? "" : ": ", whose);
  out.text = what.message + ".";
  if (!what.subject.empty())
    out.text += "\nAbout: " + what.subject;
  if (over)
    out.text += "\nOver since " + rfc3339(at) + ": " + what.resolution + ".";
  out.text += "\nSince: " + rfc3339(what.fired) + "\nAlert: " + what.id + "\n";
  if (what.key)
    out.text += "Key: " + whose + " (" + key_text(what.key) + ")\n";
  out.event = json::serialize(json::object{{"id", out.id},
                                           {"type", over ? "alert.resolved" : "alert.fired"},
                                           {"time", rfc3339(at)},
                                           {"alert", view_of(what, key_name)}});
  return out;
}

delivery test_delivery(const std::string& id, instant now) {
  delivery out{.id = id,
               .how = insight::severity::critical,
               .made_ms = now.time_since_epoch().count(),
               .subject = "[test] deepseek-proxy can reach you",
               .text = "This is a test of deepseek-proxy's alerts. Nothing is wrong.\n"};
  out.event = json::serialize(
      json::object{{"id", id}, {"type", "test"}, {"time", rfc3339(now)}, {"alert", nullptr}});
  return out;
}

std::string line_of(const insight::alert& what) {
  json::object out = view_of(what, {});
  out.erase("key_name");
  out["fired_ms"] = what.fired.time_since_epoch().count();
  if (what.resolved)
    out["resolved_ms"] = what.resolved->time_since_epoch().count();
  return json::serialize(out);
}

std::optional<insight::alert> alert_in(const std::string& line) {
  const auto from = object_in(line);
  if (!from)
    return std::nullopt;
  const auto which = insight::rule_named(text_in(*from, "rule"));
  const auto how = insight::severity_named(text_in(*from, "severity"));
  const std::string key = text_in(*from, "key_id");
  const auto id = policies::keys::parse_key_id(key);
  if (!which || !how || (!key.empty() && !id))
    return std::nullopt;
  insight::alert out{.id = text_in(*from, "id"),
                     .which = *which,
                     .key = id.value_or(policies::key_id{}),
                     .subject = text_in(*from, "subject"),
                     .how = *how,
                     .message = text_in(*from, "message"),
                     .fired = instant{milliseconds{number_in(*from, "fired_ms")}}};
  if (from->contains("resolved_ms")) {
    out.resolved = instant{milliseconds{number_in(*from, "resolved_ms")}};
    out.resolution = text_in(*from, "resolution");
  }
  return out;
}

std::string line_of(const delivery& what) {
  return json::serialize(json::object{{"id", what.id},
                                      {"severity", insight::name_of(what.how)},
                                      {"made_ms", what.made_ms},
                                      {"subject", what.subject},
                                      {"text", what.text},
                                      {"html", what.html},
                                      {"event", what.event}});
}

std::optional<delivery> delivery_in(const std::string& line) {
  const auto from = object_in(line);
  const auto how = from ? insight::severity_named(text_in(*from, "severity"))
                        : std::optional<insight::severity>{};
  if (!how || text_in(*from, "id").empty())
    return std::nullopt;
  return delivery{.id = text_in(*from, "id"),
                  .how = *how,
                  .made_ms = number_in(*from, "made_ms"),
                  .subject = text_in(*from, "subject"),
                  .text = text_in(*from, "text"),
                  .html = text_in(*from, "html"),
                  .event = text_in(*from, "event")};
}

} // namespace proxy::alerts
