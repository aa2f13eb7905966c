// An inference from the parsed request to the last byte: slot, plan, waiting with keep-alives, the
// stream's events or the plain answer, and the faults that are a matter of content.
#include <algorithm>

#include "bench/simulator/dialect.hpp"
#include "bench/simulator/endpoints.hpp"
#include "bench/simulator/plan.hpp"
#include "bench/simulator/slot.hpp"

namespace simulator {
namespace {

constexpr std::int64_t long_answer_events = 256;

class inference {
 public:
  inference(exchange& x, const ask& request, const plan& what, dialect& format, slot& taken)
      : x_(x), request_(request), what_(what), format_(format), slot_(taken) {}

  asio::awaitable<void> stream();
  asio::awaitable<void> plain();

 private:
  asio::awaitable<bool> keep_alive();
  asio::awaitable<bool> first_token_time();
  asio::awaitable<bool> gate_passed();
  asio::awaitable<bool> send_event(const std::string& event);
  asio::awaitable<bool> send_text(part which, const token_text& text);
  asio::awaitable<bool> send_arguments();
  asio::awaitable<bool> send_end();
  asio::awaitable<bool> send_all();
  void client_gone();
  void settle();

  exchange& x_;
  const ask& request_;
  const plan& what_;
  dialect& format_;
  slot& slot_;
  std::int64_t written_tokens_ = 0;
};

asio::awaitable<bool> inference::keep_alive() {
  if (!x_.out.begun())
    co_await x_.out.begin(200, "application/json");
  const std::string_view sign = request_.stream ? ": keep-alive\n\n" : "\n";
  if (!co_await x_.out.piece(sign))
    co_return false;
  co_return co_await x_.out.flush();
}

// Waits until inference begins; false when the peer left.
asio::awaitable<bool> inference::first_token_time() {
  const milliseconds step{x_.how->keepalive_ms};
  for (milliseconds left{x_.how->ttft_ms}; left.count() > 0;) {
    const auto now = std::min(left, step);
    if (co_await x_.peer.pause(now) == wire::waited::left)
      co_return false;
    left -= now;
    if (left.count() > 0 && !co_await keep_alive())
      co_return false;
  }
  co_return true;
}

asio::awaitable<bool> inference::gate_passed() {
  if (!x_.how->gated && !x_.state.gate_of_events.is_shut())
    co_return true;
  if (!co_await x_.out.flush())
    co_return false;
  for (;;) {
    const auto result = co_await x_.peer.wait_at(x_.state.gate_of_events, x_.how->gated,
                                                 milliseconds{x_.how->keepalive_ms});
    if (result != wire::waited::elapsed)
      co_return result == wire::waited::passed;
    if (!co_await keep_alive())
      co_return false;
  }
}

asio::awaitable<bool> inference::send_event(const std::string& event) {
  if (!co_await gate_passed() || !co_await x_.out.piece(event))
    co_return false;
  const milliseconds delay{x_.how->token_delay_ms};
  if (delay.count() == 0 && !x_.how->gated && !x_.state.gate_of_events.is_shut())
    co_return true;
  if (!co_await x_.out.flush())
    co_return false;
  if (delay.count() == 0)
    co_return true;
  co_return co_await x_.peer.pause(delay) != wire::waited::left;
}

asio::awaitable<bool> inference::send_text(part which, const token_text& text) {
  std::int64_t step = x_.how->chunk_tokens;
  if (step == 0)
    step = std::max<std::int64_t>(1, what_.output_tokens() / long_answer_events);
  step = std::min(step, token_text::piece_tokens_max);
  std::string event;
  for (std::int64_t done = 0; done < text.tokens(); done += step) {
    event.clear();
    format_.delta(event, which, text.piece(done, step));
    if (!co_await send_event(event))
      co_return false;
    written_tokens_ += std::min(step, text.tokens() - done);
  }
  co_return true;
}

asio::awaitable<bool> inference::send_arguments() {
  const std::string_view text = what_.call->arguments;
  const std::string_view half = shortened(text, text.size() / 2);
  const std::array<std::string_view, 3> pieces = {"", half, text.substr(half.size())};
  for (const auto piece : pieces) {
    std::string event;
    format_.delta(event, part::arguments, piece);
    if (!co_await send_event(event))
      co_return false;
  }
  written_tokens_ += what_.call_tokens;
  co_return true;
}

asio::awaitable<bool> inference::send_end() {
  std::string event;
  if (const fault* huge = x_.faults.find(fault_kind::huge_event)) {
    format_.delta(event, part::content, std::string(static_cast<std::size_t>(huge->amount), 'x'));
    if (!co_await send_event(event))
      co_return false;
    event.clear();
  }
  format_.closing(event);
  if (x_.faults.has(fault_kind::garbage_json)) {
    event.resize(event.size() / 2);
    event += "\n\n";
  }
  if (!co_await send_event(event))
    co_return false;
  settle();
  event.clear();
  if (!x_.faults.has(fault_kind::no_done)) {
    format_.done(event);
    if (!co_await send_event(event))
      co_return false;
  }
  co_return co_await x_.out.end();
}

void inference::settle() {
  x_.row.ended_us = monotonic_us();
  x_.charge();
  slot_.release();
}

void inference::client_gone() {
  if (x_.how->cancel_on_disconnect)
    x_.row.output_tokens = written_tokens_;
}

asio::awaitable<bool> inference::send_all() {
  if (x_.how->ttft_ms > 0) {
    co_await x_.out.flush();
    if (!co_await first_token_time())
      co_return false;
  }
  std::string event;
  format_.opening(event);
  if (!event.empty() && !co_await send_event(event))
    co_return false;
  if (!co_await send_text(part::reasoning, what_.reasoning))
    co_return false;
  if (!co_await send_text(part::content, what_.content))
    co_return false;
  if (what_.call && !co_await send_arguments())
    co_return false;
  co_return co_await send_end();
}

asio::awaitable<void> inference::stream() {
  co_await x_.out.begin(200, "text/event-stream; charset=utf-8");
  const bool ok = co_await send_all();
  if (!ok)
    client_gone();
}

asio::awaitable<void> inference::plain() {
  bool begins = co_await first_token_time();
  if (begins)
    begins = co_await gate_passed();
  if (!begins) {
    client_gone();
    co_return;
  }
  std::string body = format_.whole();
  if (x_.faults.has(fault_kind::garbage_json))
    body.resize(body.size() / 2);
  settle();
  if (!x_.out.begun()) {
    co_await x_.send(200, std::move(body));
    co_return;
  }
  if (co_await x_.out.piece(body))
    co_await x_.out.end();
}

// The first word of a question that begins with #: no gateway may take it off.
std::string mark_of(std::string_view question) {
  if (!question.starts_with('#'))
    return {};
  return std::string(question.substr(0, question.find(' ')));
}

} // namespace

asio::awaitable<void> infer(exchange& x, format kind, bool beta) {
  auto parsed = read_ask(kind, beta, x.request.body(), *x.how);
  if (auto* wrong = std::get_if<problem>(&parsed)) {
    co_await x.refuse(std::move(*wrong));
    co_return;
  }
  const ask& request = std::get<ask>(parsed);
  slot own(x.state.in_flight(request.price_family));
  const bool flash = request.price_family == family::flash;
  const std::int64_t limit = flash ? x.how->flash_concurrency : x.how->pro_concurrency;
  x.row.model = request.model;
  x.row.max_tokens = request.max_tokens_text;
  x.row.stream = request.stream;
  x.row.mark = mark_of(request.question);
  if (own.number() > limit) {
    co_await x.refuse(too_many(own.number(), limit));
    co_return;
  }
  plan what = make_plan(request, *x.how, x.chance, x.row.arrival);
  what.with_usage = !x.faults.has(fault_kind::missing_usage);
  if (x.faults.has(fault_kind::failed))
    what.finish = ending::aborted;
  x.row.prompt_tokens = what.prompt_tokens;
  x.row.cached_tokens = what.cached_tokens;
  x.row.output_tokens = what.output_tokens();
  const bool withheld = x.faults.has(fault_kind::stall) || x.faults.has(fault_kind::reset) ||
                        x.faults.has(fault_kind::garbage);
  if (!withheld || x.how->bill_unanswered)
    x.owe(request.price_family);
  if (co_await withhold_answer(x))
    co_return;
  const auto format = make_dialect(kind, what);
  inference running(x, request, what, *format, own);
  if (request.stream)
    co_await running.stream();
  else
    co_await running.plain();
}

} // namespace simulator
