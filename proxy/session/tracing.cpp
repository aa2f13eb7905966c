// Finding and making a traceparent.
#include "proxy/session/tracing.hpp"

#include <algorithm>
#include <cstring>

namespace proxy::session {

std::string_view traceparent_of(const http::request_head& head) {
  constexpr std::string_view wanted = "traceparent";
  const auto same = [](char any, char lower) { return (any | 0x20) == lower; };
  for (const http::field& each : head.all())
    if (each.name.size() == wanted.size() && (each.name[0] | 0x20) == 't' &&
        std::equal(wanted.begin(), wanted.end(), each.name.begin(),
                   [same](char lower, char any) { return same(any, lower); }))
      return each.value;
  return {};
}

bool is_sampled(const policies::request_id& trace, double share) {
  if (share <= 0 || share >= 1)
    return share >= 1;
  std::uint64_t last = 0; // 63 bits of the id's second half
  for (std::size_t i = trace.bytes.size() / 2; i < trace.bytes.size(); ++i)
    last = last << 8 | trace.bytes[i];
  return static_cast<double>(last >> 1) < share * 0x1p63;
}

void make_trace(exchange& x, double share) {
  if (!traceparent_of(x.in.head).empty())
    return;
  char* const at = x.trace.data();
  std::memcpy(at, "00-", 3);
  std::memcpy(at + 3, x.id_text.data(), 32);
  at[35] = '-';
  std::memcpy(at + 36, x.id_text.data() + 16, 16);
  std::memcpy(at + 52, is_sampled(x.id, share) ? "-01" : "-00", 3);
  x.trace_made = true;
}

} // namespace proxy::session
