// The steps. What the scripts leave to others is left out here, too: a refused id is not asked
// again, and an unknown id is settled by the ledger alone.
#include "tests/proxy/stores/redis/twins.hpp"

#include <cstring>

namespace tests {

using policies::nano_usd;
using policies::tokens;

namespace {

std::int64_t ms(instant at) {
  return at.time_since_epoch().count();
}

template <class... Number>
std::string packed(Number... numbers) {
  redis::packer out;
  (out << ... << static_cast<std::int64_t>(numbers));
  return out.text();
}

} // namespace

std::int64_t twins::some_amount() {
  constexpr std::array<std::int64_t, 5> scales{2, 20, 1000, 1'000'000, 120'000'000'000};
  return below(scales[static_cast<std::size_t>(below(60) / 14)]);
}

limits::ask twins::some_ask() {
  limits::ask a;
  a.requests = below(8) == 0 ? some_amount() : 1;
  a.slots = below(20) == 0 ? below(5) : 1;
  a.held_tokens = tokens{some_amount()};
  a.risk_tokens = tokens{below(3) == 0 ? some_amount() : 0};
  a.money_want = nano_usd{some_amount()};
  a.money_min = nano_usd{below(2) == 0 ? a.money_want.value : below(a.money_want.value + 2)};
  a.provisional = below(3) == 0;
  return a;
}

limits::limit_set twins::some_limits() {
  const auto maybe = [&](std::int64_t scale) -> std::optional<std::int64_t> {
    if (below(3) == 0)
      return std::nullopt;
    return below(12) == 0 ? 0 : below(4) == 0 ? limits::per_minute_max * 2 : 1 + below(scale);
  };
  const auto money = [&](std::int64_t scale) -> std::optional<nano_usd> {
    const auto value = maybe(scale);
    return value ? std::optional{nano_usd{*value}} : std::nullopt;
  };
  return {.requests_per_minute = maybe(3000),
          .burst_requests = maybe(100),
          .tokens_per_minute = maybe(3'000'000),
          .burst_tokens = maybe(100'000),
          .monthly = money(10'000'000'000),
          .daily = money(1'000'000'000),
          .total = money(100'000'000'000'000),
          .concurrent_requests = maybe(50)};
}

request_id twins::fresh_id() {
  const std::array<std::uint64_t, 2> parts{random_(), random_()};
  request_id id;
  std::memcpy(id.bytes.data(), parts.data(), id.bytes.size());
  return id;
}

known_request& twins::some_request() {
  if (requests_.empty() || below(50) == 0)
    requests_.push_back({fresh_id(), static_cast<std::size_t>(below(keys_count)), {}});
  const std::int64_t recent =
      std::min<std::int64_t>(30, static_cast<std::int64_t>(requests_.size()));
  return requests_[requests_.size() - 1 - static_cast<std::size_t>(below(recent))];
}

known_request twins::some_open_request() {
  known_request open = some_request();
  for (int tries = 0; tries < 5 && !book_.held(open.id); ++tries)
    open = some_request();
  return open;
}

void twins::pass_time() {
  constexpr std::array<std::int64_t, 12> spans{1,  1,   1,     5,      20,        100,
                                               50, 800, 8'000, 70'000, 5'000'000, 100'000'000};
  now_ += milliseconds{below(
      1 + spans[static_cast<std::size_t>(std::min<std::int64_t>(11, below(14) * below(14) / 13))])};
}

std::vector<limits::member> twins::chain_of(std::size_t leaf) {
  std::vector<limits::member> chain;
  for (int at = static_cast<int>(leaf); at >= 0; at = parent_of[static_cast<std::size_t>(at)])
    chain.push_back({&sets_[static_cast<std::size_t>(at)], &states_[static_cast<std::size_t>(at)]});
  return chain;
}

std::string twins::packed_limits(std::size_t leaf) const {
  redis::packer out;
  for (int at = static_cast<int>(leaf); at >= 0; at = parent_of[static_cast<std::size_t>(at)])
    redis::pack(out, sets_[static_cast<std::size_t>(at)]);
  return out.text();
}

redis::script_call twins::call(redis::script which, std::size_t leaf, bool with_lanes) const {
  redis::script_call made{which};
  made.key(redis::holds_name(id_of(0)));
  if (with_lanes)
    made.key(redis::lanes_name(id_of(0), id_of(leaf)));
  for (int at = static_cast<int>(leaf); at >= 0; at = parent_of[static_cast<std::size_t>(at)])
    made.key(redis::state_name(id_of(0), id_of(static_cast<std::size_t>(at))));
  return made;
}

void twins::expect(const redis::script_call& made, check answer) {
  calls_.add(made);
  checks_.push_back(std::move(answer));
}

// All of them: a step must leave the others alone.
void twins::expect_states() {
  calls_.add("MGET", redis::state_name(id_of(0), id_of(0)), redis::state_name(id_of(0), id_of(1)),
             redis::state_name(id_of(0), id_of(2)), redis::state_name(id_of(0), id_of(3)));
  checks_.push_back([wanted = states_](const redisReply& got) {
    const auto items = redis::items_of(got);
    REQUIRE(items.size() == keys_count);
    for (std::size_t i = 0; i < keys_count; ++i) {
      if (items[i]->type == REDIS_REPLY_NIL) {
        REQUIRE(wanted[i] == limits::limit_state{});
        continue;
      }
      const auto state = redis::unpack_state(redis::text_of(*items[i]));
      REQUIRE(state.has_value());
      const auto fields = [](const limits::limit_state& s) {
        return std::vector<std::int64_t>{s.at_ms,
                                         s.requests.level,
                                         s.requests.held,
                                         s.tokens.level,
                                         s.tokens.held,
                                         s.tokens_at_risk,
                                         s.slots,
                                         s.month.id,
                                         s.month.spent.value,
                                         s.month.held.value,
                                         s.day.id,
                                         s.day.spent.value,
                                         s.day.held.value,
                                         s.total.spent.value,
                                         s.total.held.value};
      };
      REQUIRE(fields(*state) == fields(wanted[i]));
    }
  });
}

twins::round twins::begin_round(std::size_t leaf) {
  return {.leaf = leaf, .not_after = now_ + milliseconds{below(10) == 0 ? -1 : below(3000)}};
}

void twins::end_round(const round& r) {
  const std::string word = packed(static_cast<std::int64_t>(random_()));
  auto made = call(redis::script::round, r.leaf);
  made.argument(word)
      .argument(redis::hex(1) + redis::hex(id_of(r.leaf)))
      .argument(packed_limits(r.leaf))
      .argument(packed(ms(now_), ms(r.not_after)));
  for (const std::string& each : r.asked)
    made.argument(each);
  expect(made, [word, checks = r.checks](const redisReply& got) {
    REQUIRE(redis::answers_round(got, static_cast<std::uint64_t>(redis::unpack_at(word, 0))));
    const auto answer = redis::read_round(got, checks.size());
    REQUIRE(answer.has_value());
    for (std::size_t i = 0; i < checks.size(); ++i)
      checks[i](*answer->each[i], answer->seen, checks.size() == 1);
  });
}

// Of several in a round, a refusal is judged by what all of them left: it is one all the same.
void twins::expect_answer(
    round& r, const limits::book::answer& wanted,
    std::function<std::optional<limits::limit_refusal>(redis::answered_chain&)> why) const {
  std::vector<limits::limit_set> sets;
  for (int at = static_cast<int>(r.leaf); at >= 0; at = parent_of[static_cast<std::size_t>(at)])
    sets.push_back(sets_[static_cast<std::size_t>(at)]);
  r.checks.push_back(
      [wanted, why, sets](const redisReply& got, const redis::seen_chain& seen, bool alone) {
        const auto answer = redis::read_answer(got);
        REQUIRE(answer.has_value());
        using verdict = redis::limit_answer::verdict;
        if (const auto* held = std::get_if<limits::hold>(&wanted)) {
          REQUIRE(answer->what == verdict::held);
          REQUIRE(answer->held == *held);
        } else if (const auto* refusal = std::get_if<limits::limit_refusal>(&wanted)) {
          REQUIRE(answer->what == verdict::refused);
          redis::answered_chain judged{sets, seen};
          const auto judgement = why(judged);
          REQUIRE(judgement.has_value());
          REQUIRE((!alone || *judgement == *refusal));
        } else {
          REQUIRE(answer->what == verdict::too_late);
        }
      });
}

void twins::reserve(round& r, const request_id& id) {
  const limits::ask wanted = some_ask();
  r.asked.push_back("r" + std::string(redis::view(id)) +
                    packed(wanted.requests, wanted.slots, wanted.held_tokens.value,
                           wanted.risk_tokens.value, wanted.money_want.value,
                           wanted.money_min.value, wanted.provisional));
  const auto answer = book_.reserve(id, chain_of(r.leaf), wanted, r.not_after, now_);
  if (const auto* held = std::get_if<limits::hold>(&answer)) {
    ++counts["held"];
    requests_.push_back({id, r.leaf, *held});
  } else if (std::holds_alternative<limits::limit_refusal>(answer)) {
    ++counts["refused"];
    book_.forget(id); // the scripts remember no refusal
  } else {
    ++counts["too late"];
  }
  expect_answer(r, answer, [wanted](redis::answered_chain& c) { return c.why_not(wanted); });
}

void twins::extend(round& r, const known_request& which) {
  limits::ask wanted = some_ask();
  r.asked.push_back("x" + std::string(redis::view(which.id)) +
                    packed(wanted.held_tokens.value, wanted.risk_tokens.value,
                           wanted.money_want.value, wanted.money_min.value));
  const auto before = book_.held(which.id);
  const auto answer = book_.extend(which.id, wanted, now_);
  ++counts[answer.index() == 0 ? "extended" : answer.index() == 1 ? "not extended" : "gone"];
  expect_answer(r, answer, [wanted, before](redis::answered_chain& c) {
    return c.why_not_more(wanted, *before);
  });
}

void twins::settle(round& r, const known_request& which, bool ran) {
  const limits::actuals used{tokens{some_amount()}, nano_usd{some_amount()}};
  r.asked.push_back((ran ? "s" : "c") + std::string(redis::view(which.id)) +
                    (ran ? packed(used.used_tokens.value, used.cost.value) : std::string{}));
  std::int64_t wanted = 4;
  if (book_.knows(which.id)) {
    const auto did = ran ? book_.settle(which.id, chain_of(r.leaf), which.held, used, now_)
                         : book_.cancel(which.id, now_);
    wanted = 1 + static_cast<std::int64_t>(did);
  } else if (!ran) {
    book_.cancel(which.id, now_);
  }
  ++counts["settle " + std::to_string(wanted)];
  r.checks.push_back([wanted](const redisReply& got, const redis::seen_chain&, bool) {
    REQUIRE(redis::number_of(got) == wanted);
  });
}

// As a thread writes it: what ends comes first.
void twins::mixed_round() {
  round r = begin_round(static_cast<std::size_t>(below(keys_count)));
  for (std::int64_t left = below(4); left > 0; --left)
    if (const known_request some = some_request(); some.leaf == r.leaf)
      settle(r, some, below(3) != 0);
  for (std::int64_t left = 1 + below(4); left > 0; --left) {
    const known_request some = some_open_request();
    if (below(4) == 0 && some.leaf == r.leaf)
      extend(r, some);
    else
      reserve(r, below(10) == 0 && some.leaf == r.leaf ? some.id : fresh_id());
  }
  ++counts["mixed"];
  end_round(r);
}

// A run of outcomes of one lane, some of them told before.
void twins::apply(const known_request& r) {
  const std::uint64_t lane = 1 + static_cast<std::uint64_t>(below(2));
  std::int64_t& progress = progress_[{lane, r.leaf}];
  std::int64_t sequence = below(3) == 0 ? std::max<std::int64_t>(1, progress - 1) : ++sequence_;
  sequence = std::max<std::int64_t>(sequence, 1);
  auto made = call(redis::script::apply, r.leaf, true);
  made.argument(redis::hex(lane)).argument(packed_limits(r.leaf)).argument(packed(ms(now_), 0));
  std::int64_t fresh = 0;
  for (std::int64_t left = 1 + below(3); left > 0;
       --left, sequence = std::max(sequence + 1, ++sequence_)) {
    const auto& one = requests_[requests_.size() - 1 -
                                static_cast<std::size_t>(below(std::min<std::int64_t>(
                                    30, static_cast<std::int64_t>(requests_.size()))))];
    if (one.leaf != r.leaf)
      continue;
    const bool ran = below(5) != 0;
    const limits::actuals used{tokens{some_amount()}, nano_usd{some_amount()}};
    made.argument(
        packed(sequence, ran) + std::string(redis::view(one.id)) +
        packed(used.used_tokens.value, used.cost.value, one.held.month_id, one.held.day_id) +
        redis::lease_name(1, 0));
    if (sequence <= progress)
      continue;
    progress = sequence;
    ++fresh;
    const bool known = book_.knows(one.id);
    if (ran)
      book_.settle(one.id, chain_of(one.leaf), one.held, used, now_);
    else
      book_.cancel(one.id, now_);
    if (!known) // the lane's progress remembers it
      book_.forget(one.id);
  }
  counts["applied"] += static_cast<int>(fresh);
  expect(made, [fresh](const redisReply& got) { REQUIRE(redis::number_of(got) == fresh); });
  forget(r.id);
}

void twins::forget(const request_id& id) {
  if (book_.held(id))
    return; // only what was applied is forgotten
  const bool known = book_.knows(id);
  book_.forget(id);
  calls_.add("HDEL", redis::holds_name(id_of(0)), redis::view(id));
  checks_.push_back([known](const redisReply& got) { REQUIRE(got.integer == known); });
}

void twins::sweep() {
  std::map<request_id, std::size_t> before;
  for (const known_request& r : requests_)
    if (book_.knows(r.id))
      before[r.id] = r.leaf;
  const auto swept = book_.sweep(now_);
  for (const auto& [id, leaf] : before) {
    auto made = call(redis::script::sweep, leaf);
    made.argument(redis::view(id))
        .argument(packed_limits(leaf))
        .argument(packed(ms(now_), bounds.lifetime_max.count(), bounds.memory_max.count()));
    const bool charged =
        std::ranges::any_of(swept, [&, which = id](const auto& e) { return e.id == which; });
    const std::int64_t wanted = charged ? 1 : book_.knows(id) ? 0 : 2;
    ++counts["swept " + std::to_string(wanted)];
    expect(made, [wanted](const redisReply& got) { REQUIRE(redis::number_of(got) == wanted); });
  }
  std::erase_if(requests_, [&](const known_request& r) { return !book_.knows(r.id); });
}

void twins::step() {
  pass_time();
  const auto alone = [this](std::size_t leaf, auto&& what) {
    round r = begin_round(leaf);
    what(r);
    end_round(r);
  };
  const std::int64_t kind = below(100);
  if (kind < 26) {
    alone(static_cast<std::size_t>(below(keys_count)),
          [this](round& r) { reserve(r, fresh_id()); });
  } else if (kind < 36) {
    mixed_round();
  } else if (kind < 38) {
    lend();
    lend();
  } else if (kind < 43) {
    lend();
  } else if (kind < 46) {
    settle_lent();
  } else if (kind < 48) {
    const known_request again = some_request();
    alone(again.leaf, [&](round& r) { reserve(r, again.id); });
  } else if (kind < 58) {
    const known_request open = some_open_request();
    alone(open.leaf, [&](round& r) { extend(r, open); });
  } else if (kind < 82) {
    const known_request which = some_request();
    alone(which.leaf, [&](round& r) { settle(r, which, kind < 75); });
  } else if (kind < 97) {
    apply(some_request());
  } else if (kind < 98) {
    sweep();
    sweep_loans();
  } else if (kind < 99) {
    end_loan();
  } else {
    sets_[static_cast<std::size_t>(below(keys_count))] = some_limits();
  }
  expect_states();
}

void twins::compare() {
  const auto replies = by_.run(calls_);
  REQUIRE(replies.has_value());
  REQUIRE(replies->size() == checks_.size());
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    INFO(redis::text_of(*(*replies)[i]));
    checks_[i](*(*replies)[i]);
  }
  calls_ = {};
  checks_.clear();
}

} // namespace tests
