// Many threads at one limit: nothing is ever admitted that takes settled and held past it.
#include <algorithm>
#include <atomic>
#include <deque>
#include <random>
#include <thread>

#include "tests/contract/client.hpp"

namespace contract {
namespace {

constexpr int threads = 4;

// Runs `work(client, number)` on each thread, with its own lane.
template <class Work>
void on_threads(world& in, const Work& work) {
  std::deque<client> clients;
  for (int i = 0; i < threads; ++i)
    clients.emplace_back(in);
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&, i] { work(clients[static_cast<std::size_t>(i)], i); });
  for (auto& each : all)
    each.join();
}

// Requests of random size, several in flight a thread, until each thread was refused often.
void storm(client& c, std::span<const key_id> keys, std::mt19937_64& random, int refusals_max) {
  std::deque<request> flying;
  for (int refused = 0; refused < refusals_max;) {
    const auto bound = static_cast<std::int64_t>(1 + random() % 1000);
    if (auto r = c.reserve(keys[random() % keys.size()], asking(1, bound), noon)) {
      c.dispatch(*r, noon);
      flying.push_back(*r);
    } else {
      ++refused;
    }
    if (flying.size() > random() % 8) {
      const auto cost = static_cast<std::int64_t>(
          random() % static_cast<std::uint64_t>(flying.front().hold.money.value + 1));
      c.settle(flying.front(), used(1, cost), noon);
      flying.pop_front();
    }
  }
  for (const request& r : flying)
    c.settle(r, used(1, r.hold.money.value), noon);
}

// Looks at a key again and again while `work` runs, and counts violations.
class watcher {
 public:
  watcher(world& in, key_id id, std::int64_t limit)
      : thread_([this, &in, id, limit] {
          do {
            const auto state = in.keys().state(id, noon);
            wrong_ += state.month.spent.value + state.month.held.value > limit;
          } while (!stop_);
        }) {}
  int wrong() {
    stop_ = true;
    thread_.join();
    return wrong_;
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> wrong_{0};
  std::thread thread_;
};

void one_key(ground& on) {
  constexpr std::int64_t limit = 400'000;
  const auto in = on.open(noon);
  const std::array keys{make_key(*in, key(1, {.monthly = nano_usd{limit}}))};
  watcher watch{*in, keys[0], limit};
  on_threads(*in, [&](client& c, int number) {
    std::mt19937_64 random(static_cast<std::uint64_t>(number));
    storm(c, keys, random, 200);
  });
  CHECK(watch.wrong() == 0);
  const auto spent = idle_state(*in, keys[0], noon).month.spent.value;
  CHECK(spent <= limit);
  CHECK(spent > limit - 1000); // refused only when nearly all was gone
  apply_all(*in);
  CHECK(usage_of(*in, keys[0]).cost_nano == spent);
}

void one_parent(ground& on) {
  constexpr std::int64_t limit = 400'000;
  const auto in = on.open(noon);
  const key_id root = make_key(*in, key(1, {.monthly = nano_usd{limit}}));
  std::array<key_id, threads> keys;
  for (std::size_t i = 0; i < keys.size(); ++i)
    keys[i] = make_key(*in, key(2 + i, {.monthly = nano_usd{limit / 3}}, 1));
  watcher watch{*in, root, limit};
  on_threads(*in, [&](client& c, int number) {
    std::mt19937_64 random(static_cast<std::uint64_t>(number));
    storm(c, keys, random, 400);
  });
  CHECK(watch.wrong() == 0);
  std::int64_t sum = 0;
  for (const key_id id : keys) {
    const auto spent = idle_state(*in, id, noon).month.spent.value;
    CHECK(spent <= limit / 3);
    sum += spent;
  }
  CHECK(idle_state(*in, root, noon).month.spent.value == sum);
  CHECK(sum <= limit);
  apply_all(*in);
  CHECK(usage_of(*in, std::nullopt).cost_nano == sum);
}

void meters(ground& on) {
  const auto in = on.open(noon);
  const key_id id = make_key(
      *in,
      key(1, {.requests_per_minute = 500, .tokens_per_minute = 7000, .concurrent_requests = 3}));
  std::atomic<int> admitted{0}, flying{0}, most{0}, slots_refused{0};
  on_threads(*in, [&](client& c, int) {
    for (int i = 0; i < 2000; ++i) {
      const auto r = c.reserve(id, asking(10), noon);
      if (!r) {
        slots_refused += c.refusal().kind == limits::limit_kind::concurrent_requests;
        continue;
      }
      ++admitted;
      const int now = ++flying;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);)
        ;
      --flying;
      c.dispatch(*r, noon);
      c.settle(*r, used(10), noon);
    }
  });
  CHECK(admitted <= 500);
  CHECK((admitted == 500 || admitted + slots_refused == threads * 2000));
  CHECK(most <= 3);
  CHECK(idle_state(*in, id, noon).tokens.level == admitted * 10 * limits::units_per_whole);
}

void while_changing(ground& on) {
  const auto in = on.open(noon);
  const key_id id = make_key(*in, key(1, {.monthly = nano_usd{1'000'000}}));
  std::atomic<int> working{threads};
  std::thread owner([&] {
    auto record = *in->keys().get(id);
    while (working > 0) {
      record.limits.monthly = nano_usd{1'000'000 + static_cast<std::int64_t>(record.version % 7)};
      ++record.version;
      if (!in->keys().update(record, because("key.update")))
        return;
    }
  });
  const std::array keys{id};
  on_threads(*in, [&](client& c, int number) {
    std::mt19937_64 random(static_cast<std::uint64_t>(number));
    storm(c, keys, random, 50);
    --working;
  });
  owner.join();
  CHECK(idle_state(*in, id, noon).month.spent <= nano_usd{1'000'006});
  CHECK(in->keys().get(id)->version > 1);
}

} // namespace

behaviours concurrent_behaviours() {
  return {{"threads never take one key past its money limit", one_key},
          {"threads with sibling keys never take their parent past its limit", one_parent},
          {"threads share requests a minute and slots exactly", meters},
          {"limits may change under load", while_changing}};
}

} // namespace contract
