// SQL that only reads.
#include "proxy/stores/embedded/report_rows.hpp"

#include <spdlog/spdlog.h>

#include "proxy/stores/roll_up.hpp"

namespace proxy::stores {

void report_rows::tell_failure(const statement& rows, const char* what) const {
  if (rows.failed())
    spdlog::error("database: {} could not be read to its end: {}", what, on_->error());
}

std::vector<usage_row> report_rows::usage(std::optional<policies::key_id> key, usage_range range) {
  const std::lock_guard guard(lock_);
  statement rows = on_->prepare(
      "SELECT hour, model, feature, requests, dispatched, refused, interrupted, errors, limited, "
      "cached_tokens, prompt_tokens, output_tokens, reasoning_tokens, cost_nano, "
      "first_byte_ms_sum, total_ms_sum FROM rollups WHERE key = ?1 AND hour >= ?2 AND hour < ?3 "
      "ORDER BY hour, model, feature");
  rows.bind(1, static_cast<std::int64_t>(key ? key->value : account_key));
  rows.bind(2, range.from_hour).bind(3, range.until_hour);
  std::vector<usage_row> all;
  while (rows.row()) {
    usage_row& row = all.emplace_back();
    row.hour = rows.number(0);
    row.model = rows.text(1);
    row.feature = static_cast<std::uint8_t>(rows.number(2));
    int column = 3;
    usage_sums& s = row.sums;
    for (std::int64_t* value :
         {&s.requests, &s.dispatched, &s.refused, &s.interrupted, &s.errors, &s.limited,
          &s.cached_tokens, &s.prompt_tokens, &s.output_tokens, &s.reasoning_tokens, &s.cost_nano,
          &s.first_byte_ms_sum, &s.total_ms_sum})
      *value = rows.number(column++);
  }
  tell_failure(rows, "usage");
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
