// A receiver's thread: takes what stands in its outbox, oldest first, and does not let go of it
// until the receiver has it. A receiver that is away keeps nobody but its own queue waiting.
#pragma once

#include <atomic>
#include <condition_variable>
#include <thread>

#include "proxy/alerts/outbox.hpp"
#include "proxy/config/alert_settings.hpp"

namespace proxy::alerts {

struct courier_status {
  std::string name;
  std::string_view kind;
  outbox::figures queue;
  std::uint64_t failures = 0; // attempts that failed, since the start
  std::string last_error;     // of the last attempt; empty: it went well, or there was none
  std::string last_delivered; // id
  policies::insight::routing routes;
};

class courier {
 public:
  using attempt = std::function<outcome<void>(const delivery&, const std::stop_token&)>;
  // `to` outlives it.
  courier(const config::receiver_settings& to, std::unique_ptr<outbox> box,
          std::chrono::milliseconds retry_max, std::function<policies::instant()> now, attempt how);
  void start();
  void stop(); // an attempt at work is given up; what it was about stays

  const config::receiver_settings& receiver() const { return to_; }
  // On disk when this returns.
  outcome<void> add(const delivery& what);
  courier_status status() const;
  bool is_new() const { return box_->fresh(); } // it was no receiver before this start

 private:
  void run(const std::stop_token& stop);
  bool deliver_one(const std::stop_token& stop); // false: nothing may go now, or it failed
  void failed(const delivery& what, const failure& why);

  const config::receiver_settings& to_;
  std::unique_ptr<outbox> box_;
  const std::chrono::milliseconds retry_max_;
  const std::function<policies::instant()> now_;
  const attempt how_;
  mutable std::mutex lock_;
  std::condition_variable_any wake_;
  bool woken_ = false;
  int failures_in_a_row_ = 0;
  std::uint64_t failures_ = 0;
  std::string last_error_;
  std::string last_delivered_;
  std::jthread thread_;
};

} // namespace proxy::alerts
