// Which store, and what recovery found.
#include "proxy/server/open_store.hpp"

#include <spdlog/spdlog.h>

#include "proxy/secrets/resolve.hpp"
#include "proxy/secrets/wipe.hpp"
#include "proxy/stores/embedded/embedded_store.hpp"
#include "proxy/stores/redis/redis_store.hpp"

namespace proxy::server {
namespace {

journal::keeper_settings journal_from(const config::settings& settings) {
  const config::store_settings& from = settings.store;
  journal::keeper_settings made;
  // With time to spare: a shorter lifetime may have been set since.
  made.open_intent_age_max =
      std::max(made.open_intent_age_max,
               2 * std::chrono::milliseconds{settings.server.request_lifetime_max});
  made.segment_bytes = from.journal_segment_bytes;
  made.backlog_bytes_max = from.journal_backlog_bytes_max;
  made.retention = std::chrono::hours{24 * from.retention_days};
  return made;
}

outcome<std::unique_ptr<stores::store>> open_redis(const config::settings& settings,
                                                   const store_circumstances& around) {
  const auto where = redis_address(settings);
  if (!where)
    return where.error();
  stores::redis_settings how;
  how.where = *where;
  how.ca_file = settings.store.ca_file;
  how.directory = settings.store.path;
  how.journal = journal_from(settings);
  how.leased = settings.store.coordination == "leased";
  how.divides = settings.store.on_loss == "divide";
  how.replicated = settings.store.durability == "replicated";
  how.lifetime_max = settings.server.request_lifetime_max;
  how.caller_clock = around.pretended_clock;
  auto opened = stores::redis_store::open(how, around.directory, around.now);
  if (!opened)
    return opened.error();
  return std::unique_ptr<stores::store>{std::move(*opened)};
}

outcome<std::unique_ptr<stores::store>> open_embedded(const config::settings& settings,
                                                      const store_circumstances& around) {
  stores::embedded_settings how;
  how.directory = settings.store.path;
  how.journal = journal_from(settings);
  auto opened = stores::embedded_store::open(how, around.directory, around.now);
  if (!opened)
    return opened.error();
  return std::unique_ptr<stores::store>{std::move(*opened)};
}

} // namespace

outcome<stores::redis::address> redis_address(const config::settings& settings) {
  auto where = stores::redis::parse_address(settings.store.url);
  if (!where)
    return failure{where.error().code, "store.url: " + where.error().message};
  const auto fetch = [](const config::secret_source& from, const char* name,
                        std::string& into) -> outcome<void> {
    if (from.text.empty())
      return {};
    auto found = secrets::resolve(from, secrets::process_environment());
    if (!found)
      return failure{found.error().code, fmt::format("store.{}: {}", name, found.error().message)};
    into = *found;
    secrets::wipe(*found);
    return {};
  };
  auto done = fetch(settings.store.password, "password", where->password);
  if (done)
    done = fetch(settings.store.sentinel_password, "sentinel_password", where->sentinel_password);
  return done ? where : outcome<stores::redis::address>{done.error()};
}

outcome<std::unique_ptr<stores::store>> open_store(const config::settings& settings,
                                                   const store_circumstances& around) {
  auto opened = settings.store.kind == "redis" ? open_redis(settings, around)
                                               : open_embedded(settings, around);
  if (!opened)
    return opened;
  const journal::recovery_report& found = (*opened)->recovered();
  if (found.interrupted > 0)
    spdlog::warn("recovery: {} requests were interrupted by a crash and charged at their bound",
                 found.interrupted);
  if (found.bad_entries > 0 || found.truncated_segments > 0)
    spdlog::error("recovery: {} damaged entries skipped, {} truncated segments", found.bad_entries,
                  found.truncated_segments);
  (*opened)->journal().watch(around.applied);
  (*opened)->start();
  return opened;
}

} // namespace proxy::server
