// Buckets, percentiles and the packed form.
#include "policies/analytics/spread.hpp"

#include <algorithm>
#include <bit>

namespace policies::analytics {
namespace {

constexpr std::size_t packed_bytes = 6;

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void append(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i)
    to += static_cast<char>(value >> (8 * i));
}

// The value that this share of all lies below, as if those of a bucket came evenly.
double quantile(const std::vector<spread::counted>& counts, double share, unsigned first,
                std::int64_t all) {
  const double wanted = share * static_cast<double>(all);
  double below = 0;
  for (const spread::counted& each : counts) {
    const double here = static_cast<double>(each.count);
    const unsigned bucket = each.what - first;
    const auto least = static_cast<double>(least_in(bucket));
    if (below + here >= wanted)
      return least +
             (static_cast<double>(least_in(bucket + 1)) - least) * ((wanted - below) / here);
    below += here;
  }
  return static_cast<double>(least_in(buckets));
}

} // namespace

// Below four each value has a bucket of its own.
unsigned bucket_of(std::uint64_t value) {
  if (value < 4)
    return static_cast<unsigned>(value);
  const unsigned octave = static_cast<unsigned>(std::bit_width(value)) - 3;
  const unsigned bucket = 4 + octave * 4 + static_cast<unsigned>(value >> octave & 3);
  return std::min(bucket, buckets - 1);
}

std::uint64_t least_in(unsigned bucket) {
  if (bucket < 4)
    return bucket;
  const unsigned octave = bucket / 4 - 1;
  return static_cast<std::uint64_t>(4 + bucket % 4) << octave;
}

void spread::add_at(unsigned place, std::int64_t n) {
  const auto at = std::ranges::lower_bound(counts_, place, {}, &counted::what);
  if (at != counts_.end() && at->what == place)
    at->count += n;
  else if (n != 0 && place < end_of_slots)
    counts_.insert(at, {static_cast<std::uint16_t>(place), n});
}

spread& spread::operator+=(const spread& other) {
  for (const counted& each : other.counts_)
    add_at(each.what, each.count);
  return *this;
}

percentiles spread::of(measure what) const {
  const auto counts = buckets_of(what);
  percentiles out;
  for (const counted& each : counts)
    out.count += each.count;
  if (out.count == 0)
    return out;
  const unsigned first = slot_of(what, 0);
  out.p50 = quantile(counts, 0.50, first, out.count);
  out.p90 = quantile(counts, 0.90, first, out.count);
  out.p99 = quantile(counts, 0.99, first, out.count);
  return out;
}

// Of statuses, endings and refusals without their offset; of a measure's buckets with it.
std::vector<spread::counted> spread::within(std::uint16_t from, std::uint16_t until) const {
  const std::uint16_t offset = from >= first_status ? from : 0;
  std::vector<counted> out;
  for (const counted& each : counts_)
    if (each.what >= from && each.what < until)
      out.push_back({static_cast<std::uint16_t>(each.what - offset), each.count});
  return out;
}

std::string spread::packed() const {
  std::string out;
  out.reserve(counts_.size() * packed_bytes);
  for (const counted& each : counts_) {
    append(out, each.what, 2);
    append(out, static_cast<std::uint64_t>(std::min<std::int64_t>(each.count, UINT32_MAX)), 4);
  }
  return out;
}

spread spread::unpacked(std::string_view packed) {
  spread out;
  out.counts_.reserve(packed.size() / packed_bytes);
  for (; packed.size() >= packed_bytes; packed.remove_prefix(packed_bytes)) {
    const auto what = static_cast<std::uint16_t>(little_endian(packed.substr(0, 2)));
    if (what >= end_of_slots || (!out.counts_.empty() && out.counts_.back().what >= what))
      break;
    out.counts_.push_back({what, static_cast<std::int64_t>(little_endian(packed.substr(2, 4)))});
  }
  return out;
}

} // namespace policies::analytics
