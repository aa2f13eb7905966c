// SQL that only reads.
#include "proxy/stores/embedded/report_rows.hpp"

#include <array>

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

struct hour_span {
  std::int64_t from = 0;  // inclusive
  std::int64_t until = 0; // exclusive
};

// A range as whole days, which have rows of their own, and at each end some hours more, or less,
// whichever is fewer to read.
struct day_parts {
  std::int64_t first = 0; // days
  std::int64_t last = 0;  // exclusive
  std::array<hour_span, 2> more{};
  std::array<hour_span, 2> less{};
};

// `newest`: the last hour that has anything; a day that ends after it has all of its hours.
day_parts parts_of(usage_range range, std::int64_t newest) {
  constexpr std::int64_t day = 24;
  const auto round_up = [](std::int64_t hour) { return (hour + day - 1) / day * day; };
  hour_span all{range.from_hour, range.until_hour};
  if (all.until > newest)
    all.until = std::max(all.from, round_up(all.until));
  day_parts out{.first = round_up(all.from) / day, .last = all.until / day};
  if (out.first > out.last) { // within one day
    out.last = out.first;
    out.more[0] = all;
    return out;
  }
  const hour_span before{(out.first - 1) * day, all.from};
  const hour_span after{all.until, round_up(all.until)};
  if (all.from % day > 0 && before.until - before.from < day / 2) {
    --out.first;
    out.less[0] = before;
  } else {
    out.more[0] = {all.from, out.first * day};
  }
  if (all.until % day > 0 && after.until - after.from < day / 2) {
    ++out.last;
    out.less[1] = after;
  } else {
    out.more[1] = {all.until / day * day, all.until};
  }
  return out;
}

class range_totals {
 public:
  range_totals(database& on, usage_range range) : rows_(on.prepare(text().c_str())) {
    statement newest =
        on.prepare("SELECT hour FROM rollups WHERE key=?1 ORDER BY hour DESC LIMIT 1");
    newest.bind(1, static_cast<std::int64_t>(account_key));
    const day_parts parts = parts_of(range, newest.row() ? newest.number(0) : 0);
    rows_.bind(2, parts.first).bind(3, parts.last);
    int at = 4;
    for (const auto* each : {&parts.more, &parts.less})
      for (const hour_span& some : *each) {
        rows_.bind(at, some.from).bind(at + 1, some.until);
        at += 2;
      }
  }
  usage_sums of(std::int64_t key) {
    rows_.reset();
    rows_.bind(1, key);
    return rows_.row() ? sums_in(rows_, 0) : usage_sums{};
  }
  const statement& rows() const { return rows_; }

 private:
  static std::string text() {
    const auto some = [](const char* sign, const char* from, const char* until) {
      return " UNION ALL SELECT " + listed_sums(sign) +
             " FROM rollups WHERE key=?1 AND hour>=" + from + " AND hour<" + until;
    };
    return "SELECT " + listed_sums("sum(", ")") + " FROM (SELECT " + listed_sums() +
           " FROM days WHERE key=?1 AND day>=?2 AND day<?3" + some("", "?4", "?5") +
           some("", "?6", "?7") + some("-", "?8", "?9") + some("-", "?10", "?11") + ")";
  }
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
