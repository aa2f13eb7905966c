// What a session needs of its thread and of the process, handed in rather than reached for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policies/access/ip_list.hpp"
#include "policies/admission/admission.hpp"
#include "policies/pricing/price_table.hpp"
#include "proxy/config/settings.hpp"
#include "proxy/io/reactor.hpp"
#include "proxy/journal/lane.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/keys/origins.hpp"
#include "proxy/session/buffer.hpp"
#include "proxy/session/counters.hpp"
#include "proxy/session/ended_request.hpp"
#include "proxy/session/hasher.hpp"
#include "proxy/session/keys_call.hpp"
#include "proxy/session/repeats.hpp"
#include "proxy/session/response_cache.hpp"
#include "proxy/session/sightings.hpp"
#include "proxy/session/tallies.hpp"
#include "proxy/session/upstream_keys.hpp"
#include "proxy/session/waiting_line.hpp"
#include "proxy/stores/file_owners.hpp"
#include "proxy/stores/limit_store.hpp"
#include "proxy/upstream/pool.hpp"

namespace proxy::session {

struct exchange;

// The process's, shared by all threads; read-only but for the budget.
struct process {
  const config::settings& settings;
  const policies::pricing::price_table& prices;
  policies::admission::model_bounds bounds;
  keys::key_directory& directory;
  stores::limit_store& limits;
  byte_budget& bodies;
  repeated_answers& repeats;
  response_cache& cache;
  waiting_line& line;
  stores::file_owners& files;
  const keys::origins& origins;
  std::string upstream_host;      // Host field
  std::string upstream_base_path; // in front of each target
  upstream_keys& real_keys;
  std::function<void(std::size_t index)> key_refused; // by the upstream: it may have been rotated
  std::function<policies::instant()> now;             // wall clock, UTC
  // A request cost more than its bound: the price table is wrong, and the key must stop.
  std::function<void(policies::key_id, std::string why)> block_key;
  administer_keys administer{};
  bool traces = false; // requests without a traceparent get one
  // From where keys are used, twice a second from each thread; empty: nobody wants to know.
  std::function<void(std::vector<sighting>)> sighted{};
};

// One thread's.
struct services {
  process& shared;
  io::reactor& loop;
  upstream::pool& upstream;
  journal::lane& lane;
  policies::pricing::price_memo prices;
  block_pool<block_bytes> blocks;
  block_pool<request_block_bytes> request_blocks;
  tallies refused;
  sightings seen_from;
  counters count;
  hasher digest;
  request_ids ids;
  std::vector<std::unique_ptr<exchange>> idle_exchanges;
  upstream_keys::turns key_turns{};
  config::settings settings{shared.settings}; // as of the last reload
  // Set before an upgrade: plain connections that idle are kept for the next program in `kept`.
  bool keeping = false;
  std::vector<int> kept{};
  bool draining = false;           // answers say "connection: close", idle connections end
  ended_requests* ended = nullptr; // null: nobody asks

  // The wall clock, read once a loop turn.
  policies::instant now() {
    if (loop.now() != clock_read_at) {
      clock_read_at = loop.now();
      clock = shared.now();
    }
    return clock;
  }

  io::deadline clock_read_at = -1;
  policies::instant clock{};
};

} // namespace proxy::session
