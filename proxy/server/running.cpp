// While a server runs: what it looks after, what it is told by signals, and how it ends.
#include "proxy/server/server_parts.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/ranges.h>

#include "proxy/config/reload.hpp"
#include "proxy/server/metrics.hpp"

namespace proxy::server {

// Repeated until it is done: a change by an admin in between, or a store that is away for a while,
// is no reason to let the key go on.
void server::parts::block_key(policies::key_id id, const std::string& why) {
  noticed.tell({policies::insight::rule::overrun, id, why});
  const auto known = directory.copy_of(id);
  if (!known || known->status != policies::keys::key_status::active)
    return;
  policies::keys::key_record record = store->get(id).value_or(*known);
  record.status = policies::keys::key_status::inactive;
  record.locked = true;
  record.version += 1;
  record.updated = now();
  const stores::audit_row row{now().time_since_epoch().count(), "deepseek-proxy", "key.block",
                              policies::keys::to_string(id),
                              boost::json::serialize(boost::json::object{{"reason", why}})};
  const auto done = store->update(record, row);
  if (done)
    return;
  spdlog::error("key {} is not blocked yet: {}", policies::keys::to_string(id),
                done.error().message);
  const auto later =
      std::make_shared<boost::asio::steady_timer>(background, std::chrono::milliseconds{200});
  later->async_wait([this, later, id, why](const boost::system::error_code& stopped) {
    if (!stopped)
      block_key(id, why);
  });
}

std::string server::parts::metrics() const {
  std::vector<const session::counters*> threads;
  metric_sources from;
  for (const auto& one : workers) {
    threads.push_back(&one->count());
    from.connections += one->connections();
  }
  from.threads = threads;
  from.journal = store->journal().now();
  from.keys = directory.size();
  from.key_refresh_failures = account->failures();
  from.store = settings.store.kind;
  from.now = now();
  from.told_in_vain = told ? told->dropped() : 0;
  from.waiting = line->size();
  from.cache_bytes = cache->bytes();
  from.reload_failures = reload_failures;
  from.condition = store->condition();
  for (const auto* each : {data_certificates.get(), admin_certificates.get()})
    if (each) {
      from.reload_failures += each->failures();
      from.certificate_expires_s = from.certificate_expires_s == 0
                                       ? each->expires_s()
                                       : std::min(from.certificate_expires_s, each->expires_s());
    }
  return metrics_text(from) + (watching ? watching->metrics_text() : "");
}

// Sums over the threads: none of them is asked.
alerts::proxy_figures server::parts::figures() const {
  alerts::proxy_figures out;
  for (const auto& one : workers) {
    out.upstream_refusals += one->count().upstream_refusals.get();
    out.unknown_keys += one->count().unauthenticated.get();
  }
  out.disk_full = store->journal().now().disk_full;
  out.store_lost_state = store->lost_state();
  return out;
}

// Once a second: a change of keys is seen by preflights soon, one of certificates by the next
// clients, and neither costs data threads anything.
void server::parts::look_around() {
  origins.refresh(directory);
  look_at_certificates(false);
  refresh.expires_after(std::chrono::seconds{1});
  refresh.async_wait([this](const boost::system::error_code& stopped) {
    if (!stopped)
      look_around();
  });
}

void server::parts::look_at_certificates(bool anyway) {
  if (data_certificates)
    data_certificates->look(anyway, [this](const tls::context& next) {
      for (const auto& one : workers)
        one->use_tls(next);
    });
  if (admin_certificates)
    admin_certificates->look(anyway, [this](const tls::context& next) { admin->use_tls(next); });
}

void server::parts::reload_at_signal() {
  hangups.async_wait([this](const boost::system::error_code& error, int) {
    if (error)
      return;
    reload();
    look_at_certificates(true);
    if (told)
      told->reopen();
    reload_at_signal();
  });
}

// A file that is wrong changes nothing.
void server::parts::reload() {
  auto fresh = config::load(config_file);
  if (!fresh) {
    ++reload_failures;
    spdlog::error("reload: {}; the settings in use stay", fresh.error().message);
    return;
  }
  if (fresh->server.threads == 0)
    fresh->server.threads = threads_of_machine();
  config::reloaded next = config::reload(running, *fresh);
  running = std::move(next.now);
  spdlog::set_level(spdlog::level::from_str(running.log_level));
  for (const auto& one : workers)
    one->use_settings(running);
  spdlog::info("reload: {}", next.changed.empty()
                                 ? "no setting differs"
                                 : fmt::format("changed {}", fmt::join(next.changed, ", ")));
  if (!next.deferred.empty())
    spdlog::warn("reload: {} differ in the file, and take a restart",
                 fmt::join(next.deferred, ", "));
}

// Whether the program that would take over can read the configuration at all: this one still
// serves.
bool server::parts::upgrade_works() const {
  if (program.empty()) {
    spdlog::error("upgrade: without /proc this program does not know where it is; it goes on");
    return false;
  }
  std::string file = config_file.value_or("").string();
  std::string words[] = {program.string(), "check-config", "--config", file};
  char* arguments[] = {words[0].data(), words[1].data(), file.empty() ? nullptr : words[2].data(),
                       words[3].data(), nullptr};
  pid_t child = 0;
  int status = 0;
  const int failed = ::posix_spawn(&child, words[0].c_str(), nullptr, nullptr, arguments, environ);
  while (failed == 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (failed == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return true;
  spdlog::error("upgrade: {} does not accept the configuration; this program goes on", words[0]);
  return false;
}

// Requests in flight have drain_timeout to finish. New connections are refused at once; before an
// upgrade they wait instead, and so do clients that are between two requests.
void server::parts::drain() {
  ending = true;
  spdlog::info("{}: requests in flight have {} s to finish", upgrading ? "upgrade" : "draining",
               running.server.drain_timeout.count());
  if (!upgrading)
    for (auto* copies : {&data_listeners, &admin_listeners})
      for (const int each : std::exchange(*copies, {}))
        ::close(each);
  for (const auto& one : workers)
    upgrading ? one->keep() : one->drain();
  const auto until = std::chrono::steady_clock::now() + running.server.drain_timeout;
  const auto open = [this] {
    std::size_t count = 0;
    for (const auto& one : workers)
      count += one->connections();
    return count;
  };
  while (open() > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  for (const auto& one : workers)
    one->stop();
  admin->stop();
}

succession server::parts::succeed() {
  inherited_sockets sockets{data_listeners, admin_listeners, {}};
  for (const auto& one : workers)
    for (const int each : one->take_kept())
      sockets.clients.push_back(each);
  spdlog::info("upgrade: {} takes over, with {} clients", program.string(), sockets.clients.size());
  return {program, hand_over(std::move(sockets))};
}

} // namespace proxy::server
