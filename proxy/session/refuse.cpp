// Answering a refusal: in the client's format, with what an SDK needs to behave well, and without
// leaving unread bytes that would reset the connection under the answer.
#include "proxy/session/conversation.hpp"

#include <algorithm>
#include <array>

namespace proxy::session {
namespace {

namespace admission = policies::admission;
using admission::refusal_code;

void count(conversation& c) {
  const refusal_code code = c.x.refusal->code;
  const auto index = static_cast<std::size_t>(code);
  if (index < counters::refusal_codes)
    c.my.count.refusals[index].add();
  const int status = admission::status_of(code);
  c.my.count.answers_by_class[static_cast<std::size_t>(status / 100)].add();
  if (c.x.key && !c.x.ledger.dispatched)
    c.my.refused.count(c.x.key->id, code);
}

void write_retry(http::head_writer& out, const admission::refusal& why) {
  if (why.retry_after) {
    const std::int64_t ms = std::max<std::int64_t>(1, why.retry_after->count());
    out.line("retry-after", static_cast<std::uint64_t>((ms + 999) / 1000));
    out.line("retry-after-ms", static_cast<std::uint64_t>(ms));
  }
  if (!why.should_retry)
    out.line("x-should-retry", "false");
}

std::string_view write_head(conversation& c, std::size_t body_size) {
  exchange& x = c.x;
  const int status = admission::status_of(x.refusal->code);
  if (!x.head_block)
    x.head_block = c.my.blocks.take();
  http::head_writer out{{x.head_block.get(), block_bytes}};
  begin_own_answer(out, c, status, body_size);
  write_retry(out, *x.refusal);
  if (status == 401)
    out.line("www-authenticate", "Bearer");
  out.end();
  return out.text();
}

// FIN first, then read what still comes, bounded: a reset would destroy the answer on its way.
io::task<step> linger(conversation& c) {
  constexpr std::size_t bytes_max = 1u << 20;
  c.client.shutdown_write();
  std::array<char, 4096> ignored;
  const io::deadline until = c.my.loop.in(std::chrono::seconds{2});
  for (std::size_t drained = 0; drained < bytes_max;) {
    const io::io_result got = co_await c.client.read(ignored, until);
    if (got.what != io::status::ok)
      break;
    drained += got.bytes;
  }
  co_return step::drop;
}

} // namespace

io::task<step> answer_refusal(conversation& c) {
  exchange& x = c.x;
  count(c);
  // A body that was not read, or a head that was not understood, ends the connection.
  const bool in_step = x.in.head_length > 0 && (x.in.body_complete || body_has_arrived(x));
  if (in_step && !x.in.body_complete)
    x.in.next_at = x.in.head_length + (x.in.head.body == http::framing::length
                                           ? static_cast<std::size_t>(x.in.head.content_length)
                                           : 0);
  if (!in_step)
    x.in.head.keep_alive = false;
  std::string body;
  if (x.anthropic())
    admission::append_anthropic_error(body, *x.refusal);
  else
    admission::append_openai_error(body, *x.refusal);
  const std::string_view head = write_head(c, body.size());
  const bool bare = x.in.head.method == "HEAD";
  std::array<iovec, 2> pieces{iovec{const_cast<char*>(head.data()), head.size()},
                              iovec{body.data(), bare ? 0 : body.size()}};
  const io::deadline until = c.my.loop.in(c.settings().server.client_stall_timeout);
  const io::io_result sent = co_await c.client.write(pieces, until);
  if (sent.what != io::status::ok)
    co_return step::drop;
  if (x.in.head.keep_alive)
    co_return step::go_on;
  auto lingering = linger(c);
  co_return co_await std::move(lingering);
}

} // namespace proxy::session
