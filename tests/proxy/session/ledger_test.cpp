// What a request leaves in the journal: its two entries, and the tallies of refusals.
#include <map>

#include "proxy/session/ledger_entry.hpp"
#include "tests/proxy/session/stage.hpp"

using namespace session_test;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

std::vector<journal::entry> entries_of(const stage& s) {
  std::vector<journal::entry> all;
  s.keeper->scan({.from_ms = 0, .until_ms = INT64_MAX}, [&](const journal::entry& e) {
    all.push_back(e);
    return true;
  });
  return all;
}

void prepare(stage& s) {
  session::exchange& x = s.x;
  policies::keys::key_record key;
  key.id = policies::key_id{77};
  x.key = &s.add_key(std::move(key));
  x.id.bytes.fill(5);
  x.route.what = policies::access::feature::anthropic;
  x.inspection.model = "deepseek-chat";
  x.inspection.stream = true;
  x.reservation.hold.money = policies::nano_usd{123'456};
  x.ledger.bound_tokens = policies::tokens{4'000};
  x.ledger.started = noon - milliseconds{20};
  x.ledger.head_read = steady_clock::now() - milliseconds{5'000};
  x.ledger.dispatched_at = x.ledger.head_read + microseconds{150};
}

} // namespace

TEST_CASE("ledger: an intent tells who, what and how much is held, and nothing of an outcome") {
  stage s;
  prepare(s);
  const journal::entry e = session::intent_of(s.x, noon);
  CHECK(e.kind == journal::entry_kind::intent);
  CHECK(e.key == 77);
  CHECK(e.request == s.x.id.bytes);
  CHECK(e.feature == static_cast<std::uint8_t>(policies::access::feature::anthropic));
  CHECK(e.time_ms == noon.time_since_epoch().count());
  CHECK(e.started_ms == noon.time_since_epoch().count() - 20);
  CHECK(e.hold_nano == 123'456);
  CHECK(e.hold_tokens == 4'000);
  CHECK(e.stream == 1);
  CHECK(e.overhead_us == 150);
  CHECK(journal::model_of(e) == "deepseek-chat");
  CHECK(e.cost_nano == 0);
  CHECK(e.status == 0);
}

TEST_CASE("ledger: an outcome tells what was charged, by which model, and how long it took") {
  stage s;
  prepare(s);
  s.x.ledger.ending = journal::ending::client_gone;
  s.x.ledger.status = 200;
  s.x.ledger.first_byte_at = s.x.ledger.dispatched_at + milliseconds{1'234};
  const session::charge what{.used = {policies::tokens{60}, policies::nano_usd{999}},
                             .usage = {.cached = policies::tokens{10},
                                       .prompt = policies::tokens{20},
                                       .output = policies::tokens{30},
                                       .reasoning = policies::tokens{5}},
                             .model = "deepseek-flash"};
  const journal::entry e = session::outcome_of(s.x, what, noon);
  CHECK(e.kind == journal::entry_kind::outcome);
  CHECK(e.end == journal::ending::client_gone);
  CHECK(e.status == 200);
  CHECK(e.cost_nano == 999);
  CHECK(e.charged_tokens == 60);
  CHECK(e.cached_tokens == 10);
  CHECK(e.prompt_tokens == 20);
  CHECK(e.output_tokens == 30);
  CHECK(e.reasoning_tokens == 5);
  CHECK(e.first_byte_ms == 1'234);
  CHECK(e.total_ms >= 5'000);
  CHECK(e.hold_nano == 123'456);
  CHECK(journal::model_of(e) == "deepseek-flash");
}

TEST_CASE("ledger: without a first byte its time is zero, and times that run backwards too") {
  stage s;
  prepare(s);
  CHECK(session::outcome_of(s.x, {}, noon).first_byte_ms == 0);
  s.x.ledger.first_byte_at = s.x.ledger.dispatched_at - milliseconds{1};
  s.x.ledger.dispatched_at = s.x.ledger.head_read - milliseconds{1};
  const journal::entry e = session::outcome_of(s.x, {}, noon);
  CHECK(e.overhead_us == 0);
  s.x.ledger.first_byte_at = s.x.ledger.dispatched_at - milliseconds{1};
  CHECK(session::outcome_of(s.x, {}, noon).first_byte_ms == 0);
}

TEST_CASE("ledger: a span longer than its field can tell is the longest it can") {
  stage s;
  prepare(s);
  s.x.ledger.dispatched_at = s.x.ledger.head_read + std::chrono::hours{2}; // 7.2e9 us
  CHECK(session::intent_of(s.x, noon).overhead_us == UINT32_MAX);
}

TEST_CASE("tallies: one entry a key and code, with their count, then none until the next") {
  stage s;
  session::tallies refused;
  const policies::key_id first{7}, second{8};
  for (int i = 0; i < 3; ++i)
    refused.count(first, refusal_code::rate_limit_exceeded);
  refused.count(first, refusal_code::model_not_allowed);
  refused.count(second, refusal_code::rate_limit_exceeded);
  refused.flush(s.my.lane, 1'000);
  std::map<std::pair<std::uint64_t, std::uint8_t>, std::uint32_t> found;
  for (const journal::entry& e : entries_of(s)) {
    CHECK(e.kind == journal::entry_kind::tally);
    CHECK(e.time_ms == 1'000);
    CHECK(e.started_ms == 1'000);
    CHECK(e.status == policies::admission::status_of(static_cast<refusal_code>(e.refusal)));
    CHECK(found.emplace(std::pair{e.key, e.refusal}, e.count).second);
  }
  const auto code = [](refusal_code what) { return static_cast<std::uint8_t>(what); };
  CHECK(found.size() == 3);
  CHECK(found[{7, code(refusal_code::rate_limit_exceeded)}] == 3);
  CHECK(found[{7, code(refusal_code::model_not_allowed)}] == 1);
  CHECK(found[{8, code(refusal_code::rate_limit_exceeded)}] == 1);

  refused.flush(s.my.lane, 2'000);
  CHECK(entries_of(s).size() == 3);
  refused.count(second, refusal_code::rate_limit_exceeded);
  refused.flush(s.my.lane, 3'000);
  const auto all = entries_of(s);
  REQUIRE(all.size() == 4);
  CHECK(all.back().count == 1);
  CHECK(all.back().time_ms == 3'000);
}

TEST_CASE("tallies: what finds no room in the journal stays counted") {
  stage s;
  session::tallies refused;
  // Fills the only segment: nobody allocates the next.
  while (s.my.lane.room_for_intent())
    s.my.lane.append(journal::test::outcome_for(1));
  const std::size_t before = entries_of(s).size();
  refused.count(policies::key_id{7}, refusal_code::rate_limit_exceeded);
  refused.flush(s.my.lane, 5'000);
  CHECK(entries_of(s).size() == before);

  journal::lane& roomy = journal::test::new_lane(*s.keeper);
  refused.count(policies::key_id{7}, refusal_code::rate_limit_exceeded);
  refused.flush(roomy, 6'000);
  const auto all = entries_of(s);
  REQUIRE(all.size() == before + 1);
  CHECK(all.back().kind == journal::entry_kind::tally);
  CHECK(all.back().count == 2);
}
