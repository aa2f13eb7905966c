// The upstream refuses the account: its owner's trouble, told to the client without a word of the
// upstream's, and to the keeper of the real key where that is at fault.
#include "tests/proxy/session/stage.hpp"

using namespace session_test;

namespace {

struct outcome_of_answer {
  step next{};
  int refusals_of_key = 0;
  std::optional<policies::admission::refusal> refusal;
  bool reusable = true;
};

outcome_of_answer answered_with(const std::string& head) {
  stage s;
  outcome_of_answer seen;
  s.x.lifetime_end = s.loop.in(std::chrono::hours{1});
  s.x.in.head.method = "POST";
  s.x.up.request_whole = true;
  s.upstream.say(head);
  drive(s.loop, [&]() -> io::task<void> {
    auto receiving = session::receive_answer(s.c);
    seen.next = co_await std::move(receiving);
  });
  seen.refusals_of_key = s.bearer_refusals;
  seen.refusal = s.x.refusal;
  seen.reusable = s.x.up.reusable;
  return seen;
}

} // namespace

TEST_CASE("refused account: after a 401 the real key's keeper is told, and the client nothing") {
  const auto seen = answered_with("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  CHECK(seen.next != step::go_on);
  CHECK(seen.refusals_of_key == 1);
  CHECK_FALSE(seen.reusable);
  REQUIRE(seen.refusal.has_value());
  CHECK(seen.refusal->code == refusal_code::upstream_refused);
}

TEST_CASE("refused account: an empty balance says nothing about the key") {
  const auto seen = answered_with("HTTP/1.1 402 Payment Required\r\nContent-Length: 0\r\n\r\n");
  CHECK(seen.refusals_of_key == 0);
  REQUIRE(seen.refusal.has_value());
  CHECK(seen.refusal->code == refusal_code::upstream_refused);
}

TEST_CASE("refused account: other answers, errors too, are the client's") {
  for (const char* status : {"200 OK", "403 Forbidden", "429 Too Many Requests", "500 Oops"}) {
    INFO(status);
    const auto seen =
        answered_with("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 2\r\n\r\nhi");
    CHECK(seen.next == step::go_on);
    CHECK(seen.refusals_of_key == 0);
    CHECK_FALSE(seen.refusal.has_value());
  }
}
