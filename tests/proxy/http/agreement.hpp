// Whether the fast readers of heads and bodies and the slow ones agree: "" or in which way not.
// What is accepted must be read alike; accepting what the judge refuses is as wrong as the reverse.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/chunked.hpp"
#include "tests/proxy/http/heads.hpp"
#include "tests/proxy/http/slow_reader.hpp"

namespace heads {

using proxy::http::framing;

// Bytes without a terminator behind them, so that a sanitizer sees reads past the end.
struct exact {
  explicit exact(const std::string& text) : bytes(text.begin(), text.end()) {}
  std::string_view view() const { return {bytes.data(), bytes.size()}; }
  std::vector<char> bytes;
};

template <class Head>
bool same_fields(const Head& fast, const slow::fields& judge) {
  if (fast.field_count != judge.size())
    return false;
  for (std::size_t i = 0; i < judge.size(); ++i)
    if (fast.fields[i].name != judge[i].first || fast.fields[i].value != judge[i].second)
      return false;
  return true;
}

inline std::string agree_on_request(const std::string& text, request_head& fast) {
  const exact bytes{text};
  const auto error = proxy::http::parse_request_head(fast, bytes.view(), {});
  const auto judge = slow::read_request(text);
  if (error.has_value() == judge.has_value())
    return error ? "refused, but the judge accepts" : "accepted, but the judge refuses";
  std::size_t scanned = 0;
  const auto end = proxy::http::find_head_end(bytes.view(), scanned, {});
  if (!judge)
    return "";
  if (end.error || end.length != text.size())
    return "its end was not found";
  if (fast.method != judge->method || fast.target != judge->target || fast.host != judge->host ||
      fast.http_1_1 != judge->http_1_1 || fast.keep_alive != judge->keep_alive)
    return "read differently";
  const framing body = judge->chunked  ? framing::chunked
                       : judge->length ? framing::length
                                       : framing::none;
  if (fast.body != body || fast.content_length != judge->length.value_or(0))
    return "framed differently";
  if (!same_fields(fast, judge->all))
    return "fields differ";
  return "";
}

inline std::string agree_on_response(const std::string& text, response_head& fast) {
  const exact bytes{text};
  const auto error = proxy::http::parse_response_head(fast, bytes.view(), false, {});
  const auto judge = slow::read_response(text);
  if (error.has_value() == judge.has_value())
    return error ? "refused, but the judge accepts" : "accepted, but the judge refuses";
  if (!judge)
    return "";
  std::size_t scanned = 0;
  const auto end = proxy::http::find_response_end(bytes.view(), scanned, {});
  if (end.error || end.length != text.size())
    return "its end was not found";
  const char body = fast.body == framing::none      ? 'n'
                    : fast.body == framing::length  ? 'l'
                    : fast.body == framing::chunked ? 'c'
                                                    : 'u';
  if (fast.status != judge->status || body != judge->body || fast.keep_alive != judge->keep_alive ||
      fast.content_length != judge->length.value_or(0))
    return "read differently";
  if (!same_fields(fast, judge->all))
    return "fields differ";
  return "";
}

// `piece`: gives the length of the next piece the decoder gets, 1 at the least.
template <class Piece>
std::string agree_on_body(const std::string& text, Piece piece) {
  using proxy::http::chunk_decoder;
  chunk_decoder decoder;
  std::string payload;
  std::size_t consumed = 0;
  chunk_decoder::result last;
  while (consumed < text.size() && last.now == chunk_decoder::state::more) {
    exact part{text.substr(consumed, piece())};
    last = decoder.decode(part.bytes);
    payload.append(part.bytes.data(), last.payload);
    consumed += last.consumed;
  }
  const auto judge = slow::read_chunked(text);
  const bool done = last.now == chunk_decoder::state::done;
  if (done != judge.has_value())
    return done ? "accepted, but the judge refuses" : "refused, but the judge accepts";
  if (done && (payload != judge->payload || consumed != judge->consumed))
    return "read differently";
  return "";
}

} // namespace heads
