// The parts of a server, made in order; a failure says what to do.
#include "proxy/server/server_parts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include <openssl/rand.h>

#include "proxy/admin/sha256.hpp"
#include "proxy/secrets/resolve.hpp"
#include "proxy/secrets/wipe.hpp"

namespace proxy::server {
namespace {

std::string host_field(const config::upstream_address& to) {
  const std::uint16_t usual = to.tls ? 443 : 80;
  return to.port == usual ? to.host : to.host + ":" + std::to_string(to.port);
}

policies::admission::model_bounds bounds_from(const config::settings& settings) {
  policies::admission::model_bounds bounds;
  bounds.context = policies::tokens{settings.limits.context_tokens};
  bounds.output_max = policies::tokens{settings.limits.output_tokens_max};
  bounds.output_min_useful = policies::tokens{settings.limits.output_tokens_min};
  bounds.lifetime = settings.server.request_lifetime_max;
  return bounds;
}

} // namespace

outcome<void> server::parts::open_store() {
  std::function<void(std::span<const journal::batch>)> applied;
  if (watched())
    applied = [this](std::span<const journal::batch> some) { noticed.applied(some); };
  auto opened = proxy::server::open_store(settings, {.directory = directory,
                                                     .now = now(),
                                                     .pretended_clock = pretended_clock,
                                                     .applied = std::move(applied)});
  if (!opened)
    return opened.error();
  store = std::move(*opened);
  return open_files();
}

outcome<void> server::parts::open_files() {
  auto known = store->load_files();
  if (!known)
    return known.error();
  files = std::make_unique<stores::file_owners>(
      std::move(*known), [this](std::string file, std::optional<policies::key_id> owner) {
        boost::asio::post(
            background, [this, file = std::move(file), owner] { store->write_file(file, owner); });
      });
  store->tell_files(*files);
  return {};
}

outcome<void> server::parts::fetch_keys() {
  auto fetched = real_keys::fetch(settings.upstream, directory.readers());
  if (!fetched)
    return fetched.error();
  account = std::move(*fetched);
  return {};
}

outcome<void> server::parts::make_shared() {
  auto address = config::parse_upstream(settings.upstream.url);
  if (!address)
    return address.error();
  if (address->tls) {
    auto context = upstream::make_client_context(settings.upstream.ca_file);
    if (!context)
      return context.error();
    tls = std::move(*context);
  }
  bodies = std::make_unique<session::byte_budget>(settings.server.body_bytes_total_max);
  cache = std::make_unique<session::response_cache>(settings.server.cache_bytes_max);
  line = std::make_unique<session::waiting_line>(session::waiting_line::bounds{
      settings.server.waiting_per_key_max, settings.server.waiting_max});
  names = std::make_unique<upstream::resolver>(address->host, address->port,
                                               settings.upstream.link_local == "allow"
                                                   ? upstream::link_local::allow
                                                   : upstream::link_local::deny);
  shared = std::make_unique<session::process>(session::process{
      .settings = settings,
      .prices = prices,
      .bounds = bounds_from(settings),
      .directory = directory,
      .limits = *store,
      .bodies = *bodies,
      .repeats = repeats,
      .cache = *cache,
      .line = *line,
      .files = *files,
      .origins = origins,
      .upstream_host = host_field(*address),
      .upstream_base_path = address->base_path,
      .real_keys = account->keys(),
      .key_refused = [this](std::size_t index) { account->refused(index); },
      .now = now,
      .block_key =
          [this](policies::key_id id,
                 std::string why) { // a data thread must not write to disk
            boost::asio::post(background, [this, id, why = std::move(why)] { block_key(id, why); });
          },
      .administer =
          [this](session::keys_call call, std::function<void(session::keys_answer)> done) {
            admin->administer({.by = call.by,
                               .method = std::move(call.method),
                               .target = std::move(call.target),
                               .body = std::move(call.body),
                               .if_match = std::move(call.if_match),
                               .idempotency_key = std::move(call.idempotency_key)},
                              [done = std::move(done)](admin::reply made) {
                                done({made.status, std::move(made.body), std::move(made.etag)});
                              });
          }});
  if (watched())
    shared->sighted = [this](std::vector<session::sighting> seen) {
      noticed.sighted(std::move(seen));
    };
  return {};
}

outcome<void> server::parts::open_request_log() {
  if (settings.log_access.empty() && settings.trace_url.empty())
    return {};
  auto opened =
      request_log::request_log::open({.access = settings.log_access,
                                      .trace = settings.trace_url,
                                      .threads = static_cast<std::size_t>(settings.server.threads),
                                      .queue_requests = settings.log_queue_requests});
  if (!opened)
    return opened.error();
  told = std::move(*opened);
  shared->traces = !settings.trace_url.empty();
  return {};
}

outcome<void> server::parts::load_certificates() {
  const auto load = [](tls::server_files from,
                       std::unique_ptr<tls::certificates>& into) -> outcome<void> {
    if (from.cert.empty())
      return {};
    auto loaded = tls::certificates::load(std::move(from));
    if (!loaded)
      return loaded.error();
    into = std::move(*loaded);
    return {};
  };
  if (auto done = load({"server", settings.server.tls_cert, settings.server.tls_key,
                        settings.server.tls_client_ca},
                       data_certificates);
      !done)
    return done;
  return load({"admin", settings.admin.tls_cert, settings.admin.tls_key, {}}, admin_certificates);
}

// Each thread's listening sockets; those that were handed in are dealt out, shared where there are
// fewer than threads.
outcome<std::vector<std::vector<int>>> server::parts::listen() {
  const auto threads = static_cast<std::size_t>(settings.server.threads);
  std::vector<std::vector<int>> all(threads);
  if (const auto& given = inherited.data; !given.empty()) {
    for (std::size_t i = 0; i < std::max(threads, given.size()); ++i)
      all[i % threads].push_back(
          i < given.size() ? given[i] : ::fcntl(given[i % given.size()], F_DUPFD_CLOEXEC, 3));
    data_address = address_of_listener(given.front());
    keep_copies(all);
    return all;
  }
  auto where = config::parse_listen(settings.server.listen);
  if (!where)
    return failure{errc::bad_configuration,
                   "server.listen: '" + settings.server.listen + "' is not like 127.0.0.1:8080"};
  auto probe = listen_on(*where, port_sharing::exclusive);
  if (!probe)
    return probe.error();
  ::close(probe->descriptor);
  for (auto& one : all) {
    auto bound = listen_on(*where, port_sharing::with_own_threads);
    if (!bound)
      return bound.error();
    *where = bound->address; // port 0: the first thread's choice is everyone's
    one.push_back(bound->descriptor);
  }
  data_address = *where;
  keep_copies(all);
  return all;
}

void server::parts::keep_copies(const std::vector<std::vector<int>>& listening) {
  for (const auto& sockets : listening)
    for (const int each : sockets)
      data_listeners.push_back(::fcntl(each, F_DUPFD_CLOEXEC, 3));
}

outcome<void> server::parts::make_workers() {
  const auto listening = listen();
  if (!listening)
    return listening.error();
  auto upstream = config::parse_upstream(settings.upstream.url);
  for (const auto& sockets : *listening) {
    auto lane = store->journal().make_lane();
    if (!lane)
      return lane.error();
    upstream::pool_settings pool{.host = upstream->host,
                                 .tls = tls.get(),
                                 .connect_timeout = settings.upstream.connect_timeout,
                                 .idle_timeout = settings.upstream.pool_idle_timeout,
                                 .idle_max = settings.upstream.pool_idle_max,
                                 .receive_buffer_bytes = settings.upstream.receive_buffer_bytes};
    workers.push_back(std::make_unique<worker>(*shared, *names, pool, **lane, sockets));
    if (data_certificates)
      workers.back()->use_tls(data_certificates->now());
    if (told)
      workers.back()->tell(told->of_thread(workers.size() - 1));
  }
  // Dealt out like new ones.
  std::vector<std::vector<int>> dealt(workers.size());
  for (std::size_t i = 0; i < inherited.clients.size(); ++i)
    dealt[i % dealt.size()].push_back(inherited.clients[i]);
  for (std::size_t i = 0; i < workers.size(); ++i)
    workers[i]->serve_kept(std::move(dealt[i]));
  return {};
}

outcome<void> server::parts::open_alerts() {
  if (!watched())
    return {};
  auto opened = alerts::service::open({.store = *store,
                                       .directory = directory,
                                       .from = noticed,
                                       .alerts = settings.alerts,
                                       .insight = settings.insight,
                                       .directory_path = settings.store.path,
                                       .shared_store = settings.store.kind == "redis",
                                       .now = now,
                                       .figures = [this] { return figures(); }});
  if (!opened)
    return opened.error();
  watching = std::move(*opened);
  return {};
}

outcome<void> server::parts::start_admin() {
  auto key = secrets::admin_key(settings, secrets::process_environment());
  if (!key)
    return key.error();
  admin::admin_context context{.store = *store,
                               .directory = directory,
                               .admin_key = admin::sha256(*key),
                               .metrics = [this] { return metrics(); },
                               .now = now,
                               .random =
                                   [](std::span<std::byte> out) {
                                     if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()),
                                                    static_cast<int>(out.size())) != 1)
                                       throw std::runtime_error(
                                           "the system's random generator failed");
                                   },
                               .prices = &prices};
  secrets::wipe(*key); // its digest is all that is needed
  context.not_ready = [this]() -> std::string {
    if (ending)
      return "the proxy is ending or being upgraded";
    return store->journal().now().disk_full ? "the journal has no room on the disk" : "";
  };
  const bool v6 = data_address.host.find(':') != std::string::npos;
  context.data_url = (data_certificates ? "https://" : "http://") +
                     (v6 ? "[" + data_address.host + "]" : data_address.host) + ":" +
                     std::to_string(data_address.port);
  context.alerts = watching.get();
  admin = std::make_unique<admin::admin_server>(std::move(context));
  if (admin_certificates)
    admin->use_tls(admin_certificates->now());
  auto bound = inherited.admin.empty() ? admin->start(settings.admin.listen)
                                       : admin->start_on(inherited.admin.front());
  if (!bound)
    return bound.error();
  admin_listeners.push_back(admin->copy_of_listener());
  const std::string url = (admin_certificates ? "https://" : "http://") + bound->host + ":" +
                          std::to_string(bound->port);
  std::ofstream(settings.store.path / "admin.url") << url << "\n";
  spdlog::info("admin plane on {}", url);
  return {};
}

} // namespace proxy::server
