// SQL that only reads.
#include "proxy/stores/embedded/report_rows.hpp"

#include <spdlog/spdlog.h>

#include "proxy/stores/roll_up.hpp"

namespace proxy::stores {
namespace {

std::int64_t row_of(std::optional<policies::key_id> key) {
  return static_cast<std::int64_t>(key ? key->value : account_key);
}

std::string listed_sums(const char* open = "", const char* close = "") {
  std::string text;
  for (const char* name : usage_sums::names)
    text += std::string(text.empty() ? "" : ", ") + open + name + close;
  return text;
}

usage_sums sums_in(const statement& row, int column) {
  usage_sums out;
  for (std::int64_t usage_sums::*field : usage_sums::fields)
    out.*field = row.number(column++);
  return out;
}

// Whole days by their own rows, the hours around them by theirs.
class range_totals {
 public:
  range_totals(database& on, usage_range range)
      : rows_(on.prepare(("SELECT " + listed_sums("sum(", ")") + " FROM (SELECT " + listed_sums() +
                          " FROM days WHERE key=?1 AND day>=?3 AND day<?4 UNION ALL SELECT " +
                          listed_sums() +
                          " FROM rollups WHERE key=?1 AND hour>=?2 AND hour<?6 UNION ALL "
                          "SELECT " +
                          listed_sums() + " FROM rollups WHERE key=?1 AND hour>=?4*24 AND hour<?5)")
                             .c_str())) {
    const std::int64_t first = (range.from_hour + 23) / 24;
    const std::int64_t last = std::max(first, range.until_hour / 24);
    rows_.bind(2, range.from_hour).bind(3, first).bind(4, last).bind(5, range.until_hour);
    rows_.bind(6, std::min(first * 24, range.until_hour));
  }
  usage_sums of(std::int64_t key) {
    rows_.reset();
    rows_.bind(1, key);
    return rows_.row() ? sums_in(rows_, 0) : usage_sums{};
  }
  const statement& rows() const { return rows_; }

 private:
  statement rows_;
};

} // namespace

void report_rows::tell_failure(const statement& rows, const char* what) const {
  if (rows.failed())
    spdlog::error("database: {} could not be read to its end: {}", what, on_->error());
}

std::vector<usage_row> report_rows::usage(std::optional<policies::key_id> key, usage_range range) {
  const std::lock_guard guard(lock_);
  const std::string sql = "SELECT hour, model, feature, " + listed_sums() +
                          " FROM rollups WHERE key = ?1 AND hour >= ?2 AND hour < ?3 "
                          "ORDER BY hour, model, feature";
  statement rows = on_->prepare(sql.c_str());
  rows.bind(1, row_of(key)).bind(2, range.from_hour).bind(3, range.until_hour);
  std::vector<usage_row> all;
  while (rows.row()) {
    usage_row& row = all.emplace_back();
    row.hour = rows.number(0);
    row.model = rows.text(1);
    row.feature = static_cast<std::uint8_t>(rows.number(2));
    row.sums = sums_in(rows, 3);
  }
  tell_failure(rows, "usage");
  return all;
}

std::vector<spread_row> report_rows::spreads(std::optional<policies::key_id> key,
                                             usage_range range) {
  const std::lock_guard guard(lock_);
  statement rows =
      on_->prepare("SELECT hour, model, feature, counts FROM spreads WHERE key = ?1 AND "
                   "hour >= ?2 AND hour < ?3 ORDER BY hour, model, feature");
  rows.bind(1, row_of(key)).bind(2, range.from_hour).bind(3, range.until_hour);
  std::vector<spread_row> all;
  while (rows.row())
    all.push_back({rows.number(0), std::string(rows.text(1)),
                   static_cast<std::uint8_t>(rows.number(2)),
                   policies::analytics::spread::unpacked(rows.bytes(3))});
  tell_failure(rows, "latencies");
  return all;
}

usage_sums report_rows::total(std::optional<policies::key_id> key, usage_range range) {
  const std::lock_guard guard(lock_);
  range_totals sums{*on_, range};
  const usage_sums found = sums.of(row_of(key));
  tell_failure(sums.rows(), "usage");
  return found;
}

std::vector<key_store::key_total> report_rows::totals(std::span<const policies::key_id> keys,
                                                      usage_range range) {
  const std::lock_guard guard(lock_);
  range_totals sums{*on_, range};
  std::vector<key_store::key_total> all;
  for (const policies::key_id key : keys) {
    const usage_sums found = sums.of(row_of(key));
    if (found.requests > 0)
      all.push_back({key, found});
    tell_failure(sums.rows(), "usage");
  }
  return all;
}

std::vector<audit_row> report_rows::audit_rows(statement& rows) const {
  std::vector<audit_row> all;
  while (rows.row())
    all.push_back({rows.number(0), std::string(rows.text(1)), std::string(rows.text(2)),
                   std::string(rows.text(3)), std::string(rows.text(4))});
  tell_failure(rows, "the audit log");
  return all;
}

std::vector<audit_row> report_rows::audit(std::size_t count_max) {
  const std::lock_guard guard(lock_);
  statement rows = on_->prepare(
      "SELECT time_ms, actor, action, subject, detail FROM audit ORDER BY id DESC LIMIT ?1");
  rows.bind(1, static_cast<std::int64_t>(count_max));
  return audit_rows(rows);
}

std::vector<audit_row> report_rows::audit_of(std::string_view subject, std::int64_t from_ms,
                                             std::size_t count_max) {
  const std::lock_guard guard(lock_);
  statement rows =
      on_->prepare("SELECT time_ms, actor, action, subject, detail FROM audit "
                   "WHERE subject = ?1 AND time_ms >= ?2 ORDER BY time_ms DESC, id DESC LIMIT ?3");
  rows.bind(1, subject).bind(2, from_ms).bind(3, static_cast<std::int64_t>(count_max));
  return audit_rows(rows);
}

std::vector<minute_row> report_rows::minutes(std::optional<policies::key_id> key,
                                             minute_range range) {
  const std::lock_guard guard(lock_);
  statement rows = on_->prepare("SELECT minute, requests, tokens, errors, cost_nano FROM minutes "
                                "WHERE key = ?1 AND minute >= ?2 AND minute < ?3 ORDER BY minute");
  rows.bind(1, static_cast<std::int64_t>(key ? key->value : account_key));
  rows.bind(2, range.from).bind(3, range.until);
  std::vector<minute_row> all;
  while (rows.row())
    all.push_back({rows.number(0), rows.number(1), rows.number(2), rows.number(3), rows.number(4)});
  tell_failure(rows, "minutes");
  return all;
}

} // namespace proxy::stores
