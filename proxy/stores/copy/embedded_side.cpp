// SQL of a copy. What is written goes into a file beside the database and takes its place at the
// end.
#include "proxy/stores/copy/embedded_side.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "proxy/stores/directory_lock.hpp"
#include "proxy/stores/embedded/embedded_store.hpp"
#include "proxy/stores/embedded/file_table.hpp"
#include "proxy/stores/embedded/key_rows.hpp"
#include "proxy/stores/embedded/limit_rows.hpp"
#include "proxy/stores/embedded/note_table.hpp"
#include "proxy/stores/embedded/report_rows.hpp"
#include "proxy/stores/embedded/schema.hpp"
#include "proxy/stores/key_codec.hpp"
#include "proxy/stores/redis/node_file.hpp"
#include "proxy/stores/roll_up.hpp"

namespace proxy::stores::copy {
namespace {

constexpr usage_range all_hours{INT64_MIN, INT64_MAX};

std::optional<policies::key_id> whose(std::uint64_t key) {
  return key == account_key ? std::nullopt : std::optional{policies::key_id{key}};
}

// What a journal has that is not told yet.
class counting_sink final : public journal::sink {
 public:
  bool apply(std::span<const journal::batch> batches) override {
    for (const journal::batch& each : batches)
      entries_ += each.entries.size();
    return false;
  }
  std::size_t entries() const { return entries_; }

 private:
  std::size_t entries_ = 0;
};

class embedded_side final : public side {
 public:
  embedded_side(std::filesystem::path directory, directory_lock lock, policies::instant now)
      : directory_(std::move(directory)), lock_(std::move(lock)), now_(now),
        file_(directory_ / database_name) {}

  outcome<void> open() {
    auto first = database::open(file_, "FULL");
    if (!first)
      return first.error();
    if (auto ready = prepare_schema(**first, file_); !ready)
      return ready;
    auto reports = database::open(file_, "NORMAL");
    auto keys = database::open(file_, "NORMAL");
    auto files = file_table::open(file_);
    auto notes = note_table::open(file_);
    for (const auto* each : {&reports, &keys})
      if (!*each)
        return each->error();
    if (!files || !notes)
      return !files ? files.error() : notes.error();
    on_ = std::move(*first);
    reports_ = std::make_unique<report_rows>(std::move(*reports));
    keys_ = std::make_unique<key_rows>(std::move(*keys));
    files_ = std::move(*files);
    notes_ = std::move(*notes);
    return {};
  }

  std::string name() const override { return "embedded:" + directory_.string(); }
  outcome<std::string> in_use() override { return std::string{}; }         // the lock is ours
  outcome<std::size_t> open_requests() override { return std::size_t{0}; } // opening ended them

  outcome<bool> empty() override {
    for (const char* table : {"keys", "rollups", "audit", "file_owners", "notes"}) {
      statement any = on_->prepare(fmt::format("SELECT 1 FROM {} LIMIT 1", table).c_str());
      if (any.row())
        return false;
      if (any.failed())
        return broken();
    }
    return true;
  }

  outcome<std::vector<policies::keys::key_record>> keys() override { return keys_->load(); }

  outcome<std::vector<audit_row>> audit() override {
    std::vector<audit_row> rows = reports_->audit(audit_rows_max);
    std::ranges::reverse(rows);
    return rows;
  }

  outcome<file_owners_map> files() override {
    const auto known = files_->load();
    return file_owners_map{known.begin(), known.end()};
  }

  outcome<notes_map> notes() override {
    statement rows = on_->prepare("SELECT kind, name, text FROM notes");
    notes_map all;
    while (rows.row())
      all[std::string(rows.text(0))].emplace(rows.text(1), rows.text(2));
    return rows.failed() ? outcome<notes_map>{broken()} : all;
  }

  outcome<std::vector<usage_row>> sums(std::uint64_t key) override {
    return reports_->usage(whose(key), all_hours);
  }
  outcome<std::vector<spread_row>> spreads(std::uint64_t key) override {
    return reports_->spreads(whose(key), all_hours);
  }

  outcome<balance> balance_of(member who) override {
    statement rows = on_->prepare(
        fmt::format("SELECT {} FROM limit_states WHERE key = ?1", limit_columns).c_str());
    rows.bind(1, stored(who.id.value));
    balance is;
    if (rows.row()) {
      is.state = limit_state_in(rows, 0);
      is.last_used_ms = last_used_in(rows, 0);
    }
    return rows.failed() ? outcome<balance>{broken()} : outcome<balance>{is};
  }

  // Of whoever serves with this directory next.
  outcome<progress_map> progress() override {
    const auto node = redis::node_in(directory_);
    if (!node)
      return node.error();
    statement rows = on_->prepare("SELECT lane, applied FROM lanes ORDER BY lane");
    progress_map all;
    while (rows.row())
      all[*node].push_back(
          {static_cast<std::uint64_t>(rows.number(0)), static_cast<std::uint64_t>(rows.number(1))});
    return rows.failed() ? outcome<progress_map>{broken()} : all;
  }

  outcome<void> begin() override {
    close();
    file_ += ".copy";
    std::error_code gone; // what cannot be removed cannot be opened as a fresh one either
    for (const char* tail : {"", "-wal", "-shm"})
      std::filesystem::remove(file_.string() + tail, gone);
    return open();
  }

  outcome<void> put_keys(std::span<const policies::keys::key_record> all) override {
    return put_each("INSERT INTO keys(id, version, record) VALUES(?1,?2,?3)", all,
                    [](statement& put, const policies::keys::key_record& record) {
                      put.bind(1, stored(record.id.value)).bind(2, stored(record.version));
                      put.bind(3, encode(record));
                    });
  }

  outcome<void> put_audit(std::span<const audit_row> oldest_first) override {
    return put_each(
        "INSERT INTO audit(time_ms, actor, action, subject, detail) VALUES(?1,?2,?3,?4,?5)",
        oldest_first, [](statement& put, const audit_row& row) {
          put.bind(1, row.time_ms).bind(2, row.actor).bind(3, row.action).bind(4, row.subject);
          put.bind(5, row.detail);
        });
  }

  outcome<void> put_files(const file_owners_map& all) override {
    return put_each("INSERT INTO file_owners(file, owner) VALUES(?1,?2)", all,
                    [](statement& put, const auto& each) {
                      put.bind(1, each.first).bind(2, stored(each.second.value));
                    });
  }

  outcome<void> put_notes(const notes_map& all) override {
    for (const auto& [kind, of_kind] : all) {
      const auto bind = [&kind](statement& put, const auto& each) {
        put.bind(1, kind).bind(2, each.first).bind(3, each.second);
      };
      if (auto done = put_each("INSERT INTO notes VALUES(?1,?2,?3)", of_kind, bind); !done)
        return done;
    }
    return {};
  }

  outcome<void> put_sums(std::uint64_t key, std::span<const usage_row> rows) override {
    std::string sql = "INSERT INTO rollups VALUES(?1";
    for (std::size_t i = 2; i <= 4 + usage_sums::count; ++i)
      sql += fmt::format(",?{}", i);
    return put_each((sql + ")").c_str(), rows, [key](statement& put, const usage_row& row) {
      put.bind(1, stored(key)).bind(2, row.hour).bind(3, row.model);
      put.bind(4, std::int64_t{row.feature});
      int column = 5;
      for (const std::int64_t usage_sums::*field : usage_sums::fields)
        put.bind(column++, row.sums.*field);
    });
  }

  outcome<void> put_spreads(std::uint64_t key, std::span<const spread_row> rows) override {
    return put_each("INSERT INTO spreads VALUES(?1,?2,?3,?4,?5)", rows,
                    [key](statement& put, const spread_row& row) {
                      put.bind(1, stored(key)).bind(2, row.hour).bind(3, row.model);
                      put.bind(4, std::int64_t{row.feature}).bind_bytes(5, row.spread.packed());
                    });
  }

  outcome<void> put_balance(member whose, const balance& is) override {
    if (is == balance{})
      return {};
    return put_each(put_limits, std::array{0}, [&](statement& put, int) {
      bind_limits(put, whose.id.value, is.state, is.last_used_ms);
    });
  }

  outcome<void> put_progress(const progress_map& all) override {
    const auto node = redis::node_in(directory_);
    if (!node)
      return node.error();
    const auto known = all.find(*node);
    const auto lanes = known == all.end() ? std::vector<journal::lane_progress>{} : known->second;
    if (auto told = all_is_told(lanes); !told)
      return told;
    return put_each("INSERT OR REPLACE INTO lanes(lane, applied) VALUES(?1,?2)", lanes,
                    [](statement& put, const journal::lane_progress& each) {
                      put.bind(1, stored(each.lane)).bind(2, stored(each.applied));
                    });
  }

  outcome<void> finish() override {
    const auto place = directory_ / database_name;
    if (file_ == place)
      return {};
    if (!on_->run("INSERT INTO days SELECT key, hour / 24, sum(requests), sum(dispatched), "
                  "sum(refused), sum(interrupted), sum(errors), sum(limited), sum(cached_tokens), "
                  "sum(prompt_tokens), sum(output_tokens), sum(reasoning_tokens), sum(cost_nano), "
                  "sum(first_byte_ms_sum), sum(total_ms_sum) FROM rollups GROUP BY 1, 2") ||
        !on_->run("PRAGMA wal_checkpoint(TRUNCATE)"))
      return broken();
    close(); // the last one takes its log along
    std::error_code failed;
    std::filesystem::rename(file_, place, failed);
    if (failed)
      return failure{errc::data_directory_unusable,
                     "cannot replace " + place.string() + ": " + failed.message()};
    file_ = place;
    return {};
  }

 private:
  void close() {
    notes_.reset();
    files_.reset();
    keys_.reset();
    reports_.reset();
    on_.reset();
  }

  failure broken() const { return {errc::store_unavailable, file_.string() + ": " + on_->error()}; }

  // All or none.
  template <class Rows, class Bind>
  outcome<void> put_each(const char* sql, const Rows& rows, const Bind& bind) {
    transaction whole{*on_};
    if (!whole.begun())
      return broken();
    statement put = on_->prepare(sql);
    for (const auto& row : rows) {
      bind(put, row);
      if (!put.done())
        return broken();
    }
    return whole.commit() ? outcome<void>{} : broken();
  }

  // A journal here whose entries are not among these would count them again, or for the first time.
  outcome<void> all_is_told(std::span<const journal::lane_progress> lanes) const {
    const auto where = directory_ / "journal";
    if (!std::filesystem::exists(where))
      return {};
    journal::keeper_settings how;
    how.directory = where;
    auto opened = journal::keeper::open(how);
    if (!opened)
      return opened.error();
    counting_sink untold;
    const auto found = (*opened)->recover(lanes, untold, now_.time_since_epoch().count());
    if (!found)
      return found.error();
    if (untold.entries() == 0)
      return {};
    return failure{errc::conflict,
                   fmt::format("{} has {} journal entries that the source was never told: they "
                               "would count on top of what is copied. Copy to another directory",
                               where.string(), untold.entries())};
  }

  std::filesystem::path directory_;
  directory_lock lock_;
  policies::instant now_;
  std::filesystem::path file_;
  std::unique_ptr<database> on_;
  std::unique_ptr<report_rows> reports_;
  std::unique_ptr<key_rows> keys_;
  std::unique_ptr<file_table> files_;
  std::unique_ptr<note_table> notes_;
};

// Opening a store and closing it applies what its journal has, and ends what a crash left open.
outcome<void> apply_journal(const std::filesystem::path& directory, policies::instant now) {
  keys::key_directory scratch;
  embedded_settings how;
  how.directory = directory;
  auto opened = embedded_store::open(std::move(how), scratch, now);
  return opened ? outcome<void>{} : outcome<void>{opened.error()};
}

} // namespace

bool has_database(const std::filesystem::path& directory) {
  return std::filesystem::exists(directory / database_name);
}

outcome<std::unique_ptr<side>> open_embedded(const std::filesystem::path& directory, bool source,
                                             policies::instant now) {
  if (source && !has_database(directory))
    return failure{errc::not_found, directory.string() + " has no " + database_name +
                                        ": it is no data directory of an embedded store"};
  if (source)
    if (auto applied = apply_journal(directory, now); !applied)
      return applied.error();
  auto lock = directory_lock::take(directory);
  if (!lock)
    return lock.error();
  auto made = std::make_unique<embedded_side>(directory, std::move(*lock), now);
  if (auto opened = made->open(); !opened)
    return opened.error();
  return std::unique_ptr<side>{std::move(made)};
}

} // namespace proxy::stores::copy
