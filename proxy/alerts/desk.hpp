// Alerts at rest and at hand: each is claimed in the store before anybody is told, so that of
// several proxies one tells, and none tells twice after a restart. For one thread; what others read
// is copied out.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <random>

#include "policies/insight/alert_book.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::alerts {

class desk {
 public:
  static constexpr std::size_t ended_max = 1000; // kept, the newest
  using tell = std::function<void(const policies::insight::alert&)>;

  // `told`: puts it on its way, at rest when it returns. The store outlives the desk.
  desk(stores::store& store, tell told) : store_(store), told_(std::move(told)) {}

  // Reads what is known; told of again where a crash may have come in between: `told` knows what it
  // has by its id.
  outcome<void> open(policies::instant now);
  // What other proxies opened and ended meanwhile. False: the store did not answer.
  bool catch_up();

  // False: the store did not answer; the same verdict comes again.
  bool judge(policies::key_id key, const policies::insight::verdict& says, policies::instant now);
  void end_notices(policies::instant now);

  bool stands(policies::key_id key, policies::insight::rule which,
              const std::string& subject = {}) const {
    return book_.open(key, which, subject) != nullptr;
  }
  std::vector<policies::insight::alert> open_alerts() const { return book_.all_open(); }

  // Thread-safe: those that stand, then those that ended, each the newest first.
  std::vector<policies::insight::alert> all() const;
  std::uint64_t fired() const { return fired_.load(std::memory_order_relaxed); }

 private:
  bool settle(const policies::insight::alert& what);
  bool fire(policies::insight::alert what);
  bool end(const policies::insight::alert& what);
  void keep_ended(const policies::insight::alert& what);
  void publish();

  stores::store& store_;
  const tell told_;
  policies::insight::alert_book book_;
  std::deque<policies::insight::alert> ended_; // oldest first
  std::mt19937_64 ids_{std::random_device{}()};
  std::atomic<std::uint64_t> fired_{0};
  mutable std::mutex lock_; // of what follows
  std::vector<policies::insight::alert> shown_;
};

} // namespace proxy::alerts
