// A request that has ended, in words: a line of the access log, a span of OTLP.
#pragma once

#include <string>
#include <vector>

#include "proxy/session/exchange.hpp"

namespace proxy::server {

// {"time":…,"request_id":…,"key_id":…,"method":…,"path":…,"status":…,…} and a line's end.
std::string access_line(const session::exchange& x, policies::instant now);
// A span of kind SERVER; its trace is the client's where it sent a traceparent.
std::string span_of(const session::exchange& x, policies::instant now);
// The body of an OTLP/HTTP call.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
std::string export_of(const std::vector<std::string>& spans);

} // namespace proxy::server
