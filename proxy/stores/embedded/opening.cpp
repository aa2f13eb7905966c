// From a directory to a store: lock, database, keys, journal, and the limits as the ledger left
// them. Each step fails with what the operator can do.
#include <charconv>

#include "policies/keys/secret.hpp"
#include "policies/limits/meter.hpp"
#include "proxy/stores/embedded/embedded_state.hpp"
#include "proxy/stores/embedded/schema.hpp"

namespace proxy::stores {

using policies::keys::key_record;
namespace limits = policies::limits;

namespace {

// Parents before their children; what names an unknown parent stays out and is told.
void publish_in_order(std::vector<key_record> waiting, keys::key_directory& directory) {
  directory.reserve(waiting.size());
  std::size_t before = 0;
  while (!waiting.empty() && waiting.size() != before) {
    before = waiting.size();
    std::erase_if(waiting, [&](key_record& record) {
      if (record.parent && !directory.by_id(*record.parent))
        return false;
      directory.publish(std::move(record));
      return true;
    });
  }
  for (const key_record& record : waiting)
    spdlog::error("key {} names a parent that does not exist: it is not served",
                  policies::keys::to_string(record.id));
}

void cap(limits::meter& m, const std::optional<limits::rate_limit>& limit,
         std::int64_t debt_minutes) {
  if (!limit)
    return;
  const std::int64_t most = limit->capacity + debt_minutes * limit->rate;
  m.level = std::min(m.level, most * limits::units_per_whole);
}

// Lanes that are folded one after the other count their requests later than they were: after a long
// backlog that adds up to more than can ever have been admitted. And a clock that had run ahead
// must not keep a key waiting until it is that late again.
limits::limit_state restored(limits::limit_state state, const limits::limit_set& allowed,
                             policies::instant now) {
  state.at_ms = std::min(state.at_ms, now.time_since_epoch().count());
  cap(state.requests, limits::requests_of(allowed), 0);
  cap(state.tokens, limits::tokens_of(allowed), limits::debt_minutes_max);
  return state;
}

// Of "lane-0123456789abcdef-00000001.seg", whatever follows.
std::optional<std::uint64_t> lane_in(const std::string& name) {
  constexpr std::string_view prefix = "lane-";
  std::uint64_t lane = 0;
  if (!name.starts_with(prefix))
    return std::nullopt;
  const char* begin = name.data() + prefix.size();
  const auto read = std::from_chars(begin, name.data() + name.size(), lane, 16);
  return read.ec == std::errc{} ? std::optional{lane} : std::nullopt;
}

} // namespace

outcome<void> embedded_store::state_block::take_directory() {
  auto taken = directory_lock::take(settings.directory);
  if (!taken)
    return taken.error();
  lock.emplace(std::move(*taken));
  return {};
}

outcome<void> embedded_store::state_block::open_database() {
  const auto file = settings.directory / database_name;
  auto keys_side = database::open(file, "FULL");
  if (!keys_side)
    return keys_side.error();
  if (auto ready = prepare_schema(**keys_side, file); !ready)
    return ready;
  auto reports_side = database::open(file, "NORMAL");
  if (!reports_side)
    return reports_side.error();
  auto ledger_side = database::open(file, "NORMAL");
  if (!ledger_side)
    return ledger_side.error();
  auto opened = ledger_sink::open(std::move(*ledger_side), directory);
  if (!opened)
    return opened.error();
  auto notes_side = note_table::open(file);
  if (!notes_side)
    return notes_side.error();
  notes = std::move(*notes_side);
  rows = std::make_unique<key_rows>(std::move(*keys_side));
  reports = std::make_unique<report_rows>(std::move(*reports_side));
  ledger = std::move(*opened);
  return {};
}

outcome<void> embedded_store::state_block::publish_keys() {
  auto records = rows->load();
  if (!records)
    return records.error();
  publish_in_order(std::move(*records), directory);
  return {};
}

// Limits are rebuilt from what was applied: nothing may be missing.
outcome<void> embedded_store::state_block::open_journal(policies::instant now) {
  settings.journal.directory = settings.directory / "journal";
  auto opened = journal::keeper::open(settings.journal);
  if (!opened)
    return opened.error();
  keeper = std::move(*opened);
  const auto progress = ledger->progress();
  auto report = keeper->recover(progress, *ledger, now.time_since_epoch().count());
  if (!report)
    return report.error();
  recovered = *report;
  const auto figures = keeper->now();
  if (figures.applied == figures.published)
    return {};
  return failure{
      errc::data_directory_unusable,
      fmt::format("{} entries of the journal cannot be applied to {}: {}. Without them "
                  "limits would be too generous; is the disk full?",
                  figures.published - figures.applied,
                  (settings.directory / database_name).string(),
                  ledger->trouble().empty() ? "the journal cannot be read" : ledger->trouble())};
}

// Nothing is in flight at a start: what the ledger says is all that counts.
outcome<void> embedded_store::state_block::restore_limits(policies::instant now) {
  ledger->for_each([this, now](policies::key_id id, const ledger_sink::folded& f) {
    if (keys::key_slot* slot = directory.by_id(id))
      slot->state = restored(f.state, slot->record.load()->limits, now);
  });
  forget_old_lanes();
  return {};
}

void embedded_store::state_block::forget_old_lanes() {
  std::unordered_set<std::uint64_t> present;
  std::error_code error;
  for (std::filesystem::directory_iterator at(settings.journal.directory, error), end;
       !error && at != end; at.increment(error))
    if (const auto lane = lane_in(at->path().filename().string()))
      present.insert(*lane);
  if (!error)
    ledger->forget_lanes_except(present);
}

outcome<std::unique_ptr<embedded_store>> embedded_store::open(embedded_settings settings,
                                                              keys::key_directory& directory,
                                                              policies::instant now) {
  std::unique_ptr<embedded_store> made{new embedded_store};
  made->state_ = std::make_unique<state_block>(std::move(settings), directory);
  state_block& s = *made->state_;
  outcome<void> done = s.take_directory();
  if (done)
    done = s.open_database();
  if (done)
    done = s.publish_keys();
  if (done)
    done = s.open_journal(now);
  if (done)
    done = s.restore_limits(now);
  if (!done)
    return done.error();
  return made;
}

} // namespace proxy::stores
