// The client's steps, and short ways to make keys and to ask for figures.
#include "tests/contract/client.hpp"

#include <cstring>
#include <random>
#include <thread>

namespace contract {
namespace {

// Unique among all processes and threads of a test, forked ones too.
policies::request_id next_id() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  const std::array<std::uint64_t, 2> parts{random(), random()};
  policies::request_id id;
  std::memcpy(id.bytes.data(), parts.data(), id.bytes.size());
  return id;
}

journal::lane& lane_in(world& in) {
  auto made = in.journal().make_lane();
  REQUIRE(made.has_value());
  return **made;
}

class turn {
 public:
  explicit turn(proxy::keys::epochs::participant& of) : of_(of) { of_.enter(); }
  ~turn() { of_.leave(); }

 private:
  proxy::keys::epochs::participant& of_;
};

} // namespace

client::client(world& in) : in_(in), lane_(lane_in(in)), turn_(in.directory().readers().join()) {}

std::optional<request> client::reserve(key_id key, const limits::ask& wanted, instant now) {
  const turn running(turn_);
  op_ = {};
  op_.key = in_.directory().by_id(key);
  op_.id = next_id();
  op_.ask = wanted;
  op_.now = now;
  if (!in_.limits().reserve(op_))
    in_.finish(op_);
  if (op_.result != status::held)
    return std::nullopt;
  return request{op_.key, op_.id, op_.hold, now};
}

bool client::extend(request& r, const limits::ask& wanted, instant now) {
  const turn running(turn_);
  op_ = {};
  op_.key = r.key;
  op_.id = r.id;
  op_.ask = wanted;
  op_.now = now;
  op_.hold = r.hold;
  if (!in_.limits().extend(op_))
    in_.finish(op_);
  r.hold = op_.hold;
  return op_.result == status::held;
}

void client::append(const journal::entry& e) {
  while (!lane_.room_for_intent())
    std::this_thread::yield();
  lane_.append(e);
}

journal::entry client::entry_of(const request& r, instant now) const {
  journal::entry e;
  e.time_ms = now.time_since_epoch().count();
  e.started_ms = r.started.time_since_epoch().count();
  e.request = r.id.bytes;
  e.key = r.key->id.value;
  e.hold_nano = r.hold.money.value;
  e.hold_tokens = limits::bound_of(r.hold).used_tokens.value;
  e.count = r.hold.lease;
  journal::set_model(e, "deepseek-chat");
  return e;
}

void client::dispatch(const request& r, instant now) {
  journal::entry e = entry_of(r, now);
  e.kind = journal::entry_kind::intent;
  append(e);
}

void client::settle(const request& r, const finished& how, instant now) {
  const turn running(turn_);
  journal::entry e = entry_of(r, now);
  e.kind = journal::entry_kind::outcome;
  e.end = how.end;
  e.status = how.status;
  e.cost_nano = how.used.cost.value;
  e.charged_tokens = how.used.used_tokens.value;
  e.output_tokens = how.used.used_tokens.value;
  append(e);
  if (how.end == journal::ending::not_dispatched)
    in_.limits().cancel(*r.key, r.id, r.hold, now);
  else
    in_.limits().settle(*r.key, r.id, r.hold, how.used, now);
}

void client::cancel(const request& r, instant now) {
  const turn running(turn_);
  in_.limits().cancel(*r.key, r.id, r.hold, now);
}

bool client::use(key_id key, const limits::ask& wanted, const finished& how, instant now) {
  const auto r = reserve(key, wanted, now);
  if (!r)
    return false;
  dispatch(*r, now);
  settle(*r, how, now);
  return true;
}

void client::refuse(key_id key, std::uint16_t code_status, std::uint32_t count, instant now) {
  journal::entry e;
  e.kind = journal::entry_kind::tally;
  e.time_ms = e.started_ms = now.time_since_epoch().count();
  e.key = key.value;
  e.status = code_status;
  e.count = count;
  append(e);
}

key_record key(std::uint64_t n, const limits::limit_set& allowed,
               std::optional<std::uint64_t> parent) {
  key_record record = policies::keys::defaults_of(policies::keys::key_type::production);
  record.id = key_id{n};
  if (parent)
    record.parent = key_id{*parent};
  record.name = "key " + std::to_string(n);
  record.limits = allowed;
  policies::keys::key_secret secret;
  secret.hash.fill(0xa5);
  std::memcpy(secret.hash.data(), &n, sizeof n);
  secret.masked = "sk-ds-…" + std::to_string(n);
  record.secrets.push_back(secret);
  return record;
}

key_id make_key(world& in, const key_record& record) {
  const auto done = in.keys().insert(record, because("key.create"));
  REQUIRE(done.has_value());
  return record.id;
}

void change_limits(world& in, key_id id, const limits::limit_set& allowed) {
  auto record = in.keys().get(id);
  REQUIRE(record.has_value());
  record->limits = allowed;
  ++record->version;
  REQUIRE(in.keys().update(*record, because("key.update")).has_value());
}

limits::limit_state idle_state(world& in, key_id id, instant now) {
  const limits::limit_state state = in.keys().state(id, now);
  CHECK(state.requests.held == 0);
  CHECK(state.tokens.held == 0);
  CHECK(state.tokens_at_risk == 0);
  CHECK(state.slots == 0);
  CHECK(state.month.held == nano_usd{});
  CHECK(state.day.held == nano_usd{});
  CHECK(state.total.held == nano_usd{});
  return state;
}

stores::usage_sums usage_of(world& in, std::optional<key_id> id) {
  stores::usage_sums all;
  for (const stores::usage_row& row : in.keys().usage(id, {0, 1'000'000'000}))
    all += row.sums;
  return all;
}

void apply_all(world& in) {
  REQUIRE(in.journal().flush());
}

} // namespace contract
