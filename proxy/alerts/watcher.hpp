// The thread that looks: takes the news twice a second, asks the rules about each key that was
// used, and has the desk tell what begins and what ends. It takes no more than a part of a core.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>
#include <unordered_set>

#include "policies/insight/latency.hpp"
#include "proxy/alerts/desk.hpp"
#include "proxy/alerts/inbox.hpp"
#include "proxy/alerts/key_rules.hpp"
#include "proxy/alerts/key_watch.hpp"
#include "proxy/alerts/places.hpp"
#include "proxy/config/alert_settings.hpp"
#include "proxy/keys/key_directory.hpp"

namespace proxy::alerts {

// What of the whole proxy is looked at.
struct proxy_figures {
  std::uint64_t upstream_refusals = 0; // 401 and 402 of the upstream, since the start
  std::uint64_t unknown_keys = 0;      // requests without a known key, since the start
  bool disk_full = false;
  bool store_lost_state = false;
};

struct watcher_world {
  stores::store& store;
  const keys::key_directory& directory;
  inbox& from;
  desk& to;
  const config::insight_settings& settings;
  key_rules& of_keys;
  bool shared_store = false;
  std::function<policies::instant()> now;
  std::function<proxy_figures()> figures;
  std::function<void(policies::instant)> each_minute{}; // what else is due by the clock
};

class watcher {
 public:
  explicit watcher(watcher_world world);
  outcome<void> open();
  void start();
  void stop();
  std::size_t keys_watched() const { return watched_.load(std::memory_order_relaxed); }

 private:
  void run(const std::stop_token& stop);
  void look(policies::instant now);
  void take_news(policies::instant now);
  void see_places(std::vector<session::sighting> seen, policies::instant now);
  void want(std::uint64_t key); // it and those above it
  void judge_keys(policies::instant now);
  bool judge_key(std::uint64_t key, policies::instant now);
  // False: the store is away. What is muted is over.
  bool tell(policies::key_id key, const policies::insight::key_settings& own,
            const policies::insight::verdicts& found, policies::instant now);
  void judge_upstream(policies::instant now);
  void judge_proxy(policies::instant now);
  void judge_lives(policies::instant now);
  void settle_troubles(policies::instant now);

  watcher_world world_;
  key_watch keys_;
  places places_;
  std::deque<std::uint64_t> waiting_;
  std::unordered_set<std::uint64_t> wanted_; // those in waiting_
  std::map<std::string, policies::insight::latency_watch> latencies_;
  std::deque<trouble> troubles_; // until the store has them
  struct pending {
    policies::key_id key;
    policies::insight::verdict says;
  };
  std::deque<pending> places_to_tell_;
  std::deque<std::pair<std::int64_t, std::uint64_t>> unknown_keys_; // minute, counted so far
  std::uint64_t refusals_seen_ = 0;
  policies::instant last_refusal_{};
  policies::instant next_minute_{};
  policies::instant next_open_{};
  std::atomic<std::size_t> watched_{0};
  std::mutex lock_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

} // namespace proxy::alerts
