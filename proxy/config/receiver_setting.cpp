// Receivers: each field's place, what it accepts, and how it is written down again.
#include "proxy/config/receiver_setting.hpp"

#include "proxy/config/nearest.hpp"
#include "proxy/config/setting_kinds.hpp"

namespace proxy::config {
namespace {

using namespace kinds;
namespace insight = policies::insight;
using complaint = std::optional<std::string>;
using receiver = receiver_settings;

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

complaint put_severity(insight::severity& into, const std::string& text) {
  const auto found = insight::severity_named(text);
  if (!found)
    return in_quotes(text) + R"( is none of "info", "warning", "critical")";
  into = *found;
  return std::nullopt;
}

complaint put_kind(receiver& into, const std::string& text) {
  const auto found = std::ranges::find(kind_names, text);
  if (found == kind_names.end())
    return in_quotes(text) + R"( is none of "webhook", "slack", "email", "command")";
  into.kind = static_cast<receiver_kind>(found - kind_names.begin());
  return std::nullopt;
}

complaint put_secret(receiver& into, const std::string& text) {
  if (auto problem = complaint_about_source(text))
    return problem;
  into.secret = text;
  return std::nullopt;
}

complaint put_quiet(receiver& into, const std::string& text) {
  into.routes.quiet = insight::parse_quiet_hours(text);
  if (!into.routes.quiet && !text.empty())
    return in_quotes(text) + " is not like \"22:00-07:00\" (UTC)";
  return std::nullopt;
}

std::string show_quiet(const receiver& r) {
  return r.routes.quiet ? in_quotes(insight::to_string(*r.routes.quiet)) : in_quotes("");
}

complaint put_plain_smtp(receiver& into, const node& from) {
  const auto* flag = from.as<bool>();
  if (!flag)
    return expected_instead("true or false", from);
  into.plain_smtp = *flag;
  return std::nullopt;
}

struct field {
  std::string_view name;
  complaint (*put)(receiver&, const node&);
  std::string (*show)(const receiver&); // as TOML
};

// Of fields that are strings: what may be a secret is not repeated.
template <auto Put>
complaint put_text(receiver& into, const node& from) {
  const auto* text = from.as<std::string>();
  return text ? Put(into, *text) : expected("a string", from);
}

template <auto Member>
complaint keep(receiver& into, const std::string& text) {
  into.*Member = text;
  return std::nullopt;
}

template <auto Member>
std::string show_text(const receiver& r) {
  return in_quotes(r.*Member);
}

template <auto Member>
constexpr field text_field(std::string_view name) {
  return {name, put_text<keep<Member>>, show_text<Member>};
}

constexpr std::array fields{
    text_field<&receiver::name>("name"),
    field{
        "kind", put_text<put_kind>,
        [](const receiver& r) { return in_quotes(kind_names[static_cast<std::size_t>(r.kind)]); }},
    text_field<&receiver::url>("url"),
    field{"secret", put_text<put_secret>, show_text<&receiver::secret>},
    text_field<&receiver::command>("command"),
    text_field<&receiver::user>("user"),
    text_field<&receiver::from>("from"),
    field{"to", [](receiver& r, const node& from) { return put_texts(r.to, from); },
          [](const receiver& r) { return show_texts(r.to); }},
    text_field<&receiver::ca_file>("ca_file"),
    field{"plain_smtp", put_plain_smtp,
          [](const receiver& r) { return std::string(r.plain_smtp ? "true" : "false"); }},
    field{"severity_min",
          put_text<[](receiver& r, const auto& t) { return put_severity(r.routes.least, t); }>,
          [](const receiver& r) { return in_quotes(insight::name_of(r.routes.least)); }},
    field{"keys", [](receiver& r, const node& from) { return put_texts(r.routes.keys, from); },
          [](const receiver& r) { return show_texts(r.routes.keys); }},
    field{"quiet_hours", put_text<put_quiet>, show_quiet},
    field{
        "quiet_passes",
        put_text<[](receiver& r, const auto& t) { return put_severity(r.routes.passes_quiet, t); }>,
        [](const receiver& r) { return in_quotes(insight::name_of(r.routes.passes_quiet)); }},
    field{"reports", [](receiver& r, const node& from) { return put_periods(r.reports, from); },
          [](const receiver& r) { return show_texts(r.reports); }},
};

complaint put_field(receiver& into, const std::string& name, const node& value) {
  const auto known = std::ranges::find(fields, name, &field::name);
  if (known != fields.end())
    return known->put(into, value);
  std::vector<std::string_view> names;
  for (const field& each : fields)
    names.push_back(each.name);
  return "unknown; did you mean " + std::string(nearest(name, names)) + "?";
}

bool is_url(const std::string& text, std::initializer_list<std::string_view> schemes) {
  return std::ranges::any_of(schemes, [&](auto scheme) { return text.starts_with(scheme); });
}

// A URL that grants something by itself, as Slack's do, is a secret, and need not stand in the
// file.
complaint lacks(const receiver& r) {
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

complaint put_receivers(settings& s, const node& from) {
  const auto* items = from.as<node::array>();
  if (!items || items->size() > receivers_max)
    return expected("at most 16 tables, each begun with [[alerts.receiver]]", from);
  std::vector<receiver> all;
  for (const node& item : *items) {
    const auto* table = item.as<node::table>();
    if (!table)
      return expected("a list of tables, each begun with [[alerts.receiver]]", item);
    receiver made;
    for (const auto& [name, value] : *table)
      if (auto problem = put_field(made, name, value))
        return "line " + std::to_string(value.line) + ": " + name + ": " + *problem;
    if (auto problem = lacks(made))
      return "line " + std::to_string(item.line) + ": " + *problem;
    if (std::ranges::find(all, made.name, &receiver::name) != all.end())
      return "two are named " + in_quotes(made.name);
    all.push_back(std::move(made));
  }
  s.alerts.receivers = std::move(all);
  return std::nullopt;
}

// Fields that are empty may stand nowhere: no secret is found at "".
std::string show_receiver(const receiver& r) {
  std::string out;
  for (const field& each : fields)
    if (const std::string value = each.show(r); value != "\"\"" && value != "[]")
      out += (out.empty() ? "" : ", ") + std::string(each.name) + " = " + value;
  return "{" + out + "}";
}

std::string show_receivers(const settings& s) {
  std::string out;
  for (const receiver& each : s.alerts.receivers)
    out += (out.empty() ? "" : ", ") + show_receiver(each);
  return "[" + out + "]";
}

} // namespace

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

setting receiver_setting() {
  return {"alerts",
          "receiver",
          "Who is told: tables of name, kind (webhook, slack, email, command), url or command, "
          "secret, severity_min, keys, quiet_hours, quiet_passes, reports; mail: user, from, to, "
          "ca_file.",
          "tables begun with [[alerts.receiver]]; deploy/docs/alerts.md has each kind",
          put_receivers,
          show_receivers};
}

} // namespace proxy::config
