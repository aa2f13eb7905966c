// Facts of an ended request as JSON, piece by piece.
#include "proxy/request_log/wording.hpp"

#include <chrono>
#include <optional>

#include <fmt/chrono.h>

#include "policies/keys/secret.hpp"
#include "proxy/request_log/text_out.hpp"

namespace proxy::request_log {
namespace {

using session::ended_request;

constexpr std::string_view ellipsis = "\u2026";

static_assert(quoted_bytes_max(sizeof(session::ended_request)) + 2048 <= words_bytes_max,
              "all that a client chooses, each byte escaped, and what stands around it");

std::string_view ending_of(const ended_request& one) {
  return one.refused ? policies::admission::name_of(one.refusal) : journal::name_of(one.ending);
}

template <std::size_t bytes_max>
void put(text_out& out, const session::cut_text<bytes_max>& text) {
  out.string(text.view(), text.cut() ? ellipsis : std::string_view{});
}

void put_address(text_out& out, const policies::access::ip_address& address) {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(address.bytes.data(), mapped.data(), mapped.size()) != 0)
    return out.bytes(policies::access::to_string(address));
  out.number(address.bytes[12]);
  for (std::size_t i = 13; i < address.bytes.size(); ++i) {
    out.bytes(".");
    out.number(address.bytes[i]);
  }
}

void put_key(text_out& out, policies::key_id key) {
  const auto text = policies::keys::text_of(key);
  out.bytes({text.data(), text.size()});
}

// Version 00, trace, parent, flags: lower-case hex with dashes between.
bool is_traceparent(std::string_view text) {
  const auto is_hex = [text](std::size_t from, std::size_t until) {
    for (std::size_t i = from; i < until; ++i)
      if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
        return false;
    return true;
  };
  return text.size() == 55 && text.starts_with("00-") && text[35] == '-' && text[52] == '-' &&
         is_hex(3, 35) && is_hex(36, 52) && is_hex(53, 55);
}

struct client_trace {
  std::string_view id;
  std::string_view parent;
  bool sampled = false;
};
std::optional<client_trace> client_trace_of(const ended_request& one) {
  const std::string_view text = one.trace.view();
  if (text.empty() || !is_traceparent(text))
    return std::nullopt;
  const unsigned flags = static_cast<unsigned char>(text[54]);
  return client_trace{text.substr(3, 32), text.substr(36, 16),
                      ((flags <= '9' ? flags - '0' : flags - 'a' + 10) & 1) != 0};
}

void put_attribute(text_out& out, std::string_view name, std::int64_t value) {
  out.piece(R"(,{"key":")");
  out.bytes(name);
  out.piece(R"(","value":{"intValue":")"); // 64 bits are written as text
  out.number(value);
  out.piece(R"("}})");
}

void put_identity(text_out& out, const ended_request& one) {
  const std::span<const std::uint8_t, 16> id{one.id.bytes};
  if (const auto trace = client_trace_of(one)) {
    out.piece(R"({"traceId":")");
    out.bytes(trace->id);
    out.piece(R"(","spanId":")");
    out.hex(id.first<8>());
    out.piece(R"(","parentSpanId":")");
    out.bytes(trace->parent);
  } else {
    out.piece(R"({"traceId":")");
    out.hex(id);
    out.piece(R"(","spanId":")");
    out.hex(id.last<8>());
  }
}

void put_attributes(text_out& out, const ended_request& one) {
  out.piece(R"(,"attributes":[{"key":"http.request.method","value":{"stringValue":)");
  put(out, one.method);
  out.piece(R"(}},{"key":"url.path","value":{"stringValue":)");
  put(out, one.path);
  out.piece(R"(}},{"key":"deepseek_proxy.request_id","value":{"stringValue":")");
  out.hex(std::span<const std::uint8_t, 16>{one.id.bytes});
  out.piece(R"("}},{"key":"deepseek_proxy.ending","value":{"stringValue":")");
  out.bytes(ending_of(one));
  out.piece(R"("}})");
  put_attribute(out, "http.response.status_code", one.status);
  if (one.key) {
    out.piece(R"(,{"key":"deepseek_proxy.key_id","value":{"stringValue":")");
    put_key(out, one.key);
    out.piece(R"("}})");
  }
  if (!one.model.view().empty()) {
    out.piece(R"(,{"key":"gen_ai.request.model","value":{"stringValue":)");
    put(out, one.model);
    out.piece("}}");
  }
  if (one.usage_known) {
    put_attribute(out, "gen_ai.usage.prompt_tokens", one.prompt_tokens);
    put_attribute(out, "gen_ai.usage.cached_tokens", one.cached_tokens);
    put_attribute(out, "gen_ai.usage.output_tokens", one.output_tokens);
  }
}

void put_usage(text_out& out, const ended_request& one) {
  out.piece(R"(,"prompt_tokens":)");
  out.number(one.prompt_tokens);
  out.piece(R"(,"cached_tokens":)");
  out.number(one.cached_tokens);
  out.piece(R"(,"output_tokens":)");
  out.number(one.output_tokens);
}

void put_times(text_out& out, const ended_request& one) {
  out.piece(R"(,"total_us":)");
  out.number(one.total_us);
  out.piece(R"(,"overhead_us":)");
  out.number(one.overhead_us);
  out.piece(R"(,"first_byte_us":)");
  out.number(one.first_byte_us);
}

void put_trace(text_out& out, const ended_request& one) {
  const auto trace = client_trace_of(one);
  if (!trace && !one.trace_made)
    return;
  out.piece(R"(,"trace_id":")");
  if (trace)
    out.bytes(trace->id);
  else
    out.hex(std::span<const std::uint8_t, 16>{one.id.bytes});
  out.piece("\"");
}

} // namespace

void access_lines::put_time(text_out& out, policies::instant at) {
  const std::int64_t ms = at.time_since_epoch().count();
  if (ms / 1000 != second_) {
    second_ = ms / 1000;
    fmt::format_to_n(date_.data(), date_.size(), "{:%FT%T}.", fmt::gmtime(second_));
  }
  const auto millis = static_cast<int>(ms % 1000);
  const auto digit = [](int value) { return static_cast<char>('0' + value % 10); };
  const std::array<char, 3> fraction{digit(millis / 100), digit(millis / 10), digit(millis)};
  out.piece(R"({"time":")");
  out.bytes({date_.data(), date_.size()});
  out.bytes({fraction.data(), fraction.size()});
}

char* access_lines::write(char* at, const ended_request& one) {
  text_out out{at};
  put_time(out, one.ended);
  out.piece(R"(Z","request_id":")");
  out.hex(std::span<const std::uint8_t, 16>{one.id.bytes});
  if (one.key) {
    out.piece(R"(","key_id":")");
    put_key(out, one.key);
    out.piece(R"(","client":")");
  } else {
    out.piece(R"(","key_id":null,"client":")");
  }
  put_address(out, one.client);
  out.piece(R"(","method":)");
  put(out, one.method);
  out.piece(R"(,"path":)");
  put(out, one.path);
  out.piece(R"(,"status":)");
  out.number(one.status);
  out.piece(R"(,"ending":")");
  out.bytes(ending_of(one));
  out.piece(R"(","model":)");
  put(out, one.model);
  if (one.stream)
    out.piece(R"(,"stream":true)");
  else
    out.piece(R"(,"stream":false)");
  put_times(out, one);
  if (one.usage_known)
    put_usage(out, one);
  put_trace(out, one);
  out.piece("}\n");
  return out.at();
}

bool has_span(const ended_request& one) {
  const auto trace = client_trace_of(one);
  return trace ? trace->sampled : one.sampled;
}

char* write_span(char* at, const ended_request& one) {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  const std::int64_t end_ns = one.ended.time_since_epoch().count() * ns_per_ms;
  text_out out{at};
  put_identity(out, one);
  out.piece(R"(","name":)");
  std::array<char, 16 + 1 + 200> name;
  const std::string_view method = one.method.view();
  const std::string_view path = one.path.view();
  std::memcpy(name.data(), method.data(), method.size());
  name[method.size()] = ' ';
  std::memcpy(name.data() + method.size() + 1, path.data(), path.size());
  out.string({name.data(), method.size() + 1 + path.size()});
  out.piece(R"(,"kind":2,"startTimeUnixNano":")");
  out.number(end_ns - one.total_us * 1000);
  out.piece(R"(","endTimeUnixNano":")");
  out.number(end_ns);
  out.piece("\"");
  put_attributes(out, one);
  if (one.status >= 500)
    out.piece(R"(],"status":{"code":2}})");
  else
    out.piece(R"(],"status":{"code":0}})");
  return out.at();
}

} // namespace proxy::request_log
