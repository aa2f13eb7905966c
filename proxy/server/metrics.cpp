// Writing metrics: each family declared once with its help text.
#include "proxy/server/metrics.hpp"

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
  count(out, "reload_failures_total",
        "Configurations and certificates that could not be loaded again; the last good ones stay.",
        from.reload_failures);
  if (from.certificate_expires_s > 0)
    gauge(out, "tls_certificate_expires_seconds",
          "When the first of the certificates in use expires, in seconds since 1970.",
          static_cast<std::uint64_t>(from.certificate_expires_s));
  head(out, "build_info", "gauge", "1; its labels say what runs.");
  fmt::format_to(out,
                 "deepseek_proxy_build_info{{version=\"{}\",commit=\"{}\",openssl=\"{}\"}} 1\n",
                 build_version(), build_commit(), openssl_version());
  gauge(out, "connections", "Client connections open.", from.connections);
  gauge(out, "keys", "Keys known.", from.keys);
  gauge(out, "journal_bytes", "Bytes of journal on disk.", from.journal.bytes);
  gauge(out, "journal_unapplied", "Ledger entries not yet in the roll-ups.",
        from.journal.published - from.journal.applied);
  gauge(out, "journal_disk_full", "1 while no segment can be allocated: requests get 503.",
        from.journal.disk_full ? 1 : 0);
  return text;
}

} // namespace proxy::server
