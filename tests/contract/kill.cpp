// kill -9 at any moment: what was dispatched is in the ledger once, the spend is the ledger's, and
// nothing stays locked.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "tests/contract/client.hpp"

namespace contract {
namespace {

constexpr int threads = 3;

// What the dying process tells: survives it.
struct told {
  std::atomic<std::int64_t> dispatched{0};
  std::atomic<std::int64_t> settled{0};
  std::atomic<std::int64_t> settled_nano{0};
};

class shared_told {
 public:
  shared_told()
      : at_(static_cast<told*>(::mmap(nullptr, sizeof(told), PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    REQUIRE(static_cast<void*>(at_) != MAP_FAILED);
    new (at_) told;
  }
  ~shared_told() { ::munmap(at_, sizeof(told)); }
  shared_told(const shared_told&) = delete;
  shared_told& operator=(const shared_told&) = delete;
  told* operator->() { return at_; }
  told& operator*() { return *at_; }

 private:
  told* at_;
};

// One thread of the process that will be killed: three requests in flight at any time.
void serve_forever(world& in, std::span<const key_id> keys, std::uint64_t seed, told& out) {
  client c{in};
  std::mt19937_64 random(seed);
  std::array<std::optional<request>, 3> flying;
  for (std::size_t i = 0;; i = (i + 1) % flying.size()) {
    if (const auto& r = flying[i]) {
      const auto most = static_cast<std::uint64_t>(r->hold.money.value);
      const auto cost = static_cast<std::int64_t>(random() % (most + 1));
      c.settle(*r, used(1, cost), noon);
      out.settled_nano += cost;
      ++out.settled;
    }
    const auto bound = static_cast<std::int64_t>(random() % 1000);
    flying[i] = c.reserve(keys[random() % keys.size()], asking(5, bound), noon);
    if (!flying[i])
      continue;
    c.dispatch(*flying[i], noon);
    ++out.dispatched;
  }
}

// Opens the store in a process of its own, works there, and kills it when `enough` says so.
template <class Enough>
void in_killed_process(ground& on, std::span<const key_id> keys, std::uint64_t seed, told& out,
                       const Enough& enough) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      const auto in = on.open(noon);
      std::vector<std::thread> all;
      for (std::uint64_t i = 0; i < threads; ++i)
        all.emplace_back([&, i] { serve_forever(*in, keys, seed * threads + i, out); });
      all.front().join();
    } catch (...) { // told by the exit code
    }
    ::_exit(1);
  }
  int state = 0;
  pid_t ended = 0;
  while (!enough() && (ended = ::waitpid(child, &state, WNOHANG)) == 0)
    std::this_thread::yield();
  if (ended == 0) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &state, 0);
  }
  REQUIRE(WIFSIGNALED(state));
}

struct ledger {
  std::int64_t intents = 0;
  std::int64_t outcomes = 0;
  std::int64_t interrupted = 0;
  std::int64_t cost = 0;
  std::int64_t wrong = 0; // a second outcome, one without intent, or not at its bound
};

ledger ledger_in(world& in) {
  ledger all;
  std::map<std::array<std::uint8_t, 16>, std::pair<int, int>> seen;
  in.keys().rows(0, INT64_MAX, [&](const journal::entry& e) {
    if (e.kind == journal::entry_kind::intent) {
      ++all.intents;
      ++seen[e.request].first;
    } else if (e.kind == journal::entry_kind::outcome) {
      ++all.outcomes;
      ++seen[e.request].second;
      all.cost += e.cost_nano;
      all.interrupted += e.end == journal::ending::interrupted;
      all.wrong += e.end == journal::ending::interrupted &&
                   (e.cost_nano != e.hold_nano || e.charged_tokens != e.hold_tokens);
    }
    return true;
  });
  for (const auto& [id, count] : seen)
    all.wrong += count != std::pair{1, 1};
  return all;
}

// The keys' spend, their root's, the roll-ups and the ledger are one and the same.
void check_books(world& in, std::span<const key_id> keys, key_id root) {
  const ledger written = ledger_in(in);
  CHECK(written.wrong == 0);
  CHECK(written.intents == written.outcomes);
  std::int64_t spent = 0;
  for (const key_id id : keys)
    spent += idle_state(in, id, noon).total.spent.value;
  CHECK(spent == written.cost);
  CHECK(idle_state(in, root, noon).total.spent.value == written.cost);
  const auto sums = usage_of(in, std::nullopt);
  CHECK(sums.cost_nano == written.cost);
  CHECK(sums.dispatched == written.outcomes);
  CHECK(sums.interrupted == written.interrupted);
}

std::vector<key_id> family(ground& on, const limits::limit_set& allowed) {
  const auto in = on.open(noon);
  make_key(*in, key(1, allowed));
  return {make_key(*in, key(2, {}, 1)), make_key(*in, key(3, {.daily = nano_usd{1'000'000}}, 1))};
}

void while_serving(ground& on) {
  const auto keys = family(on, {.monthly = nano_usd{1'000'000'000}, .concurrent_requests = 9});
  shared_told out;
  for (std::uint64_t round = 1; round <= 4; ++round) {
    const std::int64_t target = out->settled + static_cast<std::int64_t>(300 * round + 17);
    in_killed_process(on, keys, round, *out, [&] { return out->settled >= target; });
    const auto in = on.open(noon);
    const ledger written = ledger_in(*in);
    CHECK(written.intents >= out->dispatched); // all that it was sure of
    CHECK(written.intents <= out->dispatched + static_cast<std::int64_t>(threads * round));
    CHECK(written.cost >= out->settled_nano);
    CHECK(in->recovered().interrupted <= 9);
    check_books(*in, keys, key_id{1});
    client c{*in};
    CHECK(c.use(keys[0], asking(1, 10), used(1, 0), noon)); // no slot and no money is locked
  }
}

void while_recovering(ground& on) {
  const auto keys = family(on, {});
  shared_told out;
  std::mt19937_64 random(20260415);
  for (std::uint64_t round = 1; round <= 12; ++round) {
    std::uint64_t patience = random() % 4000;
    in_killed_process(on, keys, 100 + round, *out, [&] { return patience-- == 0; });
  }
  in_killed_process(on, keys, 200, *out,
                    [&, before = out->settled.load()] { return out->settled > before + 500; });
  const auto in = on.open(noon);
  CHECK(ledger_in(*in).intents >= out->dispatched);
  check_books(*in, keys, key_id{1});
}

void at_the_limit(ground& on) {
  constexpr std::int64_t limit = 100'000;
  const auto keys = family(on, {.total = nano_usd{limit}});
  shared_told out;
  for (std::uint64_t round = 1; round <= 3; ++round) {
    const std::int64_t target = out->settled + 60;
    std::uint64_t patience = 200'000; // it stops settling once all is spent
    in_killed_process(on, keys, round, *out,
                      [&] { return out->settled >= target || patience-- == 0; });
    const auto in = on.open(noon);
    CHECK(idle_state(*in, key_id{1}, noon).total.spent <= nano_usd{limit});
    check_books(*in, keys, key_id{1});
  }
}

} // namespace

behaviours kill_behaviours() {
  return {{"killed while serving: the spend is the ledger's, each request once", while_serving},
          {"killed while starting and recovering, again and again", while_recovering},
          {"killed at the limit: the bound of what was in flight fits below it", at_the_limit}};
}

} // namespace contract
