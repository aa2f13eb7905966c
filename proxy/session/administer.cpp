// /v1/keys on the data plane: a key that may delegate manages the keys below it. Counted and
// limited like any request; the store is the admin plane's, and blocks no data thread.
#include "proxy/session/conversation.hpp"

#include <array>

#include "proxy/http/octets.hpp"

namespace proxy::session {
namespace {

using policies::admission::refusal_code;

constexpr std::size_t body_bytes_max = 1u << 20;

// Resumes on the session's own loop.
struct errand {
  services& my;
  keys_call call;
  keys_answer answer{};

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    my.shared.administer(std::move(call), [this, waiter](keys_answer done) {
      my.loop.post([this, waiter, kept = std::move(done)]() mutable {
        answer = std::move(kept);
        waiter.resume();
      });
    });
  }
  keys_answer await_resume() { return std::move(answer); }
};

std::string value_of(const http::request_head& head, std::string_view lower) {
  for (const http::field& each : head.all())
    if (http::equal_ignoring_case(each.name, lower))
      return std::string(each.value);
  return {};
}

keys_call call_of(const conversation& c) {
  const http::request_head& head = c.x.in.head;
  keys_call call;
  call.by = c.x.key->id;
  call.method = head.method;
  call.target = head.path.starts_with("/v1/") ? "" : "/v1";
  call.target += head.path;
  if (!head.query.empty())
    call.target.append("?").append(head.query);
  call.body = c.x.in.body;
  call.if_match = value_of(head, "if-match");
  call.idempotency_key = value_of(head, "idempotency-key");
  return call;
}

// In the books as a call that was served and cost nothing.
void note_served(exchange& x, const keys_answer& answer) {
  x.ledger.dispatched_at = std::chrono::steady_clock::now();
  x.ledger.dispatched = true;
  x.ledger.status = static_cast<std::uint16_t>(answer.status);
  x.ledger.ending = journal::ending::complete;
  x.up.complete = true;
}

io::task<step> write(conversation& c, const keys_answer& answer) {
  exchange& x = c.x;
  if (!x.head_block)
    x.head_block = c.my.blocks.take();
  http::head_writer out{{x.head_block.get(), block_bytes}};
  begin_own_answer(out, c, static_cast<int>(answer.status), answer.body.size());
  if (!answer.etag.empty())
    out.line("etag", answer.etag);
  out.line("cache-control", "no-store");
  out.end();
  if (!out.ok())
    co_return step::drop;
  const std::string_view head = out.text();
  const bool bare = x.in.head.method == "HEAD";
  std::array<iovec, 2> pieces{
      iovec{const_cast<char*>(head.data()), head.size()},
      iovec{const_cast<char*>(answer.body.data()), bare ? 0 : answer.body.size()}};
  const io::deadline until = c.my.loop.in(c.settings().server.client_stall_timeout);
  const io::io_result sent = co_await c.client.write(pieces, until);
  x.answer_started = true;
  co_return sent.what == io::status::ok ? step::go_on : step::drop;
}

} // namespace

bool is_about_keys(const exchange& x) {
  return x.route.what == policies::access::feature::keys;
}

io::task<step> administer(conversation& c) {
  if (c.x.in.body.size() > body_bytes_max)
    co_return c.x.refuse_with(refusal_code::request_too_large,
                              "A call about keys has a body of at most 1 MiB. (refused by "
                              "deepseek-proxy)");
  errand waiting{c.my, call_of(c)};
  const keys_answer answer = co_await waiting;
  note_served(c.x, answer);
  settle(c);
  auto writing = write(c, answer);
  co_return co_await std::move(writing);
}

} // namespace proxy::session
