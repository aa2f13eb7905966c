// One data thread's admissions and settlements at Redis: what a session asks becomes a script call,
// its answer a reserve_op. An operation whose outcome is unknown is asked again with the same id;
// one that cannot be told in time is unavailable, and what it may have taken is given back later.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "proxy/stores/limit_store.hpp"
#include "proxy/stores/redis/limit_wire.hpp"
#include "proxy/stores/redis/switchboard.hpp"

namespace proxy::stores::redis {

struct limit_line_settings {
  pipeline_settings connection;
  std::chrono::milliseconds patience{800}; // from asking to `unavailable`
  std::size_t waiting_max = 16384;         // operations while there is no connection
  std::uint64_t node = 0;                  // whose holds these are
  bool caller_clock = false;               // else Redis's: a pretended clock, or a test
};

class limit_line final : private pipeline::asker {
 public:
  limit_line(io::reactor& loop, topology& nodes, limit_line_settings settings);

  void start() { board_.start(); }
  bool reserve(reserve_op& op) { return ask(op, kind::reserve); }
  bool extend(reserve_op& op) { return ask(op, kind::extend); }
  void settle(keys::key_slot& key, const policies::request_id& id,
              const policies::limits::actuals& used, policies::instant now);
  void cancel(keys::key_slot& key, const policies::request_id& id, policies::instant now);

  // Operations whose end is not known yet.
  std::size_t open_operations() const { return open_; }

 private:
  enum class kind : std::uint8_t { reserve, extend, settle, cancel };
  struct operation {
    kind what{};
    reserve_op* op = nullptr; // reserve, extend: whose waiter is resumed
    keys::key_slot* key = nullptr;
    policies::request_id id;
    policies::limits::actuals used{};
    policies::instant now{};
    io::deadline until = 0;
    bool asked = false;    // it may have run
    bool repeated = false; // an earlier copy of it may still be on its way
    int detours = 0;       // sent on by the node it was asked at, since it last waited
  };

  void connected(std::int64_t redis_now_ms) override;
  void answered(pipeline& by, void* what, const redisReply& with) override;
  void lost(void* what) override;
  void ended() override;

  bool ask(reserve_op& op, kind what);
  operation& take(kind what, keys::key_slot& key, const policies::request_id& id,
                  policies::instant now);
  bool submit(operation& o);         // false: there is no room
  bool write_if_ready(operation& o); // false: its node is away
  void write(operation& o, pipeline& at);
  void write_reserve(const operation& o, const packed_chain& chain, std::string& out);
  void write_extend(const operation& o, const packed_chain& chain, std::string& out);
  void write_settle(const operation& o, const packed_chain& chain, std::string& out);
  bool sent_on(operation& o, pipeline& by, const redisReply& error);
  bool understand(operation& o, const redisReply& with);
  void finish(operation& o, reserve_op::status how);
  void give_up(operation& o);
  void release(operation& o);
  void tick(io::deadline now);
  std::int64_t script_now(policies::instant now) const;
  std::int64_t not_after(policies::instant now) const;
  void heard_time(std::int64_t redis_now_ms);
  void tell(std::string_view trouble);

  io::reactor& loop_;
  limit_line_settings settings_;
  std::string node_;
  switchboard board_;
  std::deque<operation*> waiting_; // for a connection, or for a slot on its way
  std::vector<std::unique_ptr<operation>> all_;
  std::vector<operation*> free_;
  std::size_t open_ = 0;
  std::int64_t ahead_ms_ = 0; // Redis's clock less the loop's
  std::string last_trouble_;
  bool over_ = false;
};

} // namespace proxy::stores::redis
