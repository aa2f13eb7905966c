// Sends a schedule open-loop: each request at its time, whatever became of the ones before it. One
// thread, epoll, connections kept alive. Knows times and bytes; judges nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/load/answer.hpp"
#include "bench/load/schedule.hpp"

namespace load {

// Times are microseconds since the start; -1: it did not happen.
struct outcome {
  std::size_t shot = 0;
  std::int64_t sent_us = -1; // when its turn came: later than intended means we fell behind
  std::int64_t first_us = -1;
  std::int64_t end_us = -1;
  int status = 0; // 0: no answer's head arrived
  std::int64_t bytes = 0;
  std::string_view how = {}; // done, left, broken, refused or late
};

class generator {
 public:
  using report = std::function<void(const outcome&)>;

  // `patience_us`: how long after the last shot answers are waited for; then they are `late`.
  generator(const schedule& what, std::int64_t start_us, std::int64_t patience_us, report tell);
  ~generator();
  generator(const generator&) = delete;
  generator& operator=(const generator&) = delete;

  void run();

 private:
  struct connection {
    int fd = -1;
    std::size_t target = 0;
    const shot* busy = nullptr; // null: idle, kept for the next request to its target
    std::size_t written = 0;
    answer reply;
    outcome result;
    bool connected = false;
  };

  std::int64_t now_us() const;
  void set_timer(std::int64_t at_us);
  void wait();
  void send_due();
  void begin(std::size_t index);
  connection* idle_connection(std::size_t target);
  connection* connect(std::size_t target);
  void write(connection& c);
  void read(connection& c);
  void handle(connection& c, std::uint32_t events);
  void finish(connection& c, std::string_view how, bool reusable);
  void drop(connection& c);

  const schedule& what_;
  std::int64_t start_us_;
  std::int64_t deadline_us_;
  report tell_;
  int epoll_ = -1;
  int timer_ = -1;
  std::size_t next_ = 0;
  std::size_t busy_ = 0;
  std::vector<std::unique_ptr<connection>> all_;      // by descriptor
  std::vector<std::vector<int>> idle_;                // descriptors by target
  std::vector<std::unique_ptr<connection>> departed_; // freed once no event can name them
};

std::int64_t monotonic_us();

} // namespace load
