// What one thread says to Redis about one key's chain in one turn of its loop, as one command: the
// operations, in which order, and their bytes (scripts/round.lua). Does not know of connections.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/io/reactor.hpp"
#include "proxy/stores/limit_store.hpp"
#include "proxy/stores/redis/incarnations.hpp"
#include "proxy/stores/redis/limit_wire.hpp"

namespace proxy::stores::redis {

struct open_lease;

struct limit_operation {
  // rest: tokens and money of a request whose slot is of a lease.
  enum class kind : std::uint8_t { reserve, extend, rest, settle, cancel, step };
  kind what{};
  reserve_op* op = nullptr;    // reserve, extend, rest: whose waiter is resumed
  open_lease* lease = nullptr; // step
  std::uint32_t number = 0;    // step: of the lease it was made for
  incarnations::opening written_under = nullptr;
  keys::key_slot* key = nullptr;
  policies::request_id id;
  policies::limits::actuals used{};
  policies::instant now{};
  io::deadline until = 0;
  bool asked = false;    // it may have run
  bool repeated = false; // an earlier copy of it may still be on its way
  int detours = 0;       // sent on by the node it was asked at, since it last waited

  bool ends() const { return what == kind::settle || what == kind::cancel; }
};

struct round {
  static constexpr std::size_t operations_max = 64; // Redis does nothing else meanwhile

  keys::key_slot* key = nullptr;
  std::uint64_t word = 0;             // its answer begins with it
  std::vector<limit_operation*> ends; // first: what they give back is there for who asks
  std::vector<limit_operation*> asks; // or one step of a lease, alone
  bool replicating = false;           // held; a replica is still to tell that it has it

  std::size_t size() const { return ends.size() + asks.size(); }
  limit_operation* step() const {
    const bool alone = !asks.empty() && asks.front()->what == limit_operation::kind::step;
    return alone ? asks.front() : nullptr;
  }
  void add(limit_operation& o) { (o.ends() ? ends : asks).push_back(&o); }
  void clear();
};

// Puts rounds into bytes, in room of its own that it uses again.
class round_writer {
 public:
  explicit round_writer(std::uint64_t node) : node_(node) {}
  // `now_ms`: 0 for Redis's own clock.
  void write(const round& r, std::int64_t now_ms, std::int64_t not_after_ms, std::string& out);

 private:
  std::uint64_t node_;
  std::string name_;
  packer packed_;
};

} // namespace proxy::stores::redis
