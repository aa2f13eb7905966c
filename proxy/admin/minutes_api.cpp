// The last minutes one by one, the empty ones too: what is happening now.
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"

namespace proxy::admin {

namespace json = boost::json;

answer<reply> usage_minutes(const admin_context& context, const request& call) {
  constexpr std::int64_t a_day = 24 * 60;
  const auto whose = subject_of(context, call);
  const auto count = number_in(call.query, "minutes", {1, a_day, 60});
  if (!whose || !count)
    return !whose ? whose.error() : count.error();
  const std::int64_t until =
      floor<std::chrono::minutes>(call.now.time_since_epoch()).count() + 1; // the one that runs
  const std::int64_t from = until - *count;
  std::vector<stores::minute_row> all(static_cast<std::size_t>(*count));
  for (const stores::minute_row& row : used_minutes(context, *whose, {from, until}))
    all[static_cast<std::size_t>(row.minute - from)] += row;
  json::array minutes;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::chrono::minutes at{from + static_cast<std::int64_t>(i)};
    minutes.push_back({{"time", rfc3339(policies::instant{at})},
                       {"requests", all[i].requests},
                       {"tokens", all[i].tokens},
                       {"errors", all[i].errors},
                       {"cost", usd(policies::nano_usd{all[i].cost_nano})}});
  }
  return json_reply(200, {{"key_id", id_or_null(*whose)}, {"minutes", std::move(minutes)}});
}

} // namespace proxy::admin
