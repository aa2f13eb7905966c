// JSON of known places: {"networks": {"places": […], "newest": ms}, "sites": …}.
#include "proxy/alerts/places.hpp"

#include <charconv>

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

namespace proxy::alerts {
namespace {

namespace json = boost::json;
namespace insight = policies::insight;
using policies::instant;
using policies::milliseconds;

json::object places_view(const insight::known_places& known) {
  json::array all;
  for (const std::string& each : known.places)
    all.emplace_back(each);
  return {{"places", std::move(all)}, {"newest", known.newest.time_since_epoch().count()}};
}

insight::known_places places_in(const json::object& from, std::string_view name) {
  insight::known_places out;
  const auto* part = from.if_contains(name);
  if (!part || !part->is_object())
    return out;
  if (const auto* all = part->as_object().if_contains("places"); all && all->is_array())
    for (const json::value& each : all->as_array())
      if (each.is_string())
        out.places.emplace_back(each.as_string());
  if (const auto* newest = part->as_object().if_contains("newest"); newest && newest->is_int64())
    out.newest = instant{milliseconds{newest->as_int64()}};
  return out;
}

insight::verdict told(insight::rule which, const std::string& place,
                      const insight::known_places& before, instant now) {
  const auto days = std::chrono::floor<std::chrono::days>(now - before.newest).count();
  return {which, insight::sight::present,
          "used from " + place + " for the first time; " + std::to_string(before.places.size()) +
              (before.places.size() == 1 ? " place was" : " places were") +
              " known, the last new one since " + std::to_string(days) + " days",
          place};
}

} // namespace

std::string places::text_of(const of_key& what) {
  return json::serialize(
      json::object{{"networks", places_view(what.networks)}, {"sites", places_view(what.sites)}});
}

places::of_key places::parsed(const std::string& text) {
  boost::system::error_code error;
  const json::value read = json::parse(text, error);
  if (error || !read.is_object())
    return {};
  return {places_in(read.as_object(), "networks"), places_in(read.as_object(), "sites"), false};
}

outcome<void> places::load() {
  const auto notes = store_.load_notes("places");
  if (!notes)
    return notes.error();
  for (const auto& [name, text] : *notes) {
    std::uint64_t key = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), key).ec != std::errc{})
      continue;
    merge(key, parsed(text));
  }
  return {};
}

// Two proxies that have seen something new at once each write what they know: whoever then finds
// places of its own missing writes both. Where there are more than are kept, nobody does, or each
// would put its own in the other's stead forever.
void places::merge(std::uint64_t key, of_key theirs) {
  const auto [mine, added] = known_.try_emplace(key);
  bool missing = false;
  const auto join = [&](insight::known_places& known, const insight::known_places& stored) {
    insight::known_places all = joined(stored, known);
    missing |= all.places.size() > stored.places.size() &&
               all.places.size() < insight::known_places::places_max;
    known = std::move(all);
  };
  join(mine->second.networks, theirs.networks);
  join(mine->second.sites, theirs.sites);
  if (missing)
    mark(key, mine->second);
}

void places::mark(std::uint64_t key, of_key& what) {
  if (!std::exchange(what.changed, true))
    changed_.push_back(key);
}

insight::verdicts places::note(const session::sighting& seen, instant now,
                               const insight::rule_settings& by) {
  insight::verdicts out;
  of_key& known = known_[seen.key.value];
  const auto look = [&](insight::known_places& among, const std::string& place,
                        insight::rule which) {
    insight::known_places before = among;
    if (shared_ && insight::note_place(before, place, now, by).to_tell)
      (void)load(); // another proxy may know it; rare, as a key that is told of is not settled
    before = among;
    const insight::noted what = insight::note_place(among, place, now, by);
    if (what.to_tell)
      out.push_back(told(which, place, before, now));
    if (what.is_new)
      mark(seen.key.value, known);
  };
  look(known.networks, insight::network_of(seen.client), insight::rule::new_network);
  const std::string site = insight::site_of(seen.page);
  look(known.sites, site.empty() ? "no web page" : site, insight::rule::new_referrer);
  return out;
}

void places::save(std::size_t keys_max) {
  for (; keys_max > 0 && !changed_.empty(); --keys_max) {
    of_key& what = known_[changed_.back()];
    const auto written = store_.write_note(
        {"places", std::to_string(changed_.back()), text_of(what)}, stores::note_change::put);
    if (!written)
      return; // tried again at the next look
    what.changed = false;
    changed_.pop_back();
  }
}

} // namespace proxy::alerts
