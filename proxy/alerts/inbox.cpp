// Folding entries into news.
#include "proxy/alerts/inbox.hpp"

#include <utility>

#include "policies/admission/refusal.hpp"

namespace proxy::alerts {
namespace {

using policies::admission::refusal_code;

constexpr std::int64_t ms_per_minute = 60'000;

refusals refusals_of(const journal::entry& e) {
  switch (static_cast<refusal_code>(e.refusal)) {
  case refusal_code::expired_api_key:
  case refusal_code::inactive_api_key:
  case refusal_code::invalid_api_key:
  case refusal_code::ip_not_allowed:
  case refusal_code::referrer_not_allowed:
  case refusal_code::permission_denied:
  case refusal_code::model_not_allowed:
    return {e.count, 0};
  case refusal_code::rate_limit_exceeded:
  case refusal_code::insufficient_quota:
    return {0, e.count};
  default:
    return {};
  }
}

} // namespace

void inbox::add(const journal::entry& e) {
  if (e.kind == journal::entry_kind::intent)
    return;
  waiting_.used.insert(e.key);
  if (e.kind == journal::entry_kind::tally) {
    const refusals more = refusals_of(e);
    refusals& all = waiting_.refused[{e.key, e.time_ms / ms_per_minute}];
    all.forbidden += more.forbidden;
    all.limited += more.limited;
    return;
  }
  if (e.end != journal::ending::complete || e.first_byte_ms == 0)
    return;
  const std::string name = std::string(journal::model_of(e)) + (e.stream ? " (stream)" : "");
  if (waiting_.latencies.size() >= models_max && !waiting_.latencies.contains(name))
    return;
  auto& all = waiting_.latencies[name];
  if (all.size() < latencies_max)
    all.push_back({e.time_ms, e.first_byte_ms});
}

void inbox::applied(std::span<const journal::batch> batches) {
  const std::lock_guard guard(lock_);
  for (const journal::batch& each : batches)
    for (const journal::entry& e : each.entries)
      add(e);
}

void inbox::sighted(std::vector<session::sighting> seen) {
  const std::lock_guard guard(lock_);
  for (session::sighting& each : seen)
    if (waiting_.sightings.size() < sightings_max)
      waiting_.sightings.push_back(std::move(each));
}

void inbox::tell(trouble what) {
  const std::lock_guard guard(lock_);
  if (waiting_.troubles.size() < troubles_max)
    waiting_.troubles.push_back(std::move(what));
}

news inbox::take() {
  const std::lock_guard guard(lock_);
  return std::exchange(waiting_, {});
}

} // namespace proxy::alerts
