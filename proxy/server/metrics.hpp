// GET /metrics: the sums over all threads in Prometheus' text format.
#pragma once

#include <span>
#include <string>

#include "proxy/journal/keeper.hpp"
#include "proxy/session/counters.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::server {

struct metric_sources {
  std::span<const session::counters* const> threads;
  journal::keeper::figures journal;
  std::size_t connections = 0;
  std::size_t keys = 0;
  std::uint64_t key_refresh_failures = 0;
  std::uint64_t reload_failures = 0;
  stores::store::figures condition;       // of the store
  std::int64_t certificate_expires_s = 0; // 0: no TLS
  std::string_view store;                 // its kind
  policies::instant now{};
  std::uint64_t told_in_vain = 0; // lines and spans that nobody took
  std::size_t waiting = 0;        // requests in line
  std::size_t cache_bytes = 0;    // of kept answers
};
std::string metrics_text(const metric_sources& from);

} // namespace proxy::server
