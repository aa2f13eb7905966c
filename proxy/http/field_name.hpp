// The field names the proxy acts on, and what it does with each: passed on or not, once or often.
// It knows nothing of values.
#pragma once

#include <cstdint>
#include <string_view>

namespace proxy::http {

enum class field_id : std::uint8_t {
  unlooked, // nobody has looked the name up yet
  other,    // none of the names below
  accept_encoding,
  alt_svc,
  authorization,
  connection,
  content_encoding,
  content_length,
  content_type,
  cookie,
  expect,
  forwarded,
  host,
  http2_settings,
  idempotency_key,
  keep_alive,
  method_override, // X-HTTP-Method-Override and its kin
  origin,
  proxy, // Proxy-*
  referer,
  retry_after,
  server,
  set_cookie,
  strict_transport_security,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  x_api_key,
  x_budget, // X-Budget-*
  x_forwarded,
  x_original_url, // and X-Rewrite-URL
  x_ratelimit,
  x_real_ip,
  x_request_id,
};

enum field_trait : std::uint8_t {
  hop_by_hop_field = 1, // never passed on, whichever way
  not_to_upstream = 2,  // the client's is dropped: ours takes its place, or nobody may claim it
  not_to_client = 4,    // the upstream's is dropped
  once_in_request = 8,  // two of them could be read differently by two readers
  once_in_answer = 16,  // likewise
  forbidden_in_trailer = 32, // would change framing, routing, authentication or reading of a body
};

field_id look_up(std::string_view name);
bool has(field_id id, field_trait trait);

// Whether `name` would be a known name but for underscores, which some servers read as dashes.
bool is_underscore_twin(std::string_view name);

} // namespace proxy::http
