// What happened, on demand and as it happens.
#include "proxy/admin/event_feed.hpp"
#include "proxy/admin/event_list.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;

constexpr std::int64_t events_max = 1000;

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

} // namespace

answer<reply> events(const admin_context& context, const request& call) {
  const auto from_ms = since_in(call);
  const auto limit = number_in(call.query, "limit", {1, events_max, 100});
  if (!from_ms || !limit)
    return !from_ms ? from_ms.error() : limit.error();
  const auto whose = subject_of(context, call);
  if (!whose)
    return whose.error();
  json::array out;
  for (listed_event& each :
       list_events(context, *whose, {*from_ms, static_cast<std::size_t>(*limit)}, call.now))
    out.push_back(std::move(each.view));
  return json_reply(200, {{"key_id", id_or_null(*whose)}, {"events", std::move(out)}});
}

answer<reply> stream_events(const admin_context& context, const request& call) {
  return call.feed->listen(context, call.last_event_id);
}

} // namespace proxy::admin
