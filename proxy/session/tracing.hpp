// Traces across services: a client's traceparent, ours where it sent none, and which of them are
// worth a span.
// https://www.w3.org/TR/trace-context/#traceparent-header
#pragma once

#include <string_view>

#include "policies/types.hpp"
#include "proxy/session/exchange.hpp"

namespace proxy::session {

inline constexpr std::size_t traceparent_bytes = 55;

// The client's, as it came; empty: it sent none.
std::string_view traceparent_of(const http::request_head& head);

// Whether this trace is among the share of them (0 to 1) that is told of, by its id alone, so that
// whoever else decides by the same rule agrees: OpenTelemetry's TraceIdRatioBased.
bool is_sampled(const policies::request_id& trace, double share);

// Where the client sent none: the request's id is the trace's, its second half the span's.
void make_trace(exchange& x, double share);

} // namespace proxy::session
