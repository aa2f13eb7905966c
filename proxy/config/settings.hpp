// Every setting with its default; bounds and prose stand in settings_table.cpp, by which the TOML
// file is read and `deepseek-proxy example-config` written.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "policies/access/ip_list.hpp"
#include "policies/pricing/price_table.hpp"
#include "proxy/config/alert_settings.hpp"
#include "proxy/error.hpp"

namespace proxy::config {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Where a secret is found; the secret itself never stands in the file.
struct secret_source {
  std::string text; // "env:NAME", "file:PATH", ...; empty where a secret is optional: none
};

struct server_settings {
  std::string listen = "127.0.0.1:8080";
  int threads = 0;      // 0: one a core
  std::string tls_cert; // PEM files; empty: plain HTTP
  std::string tls_key;
  std::string tls_client_ca; // empty: no client is asked for a certificate
  seconds tls_handshake_timeout{10};
  std::vector<policies::access::ip_network> trusted_proxies;
  std::size_t connections_max = 100'000;
  std::size_t head_bytes_max = 32 * 1024;
  std::size_t head_fields_max = 100;
  std::size_t body_bytes_max = 48u << 20;
  std::size_t body_bytes_total_max = 1u << 30; // of all requests in flight
  std::size_t json_depth_max = 64;
  seconds head_timeout{10};                      // absolute, from the first byte
  seconds idle_timeout{75};                      // between requests
  std::int64_t body_bytes_per_second_min = 1024; // after a grace of 10 s
  seconds client_stall_timeout{60};              // a client that reads nothing
  std::size_t unsent_bytes_max = 128 * 1024;     // of an answer in the kernel, a client; 0: no end
  seconds drain_timeout{30};                     // SIGTERM: requests in flight may finish
  seconds request_lifetime_max{30 * 60};
  std::string on_disconnect = "drain"; // or "cancel"
  seconds disconnect_drain_max{600};   // how long to drain an answer nobody reads
  std::size_t waiting_max = 1000;      // requests in line, of all keys with max_wait_ms
  std::size_t waiting_per_key_max = 100;
  std::size_t cache_bytes_max = 64u << 20; // answers kept for keys with cache_ttl_s
};

struct admin_settings {
  std::string listen = "127.0.0.1:8081";
  secret_source key{"env:DEEPSEEK_ADMIN_KEY"};
  std::string plain_http = "loopback"; // or "anywhere"
  std::string tls_cert;                // PEM files; empty: plain HTTP
  std::string tls_key;
};

// One of several real keys; of so many requests as the weights add up to, `weight` are its.
struct weighted_secret {
  secret_source source;
  int weight = 1;
};
inline constexpr int weight_max = 1000;

struct upstream_settings {
  std::string url = "https://api.deepseek.com";
  secret_source key{"env:DEEPSEEK_API_KEY"};
  int key_weight = 1;
  std::vector<weighted_secret> more_keys; // of the same account
  seconds key_refresh{300};               // the key is fetched again; 0: never
  std::string ca_file;                    // empty: the system's
  std::string link_local = "deny";        // or "allow"
  seconds connect_timeout{5};
  seconds first_byte_timeout{630}; // DeepSeek closes after 10 minutes without inference
  seconds idle_timeout{120};       // between bytes; DeepSeek sends keep-alives every 12 s or so
  seconds pool_idle_timeout{20};   // an idle pooled connection is dropped after this
  std::size_t pool_idle_max = 512; // a thread
  std::size_t receive_buffer_bytes = 0; // of the kernel, a connection; 0: as it sees fit
  std::size_t head_bytes_max = 16 * 1024;
};

struct store_settings {
  std::string kind = "embedded";   // "redis" where there is a url
  std::filesystem::path path;      // empty: the user's state directory
  std::string url;                 // of a Redis; empty: embedded
  secret_source password;          // of the user in it; empty: none
  secret_source sentinel_password; // empty: none
  std::string ca_file;             // rediss://; empty: the system's
  std::string coordination = "exact";
  std::string on_loss = "deny";
  std::string durability = "master";
  std::size_t journal_segment_bytes = 16u << 20;
  std::size_t journal_backlog_bytes_max = 4ull << 30;
  std::int64_t retention_days = 90;
};

struct limits_settings {
  std::int64_t context_tokens = 1'048'576;
  std::int64_t output_tokens_max = 393'216;
  std::int64_t output_tokens_min = 256; // a smaller output cap is refused instead
  std::filesystem::path prices;         // empty: the table built in from deploy/prices.toml
};

struct settings {
  server_settings server;
  admin_settings admin;
  upstream_settings upstream;
  store_settings store;
  limits_settings limits;
  alert_settings alerts;
  insight_settings insight;
  std::string log_level = "info";        // [log] level
  std::string log_format = "text";       // or "json"
  std::string log_access;                // a file, or "stdout"; empty: no access log
  std::size_t log_queue_requests = 4096; // a thread, until the log and the spans are written
  std::string trace_url;                 // of an OTLP/HTTP collector; empty: no spans
  double trace_sample = 1;               // share of the traces that have spans
  policies::pricing::price_data prices;  // read from limits.prices or built in
};

// Reads and checks a file (absent: the defaults). A failure names file, line, key, value, problem
// and what is accepted, never a secret's value. Unknown keys are failures with the nearest known.
outcome<settings> load(const std::optional<std::filesystem::path>& file);
outcome<policies::pricing::price_data> load_prices(const std::filesystem::path& file);
outcome<policies::pricing::price_data> parse_prices(std::string_view toml, std::string_view name);

// deploy/prices.toml as it was at the build.
std::string_view built_in_prices();

// A commented file with every key, its default and bounds.
std::string example_file();

struct host_port {
  std::string host;
  std::uint16_t port = 0;
};
std::optional<host_port> parse_listen(std::string_view text); // "127.0.0.1:8080", "[::1]:0"

struct upstream_address {
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;
  std::string base_path; // "" or "/something", without trailing slash
};
outcome<upstream_address> parse_upstream(std::string_view url);

// $XDG_STATE_HOME/deepseek-proxy, or ~/.local/state/deepseek-proxy.
std::filesystem::path default_data_directory();

} // namespace proxy::config
