// A server's life: opened, run until a signal, ended or handed on.
#include "proxy/server/server_parts.hpp"

#include <csignal>

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

} // namespace

server::server() : parts_(std::make_unique<parts>()) {}
server::~server() = default;

int threads_of_machine() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

outcome<std::unique_ptr<server>> server::open(config::settings settings, run_options options) {
  std::unique_ptr<server> made{new server};
  parts& p = *made->parts_;
  p.settings = std::move(settings);
  if (p.settings.server.threads == 0)
    p.settings.server.threads = threads_of_machine();
  p.running = p.settings;
  p.now = clock_from(options);
  p.config_file = std::move(options.config_file);
  std::error_code no_proc; // then there is no upgrade
  p.program = std::filesystem::read_symlink("/proc/self/exe", no_proc);
  p.inherited = take_inherited_sockets();
  p.pretended_clock = options.pretend_start.has_value();
  p.prices = policies::pricing::price_table{p.settings.prices};
  using step = outcome<void> (parts::*)();
  for (const step next : {&parts::open_store, &parts::fetch_keys, &parts::make_shared,
                          &parts::load_certificates, &parts::open_request_log, &parts::make_workers,
                          &parts::open_alerts, &parts::start_admin})
    if (auto done = (p.*next)(); !done)
      return done.error();
  return made;
}

void server::parts::await_upgrade() {
  upgrades.async_wait([this](const boost::system::error_code& error, int) {
    if (error)
      return;
    upgrading = upgrade_works();
    if (upgrading)
      background.stop();
    else
      await_upgrade();
  });
}

std::optional<succession> server::run() {
  parts& p = *parts_;
  boost::asio::signal_set signals{p.background, SIGTERM, SIGINT};
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error)
      p.background.stop();
  });
  for (const auto& one : p.workers)
    one->start();
  p.account->start();
  if (p.watching)
    p.watching->start();
  p.look_around();
  p.hangups.add(SIGHUP);
  p.reload_at_signal();
  p.upgrades.add(SIGUSR2);
  p.await_upgrade();
  spdlog::info("deepseek-proxy listening on {}://{}:{} for {}",
               p.data_certificates ? "https" : "http", p.data_address.host, p.data_address.port,
               p.settings.upstream.url);
  p.background.run();
  p.drain();
  if (p.watching)
    p.watching->stop();
  p.background.restart(); // what requests posted while they ended
  p.background.poll();
  if (!p.store->journal().flush())
    spdlog::warn("the journal is not applied to its end; the next start goes on from there");
  if (p.upgrading)
    return p.succeed();
  spdlog::info("stopped");
  return std::nullopt;
}

} // namespace proxy::server
