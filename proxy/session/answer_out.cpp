// The head of the answer as the client gets it: the upstream's fields, our framing, our figures.
#include "proxy/session/conversation.hpp"

namespace proxy::session {
namespace {

std::string_view reason_of(int status) {
  const auto text = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  return {text.data(), text.size()};
}

} // namespace

void begin_own_answer(http::head_writer& out, conversation& c, int status, std::size_t body_size,
                      std::string_view content_type) {
  std::array<char, 16> line{};
  fmt::format_to_n(line.data(), line.size(), "HTTP/1.1 {} ", status);
  out.raw({line.data(), 13});
  out.raw(reason_of(status));
  out.raw("\r\n");
  out.line("content-type", content_type);
  out.line("content-length", static_cast<std::uint64_t>(body_size));
  write_limit_fields(out, c);
  write_origin_fields(out, c);
  if (!c.x.in.head.keep_alive)
    out.line("connection", "close");
}

framing_out framing_for(const exchange& x) {
  const outbound& up = x.up;
  if (up.head.body == http::framing::none)
    return framing_out::none;
  if (up.head.body == http::framing::length)
    return framing_out::length;
  return x.in.head.http_1_1 ? framing_out::chunked : framing_out::until_close;
}

std::string_view write_client_head(conversation& c) {
  exchange& x = c.x;
  const framing_out framing = framing_for(x);
  if (!x.head_block)
    x.head_block = c.my.blocks.take();
  http::head_writer out{{x.head_block.get(), block_bytes}};
  http::write_client_fields(out, x.up.head);
  write_limit_fields(out, c);
  write_origin_fields(out, c);
  if (x.repeat.for_cache())
    out.line("x-cache", "miss");
  // The upstream tells nothing about when to come back; SDKs wait as told.
  if (x.up.head.status == 429 && x.up.head.retry_after.empty())
    out.line("retry-after", "1");
  if (framing == framing_out::length)
    out.line("content-length", x.up.head.content_length);
  if (framing == framing_out::chunked)
    out.line("transfer-encoding", "chunked");
  if (framing == framing_out::until_close || c.my.draining)
    x.in.head.keep_alive = false;
  if (!x.in.head.keep_alive)
    out.line("connection", "close");
  else if (!x.in.head.http_1_1)
    out.line("connection", "keep-alive");
  out.end();
  return out.ok() ? out.text() : std::string_view{};
}

} // namespace proxy::session
