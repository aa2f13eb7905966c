// What one apply() changes, as SQL in one transaction.
#include "proxy/stores/embedded/ledger_sink.hpp"
#include "proxy/stores/embedded/limit_rows.hpp"

namespace proxy::stores {
namespace {

// Adds to the columns of sums what the row that was to be inserted has in them.
std::string upsert_into(const char* table, int columns) {
  std::string sql = std::string("INSERT INTO ") + table + " VALUES(?1";
  for (int i = 2; i <= columns; ++i)
    sql += ",?" + std::to_string(i);
  sql += ") ON CONFLICT DO UPDATE SET ";
  const char* between = "";
  for (const char* name : usage_sums::names) {
    sql += std::string(between) + name + "=" + name + "+excluded." + name;
    between = ",";
  }
  return sql;
}

void bind_sums(statement& to, int column, const usage_sums& sums) {
  for (const std::int64_t usage_sums::*field : usage_sums::fields)
    to.bind(column++, sums.*field);
}

} // namespace

std::string ledger_sink::commit(const change& what) {
  transaction all{*on_};
  const bool done = all.begun() && write_sums(what) && write_days(what) && write_spreads(what) &&
                    write_minutes(what) && write_states(what) && write_lanes(what) && all.commit();
  return done ? std::string{} : on_->error(); // taken before the rollback replaces it
}

bool ledger_sink::write_sums(const change& what) {
  statement add = on_->prepare(upsert_into("rollups", 4 + int{usage_sums::count}).c_str());
  for (const auto& [where, row] : what.sums.rows()) {
    add.bind(1, stored(where.key)).bind(2, where.hour).bind(3, where.model);
    add.bind(4, std::int64_t{where.feature});
    bind_sums(add, 5, row.sums);
    if (!add.done())
      return false;
  }
  return true;
}

bool ledger_sink::write_days(const change& what) {
  statement add = on_->prepare(upsert_into("days", 2 + int{usage_sums::count}).c_str());
  for (const auto& [where, sums] : what.days) {
    add.bind(1, stored(where.first)).bind(2, where.second);
    bind_sums(add, 3, sums);
    if (!add.done())
      return false;
  }
  return true;
}

bool ledger_sink::write_spreads(const change& what) {
  statement add = on_->prepare("INSERT INTO spreads VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO UPDATE "
                               "SET counts=added_counts(counts, excluded.counts)");
  for (const auto& [where, row] : what.sums.rows()) {
    add.bind(1, stored(where.key)).bind(2, where.hour).bind(3, where.model);
    add.bind(4, std::int64_t{where.feature}).bind_bytes(5, row.spread.packed());
    if (!add.done())
      return false;
  }
  return true;
}

bool ledger_sink::write_minutes(const change& what) {
  statement add =
      on_->prepare("INSERT INTO minutes VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT DO UPDATE "
                   "SET requests=requests+?3, tokens=tokens+?4, errors=errors+?5, "
                   "cost_nano=cost_nano+?6");
  std::int64_t newest = 0;
  for (const auto& [where, row] : what.minutes) {
    newest = std::max(newest, where.second);
    add.bind(1, stored(where.first)).bind(2, where.second).bind(3, row.requests);
    add.bind(4, row.tokens).bind(5, row.errors).bind(6, row.cost_nano);
    if (!add.done())
      return false;
  }
  return forget_old_minutes(newest);
}

// A scan of the table, so only once a day.
bool ledger_sink::forget_old_minutes(std::int64_t now) {
  constexpr std::int64_t day = 24 * 60;
  const std::int64_t end = now - minutes_kept;
  if (end < minutes_end_ + day)
    return true;
  statement remove = on_->prepare("DELETE FROM minutes WHERE minute < ?1");
  if (!remove.bind(1, end).done())
    return false;
  minutes_end_ = end;
  return true;
}

bool ledger_sink::write_states(const change& what) {
  statement put = on_->prepare(put_limits);
  for (const auto& [id, f] : what.states) {
    bind_limits(put, id, f.state, f.last_used_ms);
    if (!put.done())
      return false;
  }
  return true;
}

bool ledger_sink::write_lanes(const change& what) {
  statement put = on_->prepare("INSERT OR REPLACE INTO lanes VALUES(?1, ?2)");
  for (const auto& [lane, applied] : what.lanes)
    if (!put.bind(1, stored(lane)).bind(2, stored(applied)).done())
      return false;
  return true;
}

} // namespace proxy::stores
