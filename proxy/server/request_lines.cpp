// Facts of an exchange as JSON.
#include "proxy/server/request_lines.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>

#include "policies/access/ip_list.hpp"
#include "policies/keys/secret.hpp"

namespace proxy::server {
namespace {

namespace json = boost::json;
using session::exchange;
using std::chrono::steady_clock;

int status_of(const exchange& x) {
  return x.refusal ? policies::admission::status_of(x.refusal->code) : x.ledger.status;
}

std::string_view ending_of(const exchange& x) {
  if (x.refusal && !x.ledger.dispatched)
    return policies::admission::name_of(x.refusal->code);
  return journal::name_of(x.ledger.ending);
}

std::int64_t microseconds(steady_clock::time_point from, steady_clock::time_point until) {
  if (from == steady_clock::time_point{} || until < from)
    return 0;
  return std::chrono::duration_cast<std::chrono::microseconds>(until - from).count();
}

std::string_view traceparent_of(const exchange& x) {
  if (x.trace_made)
    return {x.trace.data(), x.trace.size()};
  for (const http::field& each : x.in.head.all())
    if (each.name.size() == 11 && std::equal(each.name.begin(), each.name.end(), "traceparent",
                                             [](char a, char b) { return (a | 0x20) == b; }))
      return each.value;
  return {};
}

// version 00, trace, parent, flags: lower-case hex with dashes between.
bool well_formed(std::string_view trace) {
  if (trace.size() != 55 || !trace.starts_with("00-") || trace[35] != '-' || trace[52] != '-')
    return false;
  for (const std::size_t i : {3UL, 36UL, 53UL})
    for (std::size_t j = i; j < trace.size() && trace[j] != '-'; ++j)
      if (std::string_view("0123456789abcdef").find(trace[j]) == std::string_view::npos)
        return false;
  return true;
}

void add_usage(json::object& to, const exchange& x) {
  if (!x.up.tapped || !x.up.tap.facts().usage)
    return;
  const auto& usage = *x.up.tap.facts().usage;
  to["prompt_tokens"] = usage.prompt.value;
  to["cached_tokens"] = usage.cached.value;
  to["output_tokens"] = usage.output.value;
}

json::object attribute(std::string_view name, std::string_view text) {
  return {{"key", name}, {"value", {{"stringValue", text}}}};
}
json::object attribute(std::string_view name, std::int64_t number) { // 64 bits are written as text
  return {{"key", name}, {"value", {{"intValue", std::to_string(number)}}}};
}

} // namespace

std::string access_line(const exchange& x, policies::instant now) {
  const auto at = now.time_since_epoch().count();
  const auto ended = steady_clock::now();
  json::object out{
      {"time", fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(at / 1000), at % 1000)},
      {"request_id", x.id_view()},
      {"key_id", x.key ? json::value(policies::keys::to_string(x.key->id)) : json::value(nullptr)},
      {"client", policies::access::to_string(x.client)},
      {"method", x.in.head.method},
      {"path", x.in.head.path},
      {"status", status_of(x)},
      {"ending", ending_of(x)},
      {"model", x.model()},
      {"stream", x.inspection.stream},
      {"total_us", microseconds(x.ledger.head_read, ended)},
      {"overhead_us", microseconds(x.ledger.head_read, x.ledger.dispatched_at)},
      {"first_byte_us", microseconds(x.ledger.dispatched_at, x.ledger.first_byte_at)}};
  add_usage(out, x);
  if (const auto trace = traceparent_of(x); well_formed(trace))
    out["trace_id"] = trace.substr(3, 32);
  return json::serialize(out) + "\n";
}

std::string span_of(const exchange& x, policies::instant now) {
  const std::string_view trace = traceparent_of(x);
  const bool continued = !x.trace_made && well_formed(trace);
  const std::int64_t end_ns = now.time_since_epoch().count() * 1'000'000;
  const std::int64_t took_ns = microseconds(x.ledger.head_read, steady_clock::now()) * 1000;
  json::array about{attribute("http.request.method", x.in.head.method),
                    attribute("url.path", x.in.head.path),
                    attribute("http.response.status_code", std::int64_t{status_of(x)}),
                    attribute("deepseek_proxy.request_id", x.id_view()),
                    attribute("deepseek_proxy.ending", ending_of(x))};
  if (x.key)
    about.push_back(attribute("deepseek_proxy.key_id", policies::keys::to_string(x.key->id)));
  if (!x.model().empty())
    about.push_back(attribute("gen_ai.request.model", x.model()));
  json::object usage;
  add_usage(usage, x);
  for (const auto& [name, value] : usage)
    about.push_back(attribute("gen_ai.usage." + std::string(name), value.as_int64()));
  json::object span{{"traceId", continued ? trace.substr(3, 32) : x.id_view()},
                    {"spanId", x.id_view().substr(continued ? 0 : 16, 16)},
                    {"name", fmt::format("{} {}", x.in.head.method, x.in.head.path)},
                    {"kind", 2},
                    {"startTimeUnixNano", std::to_string(end_ns - took_ns)},
                    {"endTimeUnixNano", std::to_string(end_ns)},
                    {"attributes", std::move(about)},
                    {"status", {{"code", status_of(x) >= 500 ? 2 : 0}}}};
  if (continued)
    span["parentSpanId"] = trace.substr(36, 16);
  return json::serialize(span);
}

std::string export_of(const std::vector<std::string>& spans) {
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",)"
                    R"("value":{"stringValue":"deepseek-proxy"}}]},"scopeSpans":[{"scope":)"
                    R"({"name":"deepseek-proxy"},"spans":[)";
  for (std::size_t i = 0; i < spans.size(); ++i)
    out.append(i == 0 ? "" : ",").append(spans[i]);
  return out + "]}]}]}";
}

} // namespace proxy::server
