// One request and its answer while they are in flight: everything a session's steps hand to each
// other. Reused by the thread's next request; holds memory only while a request runs.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policies/access/route.hpp"
#include "policies/admission/admission.hpp"
#include "policies/usage/inspect.hpp"
#include "policies/usage/splice.hpp"
#include "policies/usage/tap.hpp"
#include "proxy/http/chunked.hpp"
#include "proxy/http/head.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/journal/entry.hpp"
#include "proxy/session/buffer.hpp"
#include "proxy/session/repeats.hpp"
#include "proxy/stores/limit_store.hpp"

namespace proxy::session {

// What a step says about the request.
enum class step : std::uint8_t {
  go_on,
  retry,  // the upstream turned the real key away, and another one may do
  refuse, // exchange::refusal tells why; the client gets an answer
  drop,   // the connection cannot be used any more
};

struct inbound {
  std::unique_ptr<char[]> block; // head, and what of the body came with it
  std::size_t capacity = 0;
  std::size_t received = 0; // bytes in block
  std::size_t scanned = 0;  // of the head's end
  std::size_t head_length = 0;
  std::size_t next_at = 0; // where the next pipelined request begins, once the body is read
  http::request_head head;
  body_buffer large; // a body that does not fit into the block
  std::string_view body;
  bool body_complete = false;
  std::uint64_t body_bytes = 0; // streamed through or kept
  io::deadline upload_began = 0;
};

struct outbound {
  io::stream* connection = nullptr;
  std::unique_ptr<char[]> block; // the answer's head, then its body piece by piece
  std::size_t at = 0;            // bytes [at, filled) of the block are still to be looked at
  std::size_t filled = 0;
  std::size_t head_length = 0;
  http::response_head head;
  http::chunk_decoder chunks;
  std::uint64_t body_left = 0;
  bool complete = false;     // the whole answer was read
  bool request_whole = true; // all of the request was written
  bool reusable = false;     // for another request, once complete
  policies::usage::tap tap;
  bool tapped = false;
  std::optional<std::size_t> key; // which of the real keys is asked
  std::uint32_t keys_tried = 0;   // a bit each, that one's too
};

struct ledger_facts {
  bool held = false;
  bool dispatched = false;
  policies::instant started{};
  std::chrono::steady_clock::time_point head_read{};
  std::chrono::steady_clock::time_point dispatched_at{};
  std::chrono::steady_clock::time_point first_byte_at{};
  journal::ending ending = journal::ending::not_dispatched;
  std::uint16_t status = 0;
  policies::tokens bound_tokens{}; // true bound: charged where usage stays unknown
};

// Of a request with an Idempotency-Key, or whose key keeps answers.
struct repeat_facts {
  bool claimed = false; // it is the first of its name: what it is answered is kept
  bool too_large = false;
  std::size_t budgeted = 0; // bytes of `body` that are taken from the budget of bodies
  repeated_answers::digest name{};
  std::string body;
  std::shared_ptr<const kept_answer> answer; // of the first, for this one
  repeated_answers::digest request{};        // its name in the response cache
  policies::instant kept_until{};            // there; the epoch: it is not for the cache
  bool from_cache = false;
  bool for_cache() const { return kept_until != policies::instant{}; }
  bool collects() const { return claimed || (for_cache() && !from_cache); }
};

// Who spoke on this connection before: most clients send one key over and over, and its hash need
// not be made again.
struct known_caller {
  std::array<char, policies::keys::secret_length> secret{};
  policies::keys::secret_hash hash{};
  bool matches(std::string_view presented) const {
    return presented.size() == secret.size() && known &&
           std::memcmp(presented.data(), secret.data(), secret.size()) == 0;
  }
  void learn(std::string_view presented, const policies::keys::secret_hash& its_hash) {
    std::memcpy(secret.data(), presented.data(), secret.size());
    hash = its_hash;
    known = true;
  }
  bool known = false;
  bool certificate_read = false; // below, which is null where the client showed none
  std::unique_ptr<policies::access::client_certificate> certificate;
};

struct exchange {
  inbound in;
  outbound up;
  ledger_facts ledger;

  policies::request_id id;
  std::array<char, 32> id_text{};
  std::string_view id_view() const { return {id_text.data(), id_text.size()}; }

  policies::access::route route;
  policies::access::ip_address client;
  keys::key_slot* key = nullptr;
  policies::keys::secret_hash presented{};

  policies::usage::body_format format{};
  policies::usage::inspection inspection;
  std::string alias_of; // the model that the client's name for it stands for; empty: no alias
  policies::usage::edits edits;
  policies::admission::plan plan;
  stores::reserve_op reservation;
  repeat_facts repeat;

  std::array<char, 55> trace{}; // the traceparent that was passed on, where we made it
  bool trace_made = false;

  std::optional<policies::admission::refusal> refusal;
  std::unique_ptr<char[]> head_block; // heads we write
  std::unique_ptr<char[]> large_head; // one for the upstream that outgrows it
  bool large_head_pooled = false;     // it is one of the thread's request blocks
  bool client_gone = false;
  bool answer_started = false; // bytes of an answer went to the client
  io::deadline lifetime_end = 0;

  // As the upstream is asked for it.
  std::string_view model() const { return alias_of.empty() ? inspection.model : alias_of; }
  bool anthropic() const { return in.head.path.starts_with("/anthropic"); }
  step refuse_with(policies::admission::refusal_code code, std::string message,
                   std::string_view param = {}) {
    refusal = policies::admission::refusal{code, std::move(message), param, {}, true};
    return step::refuse;
  }
};

} // namespace proxy::session
