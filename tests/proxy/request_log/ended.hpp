// Ended requests for the tests of what is told of them.
#pragma once

#include <string_view>

#include "policies/access/ip_list.hpp"
#include "proxy/session/ended_request.hpp"

namespace request_log_test {

inline proxy::session::ended_request ended(std::uint64_t number = 1) {
  proxy::session::ended_request one{};
  one.ended = policies::instant{policies::milliseconds{1'795'348'800'000 + 7}}; // 2026-11-22
  for (std::size_t i = 0; i < 8; ++i) {
    one.id.bytes[7 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    one.id.bytes[15 - i] = static_cast<std::uint8_t>(~number >> (8 * i));
  }
  one.key = policies::key_id{number};
  one.client = *policies::access::parse_ip("192.0.2.7");
  one.total_us = 1234;
  one.overhead_us = 56;
  one.first_byte_us = 789;
  one.status = 200;
  one.usage_known = true;
  one.prompt_tokens = 12;
  one.cached_tokens = 3;
  one.output_tokens = 1'000'000;
  one.sampled = true;
  one.method.set("POST");
  one.path.set("/v1/chat/completions");
  one.model.set("deepseek-flash");
  one.trace.set("");
  return one;
}

} // namespace request_log_test
