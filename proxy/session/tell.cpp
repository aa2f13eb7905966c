// What became of a request, into the ring of this thread's ended requests: a copy of its facts.
#include "proxy/session/conversation.hpp"

#include "proxy/session/tracing.hpp"

namespace proxy::session {
namespace {

using std::chrono::steady_clock;

std::int64_t microseconds(steady_clock::time_point from, steady_clock::time_point until) {
  if (from == steady_clock::time_point{} || until < from)
    return 0;
  return std::chrono::duration_cast<std::chrono::microseconds>(until - from).count();
}

void copy_outcome(ended_request& to, const exchange& x) {
  to.refused = x.refusal && !x.ledger.dispatched;
  to.refusal = x.refusal ? x.refusal->code : policies::admission::refusal_code{};
  to.status = static_cast<std::uint16_t>(x.refusal ? policies::admission::status_of(x.refusal->code)
                                                   : x.ledger.status);
  to.ending = x.ledger.ending;
  to.usage_known = x.up.tapped && x.up.tap.facts().usage;
  if (to.usage_known) {
    const auto& usage = *x.up.tap.facts().usage;
    to.prompt_tokens = usage.prompt.value;
    to.cached_tokens = usage.cached.value;
    to.output_tokens = usage.output.value;
  }
}

void copy_times(ended_request& to, const ledger_facts& known) {
  to.total_us = microseconds(known.head_read, steady_clock::now());
  to.overhead_us = microseconds(known.head_read, known.dispatched_at);
  to.first_byte_us = microseconds(known.dispatched_at, known.first_byte_at);
}

} // namespace

void tell_ended(conversation& c) {
  const exchange& x = c.x;
  ended_requests& told = *c.my.ended;
  const std::string_view trace = x.trace_made ? std::string_view{} : traceparent_of(x.in.head);
  const bool sampled = c.my.shared.traces && is_sampled(x.id, c.settings().trace_sample);
  if (!told.each && !sampled && trace.empty())
    return;
  ended_request* const to = told.ring.room();
  if (!to)
    return told.dropped.add();
  to->ended = c.now();
  to->id = x.id;
  to->key = x.key ? x.key->id : policies::key_id{};
  to->client = x.client;
  copy_times(*to, x.ledger);
  copy_outcome(*to, x);
  to->stream = x.inspection.stream;
  to->sampled = sampled;
  to->trace_made = x.trace_made;
  to->trace.set(trace.size() == traceparent_bytes ? trace : std::string_view{});
  to->method.set(x.in.head.method);
  to->path.set(x.in.head.path);
  to->model.set(x.model());
  if (told.ring.publish())
    told.half_full();
}

} // namespace proxy::session
