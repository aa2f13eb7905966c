// Writing metrics: each family declared once with its help text.
#include "proxy/server/metrics.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "policies/admission/refusal.hpp"
#include "proxy/server/build_info.hpp"

namespace proxy::server {
namespace {

using session::counter;
using session::counters;

struct family {
  const char* name;
  const char* help;
  counter counters::*value;
};

constexpr family families[] = {
    {"connections_opened_total", "Client connections accepted.", &counters::connections_opened},
    {"connections_closed_total", "Client connections ended.", &counters::connections_closed},
    {"requests_total", "Request heads read, well-formed or not.", &counters::requests},
    {"dispatched_total", "Requests sent upstream.", &counters::dispatched},
    {"unauthenticated_total", "Requests without a key this proxy knows.",
     &counters::unauthenticated},
    {"malformed_total", "Requests refused by the HTTP gate.", &counters::malformed},
    {"upstream_failures_total", "Answers that never came, broke off or were not HTTP.",
     &counters::upstream_failures},
    {"upstream_account_refusals_total", "401 and 402 of the upstream: the owner's trouble.",
     &counters::upstream_refusals},
    {"replayed_total", "Requests answered as the first one with their Idempotency-Key was.",
     &counters::replayed},
    {"key_failovers_total", "Requests asked again with another real key.",
     &counters::key_failovers},
    {"overruns_total", "Requests billed above their bound: the price table is wrong.",
     &counters::overruns},
    {"tls_handshakes_total", "TLS handshakes with clients.", &counters::tls_handshakes},
    {"tls_resumed_total", "Those of them that resumed a session.", &counters::tls_resumed},
    {"tls_failures_total", "TLS handshakes that failed or took too long.", &counters::tls_failures},
    {"client_bytes_total", "Bytes of answers sent to clients.", &counters::bytes_to_clients},
    {"settled_nano_usd_total", "Charged, in nano-dollars.", &counters::settled_nano_usd},
    {"upstream_connections_opened_total", "Connections made to the upstream.",
     &counters::upstream_opened},
    {"upstream_connections_reused_total", "Requests that found a connection open.",
     &counters::upstream_reused},
    {"cache_hits_total", "Answered with what an equal request was answered.",
     &counters::cache_hits},
    {"cache_misses_total", "Requests of keys that keep answers, asked of the upstream.",
     &counters::cache_misses},
    {"waited_total", "Requests that waited in line for a rate limit.", &counters::waited},
    {"waited_in_vain_total", "Of them, and of those that found the line full, refused.",
     &counters::waited_in_vain},
};

std::uint64_t sum(const metric_sources& from, counter counters::*value) {
  std::uint64_t total = 0;
  for (const counters* thread : from.threads)
    total += (thread->*value).get();
  return total;
}

template <class Out>
void head(Out out, const char* name, const char* type, const char* help) {
  fmt::format_to(out, "# HELP deepseek_proxy_{0} {1}\n# TYPE deepseek_proxy_{0} {2}\n", name, help,
                 type);
}

template <class Out>
void count(Out out, const char* name, const char* help, std::uint64_t value) {
  head(out, name, "counter", help);
  fmt::format_to(out, "deepseek_proxy_{} {}\n", name, value);
}

template <class Out>
void gauge(Out out, const char* name, const char* help, std::uint64_t value) {
  head(out, name, "gauge", help);
  fmt::format_to(out, "deepseek_proxy_{} {}\n", name, value);
}

struct histogram_family {
  const char* name;
  const char* help;
  session::histogram counters::*value;
  double unit; // of a second
};
constexpr histogram_family histograms[] = {
    {"first_byte_seconds", "From dispatch to the first byte of the answer.",
     &counters::first_byte_ms, 1e-3},
    {"request_seconds", "From a request's head to the last byte of its answer.",
     &counters::total_ms, 1e-3},
    {"overhead_seconds", "Before dispatch, in this proxy; waiting in line too.",
     &counters::overhead_us, 1e-6},
};

template <class Out>
void write(Out out, const histogram_family& of, const metric_sources& from) {
  head(out, of.name, "histogram", of.help);
  std::uint64_t below = 0;
  std::uint64_t total = 0;
  for (const counters* thread : from.threads)
    total += (thread->*of.value).sum.get();
  for (std::size_t i = 0; i < session::histogram::buckets; ++i) {
    for (const counters* thread : from.threads)
      below += (thread->*of.value).counts[i].get();
    if (i + 1 < session::histogram::buckets) // whole numbers below 2^i are at most 2^i - 1
      fmt::format_to(out, "deepseek_proxy_{}_bucket{{le=\"{:g}\"}} {}\n", of.name,
                     static_cast<double>((1u << i) - 1) * of.unit, below);
  }
  fmt::format_to(out,
                 "deepseek_proxy_{0}_bucket{{le=\"+Inf\"}} {1}\ndeepseek_proxy_{0}_sum {2:.9g}\n"
                 "deepseek_proxy_{0}_count {1}\n",
                 of.name, below, static_cast<double>(total) * of.unit);
}

template <class Out>
void write_tokens(Out out, const metric_sources& from) {
  head(out, "tokens_total", "counter",
       "Tokens as the upstream told them; reasoning is part of the output.");
  for (const auto& [kind, value] : {std::pair{"prompt", &counters::prompt_tokens},
                                    std::pair{"cached", &counters::cached_tokens},
                                    std::pair{"output", &counters::output_tokens},
                                    std::pair{"reasoning", &counters::reasoning_tokens}})
    fmt::format_to(out, "deepseek_proxy_tokens_total{{kind=\"{}\"}} {}\n", kind, sum(from, value));
}

template <class Out>
void write_endings(Out out, const metric_sources& from) {
  head(out, "endings_total", "counter", "Requests in the ledger, by how they ended.");
  for (std::size_t i = 0; i < counters::endings; ++i) {
    std::uint64_t total = 0;
    for (const counters* thread : from.threads)
      total += thread->ended[i].get();
    if (total > 0)
      fmt::format_to(out, "deepseek_proxy_endings_total{{ending=\"{}\"}} {}\n",
                     journal::name_of(static_cast<journal::ending>(i)), total);
  }
}

// What comes and goes; counters of threads are read one after the other, so that a difference may
// be off by what happened meanwhile.
template <class Out>
void write_state(Out out, const metric_sources& from) {
  const auto difference = [&](counter counters::*more, counter counters::*less) {
    const std::uint64_t taken = sum(from, less);
    return std::max(sum(from, more), taken) - taken;
  };
  gauge(out, "held_nano_usd", "Held for requests in flight, in nano-dollars.",
        difference(&counters::held_nano_usd, &counters::released_nano_usd));
  gauge(out, "waiting", "Requests in line for a rate limit.", from.waiting);
  gauge(out, "cache_bytes", "Bytes of answers kept for equal requests.", from.cache_bytes);
  const std::int64_t since = from.journal.refused_since_ms;
  gauge(out, "store_up", "0 while the store does not take what the journal has.", since == 0);
  const std::int64_t lag = since == 0 ? 0 : from.now.time_since_epoch().count() - since;
  gauge(out, "journal_lag_seconds",
        "Age of the oldest ledger entry that the store does not take; 0: it takes all.",
        static_cast<std::uint64_t>(std::max<std::int64_t>(lag, 0)) / 1000);
  head(out, "build_info", "gauge",
       "Always 1: its labels say what runs, and on which kind of store.");
  fmt::format_to(out,
                 "deepseek_proxy_build_info{{version=\"{}\",commit=\"{}\",openssl=\"{}\","
                 "store=\"{}\"}} 1\n",
                 build_version(), build_commit(), openssl_version(), from.store);
}

} // namespace

std::string metrics_text(const metric_sources& from) {
  std::string text;
  auto out = std::back_inserter(text);
  for (const family& f : families) {
    head(out, f.name, "counter", f.help);
    fmt::format_to(out, "deepseek_proxy_{} {}\n", f.name, sum(from, f.value));
  }
  head(out, "answers_total", "counter", "Answers to clients by class of status.");
  for (std::size_t i = 1; i < 6; ++i) {
    std::uint64_t total = 0;
    for (const counters* thread : from.threads)
      total += thread->answers_by_class[i].get();
    fmt::format_to(out, "deepseek_proxy_answers_total{{class=\"{}xx\"}} {}\n", i, total);
  }
  head(out, "refusals_total", "counter", "Refusals of this proxy by code.");
  for (std::size_t i = 0; i < counters::refusal_codes; ++i) {
    std::uint64_t total = 0;
    for (const counters* thread : from.threads)
      total += thread->refusals[i].get();
    if (total == 0)
      continue;
    const auto code = static_cast<policies::admission::refusal_code>(i);
    fmt::format_to(out, "deepseek_proxy_refusals_total{{code=\"{}\"}} {}\n",
                   policies::admission::name_of(code), total);
  }
  count(out, "upstream_key_refresh_failures_total",
        "Times the real key could not be fetched again; the last good one is kept.",
        from.key_refresh_failures);
  count(out, "store_losses_total",
        "Times a Redis process had lost what it had acknowledged, and was told it again.",
        from.condition.losses);
  gauge(out, "store_closed",
        "Redis processes that decide nothing until every proxy has told them again what they may "
        "lack.",
        from.condition.closed);
  count(out, "request_logs_dropped_total",
        "Lines of the access log and spans that found no room or no taker.", from.told_in_vain);
  count(out, "reload_failures_total",
        "Configurations and certificates that could not be loaded again; the last good ones stay.",
        from.reload_failures);
  if (from.certificate_expires_s > 0)
    gauge(out, "tls_certificate_expires_seconds",
          "When the first of the certificates in use expires, in seconds since 1970.",
          static_cast<std::uint64_t>(from.certificate_expires_s));
  gauge(out, "connections", "Client connections open.", from.connections);
  gauge(out, "keys", "Keys known.", from.keys);
  gauge(out, "journal_bytes", "Bytes of journal on disk.", from.journal.bytes);
  gauge(out, "journal_unapplied", "Ledger entries not yet in the roll-ups.",
        from.journal.published - from.journal.applied);
  gauge(out, "journal_disk_full", "1 while no segment can be allocated: requests get 503.",
        from.journal.disk_full ? 1 : 0);
  write_tokens(out, from);
  write_endings(out, from);
  for (const histogram_family& each : histograms)
    write(out, each, from);
  write_state(out, from);
  return text;
}

} // namespace proxy::server
