// One side of a copy: all that a store keeps, read and written piece by piece, whatever it is made
// of. Nothing is in flight meanwhile, so that nothing is held.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "proxy/journal/keeper.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::stores::copy {

inline constexpr std::size_t audit_rows_max = 100'000; // the newest; Redis keeps no more

// Where a key's limits lie: with its root's.
struct member {
  policies::key_id id;
  policies::key_id root;
};

// What a key has used, as its limits count it. What is still held counts as spent.
struct balance {
  policies::limits::limit_state state{};
  std::int64_t last_used_ms = 0;
  bool operator==(const balance&) const = default;
};

using file_owners_map = std::map<std::string, policies::key_id>;
using notes_map = std::map<std::string, std::map<std::string, std::string>>; // kind, name, text

// How far each node's journal has been told, lane by lane.
using progress_map = std::map<std::uint64_t, std::vector<journal::lane_progress>>;

class side {
 public:
  virtual ~side() = default;

  virtual std::string name() const = 0;
  // Proxies that work with it now, in words; empty: none.
  virtual outcome<std::string> in_use() = 0;
  // Requests whose end it has not been told.
  virtual outcome<std::size_t> open_requests() = 0;
  virtual outcome<bool> empty() = 0;

  virtual outcome<std::vector<policies::keys::key_record>> keys() = 0; // deleted ones, too; by id
  virtual outcome<std::vector<audit_row>> audit() = 0;                 // oldest first
  virtual outcome<file_owners_map> files() = 0;
  virtual outcome<notes_map> notes() = 0;
  // By hour, model, feature; account_key for all keys together.
  virtual outcome<std::vector<usage_row>> sums(std::uint64_t key) = 0;
  virtual outcome<std::vector<spread_row>> spreads(std::uint64_t key) = 0;
  virtual outcome<balance> balance_of(member who) = 0;
  virtual outcome<progress_map> progress() = 0;

  // First of all: what is there goes, and no proxy takes this for a store until finish().
  virtual outcome<void> begin() = 0;
  virtual outcome<void> put_keys(std::span<const policies::keys::key_record> all) = 0;
  virtual outcome<void> put_audit(std::span<const audit_row> oldest_first) = 0;
  virtual outcome<void> put_files(const file_owners_map& all) = 0;
  virtual outcome<void> put_notes(const notes_map& all) = 0;
  virtual outcome<void> put_sums(std::uint64_t key, std::span<const usage_row> rows) = 0;
  virtual outcome<void> put_spreads(std::uint64_t key, std::span<const spread_row> rows) = 0;
  virtual outcome<void> put_balance(member whose, const balance& is) = 0;
  // A failure where a journal lies here whose entries would be told once more.
  virtual outcome<void> put_progress(const progress_map& all) = 0;
  virtual outcome<void> finish() = 0;
};

} // namespace proxy::stores::copy
