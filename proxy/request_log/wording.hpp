// An ended request in words: a line of the access log, a span of OpenTelemetry. Every request is
// put into words where logs are kept, so neither allocates. Knows no file and no socket.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proxy/session/ended_request.hpp"

namespace proxy::request_log {

class text_out;

// Room that one line or span takes at the most.
inline constexpr std::size_t words_bytes_max = 6 * 1024;

class access_lines {
 public:
  // {"time":…,"request_id":…,"key_id":…,"method":…,"path":…,"status":…,…} and a line's end;
  // returns where it ends. `at` has room for words_bytes_max.
  char* write(char* at, const session::ended_request& one);

 private:
  void put_time(text_out& out, policies::instant at);

  std::int64_t second_ = -1; // the one that stands in date_
  std::array<char, 20> date_{};
};

// Whether a span is told of it: by the flag of the client's traceparent, else by the share.
bool has_span(const session::ended_request& one);
// A span of kind SERVER, as JSON; its trace is the client's where it sent a traceparent.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
char* write_span(char* at, const session::ended_request& one);

// What stands around the spans of a call, with commas between.
inline constexpr std::string_view export_begin =
    R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",)"
    R"("value":{"stringValue":"deepseek-proxy"}}]},"scopeSpans":[{"scope":)"
    R"({"name":"deepseek-proxy"},"spans":[)";
inline constexpr std::string_view export_end = "]}]}]}";

} // namespace proxy::request_log
