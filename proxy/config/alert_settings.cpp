// [alerts], its receivers, and [insight], as they stand in the file.
#include <algorithm>
#include <cmath>

#include "proxy/config/nearest.hpp"
#include "proxy/config/setting_kinds.hpp"

namespace proxy::config {
namespace {

using namespace kinds;
namespace insight = policies::insight;
using complaint = std::optional<std::string>;

constexpr std::array<std::string_view, 3> periods{"daily", "weekly", "monthly"};
constexpr std::array<std::string_view, 4> kind_names{"webhook", "slack", "email", "command"};

complaint put_texts(std::vector<std::string>& into, const node& from) {
  const auto* items = from.as<node::array>();
  if (!items)
    return expected_instead("a list of strings", from);
  into.clear();
  for (const node& item : *items) {
    const auto* text = item.as<std::string>();
    if (!text)
      return expected_instead("a list of strings", item);
    into.push_back(*text);
  }
  return std::nullopt;
}

complaint put_periods(std::vector<std::string>& into, const node& from) {
  if (auto problem = put_texts(into, from))
    return problem;
  for (const std::string& each : into)
    if (std::ranges::find(periods, each) == periods.end())
      return in_quotes(each) + R"( is none of "daily", "weekly", "monthly")";
  return std::nullopt;
}

std::string show_texts(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& each : all)
    out += (out.empty() ? "" : ", ") + in_quotes(each);
  return "[" + out + "]";
}

complaint put_severity(insight::severity& into, const std::string& text) {
  const auto found = insight::severity_named(text);
  if (!found)
    return in_quotes(text) + R"( is none of "info", "warning", "critical")";
  into = *found;
  return std::nullopt;
}

complaint put_kind(receiver_settings& into, const std::string& text) {
  const auto found = std::ranges::find(kind_names, text);
  if (found == kind_names.end())
    return in_quotes(text) + R"( is none of "webhook", "slack", "email", "command")";
  into.kind = static_cast<receiver_kind>(found - kind_names.begin());
  return std::nullopt;
}

complaint put_quiet(receiver_settings& into, const std::string& text) {
  into.routes.quiet = insight::parse_quiet_hours(text);
  if (!into.routes.quiet && !text.empty())
    return in_quotes(text) + " is not like \"22:00-07:00\" (UTC)";
  return std::nullopt;
}

complaint put_source(std::string& into, const std::string& text) {
  if (auto problem = complaint_about_source(text))
    return problem;
  into = text;
  return std::nullopt;
}

struct text_field {
  std::string_view name;
  complaint (*put)(receiver_settings&, const std::string&);
};

constexpr std::array text_fields{
    text_field{"name", [](auto& r, const auto& t) { return r.name = t, complaint{}; }},
    text_field{"kind", put_kind},
    text_field{"url", [](auto& r, const auto& t) { return r.url = t, complaint{}; }},
    text_field{"secret", [](auto& r, const auto& t) { return put_source(r.secret, t); }},
    text_field{"command", [](auto& r, const auto& t) { return r.command = t, complaint{}; }},
    text_field{"user", [](auto& r, const auto& t) { return r.user = t, complaint{}; }},
    text_field{"from", [](auto& r, const auto& t) { return r.from = t, complaint{}; }},
    text_field{"ca_file", [](auto& r, const auto& t) { return r.ca_file = t, complaint{}; }},
    text_field{"severity_min",
               [](auto& r, const auto& t) { return put_severity(r.routes.least, t); }},
    text_field{"quiet_hours", put_quiet},
    text_field{"quiet_passes",
               [](auto& r, const auto& t) { return put_severity(r.routes.passes_quiet, t); }},
};

// A URL that grants something by itself, as Slack's do, is a secret, and need not stand in the
// file.
bool is_url(const std::string& text, std::initializer_list<std::string_view> schemes) {
  return std::ranges::any_of(schemes, [&](auto scheme) { return text.starts_with(scheme); });
}

complaint lacks(const receiver_settings& r) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (r.name.empty() || r.name.size() > 40 || !std::ranges::all_of(r.name, plain))
    return "name: 1 to 40 letters, digits, - and _";
  if (r.kind == receiver_kind::command)
    return r.command.empty() ? complaint{"command: say what to run"} : std::nullopt;
  const bool mail = r.kind == receiver_kind::email;
  const bool given = mail ? is_url(r.url, {"smtp://", "smtps://"})
                          : is_url(r.url, {"http://", "https://"}) ||
                                (!r.url.empty() && !complaint_about_source(r.url));
  if (!given)
    return mail ? "url: expected smtp://HOST[:PORT] or smtps://HOST[:PORT]"
                : "url: expected http:// or https://, or where the URL is found (env:NAME, …)";
  if (mail && (r.from.find('@') == std::string::npos || r.to.empty()))
    return "from and to: mail needs a sender and at least one recipient";
  if (mail && !r.user.empty() && r.secret.empty())
    return "secret: say where the password of the user is found";
  return std::nullopt;
}

complaint put_field(receiver_settings& into, const std::string& name, const node& value) {
  if (name == "to")
    return put_texts(into.to, value);
  if (name == "keys")
    return put_texts(into.routes.keys, value);
  if (name == "reports")
    return put_periods(into.reports, value);
  if (name == "plain_smtp") {
    const auto* flag = value.as<bool>();
    if (!flag)
      return expected_instead("true or false", value);
    into.plain_smtp = *flag;
    return std::nullopt;
  }
  const auto known = std::ranges::find(text_fields, name, &text_field::name);
  if (known == text_fields.end()) {
    std::vector<std::string_view> names{"to", "keys", "reports", "plain_smtp"};
    for (const text_field& each : text_fields)
      names.push_back(each.name);
    return "unknown; did you mean " + std::string(nearest(name, names)) + "?";
  }
  const auto* text = value.as<std::string>();
  return text ? known->put(into, *text) : expected("a string", value);
}

complaint put_receivers(settings& s, const node& from) {
  const auto* items = from.as<node::array>();
  if (!items || items->size() > receivers_max)
    return expected("at most 16 tables, each begun with [[alerts.receiver]]", from);
  std::vector<receiver_settings> all;
  for (const node& item : *items) {
    const auto* fields = item.as<node::table>();
    if (!fields)
      return expected("a list of tables, each begun with [[alerts.receiver]]", item);
    receiver_settings made;
    for (const auto& [name, value] : *fields)
      if (auto problem = put_field(made, name, value))
        return "line " + std::to_string(value.line) + ": " + name + ": " + *problem;
    if (auto problem = lacks(made))
      return "line " + std::to_string(item.line) + ": " + *problem;
    if (std::ranges::find(all, made.name, &receiver_settings::name) != all.end())
      return "two are named " + in_quotes(made.name);
    all.push_back(std::move(made));
  }
  s.alerts.receivers = std::move(all);
  return std::nullopt;
}

template <class Get>
setting decimal(std::string_view name, std::string_view prose, double least, double most, Get get) {
  const auto put = [least, most, get](settings& s, const node& from) -> complaint {
    const auto* whole = from.as<std::int64_t>();
    const auto* given = from.as<double>();
    if (!whole && !given)
      return expected_instead("a number", from);
    const double value = whole ? static_cast<double>(*whole) : *given;
    if (!(value >= least && value <= most))
      return fmt::format("{} is out of range", value);
    get(s) = value;
    return std::nullopt;
  };
  const auto show = [get](const settings& s) {
    return fmt::format("{}", get(const_cast<settings&>(s)));
  };
  return {"insight", name, prose, fmt::format("{} to {}", least, most), put, show};
}

#define MEMBER(path)                                                                               \
  [](settings & s) -> auto& {                                                                      \
    return s.path;                                                                                 \
  }

setting switch_on() {
  return {"insight",
          "enabled",
          "Watch usage for what is unusual. Alerts, anomalies and reports come of it.",
          "true or false",
          [](settings& s, const node& from) -> complaint {
            const auto* flag = from.as<bool>();
            if (!flag)
              return expected_instead("true or false", from);
            s.insight.enabled = *flag;
            return std::nullopt;
          },
          [](const settings& s) { return std::string(s.insight.enabled ? "true" : "false"); }};
}

std::vector<setting> rules_table() {
  return {
      switch_on(),
      number("insight", "keys_watched_max",
             "Keys whose hours are kept in memory (17 kB each), the most recently used ones.",
             {100, 1'000'000}, MEMBER(insight.keys_watched_max)),
      decimal("volume_factor", "Times a key's average for that hour of the week that is unusual.",
              1.1, 1000, MEMBER(insight.rules.volume_factor)),
      number("insight", "volume_requests_min", "Requests in an hour below which none is unusual.",
             {1, 1'000'000'000}, MEMBER(insight.rules.volume_requests_min)),
      decimal("error_share", "Share of an hour's requests that may fail.", 0.001, 1,
              MEMBER(insight.rules.error_share)),
      number("insight", "error_requests_min", "Requests in an hour before a share is told.",
             {1, 1'000'000'000}, MEMBER(insight.rules.error_requests_min)),
      number("insight", "refused_burst", "Refusals of a key with 401 and 403 within five minutes.",
             {1, 1'000'000}, MEMBER(insight.rules.refused_burst)),
      number("insight", "limited_minutes",
             "Minutes of an hour in which a key's limits refused requests.", {1, 60},
             MEMBER(insight.rules.limited_minutes)),
      decimal("latency_factor",
              "Times the upstream's usual median to the first byte that is a jump.", 1.1, 1000,
              MEMBER(insight.rules.latency_factor)),
      number("insight", "silent_days", "Days of silence after which a key's use is told.", {1, 34},
             MEMBER(insight.rules.silent)),
      number("insight", "settled_days", "Days without a new network after which a new one is told.",
             {0, 365}, MEMBER(insight.rules.settled)),
      number("insight", "expiring_days", "Days before a key's end.", {0, 365},
             MEMBER(insight.rules.expiring)),
      number("insight", "unknown_keys_burst", "Requests without a known key within five minutes.",
             {1, 1'000'000'000}, MEMBER(insight.rules.unknown_keys_burst)),
  };
}

} // namespace

std::vector<setting> alert_settings_table() {
  std::vector<setting> all{
      {"alerts", "receiver",
       "Who is told: tables of name, kind (webhook, slack, email, command), url or command, "
       "secret, "
       "severity_min, keys, quiet_hours, quiet_passes, reports; mail: user, from, to, ca_file.",
       "tables begun with [[alerts.receiver]]; deploy/docs/alerts.md has each kind", put_receivers,
       [](const settings&) { return std::string{"[]"}; }},
      number("alerts", "queue_bytes_max",
             "Bytes on disk of what a receiver is still to get; beyond, the oldest of the least "
             "grave goes.",
             {64 * 1024, 1 << 30}, MEMBER(alerts.queue_bytes_max)),
      number("alerts", "retry_max_s", "Most seconds between two attempts at a receiver.",
             {1, 24 * 3600}, MEMBER(alerts.retry_max)),
      {"alerts", "reports", "Reports written as HTML files.",
       R"(a list of "daily", "weekly", "monthly")",
       [](settings& s, const node& from) { return put_periods(s.alerts.reports, from); },
       [](const settings& s) { return show_texts(s.alerts.reports); }},
      text("alerts", "reports_path", "Where to. Empty: reports/ in the data directory.",
           "a path, or empty", MEMBER(alerts.reports_path)),
  };
  for (setting& each : rules_table())
    all.push_back(std::move(each));
  return all;
}

#undef MEMBER

} // namespace proxy::config
