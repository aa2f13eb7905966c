// Making the parts in order, and ending them in the opposite one.
#include "proxy/server/server.hpp"

#include <unistd.h>

#include <csignal>
#include <fstream>

#include <openssl/rand.h>

#include "proxy/admin/admin_server.hpp"
#include "proxy/secrets/resolve.hpp"
#include "proxy/server/metrics.hpp"
#include "proxy/server/open_store.hpp"
#include "proxy/server/real_keys.hpp"
#include "proxy/server/request_logs.hpp"
#include "proxy/server/worker.hpp"

namespace proxy::server {

namespace {

std::function<policies::instant()> clock_from(const run_options& options) {
  using std::chrono::system_clock;
  const auto read = [] {
    return std::chrono::time_point_cast<policies::milliseconds>(system_clock::now());
  };
  if (!options.pretend_start)
    return read;
  const policies::milliseconds offset = *options.pretend_start - read();
  return [read, offset] { return read() + offset; };
}

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

struct server::parts {
  config::settings settings;
  std::function<policies::instant()> now;
  // Signals, timers, and what data threads must not wait for; outlives whoever posts to it.
  boost::asio::io_context background;
  boost::asio::steady_timer refresh{background};
  bool pretended_clock = false;
  policies::pricing::price_table prices;
  upstream::tls_context tls;
  keys::key_directory directory;
  keys::origins origins;
  std::unique_ptr<real_keys> account; // outlives the workers, who tell it
  std::unique_ptr<stores::file_owners> files;
  std::unique_ptr<stores::store> store; // may tell `files` until its end
  std::unique_ptr<session::byte_budget> bodies;
  session::repeated_answers repeats;
  std::unique_ptr<session::response_cache> cache;
  std::unique_ptr<session::waiting_line> line;
  std::unique_ptr<request_logs> logs; // null: nobody asks
  std::unique_ptr<session::process> shared;
  std::unique_ptr<upstream::resolver> names;
  std::vector<std::unique_ptr<worker>> workers;
  std::unique_ptr<admin::admin_server> admin;
  config::host_port data_address;

  outcome<void> open_store();
  outcome<void> open_files();
  outcome<void> fetch_keys();
  outcome<void> open_logs();
  outcome<void> make_shared();
  outcome<void> make_workers();
  outcome<void> start_admin();
  void block_key(policies::key_id id, const std::string& why);
  std::string metrics() const;
  void refresh_origins();
  void drain();
};

server::server() : parts_(std::make_unique<parts>()) {}
server::~server() = default;

outcome<void> server::parts::open_store() {
  auto opened = proxy::server::open_store(
      settings, {.directory = directory, .now = now(), .pretended_clock = pretended_clock});
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
  names = std::make_unique<upstream::resolver>(address->host, address->port);
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
  return {};
}

outcome<void> server::parts::open_logs() {
  if (settings.log_access.empty() && settings.trace_url.empty())
    return {};
  auto opened = request_logs::open({settings.log_access, settings.trace_url});
  if (!opened)
    return opened.error();
  logs = std::move(*opened);
  shared->log = logs.get();
  shared->traces = !settings.trace_url.empty();
  return {};
}

outcome<void> server::parts::make_workers() {
  auto where = config::parse_listen(settings.server.listen);
  if (!where)
    return failure{errc::bad_configuration,
                   "server.listen: '" + settings.server.listen + "' is not like 127.0.0.1:8080"};
  auto probe = listen_on(*where, port_sharing::exclusive);
  if (!probe)
    return probe.error();
  ::close(probe->descriptor);
  auto upstream = config::parse_upstream(settings.upstream.url);
  for (int i = 0; i < settings.server.threads; ++i) {
    auto bound = listen_on(*where, port_sharing::with_own_threads);
    if (!bound)
      return bound.error();
    *where = bound->address; // port 0: the first thread's choice is everyone's
    auto lane = store->journal().make_lane();
    if (!lane)
      return lane.error();
    upstream::pool_settings pool{.host = upstream->host,
                                 .tls = tls.get(),
                                 .connect_timeout = settings.upstream.connect_timeout,
                                 .idle_timeout = settings.upstream.pool_idle_timeout,
                                 .idle_max = settings.upstream.pool_idle_max};
    workers.push_back(std::make_unique<worker>(*shared, *names, pool, **lane, bound->descriptor));
  }
  data_address = *where;
  return {};
}

outcome<void> server::parts::start_admin() {
  auto key = secrets::admin_key(settings, secrets::process_environment());
  if (!key)
    return key.error();
  admin::admin_context context{.store = *store,
                               .directory = directory,
                               .admin_key = *key,
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
  const bool v6 = data_address.host.find(':') != std::string::npos;
  context.data_url = "http://" + (v6 ? "[" + data_address.host + "]" : data_address.host) + ":" +
                     std::to_string(data_address.port);
  admin = std::make_unique<admin::admin_server>(std::move(context));
  auto bound = admin->start(settings.admin.listen);
  if (!bound)
    return bound.error();
  const std::string url = "http://" + bound->host + ":" + std::to_string(bound->port);
  std::ofstream(settings.store.path / "admin.url") << url << "\n";
  spdlog::info("admin plane on {}", url);
  return {};
}

// Repeated until it is done: a change by an admin in between, or a store that is away for a while,
// is no reason to let the key go on.
void server::parts::block_key(policies::key_id id, const std::string& why) {
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
  from.version = DEEPSEEK_VERSION;
  from.store = settings.store.kind;
  from.now = now();
  from.told_in_vain = logs ? logs->dropped() : 0;
  from.waiting = line->size();
  from.cache_bytes = cache->bytes();
  return metrics_text(from);
}

outcome<std::unique_ptr<server>> server::open(config::settings settings, run_options options) {
  std::unique_ptr<server> made{new server};
  parts& p = *made->parts_;
  p.settings = std::move(settings);
  if (p.settings.server.threads == 0)
    p.settings.server.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  p.now = clock_from(options);
  p.pretended_clock = options.pretend_start.has_value();
  p.prices = policies::pricing::price_table{p.settings.prices};
  using step = outcome<void> (parts::*)();
  for (const step next : {&parts::open_store, &parts::fetch_keys, &parts::make_shared,
                          &parts::open_logs, &parts::make_workers, &parts::start_admin})
    if (auto done = (p.*next)(); !done)
      return done.error();
  return made;
}

// Once a second: a change of keys is seen by preflights soon, and costs data threads nothing.
void server::parts::refresh_origins() {
  origins.refresh(directory);
  refresh.expires_after(std::chrono::seconds{1});
  refresh.async_wait([this](const boost::system::error_code& stopped) {
    if (!stopped)
      refresh_origins();
  });
}

// New connections are refused at once; requests in flight have drain_timeout to finish.
void server::parts::drain() {
  spdlog::info("draining: requests in flight have {} s to finish",
               settings.server.drain_timeout.count());
  for (const auto& one : workers)
    one->drain();
  const auto until = std::chrono::steady_clock::now() + settings.server.drain_timeout;
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

void server::run() {
  parts& p = *parts_;
  boost::asio::signal_set signals{p.background, SIGTERM, SIGINT};
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error)
      p.background.stop();
  });
  for (const auto& one : p.workers)
    one->start();
  p.account->start();
  p.refresh_origins();
  spdlog::info("deepseek-proxy listening on http://{}:{} for {}", p.data_address.host,
               p.data_address.port, p.settings.upstream.url);
  p.background.run();
  p.drain();
  p.background.restart(); // what requests posted while they ended
  p.background.poll();
  if (!p.store->journal().flush())
    spdlog::warn("the journal is not applied to its end; the next start goes on from there");
  spdlog::info("stopped");
}

} // namespace proxy::server
