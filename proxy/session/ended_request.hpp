// What is told of a request once all is over with it: the facts of an access log's line and of a
// span, of a fixed size, with what a client chose cut to bounds. The data thread copies them into a
// ring of its own; putting them into words is another thread's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "policies/access/ip_list.hpp"
#include "policies/admission/refusal.hpp"
#include "policies/types.hpp"
#include "proxy/io/ring.hpp"
#include "proxy/journal/entry.hpp"
#include "proxy/session/counters.hpp"

namespace proxy::session {

// Text cut to a bound, where it stands.
template <std::size_t bytes_max>
class cut_text {
  static_assert(bytes_max <= 255);

 public:
  void set(std::string_view text) {
    size_ = static_cast<std::uint8_t>(text.copy(text_.data(), bytes_max));
    cut_ = text.size() > bytes_max;
  }
  std::string_view view() const { return {text_.data(), size_}; }
  bool cut() const { return cut_; }

 private:
  std::uint8_t size_;
  bool cut_;
  std::array<char, bytes_max> text_;
};

struct ended_request {
  policies::instant ended;
  policies::request_id id;
  policies::key_id key; // 0: no key that is known
  policies::access::ip_address client;
  std::int64_t total_us; // from the head's last byte on
  std::int64_t overhead_us;
  std::int64_t first_byte_us;
  std::int64_t prompt_tokens;
  std::int64_t cached_tokens;
  std::int64_t output_tokens;
  std::uint16_t status;
  journal::ending ending;
  bool refused; // by us, before anybody was asked: `refusal` says why
  policies::admission::refusal_code refusal;
  bool stream;
  bool usage_known;
  bool sampled;    // a trace of its own is told of; one of the client's says so itself
  bool trace_made; // the request's id was passed on as the trace's
  cut_text<16> method;
  cut_text<55> trace; // traceparent as the client sent it, where it has a traceparent's length
  cut_text<128> model;
  cut_text<200> path;
};

// One thread's.
struct ended_requests {
  explicit ended_requests(std::size_t places) : ring(places) {}
  io::ring<ended_request> ring;
  counter dropped;                 // for which there was no room
  bool each = false;               // not only those that may have a span
  std::function<void()> half_full; // wakes the reader; does not wait for it
};

} // namespace proxy::session
