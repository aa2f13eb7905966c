// Prices looked up by model and time. Knows nothing of files: proxy/config reads the rows.
#include "policies/pricing/price_table.hpp"

#include <algorithm>

#include "policies/pricing/peak.hpp"

namespace policies::pricing {
namespace {

using picos = std::uint64_t;

token_price dearer(const token_price& a, const token_price& b) {
  return {std::max(a.cache_hit, b.cache_hit), std::max(a.cache_miss, b.cache_miss),
          std::max(a.output, b.output)};
}

void raise_to(std::optional<token_price>& price, const token_price& other) {
  price = price ? dearer(*price, other) : other;
}

bool matches(const std::string& asked, std::string_view name) {
  if (!asked.ends_with('*'))
    return asked == name;
  return name.starts_with(std::string_view{asked}.substr(0, asked.size() - 1));
}

bool exact(const alias_row& row) {
  return !row.asked.ends_with('*');
}

// Instants that days and minutes can be counted for; beyond them prices do not change.
constexpr instant earliest = std::chrono::sys_days{std::chrono::year{1970} / 1 / 1};
constexpr instant latest = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31};

instant countable(instant at) {
  return std::clamp(at, earliest, latest);
}

struct stretch {
  instant from;
  instant until;
  stretch(instant a, instant b)
      : from(countable(std::min(a, b))), until(countable(std::max(a, b))) {}
};

template <class Row>
bool overlaps(const Row& row, const stretch& time) {
  return row.from <= time.until && row.until > time.from;
}

std::optional<token_price> dearest_of(std::span<const price_row> rows,
                                      const peak_calendar& calendar, const stretch& time) {
  std::optional<token_price> price;
  for (const price_row& row : rows) {
    if (!overlaps(row, time))
      continue;
    const instant last = row.until == instant::max() ? instant::max() : row.until - milliseconds{1};
    const peak_mix mix =
        mix_within(row, calendar, std::max(row.from, time.from), std::min(last, time.until));
    if (mix.off_peak)
      raise_to(price, row.off_peak);
    if (mix.peak)
      raise_to(price, row.peak);
  }
  return price;
}

// Whether rows, sorted by date, leave no instant of the stretch without a price.
bool covers(std::span<const price_row> rows, const stretch& time) {
  instant next = time.from;
  for (const price_row& row : rows) {
    if (row.from <= next && row.until > next)
      next = row.until;
    if (next > time.until)
      return true;
  }
  return false;
}

bool add_product(picos& sum, tokens count, pico_usd price) {
  if (count.value <= 0 || price.value <= 0)
    return true;
  picos product = 0;
  return !__builtin_mul_overflow(static_cast<picos>(count.value), static_cast<picos>(price.value),
                                 &product) &&
         !__builtin_add_overflow(sum, product, &sum);
}

} // namespace

nano_usd cost_of(const token_usage& usage, const token_price& price) {
  constexpr picos per_nano = 1000;
  picos sum = 0;
  if (!add_product(sum, usage.cached, price.cache_hit) ||
      !add_product(sum, usage.prompt, price.cache_miss) ||
      !add_product(sum, usage.output, price.output))
    return cost_max;
  const picos nanos = sum / per_nano + (sum % per_nano != 0 ? 1 : 0);
  return nano_usd{static_cast<std::int64_t>(std::min(nanos, static_cast<picos>(cost_max.value)))};
}

price_table::price_table(price_data data) : data_(std::move(data)) {
  std::ranges::sort(data_.models, [](const price_row& a, const price_row& b) {
    return a.model != b.model ? a.model < b.model : a.from < b.from;
  });
  std::ranges::stable_sort(data_.aliases, [](const alias_row& a, const alias_row& b) {
    return exact(a) != exact(b) ? exact(a) : a.asked.size() > b.asked.size();
  });
  std::ranges::sort(data_.peak.holidays);
  std::ranges::sort(data_.peak.working_weekends);
}

bool price_table::is_peak(instant at) const {
  return is_peak_at(data_.peak, countable(at));
}

std::optional<token_price> price_table::at(std::string_view model, instant when) const {
  return dearest(model, when, when);
}

std::optional<token_price> price_table::dearest(std::string_view asked, instant from,
                                                instant until) const {
  const stretch time{from, until};
  const auto own = rows_of(asked);
  std::optional<token_price> price = dearest_of(own, data_.peak, time);
  const alias_row* alias = alias_of(asked);
  if (!alias || (price && covers(own, time)))
    return price;
  for (const std::string& model : alias->served) {
    const auto served = dearest_of(rows_of(model), data_.peak, time);
    if (!served)
      return std::nullopt;
    raise_to(price, *served);
  }
  return price;
}

std::optional<pico_usd> price_table::call_price(std::string_view call, instant from,
                                                instant until) const {
  const stretch time{from, until};
  std::optional<pico_usd> price;
  for (const call_price_row& row : data_.calls)
    if (row.call == call && overlaps(row, time))
      price = price ? std::max(*price, row.price) : row.price;
  return price;
}

const alias_row* price_table::alias_of(std::string_view asked) const {
  const auto found = std::ranges::find_if(
      data_.aliases, [asked](const alias_row& row) { return matches(row.asked, asked); });
  return found == data_.aliases.end() ? nullptr : &*found;
}

std::span<const price_row> price_table::rows_of(std::string_view model) const {
  const auto name = [](const price_row& row) { return std::string_view{row.model}; };
  // Not equal_range(): Clang 14, with which this is fuzzed, cannot read the library's subrange.
  const auto first = std::ranges::lower_bound(data_.models, model, {}, name);
  return {first, std::ranges::upper_bound(first, data_.models.end(), model, {}, name)};
}

} // namespace policies::pricing
