// One outcome is one request; a tally is as many refusals as it counts.
#include "proxy/stores/roll_up.hpp"

namespace proxy::stores {
namespace {

using journal::ending;

constexpr std::int64_t ms_per_hour = 3'600'000;

usage_sums sums_of_tally(const journal::entry& e) {
  usage_sums sums;
  sums.requests = sums.refused = e.count;
  (e.status == 429 ? sums.limited : sums.errors) = e.count;
  return sums;
}

bool is_error(const journal::entry& e) {
  return e.status >= 400 || e.end == ending::cut || e.end == ending::interrupted ||
         e.end == ending::expired || e.end == ending::not_dispatched;
}

usage_sums sums_of_outcome(const journal::entry& e) {
  usage_sums sums;
  sums.requests = 1;
  sums.dispatched = was_dispatched(e.end);
  sums.interrupted = e.end == ending::interrupted;
  sums.errors = is_error(e);
  sums.cached_tokens = e.cached_tokens;
  sums.prompt_tokens = e.prompt_tokens;
  sums.output_tokens = e.output_tokens;
  sums.reasoning_tokens = e.reasoning_tokens;
  sums.cost_nano = e.cost_nano;
  sums.first_byte_ms_sum = e.first_byte_ms;
  sums.total_ms_sum = e.total_ms;
  return sums;
}

using policies::analytics::measure;
using policies::analytics::spread;

} // namespace

std::optional<roll_up_place> place_of(const journal::entry& e) {
  if (e.kind != journal::entry_kind::tally && e.kind != journal::entry_kind::outcome)
    return std::nullopt;
  const bool tally = e.kind == journal::entry_kind::tally;
  return roll_up_place{e.key, e.time_ms / ms_per_hour,
                       tally ? std::string_view{} : journal::model_of(e), e.feature};
}

usage_sums sums_of(const journal::entry& e) {
  return e.kind == journal::entry_kind::tally ? sums_of_tally(e) : sums_of_outcome(e);
}

// What was cut by a crash of ours has no times.
void add_to(policies::analytics::spread& counts, const journal::entry& e) {
  using policies::analytics::measure;
  if (e.kind == journal::entry_kind::tally) {
    counts.add_status(e.status, e.count);
    counts.add_refusal(e.refusal, e.count);
    return;
  }
  counts.add_ending(static_cast<std::uint8_t>(e.end));
  if (e.status != 0)
    counts.add_status(e.status, 1);
  if (e.end == ending::interrupted)
    return;
  counts.add(measure::total_ms, e.total_ms);
  if (!was_dispatched(e.end))
    return;
  counts.add(measure::overhead_us, e.overhead_us);
  if (e.status != 0)
    counts.add(measure::first_byte_ms, e.first_byte_ms);
}

std::optional<minute_row> minute_of(const journal::entry& e) {
  if (!place_of(e))
    return std::nullopt;
  const usage_sums s = sums_of(e);
  return minute_row{e.time_ms / ms_per_minute, s.requests,
                    s.cached_tokens + s.prompt_tokens + s.output_tokens, s.errors, s.cost_nano};
}

roll_ups::row& roll_ups::row::operator+=(const row& other) {
  sums += other.sums;
  spread += other.spread;
  return *this;
}

std::size_t roll_ups::hash::operator()(const roll_up_place& at) const {
  std::size_t mixed = std::hash<std::string_view>{}(at.model);
  for (const std::uint64_t part :
       {at.key, static_cast<std::uint64_t>(at.hour), std::uint64_t{at.feature}})
    mixed = (mixed ^ part) * 0x9E3779B97F4A7C15u;
  return mixed;
}

roll_ups::row& roll_ups::at(const roll_up_place& place) {
  if (const auto found = rows_.find(place); found != rows_.end())
    return found->second;
  return rows_[{place.key, place.hour, std::string(place.model), place.feature}];
}

bool roll_ups::add(const journal::entry& e) {
  const auto place = place_of(e);
  if (!place)
    return false;
  row& into = at(*place);
  into.sums += sums_of(e);
  add_to(into.spread, e);
  return true;
}

void roll_ups::add_account() {
  table all;
  all.swap(rows_);
  for (const auto& [where, each] : all)
    at({account_key, where.hour, where.model, where.feature}) += each;
  rows_.merge(all);
}

} // namespace proxy::stores
