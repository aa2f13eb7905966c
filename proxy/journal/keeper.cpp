// Two background threads over the parts that do the work: one allocates and syncs, so that a slow
// store never costs the data threads their room; one feeds the sink.
#include "proxy/journal/keeper.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "proxy/journal/applier.hpp"
#include "proxy/journal/catalogue.hpp"
#include "proxy/journal/recovery.hpp"
#include "proxy/journal/scan.hpp"
#include "proxy/journal/upkeep.hpp"

namespace proxy::journal {
namespace {

constexpr std::chrono::seconds expire_every{60};

// Passes on to the sink, and tells what it has taken, once.
class told_sink final : public sink {
 public:
  told_sink(sink& to, const std::function<void(std::span<const batch>)>& told)
      : to_(to), told_(told) {}
  bool begin(std::vector<lane_progress>& lost) override { return to_.begin(lost); }
  bool apply(std::span<const batch> batches) override {
    if (!to_.apply(batches))
      return false;
    std::vector<batch> fresh;
    for (const batch& each : batches)
      if (const batch rest = not_told(each); !rest.entries.empty())
        fresh.push_back(rest);
    if (told_ && !fresh.empty())
      told_(fresh);
    return true;
  }

 private:
  batch not_told(const batch& one) {
    std::uint64_t& last = last_told_[one.lane];
    const std::uint64_t end = one.first + one.entries.size();
    const std::uint64_t first = std::max(one.first, std::min(last + 1, end));
    last = std::max(last, end - 1);
    return {one.lane, first, one.entries.subspan(first - one.first)};
  }

  sink& to_;
  const std::function<void(std::span<const batch>)>& told_;
  std::map<std::uint64_t, std::uint64_t> last_told_; // by lane
};

failure unusable(const std::filesystem::path& directory, std::string why) {
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) == 0)
    why += fmt::format(" (now owner {}, mode {:04o})", facts.st_uid, facts.st_mode & 07777u);
  return {
      errc::data_directory_unusable,
      fmt::format("journal directory {}: {}. It must be a directory that the user the proxy runs "
                  "as (uid {}) owns, with mode 0700",
                  directory.string(), why, ::geteuid())};
}

} // namespace

struct keeper::state {
  explicit state(keeper_settings given)
      : settings(std::move(given)), lanes(settings, known), entries(known) {}

  const keeper_settings settings;
  catalogue known;
  upkeep lanes;
  applier entries;
  std::function<void(std::span<const batch>)> told;
  std::atomic<std::int64_t> clock_offset_ms{0}; // of the clock recover() was told, to the system's

  std::mutex lock; // of what follows
  std::condition_variable changed;
  bool stopping = false;
  std::uint64_t flushes_asked = 0;
  std::uint64_t flushes_done = 0;
  bool flush_result = true;
  std::thread upkeep_thread;
  std::thread apply_thread;

  std::int64_t now_ms() const {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count() + clock_offset_ms;
  }
  void keep_up();
  void apply(sink& to);
  bool all_applied() const;
  void stop();
};

void keeper::state::keep_up() {
  auto expire_at = std::chrono::steady_clock::now();
  std::unique_lock guard(lock);
  while (!stopping) {
    guard.unlock();
    lanes.tick(now_ms());
    if (const auto now = std::chrono::steady_clock::now(); now >= expire_at) {
      lanes.expire(now_ms());
      expire_at = now + expire_every;
    }
    guard.lock();
    changed.wait_for(guard, settings.sync_every, [&] { return stopping; });
  }
}

void keeper::state::apply(sink& store) {
  told_sink to{store, told};
  std::unique_lock guard(lock);
  for (;;) {
    changed.wait_for(guard, settings.apply_every,
                     [&] { return stopping || flushes_asked > flushes_done; });
    const bool last = stopping;
    const std::uint64_t asked = flushes_asked;
    const bool flushing = last || asked > flushes_done;
    guard.unlock();
    bool whole = !flushing || lanes.sync();
    whole = entries.run(to) && whole;
    guard.lock();
    flushes_done = asked;
    flush_result = whole;
    changed.notify_all();
    if (last)
      return;
  }
}

bool keeper::state::all_applied() const {
  const catalogue::sums all = known.sum();
  return all.applied == all.published;
}

void keeper::state::stop() {
  {
    const std::lock_guard guard(lock);
    stopping = true;
  }
  changed.notify_all();
  if (apply_thread.joinable())
    apply_thread.join();
  if (upkeep_thread.joinable())
    upkeep_thread.join();
}

keeper::keeper() = default;

keeper::~keeper() {
  if (!state_)
    return;
  state_->stop();
  state_->lanes.sync();
  state_->lanes.close_lanes();
}

outcome<std::unique_ptr<keeper>> keeper::open(keeper_settings settings) {
  constexpr std::size_t slots_min = 8;
  if (settings.segment_bytes < header_bytes + slots_min * sizeof(entry) ||
      settings.segment_bytes > 0xffff'ffffu)
    return failure{errc::bad_configuration,
                   fmt::format("a journal segment of {} bytes: allowed are {} to {}",
                               settings.segment_bytes, header_bytes + slots_min * sizeof(entry),
                               0xffff'ffffu)};
  const std::filesystem::path& directory = settings.directory;
  std::error_code error;
  const bool made = std::filesystem::create_directories(directory, error);
  if (error)
    return unusable(directory, "cannot be made: " + error.message());
  if (made)
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (!std::filesystem::is_directory(directory, error))
    return unusable(directory, "is no directory");
  if (::euidaccess(directory.c_str(), R_OK | W_OK | X_OK) != 0)
    return unusable(directory, std::string{"cannot be used: "} + std::strerror(errno));
  std::unique_ptr<keeper> opened{new keeper};
  opened->state_ = std::make_unique<state>(std::move(settings));
  return opened;
}

outcome<recovery_report> keeper::recover(std::span<const lane_progress> progress, sink& to,
                                         std::int64_t now_ms) {
  state& my = *state_;
  if (my.known.any_live())
    throw std::logic_error("journal: recover() comes before make_lane()");
  my.clock_offset_ms = 0;
  my.clock_offset_ms = now_ms - my.now_ms();
  my.known.clear();
  recovery work(my.settings, my.known, now_ms);
  if (auto done = work.run(progress); !done)
    return done.error();
  recovery_report report = work.report();
  const std::size_t before = my.entries.handed_over();
  if (!my.entries.run(to))
    spdlog::warn("journal: the store does not take all of the past entries yet; they are kept");
  report.entries = my.entries.handed_over() - before;
  return report;
}

outcome<lane*> keeper::make_lane() {
  return state_->lanes.make_lane(*this, state_->now_ms());
}

void keeper::watch(std::function<void(std::span<const batch>)> told) {
  state_->told = std::move(told);
}

void keeper::start(sink& to) {
  state& my = *state_;
  if (my.upkeep_thread.joinable())
    return;
  my.upkeep_thread = std::thread([&my] { my.keep_up(); });
  my.apply_thread = std::thread([&my, &to] { my.apply(to); });
}

bool keeper::flush() {
  state& my = *state_;
  if (!my.apply_thread.joinable())
    return my.all_applied();
  std::unique_lock guard(my.lock);
  const std::uint64_t mine = ++my.flushes_asked;
  my.changed.notify_all();
  my.changed.wait(guard, [&] { return my.flushes_done >= mine; });
  return my.flush_result;
}

void keeper::scan(scan_range range, const std::function<bool(const entry&)>& visit) const {
  scan_lanes(state_->known, range, visit);
}

keeper::figures keeper::now() const {
  const catalogue::sums all = state_->known.sum();
  return {all.published,
          all.applied,
          all.segments,
          all.bytes,
          state_->lanes.disk_full(),
          state_->entries.refused_since_ms()};
}

} // namespace proxy::journal
