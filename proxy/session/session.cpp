// The walk of one request, top to bottom. Each step stands in a file of its own.
#include "proxy/session/session.hpp"

#include "proxy/session/conversation.hpp"

#include <cstring>

namespace proxy::session {
namespace {

enum class after : std::uint8_t { next_request, close };

std::unique_ptr<exchange> take_exchange(services& my) {
  std::unique_ptr<exchange> x;
  if (my.idle_exchanges.empty()) {
    x = std::make_unique<exchange>();
  } else {
    x = std::move(my.idle_exchanges.back());
    my.idle_exchanges.pop_back();
  }
  x->in.block = my.request_blocks.take();
  x->in.capacity = request_block_bytes;
  return x;
}

// A head that cannot be read leaves nothing of its predecessor behind.
void forget_head(http::request_head& head) {
  head.method = head.path = head.query = {};
  head.keep_alive = head.http_1_1 = true;
  head.body = http::framing::none;
  head.content_length = 0;
  head.field_count = 0;
}

// Everything but the input block, which may hold the next request already.
void reset(services& my, exchange& x) {
  my.blocks.give(std::move(x.up.block));
  my.blocks.give(std::move(x.head_block));
  x.large_head.reset();
  x.in.large.release();
  x.in.scanned = x.in.head_length = x.in.next_at = 0;
  x.in.body = {};
  x.in.body_complete = false;
  x.in.body_bytes = 0;
  forget_head(x.in.head);
  x.up.connection = nullptr;
  x.up.request_whole = true;
  x.up.at = x.up.filled = x.up.head_length = 0;
  x.up.complete = x.up.reusable = x.up.tapped = false;
  x.up.key.reset();
  x.up.keys_tried = 0;
  x.ledger = {};
  x.key = nullptr;
  x.edits.clear();
  x.plan = {};
  x.inspection = {};
  x.alias_of.clear();
  x.reservation = {};
  x.refusal.reset();
  x.route = {};
  x.client_gone = x.answer_started = x.trace_made = false;
}

void give_exchange(services& my, std::unique_ptr<exchange> x) {
  reset(my, *x);
  if (x->in.capacity == request_block_bytes)
    my.request_blocks.give(std::move(x->in.block));
  x->in.block.reset();
  x->in.received = 0;
  constexpr std::size_t kept_max = 256;
  if (my.idle_exchanges.size() < kept_max)
    my.idle_exchanges.push_back(std::move(x));
}

// Whether more of the client's bytes are at hand: a pipelined request.
bool carry_over(services& my, exchange& x) {
  const std::size_t left = x.in.received - x.in.next_at;
  std::memmove(x.in.block.get(), x.in.block.get() + x.in.next_at, left);
  x.in.received = left;
  reset(my, x);
  return left > 0;
}

io::task<step> admit(conversation& c, const policies::access::ip_address& peer) {
  step s = identify(c, peer);
  if (s == step::go_on && !body_has_arrived(c.x) && !may_be_repeat(c)) {
    auto provisional = hold_provisionally(c);
    s = co_await std::move(provisional);
  }
  if (s == step::go_on && c.x.route.body != policies::access::body_kind::streamed &&
      !take_arrived_body(c)) {
    auto body = receive_body(c);
    s = co_await std::move(body);
  }
  if (s == step::go_on)
    s = inspect(c);
  if (s == step::go_on)
    s = look_for_repeat(c);
  if (s == step::go_on)
    look_in_cache(c);
  if (s == step::go_on && !c.x.repeat.answer) {
    auto held = hold(c);
    s = co_await std::move(held);
  }
  co_return s;
}

// Nothing of the answer is left, and nothing of it was charged.
void forget_answer(conversation& c) {
  outbound& up = c.x.up;
  up.reusable = false;
  release_upstream(c);
  up.at = up.filled = up.head_length = 0;
  up.complete = false;
  up.request_whole = true;
  c.x.ledger.ending = journal::ending::refused;
}

// Once nobody can be asked again, a long answer, or a long wait for it, keeps no long prompt. Of
// its text the model's name is still needed.
void forget_body(exchange& x) {
  constexpr std::size_t model_bytes_max = 256;
  if (x.in.large.size() == 0)
    return;
  if (x.alias_of.empty())
    x.alias_of = x.inspection.model.substr(0, model_bytes_max);
  x.in.large.release();
  x.in.body = {};
}

io::task<step> forward(conversation& c) {
  step s = step::retry;
  while (s == step::retry) {
    auto sent = dispatch(c);
    s = co_await std::move(sent);
    if (s == step::go_on && c.my.shared.real_keys.size() == 1)
      forget_body(c.x);
    if (s == step::go_on) {
      auto answered = receive_answer(c);
      s = co_await std::move(answered);
    }
    if (s == step::retry)
      forget_answer(c);
  }
  forget_body(c.x);
  if (s == step::go_on) {
    auto relayed = needs_scoping(c.x) ? relay_scoped(c) : relay(c);
    s = co_await std::move(relayed);
  }
  release_upstream(c);
  co_return s;
}

io::task<step> walk(conversation& c, const policies::access::ip_address& peer) {
  auto head = receive_head(c);
  step s = co_await std::move(head);
  if (s != step::go_on)
    co_return s;
  if (is_preflight(c.x)) {
    auto answered = answer_preflight(c);
    co_return co_await std::move(answered);
  }
  auto admitted = admit(c, peer);
  s = co_await std::move(admitted);
  if (s == step::go_on) {
    auto forwarded = c.x.repeat.answer    ? replay(c)
                     : is_about_keys(c.x) ? administer(c)
                                          : forward(c);
    s = co_await std::move(forwarded);
  }
  co_return s;
}

void name_request(conversation& c) {
  c.x.id = c.my.ids.next();
  constexpr char digits[] = "0123456789abcdef";
  char* at = c.x.id_text.data();
  for (const std::uint8_t byte : c.x.id.bytes) {
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 15];
  }
}

io::task<after> serve_request(conversation& c, const policies::access::ip_address& peer) {
  name_request(c);
  step s = step::drop;
  try {
    auto walked = walk(c, peer);
    s = co_await std::move(walked);
  } catch (const std::exception& error) {
    // The last backstop: the books are closed below whatever happened.
    spdlog::error("session: request {} failed unexpectedly: {}", c.x.id_view(), error.what());
    release_upstream(c);
  }
  settle(c);
  if (c.x.repeat.for_cache() || !c.x.in.head.idempotency_key.empty())
    end_repeat(c);
  if (s == step::refuse) {
    auto answered = answer_refusal(c);
    s = co_await std::move(answered);
  }
  if (c.my.ended && (c.x.in.head_length > 0 || c.x.refusal)) // else it only hung up
    tell_ended(c);
  co_return s == step::go_on&& c.x.in.head.keep_alive ? after::next_request : after::close;
}

} // namespace

io::task<void> serve_connection(services& my, io::stream& client,
                                policies::access::ip_address peer) {
  std::unique_ptr<exchange> x;
  known_caller caller;
  after then = after::next_request;
  bool left = false; // the client did, or its time is up
  while (then == after::next_request && !my.draining && (x || !my.keeping)) {
    if (!x) {
      // Nothing is held while the connection is idle: no buffer, no exchange.
      const io::deadline until = my.loop.in(my.settings.server.idle_timeout);
      const io::status waited = co_await client.readable(until);
      if (waited != io::status::ok) {
        left = waited != io::status::stopped;
        break;
      }
      x = take_exchange(my);
    }
    conversation c{my, client, *x, caller};
    auto served = serve_request(c, peer);
    then = co_await std::move(served);
    if (then == after::next_request && carry_over(my, *x))
      continue;
    give_exchange(my, std::move(x));
  }
  const bool idle = then == after::next_request && !x && !left;
  if (x)
    give_exchange(my, std::move(x));
  if (idle && my.keeping && !client.tls())
    my.kept.push_back(client.release());
  else
    client.close();
}

void release_idle(services& my) {
  my.idle_exchanges.clear();
}

} // namespace proxy::session
