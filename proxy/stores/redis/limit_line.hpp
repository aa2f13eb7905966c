// One data thread's admissions and settlements at Redis: what a session asks becomes a script call,
// its answer a reserve_op. An operation whose outcome is unknown is asked again with the same id;
// one that cannot be told in time is unavailable, and what it may have taken is given back later.
// What a turn of the loop asks for one key goes to Redis as one command (limit_rounds.cpp).
// Where leases are used, most requests are admitted here, from what was lent; Redis is asked for
// the rest, and told in steps (lease_steps.cpp).
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/stores/limit_store.hpp"
#include "proxy/stores/redis/batch.hpp"
#include "proxy/stores/redis/incarnations.hpp"
#include "proxy/stores/redis/lease_desk.hpp"
#include "proxy/stores/redis/limit_answer.hpp"
#include "proxy/stores/redis/round.hpp"
#include "proxy/stores/redis/switchboard.hpp"

namespace proxy::stores::redis {

struct limit_line_settings {
  pipeline_settings connection;
  std::chrono::milliseconds patience{800}; // from asking to `unavailable`
  std::size_t waiting_max = 16384;         // operations while there is no connection
  std::uint64_t node = 0;                  // whose holds these are
  bool caller_clock = false;               // else Redis's: a pretended clock, or a test
  lease_surroundings* leases = nullptr;    // nullptr: each request is asked for
  // Divide by so many while Redis is away; nullptr, or 0 at the moment: refuse.
  const std::atomic<std::int64_t>* nodes = nullptr;
  bool replicated = false;           // a hold counts once a replica has it
  incarnations* processes = nullptr; // nullptr: whoever answers decides
};

class limit_line final : private pipeline::asker {
 public:
  limit_line(io::reactor& loop, topology& nodes, limit_line_settings settings);

  void start() { board_.start(); }
  bool reserve(reserve_op& op);
  bool extend(reserve_op& op);
  void settle(keys::key_slot& key, const policies::request_id& id,
              const policies::limits::hold& held, const policies::limits::actuals& used,
              policies::instant now);
  void cancel(keys::key_slot& key, const policies::request_id& id,
              const policies::limits::hold& held, policies::instant now);
  // Soon all that was lent and is not in use is at Redis again; loop's thread.
  void bring_leases_home();
  // The same once the loop has ended, as commands for another connection.
  void write_last_steps(batch& to);

  // Any thread: loop's thread is told to let nothing through that is closed by now, and heard() is
  // `version` once it has.
  void hear(std::uint64_t version);
  std::uint64_t heard() const { return heard_.load(std::memory_order_acquire); }

  // Operations whose end is not known yet.
  std::size_t open_operations() const { return open_; }

 private:
  using operation = limit_operation;
  using kind = limit_operation::kind;

  void connected(pipeline& by, std::int64_t redis_now_ms) override;
  void turn_ends() override;
  void answered(pipeline& by, void* what, const redisReply& with) override;
  void lost(void* what) override;
  void ended() override;

  bool ask(reserve_op& op, kind what);
  void ask_for(reserve_op& op, kind what, io::deadline until);
  bool ask_leased(open_lease& l, reserve_op& op, bool extends);
  std::int64_t present_ms(policies::instant now) const;
  bool serve(open_lease& l, reserve_op& op, bool extends);
  void take_step(open_lease& l, std::optional<policies::limits::loan_step> step);
  std::string step_name(const open_lease& l) const;
  script_call step_call(const open_lease& l) const;
  void step_answered(operation& o, pipeline& by, const redisReply& with);
  void step_refused(open_lease& l);
  void step_done(open_lease& l, bool good);
  void close(open_lease& l);
  policies::limits::loan_step last_step(open_lease& l) const;
  void serve_waiting(open_lease& l);
  void tick_leases(io::deadline now);
  operation& take(kind what, keys::key_slot& key, const policies::request_id& id,
                  policies::instant now);
  bool submit(operation& o);              // false: there is no room
  bool write_if_ready(operation& o);      // false: its node is away
  void write(operation& o, pipeline& at); // with all that this turn has for its key
  round& take_round(keys::key_slot& key);
  void done_with(round& r);
  void send(round& r, pipeline& at);
  bool sent_on(round& r, pipeline& by, const redisReply& error);
  void refused(round& r, const redisReply& error);
  bool answers(const round& r, const redisReply& with) const;
  void round_answered(round& r, pipeline& by, const redisReply& with);
  bool ask_answered(operation& o, pipeline& by, const redisReply& said, const seen_chain& seen,
                    const policies::limits::remaining& left);
  void take_hold(operation& o, const policies::limits::hold& held);
  void ask_refused(operation& o, const seen_chain& seen);
  void lose(operation& o, bool replicating);
  pipeline* deciding(const keys::key_slot& key);
  incarnations::opening standing_of(pipeline& at);
  bool there(const keys::key_slot& key) { return deciding(key) != nullptr; }
  void closed(operation& o, pipeline& by);
  static bool overtaken(const operation& o) { // its lease has become another meanwhile
    return o.what == kind::step && o.lease->local.number() != o.number;
  }
  void void_if_lost(open_lease& l);
  void finish(operation& o, reserve_op::status how);
  void await_replica(round& r, pipeline& by);
  void replica_answered(round& r, const redisReply& with);
  bool away(const keys::key_slot& key);
  void fail(reserve_op& op); // unavailable, or admitted from this node's part
  void give_up(operation& o);
  void release(operation& o);
  void tick(io::deadline now);
  std::int64_t script_now(policies::instant now) const;
  std::int64_t not_after(policies::instant now) const;
  void heard_time(std::int64_t redis_now_ms);
  void tell(std::string_view trouble);
  void cancel_at_redis(keys::key_slot& key, const policies::request_id& id, policies::instant now);

  io::reactor& loop_;
  limit_line_settings settings_;
  std::string node_;
  std::optional<lease_desk> desk_;
  std::uint64_t connections_ = 0;
  std::optional<io::deadline> away_since_; // or not connected yet
  policies::instant away_at_{};            // by the clock of who asked first since
  switchboard board_;
  std::deque<operation*> waiting_; // for a connection, or for a slot on its way
  std::vector<std::unique_ptr<operation>> all_;
  std::vector<operation*> free_;
  struct addressed {
    round* what;
    pipeline* at;
  };
  std::vector<addressed> this_turn_; // rounds that are still open
  std::vector<std::unique_ptr<round>> all_rounds_;
  std::vector<round*> free_rounds_;
  round_writer writer_;
  std::uint64_t word_; // of the last round
  std::size_t open_ = 0;
  std::int64_t ahead_ms_ = 0; // Redis's clock less the loop's
  std::string last_trouble_;
  std::atomic<std::uint64_t> heard_{0};
  std::mutex ending_; // of who sets over_ and of who is not loop's thread
  bool over_ = false;
};

} // namespace proxy::stores::redis
