// The pair a session's steps work on: the client's connection and the request at hand, with the
// thread's services.
#pragma once

#include "proxy/http/head_writer.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/io/task.hpp"
#include "proxy/session/exchange.hpp"
#include "proxy/session/services.hpp"

namespace proxy::session {

struct conversation {
  services& my;
  io::stream& client;
  exchange& x;
  known_caller& caller;

  const config::settings& settings() const { return my.settings; }
  policies::instant now() const { return my.now(); }
};

// The steps of a request, in the order in which a session takes them.
io::task<step> receive_head(conversation& c);                             // receive.cpp
step identify(conversation& c, const policies::access::ip_address& peer); // identify.cpp
// Again, right before something is sent: a body takes its time, and a key may have ended meanwhile.
step check_caller_now(conversation& c); // identify.cpp
// When the bytes of a body must have arrived, `received` of them having done so.
io::deadline body_deadline(const conversation& c, io::deadline began, std::uint64_t received);
bool body_has_arrived(const exchange& x);           // receive.cpp
io::task<step> hold_provisionally(conversation& c); // admit.cpp
io::task<step> send_continue(conversation& c);      // receive.cpp
bool take_arrived_body(conversation& c);            // false: receive_body() has to wait for it
io::task<step> receive_body(conversation& c);       // receive.cpp
step inspect(conversation& c);                      // admit.cpp
io::task<step> hold(conversation& c);               // admit.cpp
io::task<step> dispatch(conversation& c);           // dispatch.cpp
io::task<step> upload(conversation& c);             // upload.cpp
io::task<step> receive_answer(conversation& c);     // answer_head.cpp
io::task<step> relay(conversation& c);              // relay.cpp
void settle(conversation& c);                       // settle.cpp
io::task<step> answer_refusal(conversation& c);     // refuse.cpp
void tell_ended(conversation& c); // tell.cpp; for whoever writes an access log or sends spans

// The next bytes of the answer's body, taken out of the upstream's framing; a view into the
// upstream's block, valid until the next call. exchange::up.complete says that it was the last.
struct piece {
  std::string_view payload;
  bool broken = false; // the upstream broke off, lied about its framing or was too slow
};
io::task<piece> next_piece(conversation& c, io::deadline until); // answer_body.cpp
// Back to the pool if its answer is complete and it may be used again, else closed.
void release_upstream(conversation& c); // answer_body.cpp

// How the answer is framed for this client, and its head in exchange::head_block; "" where it does
// not fit.
enum class framing_out : std::uint8_t { none, length, chunked, until_close };
framing_out framing_for(const exchange& x);          // answer_out.cpp
std::string_view write_client_head(conversation& c); // answer_out.cpp

// Account resources narrowed to the key.
step check_scope(conversation& c);            // scope.cpp
bool needs_scoping(const exchange& x);        // scope.cpp
io::task<step> relay_scoped(conversation& c); // scope.cpp

// /v1/keys: answered by this proxy.
bool is_about_keys(const exchange& x);      // administer.cpp
io::task<step> administer(conversation& c); // administer.cpp

// The head of an answer of our own up to the fields all have; the caller adds its own and ends it.
void begin_own_answer(http::head_writer& out, conversation& c, int status, std::size_t body_size,
                      std::string_view content_type = "application/json"); // answer_out.cpp

// Idempotency-Key: whether this was asked before. In exchange::repeat stands what follows from it.
bool may_be_repeat(conversation& c);   // by its name alone: nothing is held for its body
step look_for_repeat(conversation& c); // repeat.cpp
void note_for_repeat(conversation& c, std::string_view payload); // repeat.cpp
void keep_for_repeat(conversation& c);                           // repeat.cpp
void end_repeat(conversation& c);                                // repeat.cpp
// An equal request of a key with cache_ttl_s: its answer in exchange::repeat.
void look_in_cache(conversation& c);    // cached.cpp
void record_hit(conversation& c);       // cached.cpp
io::task<step> replay(conversation& c); // repeat.cpp

// Browsers: a preflight carries no key; the fields that let a page read its answer.
bool is_preflight(const exchange& x);                              // cors.cpp
io::task<step> answer_preflight(conversation& c);                  // cors.cpp
void write_origin_fields(http::head_writer& out, conversation& c); // cors.cpp

// x-request-id, x-ratelimit-*, x-budget-*.
void write_limit_fields(http::head_writer& out, conversation& c); // limit_fields.cpp

} // namespace proxy::session
