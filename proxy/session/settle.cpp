// Closing the books on a request, once: what it cost by the rules of the house, the outcome in the
// journal, the hold out and the true figures in.
#include "proxy/session/conversation.hpp"

#include <mutex>

#include "policies/keys/secret.hpp"
#include "proxy/session/ledger_entry.hpp"

namespace proxy::session {
namespace {

using journal::ending;
using policies::milliseconds;
namespace pricing = policies::pricing;

// An Anthropic stream names its input side first: only its end makes the figures final.
bool usage_is_final(const exchange& x) {
  const auto& facts = x.up.tap.facts();
  if (!x.up.tapped || !facts.usage)
    return false;
  if (facts.finished)
    return true;
  return x.up.complete &&
         (!x.up.head.event_stream || x.format == policies::usage::body_format::chat ||
          x.format == policies::usage::body_format::fim);
}

ending judge(const exchange& x) {
  const ledger_facts& known = x.ledger;
  if (known.ending == ending::not_dispatched || known.ending == ending::refused ||
      known.ending == ending::expired)
    return known.ending;
  if (x.up.complete && known.status >= 400)
    return ending::refused;
  if (usage_is_final(x))
    return x.client_gone ? ending::client_gone : ending::complete;
  if (x.up.complete && !x.route.generates)
    return ending::complete;
  if (x.client_gone)
    return ending::client_gone_cut;
  return x.up.complete ? ending::no_usage : ending::cut;
}

bool charges_bound(ending how) {
  return how == ending::no_usage || how == ending::cut || how == ending::client_gone_cut ||
         how == ending::expired;
}

// The upstream's billing instant is unknown: the dearest rate from start to end and a little
// around.
policies::nano_usd price_of(conversation& c, const pricing::token_usage& usage,
                            std::string_view model) {
  constexpr milliseconds slack = policies::admission::billing_slack;
  const auto price = c.my.prices.dearest(model, c.x.ledger.started - slack, c.now() + slack);
  if (price)
    return pricing::cost_of(usage, *price);
  return c.x.plan.priced ? c.x.reservation.hold.money : policies::nano_usd{};
}

charge charge_for(conversation& c) {
  const exchange& x = c.x;
  charge what;
  what.model = x.model();
  if (charges_bound(x.ledger.ending)) {
    what.used = {x.ledger.bound_tokens, x.reservation.hold.money};
  } else if (usage_is_final(x)) {
    const auto& facts = x.up.tap.facts();
    if (!facts.model.empty())
      what.model = facts.model;
    what.usage = *facts.usage;
    what.used = {what.usage.total(), price_of(c, what.usage, what.model)};
  } else if (x.ledger.ending == ending::complete) {
    what.used.cost = x.reservation.hold.money; // a priced call without tokens
  }
  return what;
}

// Whatever fails here must not keep the hold: what is not known costs the bound.
charge charge_or_bound(conversation& c) {
  try {
    return charge_for(c);
  } catch (const std::exception& error) {
    spdlog::error("settle: request {} is charged its bound: {}", c.x.id_view(), error.what());
    charge what;
    what.model = c.x.model();
    what.used = {c.x.ledger.bound_tokens, c.x.reservation.hold.money};
    return what;
  }
}

void check_overrun(conversation& c, const charge& what) {
  const policies::nano_usd held = c.x.reservation.hold.money;
  if (!c.x.plan.priced || what.used.cost <= held)
    return;
  c.my.count.overruns.add();
  const std::string why = fmt::format(
      "request {} cost {} nano-dollars, above its bound of {}: the price table is wrong for {}",
      c.x.id_view(), what.used.cost.value, held.value, what.model);
  spdlog::error("pricing: {}", why);
  c.my.shared.block_key(c.x.key->id, why);
}

void learn(const conversation& c, const charge& what) {
  if (!usage_is_final(c.x))
    return;
  const policies::tokens cap =
      policies::usage::wanted_output(c.x.inspection, c.x.format, c.my.shared.bounds.output_max);
  const std::lock_guard guard(c.x.key->root->lock);
  c.x.key->sizes.learn(c.x.model(), c.x.inspection.prompt_bound, cap, what.used.used_tokens);
}

} // namespace

void settle(conversation& c) {
  exchange& x = c.x;
  if (!x.ledger.held)
    return;
  x.ledger.held = false;
  c.my.count.released_nano_usd.add(static_cast<std::uint64_t>(x.reservation.hold.money.value));
  const policies::instant now = c.now();
  const bool dispatched = x.ledger.dispatched;
  if (dispatched)
    x.ledger.ending = judge(x);
  if (!dispatched || x.ledger.ending == ending::not_dispatched) {
    if (dispatched) {
      const journal::entry e = outcome_of(x, {}, now);
      c.my.lane.append(e);
      c.my.count.note(e);
    }
    c.my.shared.limits.cancel(*x.key, x.id, x.reservation.hold, now);
    return;
  }
  const charge what = charge_or_bound(c);
  const journal::entry e = outcome_of(x, what, now);
  c.my.lane.append(e);
  c.my.count.note(e);
  c.my.shared.limits.settle(*x.key, x.id, x.reservation.hold, what.used, now);
  c.my.count.settled_nano_usd.add(static_cast<std::uint64_t>(what.used.cost.value));
  check_overrun(c, what);
  if (x.route.generates)
    learn(c, what);
}

} // namespace proxy::session
