// Version 3. A change adds a step to `steps`; existing steps stay as they are.
#include "proxy/stores/embedded/schema.hpp"

#include <array>

namespace proxy::stores {
namespace {

constexpr std::array steps = {
    R"sql(
CREATE TABLE keys(id INTEGER PRIMARY KEY, version INTEGER NOT NULL, record TEXT NOT NULL);
-- key 0: the account, all keys together
CREATE TABLE rollups(
  key INTEGER NOT NULL, hour INTEGER NOT NULL, model TEXT NOT NULL, feature INTEGER NOT NULL,
  requests INTEGER NOT NULL, dispatched INTEGER NOT NULL, refused INTEGER NOT NULL,
  interrupted INTEGER NOT NULL, errors INTEGER NOT NULL, limited INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL, cost_nano INTEGER NOT NULL,
  first_byte_ms_sum INTEGER NOT NULL, total_ms_sum INTEGER NOT NULL,
  PRIMARY KEY(key, hour, model, feature)) WITHOUT ROWID;
CREATE TABLE limit_states(
  key INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, requests_level INTEGER NOT NULL,
  tokens_level INTEGER NOT NULL, month_id INTEGER NOT NULL, month_spent INTEGER NOT NULL,
  day_id INTEGER NOT NULL, day_spent INTEGER NOT NULL, total_spent INTEGER NOT NULL,
  last_used_ms INTEGER NOT NULL);
CREATE TABLE lanes(lane INTEGER PRIMARY KEY, applied INTEGER NOT NULL);
CREATE TABLE audit(
  id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, actor TEXT NOT NULL,
  action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL);
)sql",
    R"sql(
CREATE INDEX audit_by_subject ON audit(subject, time_ms);
CREATE TABLE minutes(
  key INTEGER NOT NULL, minute INTEGER NOT NULL, requests INTEGER NOT NULL,
  tokens INTEGER NOT NULL, errors INTEGER NOT NULL, cost_nano INTEGER NOT NULL,
  PRIMARY KEY(key, minute)) WITHOUT ROWID;
)sql",
    R"sql(
-- counts: policies/analytics/spread, packed
CREATE TABLE spreads(
  key INTEGER NOT NULL, hour INTEGER NOT NULL, model TEXT NOT NULL, feature INTEGER NOT NULL,
  counts BLOB NOT NULL, PRIMARY KEY(key, hour, model, feature)) WITHOUT ROWID;
-- rollups of whole days over all models and features: what a page over all keys adds up
CREATE TABLE days(
  key INTEGER NOT NULL, day INTEGER NOT NULL,
  requests INTEGER NOT NULL, dispatched INTEGER NOT NULL, refused INTEGER NOT NULL,
  interrupted INTEGER NOT NULL, errors INTEGER NOT NULL, limited INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL, cost_nano INTEGER NOT NULL,
  first_byte_ms_sum INTEGER NOT NULL, total_ms_sum INTEGER NOT NULL,
  PRIMARY KEY(key, day)) WITHOUT ROWID;
INSERT INTO days SELECT key, hour / 24, sum(requests), sum(dispatched), sum(refused),
  sum(interrupted), sum(errors), sum(limited), sum(cached_tokens), sum(prompt_tokens),
  sum(output_tokens), sum(reasoning_tokens), sum(cost_nano), sum(first_byte_ms_sum),
  sum(total_ms_sum) FROM rollups GROUP BY 1, 2;
)sql"};

} // namespace

outcome<void> prepare_schema(database& on, const std::filesystem::path& file) {
  statement check = on.prepare("PRAGMA quick_check(1)");
  if (!check.row())
    return damaged_database(file, on.error());
  if (check.text(0) != "ok")
    return damaged_database(file, std::string(check.text(0)));
  check.reset();
  statement version = on.prepare("PRAGMA user_version");
  if (!version.row())
    return damaged_database(file, on.error());
  const std::int64_t found = version.number(0);
  version.reset();
  if (found > static_cast<std::int64_t>(steps.size()))
    return failure{errc::data_directory_unusable,
                   file.string() + " has schema " + std::to_string(found) +
                       ", this deepseek-proxy knows " + std::to_string(steps.size()) +
                       ": it was written by a newer one. Use that version, or restore a backup "
                       "from before the upgrade"};
  for (std::size_t i = static_cast<std::size_t>(found); i < steps.size(); ++i) {
    transaction change{on};
    const std::string mark = "PRAGMA user_version=" + std::to_string(i + 1);
    if (!change.begun() || !on.run(steps[i]) || !on.run(mark.c_str()) || !change.commit())
      return failure{errc::data_directory_unusable,
                     "cannot prepare " + file.string() + ": " + on.error()};
  }
  return {};
}

} // namespace proxy::stores
