// Entries of the streams. Of errors: the node, and journal entries as they lie in a lane. Of
// moments: the node, when, and five integers a key: key, requests, tokens, errors, cost.
#include "proxy/stores/redis/recent.hpp"

#include <charconv>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>

#include "proxy/stores/recent_errors.hpp"
#include "proxy/stores/redis/limit_wire.hpp"
#include "proxy/stores/roll_up.hpp"

namespace proxy::stores::redis {

using journal::entry;

namespace {

constexpr const char* errors_name = "ds:{ledger}:errors";
constexpr const char* moments_name = "ds:{ledger}:moments";
constexpr const char* errors_kept = "5000"; // entries, of at most so many rows:
constexpr std::size_t rows_an_entry = 20;
constexpr std::int64_t moments_kept_ms = 2 * 60'000;
constexpr std::size_t numbers_a_key = 5;
constexpr const char* entries_a_page = "500";

std::int64_t redis_now_ms() { // near enough: Redis names entries by its own clock
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void add_errors(batch& to, std::uint64_t node, const std::string& rows) {
  if (!rows.empty())
    to.add("XADD", errors_name, "MAXLEN", "~", errors_kept, "*", "node", hex(node), "rows", rows);
}

std::vector<entry> entries_in(std::string_view rows) {
  std::vector<entry> all;
  for (; rows.size() >= sizeof(entry); rows.remove_prefix(sizeof(entry))) {
    entry e;
    std::memcpy(&e, rows.data(), sizeof e);
    if (journal::checksum_of(e) == e.crc)
      all.push_back(e);
  }
  return all;
}

// The value of a field of a stream's entry; empty: it has none.
std::string_view field_in(const redisReply& entry_reply, std::string_view name) {
  const auto parts = items_of(entry_reply);
  if (parts.size() != 2)
    return {};
  const auto fields = items_of(*parts[1]);
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2)
    if (text_of(*fields[i]) == name)
      return text_of(*fields[i + 1]);
  return {};
}

// Entries of others, newest first, page by page; false from `visit` ends it.
outcome<void> walk_back(blocking_client& by, const char* stream, std::uint64_t node,
                        const std::function<bool(const redisReply&)>& visit) {
  const std::string self = hex(node);
  std::string end = "+";
  while (true) {
    const auto page = by.ask("XREVRANGE", stream, end, "-", "COUNT", entries_a_page);
    if (!page)
      return page.error();
    const auto entries = items_of(**page);
    if (entries.empty())
      return {};
    for (const redisReply* each : entries)
      if (field_in(*each, "node") != self && !visit(*each))
        return {};
    end = "(" + std::string(text_of(*items_of(*entries.back())[0]));
  }
}

} // namespace

void add_recent(batch& to, std::uint64_t node, const journal::batch& part) {
  std::string rows;
  std::map<std::uint64_t, minute_row> sums;
  for (const entry& e : part.entries) {
    if (const auto added = minute_of(e))
      sums[e.key] += *added;
    if (went_wrong(e))
      rows.append(reinterpret_cast<const char*>(&e), sizeof e);
    if (rows.size() == rows_an_entry * sizeof e) {
      add_errors(to, node, rows);
      rows.clear();
    }
  }
  add_errors(to, node, rows);
  if (sums.empty())
    return;
  packer packed;
  for (const auto& [key, s] : sums)
    packed << static_cast<std::int64_t>(key) << s.requests << s.tokens << s.errors << s.cost_nano;
  to.add("XADD", moments_name, "MINID", "~", std::to_string(redis_now_ms() - moments_kept_ms), "*",
         "node", hex(node), "at", std::to_string(part.entries.back().time_ms), "sums",
         packed.text());
}

outcome<std::vector<entry>> errors_elsewhere(blocking_client& by, std::uint64_t node,
                                             const errors_wanted& which) {
  std::vector<entry> found;
  auto done = walk_back(by, errors_name, node, [&](const redisReply& each) {
    const auto rows = entries_in(field_in(each, "rows"));
    for (auto e = rows.rbegin(); e != rows.rend(); ++e)
      if (e->time_ms >= which.from_ms && (!which.key || e->key == which.key->value))
        found.push_back(*e);
    return found.size() < which.count_max;
  });
  if (!done)
    return done.error();
  return found;
}

outcome<std::vector<key_store::key_minute>> used_elsewhere(blocking_client& by, std::uint64_t node,
                                                           std::int64_t from_ms) {
  std::vector<key_store::key_minute> found;
  auto done = walk_back(by, moments_name, node, [&](const redisReply& each) {
    std::int64_t at_ms = 0;
    const std::string_view at = field_in(each, "at");
    std::from_chars(at.data(), at.data() + at.size(), at_ms);
    std::string_view sums = field_in(each, "sums");
    for (; at_ms >= from_ms && sums.size() >= numbers_a_key * 8;
         sums.remove_prefix(numbers_a_key * 8)) {
      minute_row row{at_ms / ms_per_minute, unpack_at(sums, 1), unpack_at(sums, 2),
                     unpack_at(sums, 3), unpack_at(sums, 4)};
      found.push_back({policies::key_id{static_cast<std::uint64_t>(unpack_at(sums, 0))}, row});
    }
    return true;
  });
  if (!done)
    return done.error();
  return found;
}

} // namespace proxy::stores::redis
