// What the ledger's entries add up to: usage, errors, last use.
#include <array>
#include <random>

#include "proxy/stores/roll_up.hpp"
#include "tests/contract/client.hpp"

namespace contract {
namespace {

using journal::ending;
constexpr std::int64_t noon_hour = noon.time_since_epoch().count() / 3'600'000;

// Dispatched and settled in one instant, whatever became of it.
void one(client& c, key_id id, const finished& how, instant now) {
  REQUIRE(c.use(id, asking(100, 1000), how, now));
}

void sums(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1));
  one(c, id, used(10, 100), noon);
  one(c, id, {.used = {tokens{100}, nano_usd{1000}}, .end = ending::cut, .status = 200}, noon);
  one(c, id, {.end = ending::refused, .status = 500}, noon);
  one(c, id, {.end = ending::not_dispatched, .status = 502}, noon);
  c.refuse(id, 429, 3, noon);
  c.refuse(id, 403, 2, noon);
  apply_all(*in);
  const auto all = usage_of(*in, id);
  CHECK(all.requests == 4 + 5);
  CHECK(all.dispatched == 3);
  CHECK(all.refused == 5);
  CHECK(all.limited == 3);
  CHECK(all.errors == 1 + 1 + 1 + 2);
  CHECK(all.interrupted == 0);
  CHECK(all.output_tokens == 110);
  CHECK(all.cost_nano == 1100);
  CHECK(idle_state(*in, id, noon).total.spent == nano_usd{1100});
}

void given_back(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1, {.tokens_per_minute = 100, .total = nano_usd{1000}}));
  one(c, id, {.end = ending::not_dispatched, .status = 502}, noon);
  const auto state = idle_state(*in, id, noon);
  CHECK(state.total.spent == nano_usd{0});
  CHECK(state.tokens.level == 0);
  one(c, id, used(100, 1000), noon);
}

void rows_by_hour(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id first = make_key(*in, key(1));
  const key_id second = make_key(*in, key(2));
  one(c, first, used(1, 10), noon);
  one(c, second, used(1, 20), noon);
  one(c, first, used(1, 30), noon + std::chrono::minutes{59});
  one(c, first, used(1, 40), noon + std::chrono::minutes{60});
  apply_all(*in);
  const auto rows = in->keys().usage(first, {noon_hour, noon_hour + 2});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].hour == noon_hour);
  CHECK(rows[0].model == "deepseek-chat");
  CHECK(rows[0].sums.cost_nano == 40);
  CHECK(rows[0].sums.requests == 2);
  CHECK(rows[1].hour == noon_hour + 1);
  CHECK(rows[1].sums.cost_nano == 40);
  CHECK(in->keys().usage(first, {noon_hour, noon_hour + 1}).size() == 1);
  CHECK(in->keys().usage(first, {noon_hour + 2, noon_hour + 9}).empty());
  const auto account = in->keys().usage(std::nullopt, {noon_hour, noon_hour + 1});
  REQUIRE(account.size() == 1);
  CHECK(account[0].sums.cost_nano == 60);
}

void rows_by_minute(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id first = make_key(*in, key(1));
  const key_id second = make_key(*in, key(2));
  one(c, first, used(1, 10), noon);
  one(c, second, used(2, 20), noon + std::chrono::seconds{1});
  one(c, first, used(3, 30), noon + std::chrono::seconds{59});
  one(c, first, used(4, 40), noon + std::chrono::seconds{60});
  apply_all(*in);
  const std::int64_t noon_minute = noon_hour * 60;
  const auto rows = in->keys().minutes(first, {noon_minute, noon_minute + 9});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].minute == noon_minute);
  CHECK(rows[0].requests == 2);
  CHECK(rows[0].cost_nano == 40);
  CHECK(rows[1].minute == noon_minute + 1);
  CHECK(rows[1].requests == 1);
  const auto account = in->keys().minutes(std::nullopt, {noon_minute, noon_minute + 1});
  REQUIRE(account.size() == 1);
  CHECK(account[0].cost_nano == 60);
  CHECK(in->keys().minutes(first, {noon_minute + 2, noon_minute + 9}).empty());
}

// An outcome of any kind, as if it had ended then.
journal::entry any_outcome(std::mt19937_64& random, key_id id, instant now) {
  constexpr std::array endings{ending::complete,    ending::cut,  ending::refused,
                               ending::client_gone, ending::kept, ending::not_dispatched};
  journal::entry e;
  e.kind = journal::entry_kind::outcome;
  e.time_ms = e.started_ms = now.time_since_epoch().count();
  e.key = id.value;
  e.end = endings[random() % endings.size()];
  e.status = random() % 7 ? 200 : 500;
  e.feature = static_cast<std::uint8_t>(random() % 3);
  e.cost_nano = static_cast<std::int64_t>(random() % 1'000'000'007);
  e.cached_tokens = static_cast<std::int64_t>(random() % 1000);
  e.prompt_tokens = static_cast<std::int64_t>(random() % 1000);
  e.output_tokens = static_cast<std::int64_t>(random() % 1000);
  e.reasoning_tokens = static_cast<std::int64_t>(random() % 100);
  e.first_byte_ms = static_cast<std::uint32_t>((random() >> (random() % 40 + 24)) & 0xffff);
  e.total_ms = e.first_byte_ms + static_cast<std::uint32_t>(random() % 5000);
  e.overhead_us = static_cast<std::uint32_t>(random() % 900);
  journal::set_model(e, random() % 2 ? "deepseek-chat" : "deepseek-pro");
  return e;
}

// Sums and counts of the ledger's own rows, and of the roll-ups, of the same hours.
void same_as_rows(world& in, std::optional<key_id> id, stores::usage_range range) {
  stores::usage_sums rows;
  policies::analytics::spread spread;
  in.keys().rows(range.from_hour * 3'600'000, range.until_hour * 3'600'000,
                 [&](const journal::entry& e) {
                   if (stores::place_of(e) && (!id || e.key == id->value)) {
                     rows += stores::sums_of(e);
                     stores::add_to(spread, e);
                   }
                   return true;
                 });
  stores::usage_sums summed;
  for (const auto& row : in.keys().usage(id, range))
    summed += row.sums;
  policies::analytics::spread added;
  for (const auto& row : in.keys().spreads(id, range))
    added += row.spread;
  const stores::usage_sums total = in.keys().total(id, range);
  for (std::size_t i = 0; i < stores::usage_sums::count; ++i) {
    INFO(stores::usage_sums::names[i]);
    CHECK(summed.*stores::usage_sums::fields[i] == rows.*stores::usage_sums::fields[i]);
    CHECK(total.*stores::usage_sums::fields[i] == rows.*stores::usage_sums::fields[i]);
  }
  CHECK(added.packed() == spread.packed());
}

// By key and for the account, over any range of hours.
void sums_are_of_rows(ground& on) {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  const auto in = on.open(noon);
  client c{*in};
  const std::array ids{make_key(*in, key(1)), make_key(*in, key(2)), make_key(*in, key(3))};
  instant now = noon - std::chrono::hours{3 * 24};
  for (int i = 0; i < 400; ++i) {
    now += std::chrono::seconds{random() % 1300};
    const key_id id = ids[random() % ids.size()];
    if (random() % 5 == 0)
      c.refuse(id, random() % 2 ? 429 : 403, static_cast<std::uint32_t>(random() % 9 + 1), now);
    else
      c.record(any_outcome(random, id, now));
  }
  apply_all(*in);
  const std::int64_t first = noon_hour - 3 * 24;
  const stores::usage_range all{first, noon_hour + 200};
  same_as_rows(*in, std::nullopt, all);
  for (int trial = 0; trial < 40; ++trial) {
    const std::int64_t from = first + static_cast<std::int64_t>(random() % 90);
    const auto whose = random() % (ids.size() + 1);
    same_as_rows(*in, whose < ids.size() ? std::optional{ids[whose]} : std::nullopt,
                 {from, from + static_cast<std::int64_t>(random() % 90)});
  }
  std::int64_t cost = 0;
  for (const auto& each : in->keys().totals(ids, all))
    cost += each.sums.cost_nano;
  CHECK(cost == usage_of(*in, std::nullopt).cost_nano);
  CHECK(cost > 0);
}

void childs_usage(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id root = make_key(*in, key(1, {.total = nano_usd{5000}}));
  const key_id leaf = make_key(*in, key(2, {}, 1));
  one(c, leaf, used(1, 10), noon);
  one(c, root, used(1, 5), noon);
  apply_all(*in);
  CHECK(usage_of(*in, leaf).cost_nano == 10);
  CHECK(usage_of(*in, root).cost_nano == 5); // its own; the limit counts both
  CHECK(usage_of(*in, std::nullopt).cost_nano == 15);
  CHECK(idle_state(*in, root, noon).total.spent == nano_usd{15});
}

void last_use(ground& on) {
  auto in = on.open(noon);
  const key_id id = make_key(*in, key(1));
  const key_id unused = make_key(*in, key(2));
  {
    client c{*in};
    one(c, id, used(1), noon);
    c.refuse(id, 429, 1, noon + milliseconds{700});
  }
  apply_all(*in);
  CHECK(in->keys().last_used(id) == noon + milliseconds{700});
  CHECK_FALSE(in->keys().last_used(unused));
  in.reset();
  in = on.open(noon + std::chrono::seconds{5});
  CHECK(in->keys().last_used(id) == noon + milliseconds{700});
}

void errors(ground& on) {
  const auto in = on.open(noon);
  client c{*in};
  const key_id id = make_key(*in, key(1));
  const key_id other = make_key(*in, key(2));
  one(c, id, {.end = ending::refused, .status = 500}, noon);
  one(c, id, used(1), noon + milliseconds{1});
  one(c, other, {.end = ending::refused, .status = 503}, noon + milliseconds{2});
  one(c, id, {.end = ending::cut, .status = 200}, noon + milliseconds{3});
  c.refuse(id, 429, 7, noon + milliseconds{4});
  const auto ms = noon.time_since_epoch().count();
  const auto all = in->keys().recent_errors(id, 0, 10);
  REQUIRE(all.size() == 3);
  CHECK(all[0].count == 7);
  CHECK(all[1].end == ending::cut);
  CHECK(all[2].status == 500);
  CHECK(in->keys().recent_errors(id, 0, 2).size() == 2);
  CHECK(in->keys().recent_errors(id, ms + 3, 10).size() == 2);
}

void export_rows(ground& on) {
  const auto in = on.open(noon);
  client first{*in};
  client second{*in};
  const key_id id = make_key(*in, key(1));
  one(first, id, used(1, 1), noon + milliseconds{1});
  one(second, id, used(1, 2), noon + milliseconds{2});
  one(first, id, used(1, 3), noon + milliseconds{3});
  const auto ms = noon.time_since_epoch().count();
  std::vector<std::int64_t> costs;
  in->keys().rows(ms + 1, ms + 3, [&](const journal::entry& e) {
    if (e.kind == journal::entry_kind::outcome)
      costs.push_back(e.cost_nano);
    return true;
  });
  CHECK(costs == std::vector<std::int64_t>{1, 2});
  int visits = 0;
  in->keys().rows(0, INT64_MAX, [&](const journal::entry&) { return ++visits < 2; });
  CHECK(visits == 2);
}

void deleted_key(ground& on) {
  auto in = on.open(noon);
  key_record record = key(1);
  const key_id id = make_key(*in, record);
  {
    client c{*in};
    const auto r = c.reserve(id, asking(1, 70), noon);
    REQUIRE(r);
    c.dispatch(*r, noon);
    record.status = policies::keys::key_status::deleted;
    ++record.version;
    REQUIRE(in->keys().update(record, because("key.delete")).has_value());
    c.settle(*r, used(1, 70), noon);
  }
  in.reset();
  in = on.open(noon);
  CHECK(usage_of(*in, id).cost_nano == 70);
  CHECK(usage_of(*in, std::nullopt).cost_nano == 70);
}

} // namespace

behaviours ledger_behaviours() {
  return {{"each ending is counted in its sums", sums},
          {"what was never dispatched costs nothing", given_back},
          {"usage comes in rows of an hour, for a key and for the account", rows_by_hour},
          {"usage comes in minutes too, for a key and for the account", rows_by_minute},
          {"every sum and count of the roll-ups is that of the rows", sums_are_of_rows},
          {"usage is a key's own; limits count the children too", childs_usage},
          {"the last use is kept", last_use},
          {"recent errors are a key's own, newest first", errors},
          {"rows of the ledger come oldest first, over all lanes", export_rows},
          {"a deleted key's usage stays", deleted_key}};
}

} // namespace contract
