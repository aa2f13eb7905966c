// From an address and a directory to a store. Each step fails with what the operator can do.
#include <openssl/rand.h>

#include <spdlog/spdlog.h>

#include "proxy/stores/redis/names.hpp"
#include "proxy/stores/redis/node_file.hpp"
#include "proxy/stores/redis/restorer.hpp"

namespace proxy::stores {

using redis::schema_name;
using redis::schema_version;

outcome<void> redis_store::state_block::take_directory() {
  auto taken = directory_lock::take(settings.directory);
  if (!taken)
    return taken.error();
  lock.emplace(std::move(*taken));
  return {};
}

// Holds at Redis bear this number: what an earlier process of this directory held is known by it.
outcome<void> redis_store::state_block::read_node() {
  std::uint32_t number = 0; // an earlier process's leases are others
  RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number);
  lending.next_number = number;
  const auto known = redis::node_in(settings.directory);
  if (!known)
    return known.error();
  node = *known;
  return {};
}

outcome<void> redis_store::state_block::connect() {
  if (settings.where.tls) {
    auto context = upstream::make_client_context(settings.ca_file);
    if (!context)
      return context.error();
    tls = std::move(*context);
  }
  nodes = std::make_unique<redis::topology>(settings.where, tls.get());
  const auto client = [&] { return std::make_unique<redis::blocking_client>(*nodes); };
  admin = client();
  applying = client();
  watching = client();
  table = std::make_unique<redis::key_table>(directory);
  ledger = std::make_unique<redis::ledger_writer>(
      *applying, directory,
      redis::ledger_settings{.node = node,
                             .caller_clock = settings.caller_clock,
                             .sharded = settings.where.how == redis::layout::cluster});
  ledger->when_lost([this](std::optional<std::uint64_t> root) { lost_at(root); });
  processes.start(settings.where.how == redis::layout::cluster, [this] { poke(); });
  restoring = std::make_unique<restorer>(*this);
  return check_schema(*admin);
}

outcome<void> redis_store::state_block::check_schema(redis::blocking_client& by) {
  if (auto made = by.ask("SETNX", schema_name, std::to_string(schema_version)); !made)
    return made.error();
  auto found = by.ask("GET", schema_name);
  if (!found)
    return found.error();
  if (redis::number_of(**found) == schema_version)
    return {};
  if (redis::text_of(**found) == redis::schema_copying)
    return failure{errc::store_unavailable,
                   "a copy into this Redis was begun and not finished: repeat it (deepseek-proxy "
                   "store copy --replace)"};
  return failure{errc::store_unavailable,
                 "this Redis has data of another version of deepseek-proxy (ds:schema is " +
                     std::string(redis::text_of(**found)) + ", not " +
                     std::to_string(schema_version) + "): use the same version everywhere"};
}

outcome<void> redis_store::state_block::publish_keys() {
  return table->catch_up(*admin);
}

outcome<void> redis_store::state_block::open_journal(policies::instant now) {
  settings.journal.directory = settings.directory / "journal";
  auto opened = journal::keeper::open(settings.journal);
  if (!opened)
    return opened.error();
  keeper = std::move(*opened);
  auto progress = ledger->progress();
  if (!progress)
    return progress.error();
  auto report = keeper->recover(*progress, *ledger, now.time_since_epoch().count());
  if (!report)
    return report.error();
  recovered = *report;
  const auto figures = keeper->now();
  if (figures.applied == figures.published)
    return ledger->forget_lanes(*progress);
  return failure{
      errc::store_unavailable,
      fmt::format("{} entries of the journal cannot be told to Redis: {}",
                  figures.published - figures.applied,
                  ledger->trouble().empty() ? "the journal cannot be read" : ledger->trouble())};
}

outcome<std::unique_ptr<redis_store>>
redis_store::open(redis_settings settings, keys::key_directory& directory, policies::instant now) {
  std::unique_ptr<redis_store> made{new redis_store};
  made->state_ = std::make_unique<state_block>(std::move(settings), directory);
  state_block& s = *made->state_;
  outcome<void> done = s.take_directory();
  if (done)
    done = s.read_node();
  if (done)
    done = s.connect();
  if (done)
    done = s.publish_keys();
  if (done)
    done = s.open_journal(now);
  // What was dispatched has its outcome by now. The rest of what earlier processes held never went
  // upstream, and the rest of what was lent to them was not used.
  if (done)
    done =
        s.end_own_holds([](std::uint64_t) { return true; }, [](std::string_view) { return false; });
  if (!done)
    return done.error();
  return made;
}

} // namespace proxy::stores
