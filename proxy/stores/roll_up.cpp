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

// What was cut by a crash of ours has no times.
spread spread_of(const journal::entry& e) {
  spread out;
  if (e.kind == journal::entry_kind::tally) {
    out.add_status(e.status, e.count);
    out.add_refusal(e.refusal, e.count);
    return out;
  }
  out.add_ending(static_cast<std::uint8_t>(e.end));
  if (e.status != 0)
    out.add_status(e.status, 1);
  if (e.end == ending::interrupted)
    return out;
  out.add(measure::total_ms, e.total_ms);
  if (!was_dispatched(e.end))
    return out;
  out.add(measure::overhead_us, e.overhead_us);
  if (e.status != 0)
    out.add(measure::first_byte_ms, e.first_byte_ms);
  return out;
}

} // namespace

std::optional<roll_up> roll_up_of(const journal::entry& e) {
  const std::int64_t hour = e.time_ms / ms_per_hour;
  switch (e.kind) {
  case journal::entry_kind::tally:
    return roll_up{{e.key, hour, {}, e.feature}, sums_of_tally(e), spread_of(e)};
  case journal::entry_kind::outcome:
    return roll_up{{e.key, hour, std::string(journal::model_of(e)), e.feature},
                   sums_of_outcome(e),
                   spread_of(e)};
  default:
    return std::nullopt;
  }
}

std::optional<minute_row> minute_of(const journal::entry& e) {
  const auto added = roll_up_of(e);
  if (!added)
    return std::nullopt;
  const usage_sums& s = added->sums;
  return minute_row{e.time_ms / ms_per_minute, s.requests,
                    s.cached_tokens + s.prompt_tokens + s.output_tokens, s.errors, s.cost_nano};
}

} // namespace proxy::stores
