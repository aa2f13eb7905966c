// One data thread's connection to one Redis: commands go out together at the end of each loop turn,
// replies come back in order. It connects again by itself, with growing pauses, to wherever it is
// aimed. It does not know what is asked; who asks is told of each command exactly once: answered,
// or lost.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <random>
#include <string>

#include "proxy/io/reactor.hpp"
#include "proxy/io/task.hpp"
#include "proxy/stores/redis/resp.hpp"
#include "proxy/stores/redis/topology.hpp"
#include "proxy/upstream/connect.hpp"

namespace proxy::stores::redis {

struct pipeline_settings {
  std::chrono::milliseconds connect_timeout{500};
  std::chrono::milliseconds reply_timeout{700}; // a frozen Redis is one that is away
  std::chrono::milliseconds pause_max{1000};    // between two attempts to connect
  std::size_t in_flight_max = 16384;            // commands
  std::size_t reply_bytes_max = 1u << 20;
};

class pipeline {
 public:
  class asker {
   public:
    virtual ~asker() = default;
    virtual void connected(pipeline& by, std::int64_t redis_now_ms) = 0;
    virtual void turn_ends() = 0; // the last moment to write what this turn is to bring out
    virtual void answered(pipeline& by, void* what, const redisReply& with) = 0;
    virtual void lost(void* what) = 0; // unknown whether it ran
    virtual void ended() = 0;          // the loop ends; nothing will be sent any more
  };

  // `nodes` is told where a node cannot be reached.
  pipeline(io::reactor& loop, topology& nodes, asker& whom, pipeline_settings settings);

  // Where to connect from now on; what is connected to another place is given up.
  void aim(const node& at);
  void rest(); // the same with nowhere
  const place& at() const { return target_.at; }
  bool resting() const { return target_.at.host.empty(); }
  const std::string& replid() const { return replid_; } // of the process that greeted us

  // Whether that process may decide, as the asker last looked it up.
  struct standing {
    std::uint64_t seen = 0; // version of what it looked at
    const std::atomic<bool>* open = nullptr;
  } stands;

  void start(); // on the loop's thread, once
  bool ready() const { return ready_ && !broken_ && in_flight_.size() < settings_.in_flight_max; }
  // Where commands are written to, with append_command(), right before sent().
  std::string& out() { return out_; }
  // nullptr: nobody waits for its reply.
  void sent(void* what) { in_flight_.push_back({what, loop_.now()}); }
  void flush();                // at the end of each loop turn
  void tick(io::deadline now); // each tick
  // Gives the connection up: its order of replies cannot be trusted, or it has lost our scripts.
  void cut();

 private:
  struct waiting {
    void* what;
    io::deadline since;
  };
  io::task<void> live();
  io::task<void> pause();
  io::task<bool> open();
  io::task<bool> greet();
  bool take_greeting(const redisReply& one);
  io::task<void> serve();
  io::task<void> write_out();
  bool replaced();
  bool take_replies();
  void drop_stream();
  void lose_all();
  std::chrono::milliseconds pause_length();

  io::reactor& loop_;
  topology& nodes_;
  asker& whom_;
  pipeline_settings settings_;
  hello hello_;
  node target_;
  std::uint64_t aimed_ = 0;    // how often
  std::uint64_t aimed_by_ = 0; // version of the map
  io::stream* stream_ = nullptr;
  std::unique_ptr<reply_reader> reader_;
  std::string out_;
  std::string sending_;
  std::deque<waiting> in_flight_;
  std::mt19937 jitter_;
  int failures_ = 0;
  std::int64_t redis_now_ms_ = 0; // when it greeted us
  std::string replid_;
  bool ready_ = false;
  bool broken_ = false;
  bool writing_ = false;
};

} // namespace proxy::stores::redis
