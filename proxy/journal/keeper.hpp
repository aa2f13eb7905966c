// Owns the journal directory: opens lanes, allocates segments ahead, syncs them for power loss,
// closes what a crash left open, feeds the applier and deletes what is past retention.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "proxy/error.hpp"
#include "proxy/journal/lane.hpp"

namespace proxy::journal {

struct keeper_settings {
  std::filesystem::path directory;
  std::size_t segment_bytes = 16u << 20;
  std::size_t backlog_bytes_max = std::size_t{4}
                                  << 30; // unapplied entries on disk; beyond: no room
  std::chrono::milliseconds sync_every{50};
  std::chrono::milliseconds apply_every{200};
  std::chrono::hours retention{90 * 24};
  // An intent this much older than its lane's end has its outcome: longer than any request lives.
  std::chrono::milliseconds open_intent_age_max = std::chrono::hours{2};
  // Reserves a file's first bytes on disk: 0 or an errno. posix_fallocate where empty; tests make
  // disks full with it.
  std::function<int(int descriptor, std::int64_t bytes)> allocate;
};

// How far a lane has been applied, as the store last committed it.
struct lane_progress {
  std::uint64_t lane = 0;
  std::uint64_t applied = 0; // sequence
};

// One lane's entries in order; what is handed over is applied with its progress in one transaction.
struct batch {
  std::uint64_t lane = 0;
  std::uint64_t first = 0; // sequence of entries[0]
  std::span<const entry> entries;
};

// Takes batches; false: not now or not known, the same batch comes again. Called by one thread.
class sink {
 public:
  virtual ~sink() = default;
  // Before each round, on the same thread: lanes of which it has lost a part, and what it still
  // has; the rest comes again. False: it cannot tell, and nothing comes now.
  virtual bool begin(std::vector<lane_progress>&) { return true; }
  virtual bool apply(std::span<const batch> batches) = 0;
};

// What recovery found, for the log.
struct recovery_report {
  std::size_t lanes = 0;              // on disk
  std::size_t entries = 0;            // handed to the sink, those of interrupted requests included
  std::size_t bad_entries = 0;        // checksum wrong: skipped, counted, logged
  std::size_t interrupted = 0;        // intents without outcome: closed at their bound
  std::size_t truncated_segments = 0; // too short, or no segment at all and set aside as *.bad
};

class keeper {
 public:
  // Opens (creating) the directory. Nothing runs yet.
  static outcome<std::unique_ptr<keeper>> open(keeper_settings settings);
  // Stops the threads, applies what it can, and closes lanes without open intents. The lanes end
  // with it.
  ~keeper();

  // Before any lane is made: reads all lanes on disk, appends to each dead lane the missing outcome
  // of every open intent (ending::interrupted, charged at the hold's bound), and applies everything
  // past `progress` to `to`; a lane that is not in `progress` from its first entry on, so the store
  // keeps every lane's. What `to` refuses, the background thread offers again. Safe to be killed at
  // any point and run again. Fails where the directory, or a segment in it, cannot be read or
  // written; what is no segment is renamed to *.bad.
  outcome<recovery_report> recover(std::span<const lane_progress> progress, sink& to,
                                   std::int64_t now_ms);

  // A new lane with a random id and its first segment allocated. Thread-safe.
  outcome<lane*> make_lane();

  // From start() on, told of each batch once the sink has it, by the applying thread: must not
  // wait. A batch that was applied right before a crash is not told again, nor what a sink has lost
  // and got once more.
  void watch(std::function<void(std::span<const batch>)> told);

  // Starts the background thread: allocate ahead, sync, apply to the sink, delete past retention.
  void start(sink& to);
  // Syncs and applies everything published so far now; false: the sink said no, or the disk. For
  // shutdown and tests. Thread-safe.
  bool flush();

  // Rows on disk, merged by time over the lanes, applied or not, of [from_ms, until_ms): for
  // export, recent errors, audits. Returns when `visit` says false. Thread-safe against writers.
  struct scan_range {
    std::int64_t from_ms = 0;
    std::int64_t until_ms = 0;
    bool newest_first = false;
  };
  void scan(scan_range range, const std::function<bool(const entry&)>& visit) const;

  struct figures {
    std::uint64_t published = 0;
    std::uint64_t applied = 0;
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    bool disk_full = false;
    std::int64_t refused_since_ms = 0; // of the oldest entry that the store does not take; 0: none
  };
  figures now() const;

 private:
  friend class lane;
  keeper();
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace proxy::journal
