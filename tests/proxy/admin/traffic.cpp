// Steps in the order in which the data plane takes them.
#include "tests/proxy/admin/traffic.hpp"

#include <cstring>
#include <thread>

namespace proxy::admin::test {
namespace {

journal::lane& lane_of(plane& of) {
  auto made = of.store().journal().make_lane();
  REQUIRE(made.has_value());
  return **made;
}

} // namespace

traffic::traffic(plane& of) : of_(of), lane_(lane_of(of)), turn_(of.directory().readers().join()) {}

void traffic::append(const journal::entry& e) {
  while (e.kind != journal::entry_kind::outcome && !lane_.room_for_intent())
    std::this_thread::yield();
  lane_.append(e);
}

running traffic::begin(policies::key_id key, std::int64_t hold_tokens, std::int64_t hold_nano) {
  stores::reserve_op op;
  op.key = of_.directory().by_id(key);
  op.now = of_.now();
  op.ask.held_tokens = policies::tokens{hold_tokens};
  op.ask.money_want = op.ask.money_min = policies::nano_usd{hold_nano};
  turn_.enter();
  REQUIRE(of_.store().reserve(op));
  turn_.leave();
  REQUIRE(op.result == stores::reserve_op::status::held);
  journal::entry e;
  e.kind = journal::entry_kind::intent;
  e.time_ms = e.started_ms = of_.now().time_since_epoch().count();
  ++requests_;
  std::memcpy(e.request.data(), &requests_, sizeof requests_);
  e.key = key.value;
  e.hold_nano = hold_nano;
  e.hold_tokens = hold_tokens;
  append(e);
  return {op.key, op.hold, e};
}

void traffic::end(const running& one, const spent& how) {
  journal::entry e = one.intent;
  e.kind = journal::entry_kind::outcome;
  e.time_ms = of_.now().time_since_epoch().count();
  e.end = how.end;
  e.status = how.status;
  e.cost_nano = how.cost_nano;
  e.cached_tokens = how.cached;
  e.prompt_tokens = how.prompt;
  e.output_tokens = how.output;
  e.charged_tokens = how.cached + how.prompt + how.output;
  e.total_ms = 200;
  journal::set_model(e, how.model);
  append(e);
  const policies::limits::actuals used{policies::tokens{e.charged_tokens},
                                       policies::nano_usd{how.cost_nano}};
  turn_.enter();
  of_.store().settle(*one.key, {}, one.hold, used, of_.now());
  turn_.leave();
}

void traffic::use(policies::key_id key, const spent& how) {
  end(begin(key, how.cached + how.prompt + how.output, how.cost_nano), how);
}

void traffic::refuse(policies::key_id key, policies::admission::refusal_code code,
                     std::uint32_t count) {
  journal::entry e;
  e.kind = journal::entry_kind::tally;
  e.time_ms = e.started_ms = of_.now().time_since_epoch().count();
  e.key = key.value;
  e.status = static_cast<std::uint16_t>(policies::admission::status_of(code));
  e.refusal = static_cast<std::uint8_t>(code);
  e.count = count;
  append(e);
}

void traffic::apply() {
  REQUIRE(of_.store().journal().flush());
}

policies::key_id id_of(const boost::json::object& key) {
  const auto id = policies::keys::parse_key_id(text(key, "id"));
  REQUIRE(id.has_value());
  return *id;
}

} // namespace proxy::admin::test
