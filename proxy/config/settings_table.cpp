// Every setting with its prose and bounds: the reference of the configuration file.
#include <charconv>

#include "proxy/config/setting.hpp"
#include "proxy/config/setting_kinds.hpp"

namespace proxy::config {
namespace {

using namespace kinds;

std::optional<std::string> check_listen(const std::string& given) {
  if (parse_listen(given))
    return std::nullopt;
  return in_quotes(given) + " is no IP address and port";
}

std::optional<std::string> check_url(const std::string& given) {
  if (const auto parsed = parse_upstream(given); !parsed)
    return parsed.error().message;
  return std::nullopt;
}

std::optional<std::string> check_trace_url(const std::string& given) {
  if (given.empty() || given.starts_with("http://"))
    return given.empty() ? std::nullopt : check_url(given);
  return in_quotes(given) + " does not begin with http://";
}

// What has an @ may have a password, and is not repeated.
std::optional<std::string> check_redis_url(const std::string& given) {
  if (given.empty())
    return std::nullopt;
  const std::size_t at = given.find('@');
  const std::string scheme = given.substr(0, given.find("://"));
  constexpr std::array known{"redis",           "rediss",        "redis+sentinel",
                             "rediss+sentinel", "redis+cluster", "rediss+cluster"};
  if (given.find("://") == std::string::npos || std::ranges::find(known, scheme) == known.end())
    return (at == std::string::npos ? in_quotes(given) : "the URL") +
           " does not begin with redis://, redis+sentinel:// or redis+cluster:// (rediss for TLS)";
  if (at != std::string::npos && given.find(':', given.find("://") + 3) < at)
    return "the URL has a password in it: say with store.password where that is found";
  return std::nullopt;
}

std::optional<std::string> put_proxies(settings& s, const node& from) {
  const auto* items = from.as<node::array>();
  if (!items)
    return expected_instead("a list of addresses and networks", from);
  std::vector<policies::access::ip_network> networks;
  for (const node& item : *items) {
    const auto* text = item.as<std::string>();
    if (!text)
      return expected_instead("a list of strings", item);
    auto parsed = policies::access::parse_network(*text);
    if (!parsed.network)
      return parsed.error;
    networks.push_back(*parsed.network);
  }
  s.server.trusted_proxies = std::move(networks);
  return std::nullopt;
}

std::string show_proxies(const settings& s) {
  std::string out;
  for (const auto& network : s.server.trusted_proxies)
    out += (out.empty() ? "" : ", ") + in_quotes(policies::access::to_string(network));
  return "[" + out + "]";
}

// "env:NAME", or "env:NAME weight=3".
std::optional<std::string> put_more_keys(settings& s, const node& from) {
  constexpr std::size_t more_max = 15;
  constexpr std::string_view mark = " weight=";
  const auto* items = from.as<node::array>();
  if (!items)
    return expected_instead("a list of sources", from);
  std::vector<weighted_secret> keys;
  for (const node& item : *items) {
    const auto* text = item.as<std::string>();
    if (!text)
      return expected_instead("a list of strings", item);
    weighted_secret key{{*text}, 1};
    if (const std::size_t at = text->rfind(mark); at != std::string::npos) {
      key.source.text = text->substr(0, at);
      const char* begin = text->data() + at + mark.size();
      const char* all = text->data() + text->size();
      const auto [end, error] = std::from_chars(begin, all, key.weight);
      if (error != std::errc{} || end != all || key.weight < 1 || key.weight > weight_max)
        return "weight= is followed by no whole number from 1 to 1000";
    }
    if (auto problem = complaint_about_source(key.source.text))
      return problem;
    keys.push_back(std::move(key));
  }
  if (keys.size() > more_max)
    return "there are more than 15";
  s.upstream.more_keys = std::move(keys);
  return std::nullopt;
}

std::string show_more_keys(const settings& s) {
  std::string out;
  for (const weighted_secret& key : s.upstream.more_keys)
    out += (out.empty() ? "" : ", ") +
           in_quotes(key.source.text + " weight=" + std::to_string(key.weight));
  return "[" + out + "]";
}

constexpr std::int64_t hour = 3600, mebi = 1 << 20, gibi = 1 << 30;

#define MEMBER(path)                                                                               \
  [](settings & s) -> auto& {                                                                      \
    return s.path;                                                                                 \
  }

std::vector<setting> server_settings_table() {
  return {
      text("server", "listen", "Where clients connect. Port 0: the kernel chooses.",
           "an address and port, like \"127.0.0.1:8080\" or \"[::1]:8080\"", MEMBER(server.listen),
           check_listen),
      number("server", "threads", "Data threads. 0: one a core.", {0, 256}, MEMBER(server.threads)),
      {"server", "trusted_proxies",
       "Load balancers whose X-Forwarded-For is believed. Loopback is not trusted by itself.",
       "a list of addresses and networks", put_proxies, show_proxies,
       [](settings& to, const settings& from) {
         to.server.trusted_proxies = from.server.trusted_proxies;
       },
       true},
      text("server", "tls_cert",
           "PEM file with the certificate and its chain: clients then connect by https. It is read "
           "again when it changes, and at SIGHUP. Empty: plain HTTP.",
           "a path, or empty", MEMBER(server.tls_cert)),
      text("server", "tls_key", "PEM file with the certificate's private key.", "a path, or empty",
           MEMBER(server.tls_key)),
      text("server", "tls_client_ca",
           "PEM file of authorities whose client certificates are believed; a key can demand one "
           "(client_certificates). Empty: no client is asked for any.",
           "a path, or empty", MEMBER(server.tls_client_ca)),
      live(number("server", "tls_handshake_timeout_s",
                  "Seconds for a whole TLS handshake, from the connection on.", {1, 600},
                  MEMBER(server.tls_handshake_timeout))),
      live(number("server", "connections_max", "Client connections at once.", {1, 1'000'000},
                  MEMBER(server.connections_max))),
      live(number("server", "head_bytes_max", "Bytes of a request's head.", {1024, 64 * 1024},
                  MEMBER(server.head_bytes_max))),
      live(number("server", "head_fields_max", "Header fields of a request.", {8, 100},
                  MEMBER(server.head_fields_max))),
      live(number("server", "body_bytes_max", "Bytes of a request's body.", {1024, 512 * mebi},
                  MEMBER(server.body_bytes_max))),
      number("server", "body_bytes_total_max", "Bytes of all bodies in flight.",
             {mebi, 1024 * gibi}, MEMBER(server.body_bytes_total_max)),
      live(number("server", "json_depth_max", "Nesting of a JSON body.", {8, 512},
                  MEMBER(server.json_depth_max))),
      live(number("server", "head_timeout_s", "Seconds for a whole head, from its first byte.",
                  {1, 600}, MEMBER(server.head_timeout))),
      live(number("server", "idle_timeout_s", "Seconds a connection may idle between requests.",
                  {1, hour}, MEMBER(server.idle_timeout))),
      live(number("server", "body_bytes_per_second_min",
                  "A slower body is given up, after ten seconds of grace.", {1, mebi},
                  MEMBER(server.body_bytes_per_second_min))),
      live(number("server", "client_stall_timeout_s",
                  "Seconds a client may take nothing of its answer; then it counts as gone.",
                  {1, hour}, MEMBER(server.client_stall_timeout))),
      live(number(
          "server", "unsent_bytes_max",
          "Bytes of an answer that may wait in the kernel to be sent to a client. 0: as many "
          "as it takes.",
          {0, gibi}, MEMBER(server.unsent_bytes_max))),
      live(number("server", "drain_timeout_s", "Seconds that requests in flight get at SIGTERM.",
                  {0, hour}, MEMBER(server.drain_timeout))),
      number("server", "request_lifetime_max_s",
             "Seconds a request may take in all; money is held at the dearest price within them.",
             {60, 24 * hour}, MEMBER(server.request_lifetime_max)),
      live(choice(
          "server", "on_disconnect",
          "A client left in mid-answer: read the rest for its usage, or leave the upstream and "
          "charge the bound.",
          {"drain", "cancel"}, MEMBER(server.on_disconnect))),
      live(number("server", "disconnect_drain_max_s", "Seconds to drain an answer nobody reads.",
                  {1, 24 * hour}, MEMBER(server.disconnect_drain_max))),
  };
}

// What keys may ask for: to wait in line, and to be answered as before.
std::vector<setting> patience_settings_table() {
  return {
      number("server", "waiting_max",
             "Requests that wait in line at once, of all keys with max_wait_ms.", {0, 100'000},
             MEMBER(server.waiting_max)),
      number("server", "waiting_per_key_max", "Requests of one key that wait in line at once.",
             {0, 100'000}, MEMBER(server.waiting_per_key_max)),
      number("server", "cache_bytes_max",
             "Bytes of answers kept for keys with cache_ttl_s; the least used make room.",
             {0, 64 * gibi}, MEMBER(server.cache_bytes_max)),
  };
}

std::vector<setting> upstream_settings_table() {
  return {
      text("upstream", "url", "The DeepSeek API.",
           "http:// or https:// with a host, and maybe a path", MEMBER(upstream.url), check_url),
      secret("upstream", "key", "The account's real key.", MEMBER(upstream.key)),
      number("upstream", "key_weight",
             "With more_keys: its share of the requests, beside the weights of the others.",
             {1, weight_max}, MEMBER(upstream.key_weight)),
      {"upstream", "more_keys",
       "More real keys of the same account. Requests go to them in turn; one that DeepSeek turns "
       "away with 401, 402 or 429 rests, and the request is asked again with another.",
       "a list of sources, each maybe with a weight, like \"env:NAME weight=2\"", put_more_keys,
       show_more_keys,
       [](settings& to, const settings& from) { to.upstream.more_keys = from.upstream.more_keys; }},
      number("upstream", "key_refresh_s",
             "Seconds after which the real key is fetched again, so that a rotation needs no "
             "restart; the last good one is kept. 0: never.",
             {0, 24 * hour}, MEMBER(upstream.key_refresh)),
      text("upstream", "ca_file", "PEM file of certificate authorities. Empty: the system's.",
           "a path, or empty", MEMBER(upstream.ca_file)),
      choice(
          "upstream", "link_local",
          "Whether a name of the upstream may lead to a link-local address, as metadata services "
          "of clouds have.",
          {"deny", "allow"}, MEMBER(upstream.link_local)),
      number("upstream", "connect_timeout_s", "Seconds for a connection, TLS included.", {1, 600},
             MEMBER(upstream.connect_timeout)),
      live(number("upstream", "first_byte_timeout_s",
                  "Seconds until an answer begins; DeepSeek gives up after 600.", {1, 2 * hour},
                  MEMBER(upstream.first_byte_timeout))),
      live(number("upstream", "idle_timeout_s",
                  "Seconds between two bytes of an answer; DeepSeek sends keep-alives.",
                  {1, 2 * hour}, MEMBER(upstream.idle_timeout))),
      number("upstream", "pool_idle_timeout_s", "Seconds an unused connection is kept.", {1, hour},
             MEMBER(upstream.pool_idle_timeout)),
      number("upstream", "pool_idle_max", "Unused connections kept by each thread.", {0, 65536},
             MEMBER(upstream.pool_idle_max)),
      number("upstream", "receive_buffer_bytes",
             "The kernel's buffer for what comes on a connection; a small one bounds what slow "
             "clients make it keep, and the speed over a long way. 0: as it sees fit.",
             {0, gibi}, MEMBER(upstream.receive_buffer_bytes)),
      live(number("upstream", "head_bytes_max", "Bytes of an answer's head.", {1024, 16 * 1024},
                  MEMBER(upstream.head_bytes_max))),
  };
}

std::vector<setting> store_settings_table() {
  return {
      choice("store", "kind",
             "Where limits, keys and sums are kept: in this process and its data directory, or in "
             "a Redis that several proxies share.",
             {"embedded", "redis"}, MEMBER(store.kind)),
      text("store", "path",
           "The data directory: the journal, and an embedded store. Empty: "
           "$XDG_STATE_HOME/deepseek-proxy, or ~/.local/state/deepseek-proxy.",
           "a path, or empty", MEMBER(store.path)),
      text("store", "url", "The Redis; a URL here means kind = \"redis\".",
           "redis://[user@]host[:port][/database], redis+sentinel://[user@]host[:port],.../name, "
           "redis+cluster://[user@]host[:port],..., each with rediss for TLS, or empty",
           MEMBER(store.url), check_redis_url),
      secret("store", "password", "Of the user at Redis. Empty: none.", MEMBER(store.password),
             presence::optional),
      secret("store", "sentinel_password", "Of the sentinels themselves. Empty: none.",
             MEMBER(store.sentinel_password), presence::optional),
      text("store", "ca_file",
           "PEM file of certificate authorities for rediss://. Empty: the system's.",
           "a path, or empty", MEMBER(store.ca_file)),
      choice("store", "coordination",
             "How proxies share limits. exact: every admission asks Redis. leased: each proxy is "
             "lent a little of what remains in advance, divides it by itself, and asks for single "
             "requests where little remains; nothing is ever admitted beyond a limit.",
             {"exact", "leased"}, MEMBER(store.coordination)),
      choice("store", "on_loss",
             "While Redis is away. deny: requests are refused with 503 and Retry-After. divide: "
             "those of keys that have limits a minute and no others go on, at each proxy's part "
             "of the limit, once every other proxy has counted it; where money or concurrency is "
             "limited they are refused all the same.",
             {"deny", "divide"}, MEMBER(store.on_loss)),
      choice("store", "durability",
             "When a request may go upstream. master: its hold is at Redis. replicated: a replica "
             "has it, too, so that a failover forgets nothing; costs a round trip between the two.",
             {"master", "replicated"}, MEMBER(store.durability)),
      number("store", "journal_segment_bytes", "Bytes of a journal file, allocated ahead.",
             {64 * 1024, gibi}, MEMBER(store.journal_segment_bytes)),
      number("store", "journal_backlog_bytes_max",
             "Bytes of journal not yet in the sums; beyond, requests get 503.", {mebi, 1024 * gibi},
             MEMBER(store.journal_backlog_bytes_max)),
      number("store", "retention_days", "Days the ledger's rows are kept.", {1, 3650},
             MEMBER(store.retention_days)),
  };
}

std::vector<setting> other_settings_table() {
  return {
      text("admin", "listen", "Where the owner connects.",
           "an address and port, like \"127.0.0.1:8081\"", MEMBER(admin.listen), check_listen),
      secret(
          "admin", "key",
          "The owner's key, 16 characters or more. If the variable is not set, a key is made and "
          "kept in the data directory.",
          MEMBER(admin.key)),
      choice("admin", "plain_http",
             "Where the admin plane may listen: keys and secrets cross the network as they are. "
             "\"anywhere\" is for a container's own network, or behind something that speaks TLS.",
             {"loopback", "anywhere"}, MEMBER(admin.plain_http)),
      text(
          "admin", "tls_cert",
          "PEM file with the certificate and its chain: the admin plane then speaks https, and may "
          "listen anywhere. It is read again when it changes, and at SIGHUP. Empty: plain HTTP.",
          "a path, or empty", MEMBER(admin.tls_cert)),
      text("admin", "tls_key", "PEM file with the certificate's private key.", "a path, or empty",
           MEMBER(admin.tls_key)),
      number("limits", "context_tokens", "Context window of the models, in tokens.",
             {1024, 100'000'000}, MEMBER(limits.context_tokens)),
      number("limits", "output_tokens_max", "The longest answer of the models, in tokens.",
             {1024, 100'000'000}, MEMBER(limits.output_tokens_max)),
      number("limits", "output_tokens_min",
             "Where the budget leaves room for less output than this, a request is refused.",
             {1, 65536}, MEMBER(limits.output_tokens_min)),
      text("limits", "prices", "Price table, as deploy/prices.toml. Empty: the one built in.",
           "a path, or empty", MEMBER(limits.prices)),
      live(choice("log", "level", "What the log tells.", {"debug", "info", "warn", "error"},
                  MEMBER(log_level))),
      choice("log", "format", "How it tells: lines for people, or a JSON object a line.",
             {"text", "json"}, MEMBER(log_format)),
      text("log", "access",
           "Where each request is told as a line of JSON, without secrets and prompts: a file, or "
           "\"stdout\". Empty: nowhere. SIGHUP opens the file anew.",
           "a path, \"stdout\", or empty", MEMBER(log_access)),
      number("log", "queue_requests",
             "Ended requests that a thread keeps until they stand in the access log and in spans "
             "(0.5 kB each); what finds no room is counted and left out.",
             {64, 1'048'576}, MEMBER(log_queue_requests)),
      text("trace", "url",
           "An OpenTelemetry collector that gets a span a request (OTLP/HTTP, JSON), like "
           "http://127.0.0.1:4318/v1/traces. Empty: none, and traceparent is passed on as it came.",
           "http:// with a host, a port and a path, or empty", MEMBER(trace_url), check_trace_url),
      live(
          real_number("trace", "sample",
                      "Share of the traces that have spans. Where a client sent a traceparent, its "
                      "flag says whether that trace has one.",
                      0, 1, MEMBER(trace_sample))),
  };
}

#undef MEMBER

std::vector<setting> make_all() {
  std::vector<setting> all = server_settings_table();
  for (auto part : {patience_settings_table(), upstream_settings_table(), store_settings_table(),
                    other_settings_table(), alert_settings_table()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

} // namespace

std::span<const setting> all_settings() {
  static const std::vector<setting> all = make_all();
  return all;
}

std::string_view section_prose(std::string_view section) {
  if (section == "server")
    return "The data plane.";
  if (section == "upstream")
    return "The DeepSeek API behind it.";
  if (section == "admin")
    return "The admin plane.";
  if (section == "store")
    return "What is kept, and where.";
  if (section == "limits")
    return "Bounds of the models, and prices.";
  if (section == "trace")
    return "Spans for OpenTelemetry.";
  if (section == "alerts")
    return "Who is told when something is wrong.";
  if (section == "insight")
    return "What counts as wrong.";
  return "The log.";
}

} // namespace proxy::config
