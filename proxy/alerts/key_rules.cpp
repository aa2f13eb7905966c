// JSON of settings, strict: a figure out of its bounds would never tell, or always.
#include "proxy/alerts/key_rules.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace proxy::alerts {
namespace {

namespace json = boost::json;
namespace insight = policies::insight;

failure wrong(std::string why) {
  return {errc::bad_configuration, std::move(why)};
}

outcome<void> put_muted(insight::key_settings& into, const json::value& from) {
  if (!from.is_array())
    return wrong("muted: a list of rules is expected");
  for (const json::value& each : from.as_array()) {
    const auto which =
        each.is_string() ? insight::rule_named(std::string_view(each.as_string())) : std::nullopt;
    if (!which)
      return wrong("muted: the rules are named as in GET /v1/alerts, like \"new_network\"");
    if (!insight::is_muted(into, *which))
      into.muted.push_back(*which);
  }
  return {};
}

} // namespace

outcome<insight::key_settings> key_settings_in(const json::object& from) {
  insight::key_settings out;
  for (const auto& [name, value] : from) {
    if (name == "muted") {
      if (auto done = put_muted(out, value); !done)
        return done.error();
      continue;
    }
    const insight::rule_setting* known = insight::rule_setting_named(std::string_view(name));
    if (!known)
      return wrong(
          fmt::format("{}: there is no such setting of a key", std::string(name).substr(0, 40)));
    if (value.is_null())
      continue; // as for all keys
    boost::system::error_code error;
    const double figure = value.to_number<double>(error);
    if (error || !(figure >= known->least && figure <= known->most) ||
        (known->whole && figure != std::floor(figure)))
      return wrong(fmt::format("{}: a {}number from {} to {} is expected", known->name,
                               known->whole ? "whole " : "", known->least, known->most));
    out.given[std::string(known->name)] = figure;
  }
  return out;
}

json::object view_of(const insight::key_settings& what) {
  json::object out;
  for (const insight::rule_setting& each : insight::key_rule_settings()) {
    const auto given = what.given.find(std::string(each.name));
    json::value& shown = out[each.name];
    if (given == what.given.end())
      shown = nullptr;
    else if (each.whole)
      shown = static_cast<std::int64_t>(given->second);
    else
      shown = given->second;
  }
  json::array muted;
  for (const insight::rule each : what.muted)
    muted.emplace_back(insight::name_of(each));
  out["muted"] = std::move(muted);
  return out;
}

outcome<void> key_rules::load() {
  const auto notes = store_.load_notes("rules");
  if (!notes)
    return notes.error();
  const std::lock_guard guard(lock_);
  all_.clear();
  for (const auto& [name, text] : *notes) {
    std::uint64_t key = 0;
    boost::system::error_code error;
    const json::value read = json::parse(text, error);
    if (std::from_chars(name.data(), name.data() + name.size(), key).ec != std::errc{} || error ||
        !read.is_object())
      continue;
    if (auto settings = key_settings_in(read.as_object()))
      all_[key] = std::move(*settings);
  }
  return {};
}

insight::key_settings key_rules::of(policies::key_id key) const {
  const std::lock_guard guard(lock_);
  const auto found = all_.find(key.value);
  return found == all_.end() ? insight::key_settings{} : found->second;
}

outcome<void> key_rules::put(policies::key_id key, const insight::key_settings& to) {
  const auto written =
      store_.write_note({"rules", std::to_string(key.value), json::serialize(view_of(to))},
                        to.empty() ? stores::note_change::remove : stores::note_change::put);
  if (!written)
    return written.error();
  const std::lock_guard guard(lock_);
  if (to.empty())
    all_.erase(key.value);
  else
    all_[key.value] = to;
  return {};
}

} // namespace proxy::alerts
