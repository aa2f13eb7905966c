// The owner changes keys while requests are in flight: enforced when the change returns.
#include "tests/contract/client.hpp"

namespace contract {
namespace {

using policies::keys::key_status;

void lowered(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.daily = nano_usd{1000}}));
  const auto flying = c.reserve(id, asking(1, 300), noon);
  REQUIRE(flying);
  c.dispatch(*flying, noon);
  change_limits(*in, id, {.daily = nano_usd{200}});
  CHECK_FALSE(c.use(id, asking(1, 1), used(1, 1), noon));
  c.settle(*flying, used(1, 150), noon);
  CHECK(c.use(id, asking(1, 50), used(1, 50), noon));
  CHECK_FALSE(c.use(id, asking(1, 1), used(1, 1), noon));
  change_limits(*in, id, {.daily = nano_usd{210}});
  CHECK(c.use(id, asking(1, 10), used(1, 10), noon));
  change_limits(*in, id, {});
  CHECK(c.use(id, asking(1, 5000), used(1, 5000), noon));
  CHECK(idle_state(*in, id, noon).day.spent == nano_usd{5210});
}

void first_limit(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1));
  for (int i = 0; i < 50; ++i)
    REQUIRE(c.use(id, asking(10, 10), used(10, 10), noon));
  change_limits(*in, id, {.requests_per_minute = 10, .monthly = nano_usd{600}});
  for (int i = 0; i < 10; ++i) // the bucket starts full
    REQUIRE(c.use(id, asking(10, 10), used(10, 10), noon));
  CHECK_FALSE(c.use(id, asking(10, 10), used(10, 10), noon));
  CHECK(c.refusal().kind == limits::limit_kind::monthly_spending_limit); // 500 + 100 are spent
}

void parents_limit(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id root = make_key(*in, key(1));
  const key_id leaf = make_key(*in, key(2, {}, 1));
  REQUIRE(c.use(leaf, asking(1, 70), used(1, 70), noon));
  change_limits(*in, root, {.total = nano_usd{100}});
  CHECK_FALSE(c.use(leaf, asking(1, 31), used(1, 31), noon));
  CHECK(c.use(leaf, asking(1, 30), used(1, 30), noon));
}

void revoked(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  key_record record = key(1, {.monthly = nano_usd{100}});
  const key_id id = make_key(*in, record);
  const auto flying = c.reserve(id, asking(1, 60), noon);
  REQUIRE(flying);
  c.dispatch(*flying, noon);
  for (const auto status : {key_status::inactive, key_status::deleted}) {
    record.status = status;
    ++record.version;
    REQUIRE(in->keys().update(record, because("key.update")).has_value());
    const auto* slot = in->directory().find(record.secrets[0].hash);
    REQUIRE(slot != nullptr);
    CHECK(slot->record.load()->status == status);
  }
  c.settle(*flying, used(1, 50), noon); // what was in flight is charged all the same
  CHECK(idle_state(*in, id, noon).month.spent == nano_usd{50});
  apply_all(*in);
  CHECK(usage_of(*in, id).cost_nano == 50);
}

void rotated(ground& on) {
  const auto in = on.open(noon);
  key_record record = key(1);
  make_key(*in, record);
  const auto old_hash = record.secrets[0].hash;
  const auto new_hash = key(99).secrets[0].hash;
  record.secrets.insert(record.secrets.begin(), key(99).secrets[0]);
  ++record.version;
  REQUIRE(in->keys().update(record, because("key.rotate")).has_value());
  auto* slot = in->directory().by_id(record.id);
  CHECK(in->directory().find(old_hash) == slot);
  CHECK(in->directory().find(new_hash) == slot);
  CHECK(slot->record.load()->secrets.size() == 2);
}

} // namespace

behaviours live_change_behaviours() {
  return {{"a lowered limit holds at once; what is in flight is settled", lowered},
          {"a first limit meets a full bucket, but money already spent", first_limit},
          {"a parent's new limit holds for its children, with what they spent", parents_limit},
          {"a revoked key is published as such; its flying request is still charged", revoked},
          {"both secrets of a rotation lead to the key", rotated}};
}

} // namespace contract
