// A receiver's queue on disk: what stands in it survives kill -9, what was delivered is not
// delivered again, and its bytes are bounded. Knows nothing of how it is sent.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <unordered_set>

#include "proxy/alerts/delivery.hpp"
#include "proxy/error.hpp"

namespace proxy::alerts {

class outbox {
 public:
  // Reads the file, or begins one. A line that a crash left unfinished was never promised.
  static outcome<std::unique_ptr<outbox>> open(std::filesystem::path file, std::size_t bytes_max);
  ~outbox();
  outbox(const outbox&) = delete;
  outbox& operator=(const outbox&) = delete;

  // On disk when this returns; after a failure, the disk's, it is queued all the same, until a
  // restart. What is known by its id, queued or delivered, changes nothing. Where
  // there is no room, the oldest of the least grave goes.
  outcome<void> add(const delivery& what);
  // The oldest that may go now.
  std::optional<delivery> next(const std::function<bool(const delivery&)>& may_go) const;
  outcome<void> done(const std::string& id);

  struct figures {
    std::size_t queued = 0;
    std::size_t bytes = 0;
    std::uint64_t delivered = 0; // since the start
    std::uint64_t dropped = 0;   // since the start
  };
  figures now() const;
  bool fresh() const { return fresh_; } // there was no file

 private:
  struct queued {
    delivery what;
    std::size_t bytes = 0;
  };
  outbox(std::filesystem::path file, std::size_t bytes_max)
      : file_(std::move(file)), bytes_max_(bytes_max) {}
  outcome<void> load();
  void read(char mark, const std::string& rest);
  outcome<void> append(const std::string& text);
  outcome<void> rewrite();
  void remember(const std::string& id);
  std::string make_room(const delivery& for_what, std::size_t bytes, bool& fits);
  bool erase(const std::string& id);
  failure failed(const std::string& doing) const;

  const std::filesystem::path file_;
  const std::size_t bytes_max_;
  mutable std::mutex lock_;
  int descriptor_ = -1;
  bool fresh_ = false;
  std::size_t written_ = 0; // bytes of the file
  std::size_t bytes_ = 0;   // of what is queued
  std::deque<queued> queue_;
  std::deque<std::string> past_; // ids that are through, oldest first
  std::unordered_set<std::string> known_;
  std::uint64_t delivered_ = 0;
  std::uint64_t dropped_ = 0;
};

} // namespace proxy::alerts
