// What a server is made of, for the files that implement it: making.cpp makes the parts in order,
// running.cpp changes and ends them.
#pragma once

#include <atomic>
#include <filesystem>

#include <boost/asio.hpp>

#include "proxy/admin/admin_server.hpp"
#include "proxy/alerts/service.hpp"
#include "proxy/request_log/request_log.hpp"
#include "proxy/server/inherited.hpp"
#include "proxy/server/open_store.hpp"
#include "proxy/server/real_keys.hpp"
#include "proxy/server/server.hpp"
#include "proxy/server/worker.hpp"
#include "proxy/tls/certificates.hpp"

namespace proxy::server {

int threads_of_machine();

struct server::parts {
  config::settings settings; // as at the start
  config::settings running;  // as of the last reload
  std::function<policies::instant()> now;
  // Signals, timers, and what data threads must not wait for; outlives whoever posts to it.
  boost::asio::io_context background;
  boost::asio::steady_timer refresh{background};
  boost::asio::signal_set hangups{background};
  boost::asio::signal_set upgrades{background};
  std::filesystem::path program; // an upgrade starts what is there then
  std::optional<std::filesystem::path> config_file;
  inherited_sockets inherited;
  // Copies of the listening sockets: in an upgrade they stay open while nobody accepts.
  std::vector<int> data_listeners;
  std::vector<int> admin_listeners;
  bool upgrading = false;
  std::atomic<bool> ending{false};
  std::unique_ptr<tls::certificates> data_certificates; // null: plain HTTP
  std::unique_ptr<tls::certificates> admin_certificates;
  std::atomic<std::uint64_t> reload_failures{0};
  bool pretended_clock = false;
  policies::pricing::price_table prices;
  upstream::tls_context tls;
  keys::key_directory directory;
  keys::origins origins;
  std::unique_ptr<real_keys> account; // outlives the workers, who tell it
  alerts::inbox noticed; // what is told of by the store's threads and by the workers
  std::unique_ptr<stores::file_owners> files;
  std::unique_ptr<stores::store> store; // may tell `files` until its end
  std::unique_ptr<session::byte_budget> bodies;
  session::repeated_answers repeats;
  std::unique_ptr<session::response_cache> cache;
  std::unique_ptr<session::waiting_line> line;
  std::unique_ptr<request_log::request_log> told; // null: nobody asks; outlives the workers
  std::unique_ptr<session::process> shared;
  std::unique_ptr<upstream::resolver> names;
  std::vector<std::unique_ptr<worker>> workers;
  std::unique_ptr<alerts::service> watching; // null: alerts are off
  std::unique_ptr<admin::admin_server> admin;
  config::host_port data_address;

  bool watched() const { return settings.insight.enabled; }
  outcome<void> open_store();
  outcome<void> open_files();
  outcome<void> fetch_keys();
  outcome<void> make_shared();
  outcome<void> open_request_log();
  outcome<void> load_certificates();
  outcome<void> make_workers();
  outcome<std::vector<std::vector<int>>> listen();
  void keep_copies(const std::vector<std::vector<int>>& listening);
  outcome<void> open_alerts();
  alerts::proxy_figures figures() const;
  outcome<void> start_admin();
  void block_key(policies::key_id id, const std::string& why);
  std::string metrics() const;
  void look_around();
  void look_at_certificates(bool anyway);
  void reload_at_signal();
  void reload();
  void await_upgrade();
  bool upgrade_works() const;
  void drain();
  succession succeed();
};

} // namespace proxy::server
