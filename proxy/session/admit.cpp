// From a body to a hold: what the request may cost at most, and the store's word that every limit
// of the chain has room for it. The output cap is cut into the body where the hold demands one.
#include "proxy/session/conversation.hpp"

#include <mutex>

#include "proxy/session/file_references.hpp"
#include "proxy/session/patience.hpp"

namespace proxy::session {
namespace {

namespace access = policies::access;
namespace admission = policies::admission;
namespace limits = policies::limits;
namespace usage = policies::usage;

// What the store said, as a step; on a refusal the words come from policies/admission.
step verdict(conversation& c) {
  exchange& x = c.x;
  using status = stores::reserve_op::status;
  switch (x.reservation.result) {
  case status::held:
    x.ledger.held = true;
    return step::go_on;
  case status::refused: {
    const keys::key_chain chain{*x.key};
    const std::size_t member = std::min(x.reservation.refusal.member, chain.length - 1);
    x.refusal = admission::refusal_of(x.reservation.refusal, *chain.records[member]);
    return step::refuse;
  }
  default:
    x.refuse_with(admission::refusal_code::enforcement_unavailable,
                  "Limits cannot be checked right now, so nothing is let through; try again "
                  "shortly. (refused by deepseek-proxy)");
    x.refusal->retry_after = policies::milliseconds{1000};
    return step::refuse;
  }
}

void prepare(conversation& c, const limits::ask& ask) {
  stores::reserve_op& op = c.x.reservation;
  op.key = c.x.key;
  op.id = c.x.id;
  op.ask = ask;
  op.now = c.now();
  op.result = stores::reserve_op::status::pending;
  if (!c.x.ledger.held)
    c.x.ledger.started = op.now;
}

policies::tokens expected_tokens(conversation& c) {
  const exchange& x = c.x;
  const policies::tokens cap =
      usage::wanted_output(x.inspection, x.format, c.my.shared.bounds.output_max);
  const std::lock_guard guard(x.key->root->lock);
  return x.key->sizes.expected(x.model(), x.inspection.prompt_bound, cap);
}

// Fills in exchange::plan.
step make_plan(conversation& c) {
  exchange& x = c.x;
  const keys::key_chain chain{*x.key};
  auto planned =
      x.route.generates
          ? admission::plan_request(chain.view(), x.route, x.format, x.inspection, x.model(),
                                    c.my.prices, c.my.shared.bounds, expected_tokens(c), c.now())
          : admission::plan_call(chain.view(), x.route, c.my.prices, c.my.shared.bounds, c.now());
  if (auto* refused = std::get_if<admission::refusal>(&planned)) {
    x.refusal = std::move(*refused);
    return step::refuse;
  }
  x.plan = std::move(std::get<admission::plan>(planned));
  return step::go_on;
}

// The bound that is charged where the usage stays unknown, and the cap that makes it true.
void cap_output(exchange& x) {
  if (!x.route.generates)
    return;
  const policies::tokens cap = admission::cap_for(x.plan, x.reservation.hold.money);
  const auto model = x.alias_of.empty() ? std::nullopt : std::optional{x.model()};
  usage::plan_edits(x.edits, x.format, x.inspection, cap, model);
  x.ledger.bound_tokens =
      policies::tokens{x.plan.prompt_bound.value + cap.value * x.plan.multiplicity};
}

// The key's own name for the model, else the nearest parent's.
void resolve_alias(exchange& x) {
  const keys::key_chain chain{*x.key};
  for (const auto* record : chain.view()) {
    const std::string_view model = policies::keys::aliased(*record, x.inspection.model);
    if (model == x.inspection.model)
      continue;
    x.alias_of = model;
    return;
  }
}

// Provisionally: the request and its slot alone, before the body is read.
enum class holding : std::uint8_t { provisionally, wholly };

io::task<step> take_hold(conversation& c, holding how) {
  exchange& x = c.x;
  limits::ask ask{.requests = 1, .slots = 1, .provisional = true};
  const bool extends = x.ledger.held; // the request and its slot were taken
  if (how == holding::wholly) {
    if (make_plan(c) != step::go_on)
      co_return step::refuse;
    ask = x.plan.ask;
    if (extends)
      ask.requests = ask.slots = 0;
  }
  patience turn{c};
  step s = step::go_on;
  do {
    if (turn.must_wait()) {
      auto waiting = turn.wait();
      s = co_await std::move(waiting);
      if (s != step::go_on)
        co_return s;
    }
    prepare(c, ask);
    if (extends) {
      stores::extending operation{c.my.shared.limits, x.reservation};
      co_await operation;
      x.ledger.started = x.reservation.now; // the money is held in the windows of now
    } else {
      stores::reserving operation{c.my.shared.limits, x.reservation};
      co_await operation;
    }
    s = verdict(c);
  } while (s == step::refuse && turn.may_wait());
  if (s == step::go_on && how == holding::wholly) {
    c.my.count.held_nano_usd.add(static_cast<std::uint64_t>(x.reservation.hold.money.value));
    cap_output(x);
  }
  co_return s;
}

} // namespace

io::task<step> hold_provisionally(conversation& c) {
  return take_hold(c, holding::provisionally);
}

step inspect(conversation& c) {
  exchange& x = c.x;
  // A call that acts by its path alone (fine-tuning's cancel) may come without a body.
  const bool opaque = x.route.body == access::body_kind::json_opaque && !x.in.body.empty();
  if (x.route.body != access::body_kind::json_prompt && !opaque)
    return step::go_on;
  x.format = admission::format_of(x.route.what);
  const usage::inspect_limits bounds{c.settings().server.json_depth_max};
  auto read = usage::inspect(x.format, x.in.body, bounds);
  if (auto* error = std::get_if<usage::inspect_error>(&read))
    return x.refuse_with(admission::refusal_code::invalid_request,
                         error->message + " (refused by deepseek-proxy)", error->param);
  x.inspection = std::move(std::get<usage::inspection>(read));
  if (x.route.generates)
    resolve_alias(x);
  if (x.inspection.unbounded_prompt &&
      !refers_to_own_files(x.in.body, x.key->id, c.my.shared.files))
    return x.refuse_with(
        admission::refusal_code::permission_denied,
        "The request refers to a file that this API key did not upload. (refused by "
        "deepseek-proxy)");
  return step::go_on;
}

io::task<step> hold(conversation& c) {
  return take_hold(c, holding::wholly);
}

} // namespace proxy::session
