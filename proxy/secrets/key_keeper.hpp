// Keeps the account's real key fresh on a thread of its own, so that its rotation needs no restart.
// The last good value stays when fetching fails.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "proxy/error.hpp"
#include "proxy/secrets/refresh_schedule.hpp"

namespace proxy::secrets {

class key_keeper {
 public:
  struct ways {
    std::function<outcome<std::string>(const std::stop_token&)> fetch;
    std::function<void(std::string)> publish; // a key that differs from the one before
  };
  // `first`: what was fetched at the start. Nothing runs before start().
  key_keeper(std::chrono::seconds every, std::string first, ways how);
  ~key_keeper(); // a fetch at work is given up

  void start();
  // The upstream has refused the key; for any thread, which does not wait.
  void refused();
  std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  void run(const std::stop_token& stop);
  void refresh(const std::stop_token& stop);

  const ways how_;
  const std::chrono::seconds every_;
  std::string current_;
  std::atomic<bool> refused_{false};
  std::atomic<std::uint64_t> failures_{0};
  std::mutex lock_; // held for moments only, never while fetching
  std::condition_variable_any wake_;
  std::jthread thread_;
};

} // namespace proxy::secrets
