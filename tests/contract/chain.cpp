// A key and its parents are admitted in one step, or not at all.
#include "tests/contract/client.hpp"

namespace contract {
namespace {

using limits::limit_kind;

void all_or_nothing(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id root = make_key(*in, key(1, {.monthly = nano_usd{100}}));
  const key_id middle = make_key(*in, key(2, {.concurrent_requests = 5}, 1));
  const key_id leaf = make_key(
      *in,
      key(3, {.requests_per_minute = 10, .tokens_per_minute = 1000, .daily = nano_usd{500}}, 2));
  REQUIRE(c.use(leaf, asking(10, 40), used(10, 40), noon));
  const std::array before{in->keys().state(leaf, noon), in->keys().state(middle, noon),
                          in->keys().state(root, noon)};
  REQUIRE_FALSE(c.use(leaf, asking(10, 61), used(10, 61), noon));
  CHECK(c.refusal().member == 2);
  CHECK(c.refusal().kind == limit_kind::monthly_spending_limit);
  CHECK(in->keys().state(leaf, noon) == before[0]);
  CHECK(in->keys().state(middle, noon) == before[1]);
  CHECK(in->keys().state(root, noon) == before[2]);
}

void siblings(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id root = make_key(*in, key(1, {.requests_per_minute = 3, .total = nano_usd{100}}));
  const key_id first = make_key(*in, key(2, {}, 1));
  const key_id second = make_key(*in, key(3, {.requests_per_minute = 100}, 1));
  CHECK(c.use(first, asking(1, 30), used(1, 30), noon));
  CHECK(c.use(second, asking(1, 30), used(1, 20), noon));
  CHECK(c.left().requests == 0 + 1); // the parent's last one, not the key's 99
  CHECK(c.use(root, asking(1, 30), used(1, 30), noon));
  CHECK_FALSE(c.use(second, asking(1, 1), used(1, 1), noon));
  CHECK(c.refusal().member == 1);
  CHECK(idle_state(*in, root, noon).total.spent == nano_usd{80});
  CHECK(idle_state(*in, first, noon).total.spent == nano_usd{30});
  CHECK(idle_state(*in, second, noon).total.spent == nano_usd{20});
}

void longest_chain(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  for (std::uint64_t n = 1; n <= proxy::keys::chain_max; ++n)
    make_key(*in, n == 1 ? key(1) : key(n, {}, n - 1));
  const key_id leaf{proxy::keys::chain_max};
  const auto too_long = in->keys().insert(
      key(proxy::keys::chain_max + 1, {}, proxy::keys::chain_max), because("key.create"));
  CHECK_FALSE(too_long.has_value());
  CHECK(in->directory().by_id(key_id{proxy::keys::chain_max + 1}) == nullptr);
  REQUIRE(c.use(leaf, asking(5, 50), used(4, 40), noon));
  for (std::uint64_t n = 1; n <= proxy::keys::chain_max; ++n)
    CHECK(idle_state(*in, key_id{n}, noon).total.spent == nano_usd{40});
}

void least_left(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  make_key(*in, key(1, {.requests_per_minute = 100, .monthly = nano_usd{500}}));
  const key_id leaf = make_key(
      *in,
      key(2, {.requests_per_minute = 10, .tokens_per_minute = 50, .monthly = nano_usd{900}}, 1));
  const auto r = c.reserve(leaf, asking(20, 100), noon);
  REQUIRE(r);
  CHECK(c.left().requests == 9);
  CHECK(c.left().requests_reset == milliseconds{6000});
  CHECK(c.left().tokens_left == 30);
  CHECK(c.left().money_limit == nano_usd{500});
  CHECK(c.left().money_left == nano_usd{400});
}

} // namespace

behaviours chain_behaviours() {
  return {{"what a parent refuses takes nothing from anyone", all_or_nothing},
          {"siblings share their parent's limits", siblings},
          {"the longest chain counts on every member, and a longer one is refused", longest_chain},
          {"what is left is told of the member with the least", least_left}};
}

} // namespace contract
