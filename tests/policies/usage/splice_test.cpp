// Caps set or lowered by cutting into the body: every other byte stays as the client wrote it.
#include <string>

#include "policies/usage/splice.hpp"
#include "tests/policies/usage/slow_json.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage;
using policies::tokens;

namespace {

inspection read(body_format format, std::string_view body) {
  const auto seen = inspect(format, body, {});
  REQUIRE(std::holds_alternative<inspection>(seen));
  return std::get<inspection>(seen);
}

std::string spliced(body_format format, std::string_view body, std::int64_t cap,
                    std::optional<std::string_view> model = {}) {
  edits changes;
  plan_edits(changes, format, read(format, body), tokens{cap}, model);
  std::string out = policies::usage::apply(body, changes);
  CHECK(out.size() == changes.resulting_size(body.size()));
  CHECK(slow_json::parse(out, 64).has_value());
  return out;
}

std::int64_t wanted(body_format format, const std::string& members,
                    std::int64_t output_max = 393'216) {
  const std::string body = "{\"model\":\"m\"" + members + "}";
  return wanted_output(read(format, body), format, tokens{output_max}).value;
}

constexpr auto chat = body_format::chat;

} // namespace

TEST_CASE("splice: a missing cap is inserted right after the opening brace") {
  CHECK(spliced(chat, R"( { "model":"m"})", 500) == R"( {"max_tokens":500, "model":"m"})");
  CHECK(spliced(body_format::fim, R"({"model":"m"})", 1) == R"({"max_tokens":1,"model":"m"})");
  CHECK(spliced(body_format::anthropic, R"({"model":"m"})", 7) ==
        R"({"max_tokens":7,"model":"m"})");
  CHECK(spliced(body_format::responses, R"({"model":"m"})", 2147483647) ==
        R"({"max_output_tokens":2147483647,"model":"m"})");
}

TEST_CASE("splice: a null cap and a cap above are set, one below stays as written") {
  CHECK(spliced(chat, R"({"model":"m","max_tokens": null })", 5) ==
        R"({"model":"m","max_tokens": 5 })");
  CHECK(spliced(chat, R"({"max_tokens":100000,"model":"m"})", 256) ==
        R"({"max_tokens":256,"model":"m"})");
  CHECK(spliced(chat, R"({"model":"m","max_tokens":5})", 5) == R"({"model":"m","max_tokens":5})");
  CHECK(spliced(chat, R"({"model":"m","max_tokens":4})", 5) == R"({"model":"m","max_tokens":4})");
}

TEST_CASE("splice: where nothing need change there is no edit") {
  edits changes;
  plan_edits(changes, chat, read(chat, R"({"model":"m","max_tokens":5})"), tokens{5}, "m");
  CHECK(changes.empty());
}

TEST_CASE("splice: all caps are lowered together") {
  CHECK(spliced(chat, R"({"max_completion_tokens":900,"model":"m","max_tokens":800})", 300) ==
        R"({"max_completion_tokens":300,"model":"m","max_tokens":300})");
  CHECK(spliced(chat, R"({"max_completion_tokens":90,"model":"m","max_tokens":null})", 300) ==
        R"({"max_completion_tokens":90,"model":"m","max_tokens":300})");
}

TEST_CASE("splice: a cap that this format does not heed is lowered, and the right one inserted") {
  CHECK(spliced(chat, R"({"model":"m","max_output_tokens":9})", 300) ==
        R"({"max_tokens":300,"model":"m","max_output_tokens":9})");
  CHECK(spliced(body_format::responses, R"({"model":"m","max_tokens":900})", 300) ==
        R"({"max_output_tokens":300,"model":"m","max_tokens":300})");
  CHECK(spliced(body_format::fim, R"({"model":"m","max_completion_tokens":9})", 300) ==
        R"({"max_tokens":300,"model":"m","max_completion_tokens":9})");
}

TEST_CASE("splice: a cap named with escapes is set where it stands") {
  CHECK(spliced(chat, R"({"model":"m","max\u005ftokens":900})", 30) ==
        R"({"model":"m","max\u005ftokens":30})");
}

TEST_CASE("splice: the asked model gives way to what it is an alias of") {
  CHECK(spliced(chat, R"({"max_tokens":9,"model" : "fast", "x":"fast"})", 5, "deepseek-flash") ==
        R"({"max_tokens":5,"model" : "deepseek-flash", "x":"fast"})");
  CHECK(spliced(chat, R"({"model":"m","max_tokens":1})", 5, "m") ==
        R"({"model":"m","max_tokens":1})");
  CHECK(spliced(chat, R"({"model":"m","max_tokens":1})", 5, "a\"b\\c\n") ==
        R"({"model":"a\"b\\c\u000a","max_tokens":1})");
}

TEST_CASE("splice: opaque bodies get no cap, and an empty object no comma") {
  CHECK(spliced(body_format::opaque, "{}", 5) == "{}");
  CHECK(spliced(body_format::opaque, R"({"model":"a"})", 5, "b") == R"({"model":"b"})");
  inspection bare;
  bare.insert_at = 1;
  bare.empty_object = true;
  edits changes;
  plan_edits(changes, chat, bare, tokens{8}, {});
  CHECK(policies::usage::apply("{}", changes) == R"({"max_tokens":8})");
}

TEST_CASE("splice: edits are kept in order, survive a copy, and know the resulting size") {
  edits changes;
  CHECK(changes.empty());
  std::string text = "gone later";
  changes.add(7, 2, text);
  text = "xxxxxxxxxx";
  changes.add(0, 1, "");
  changes.add(3, 0, "new");
  edits copy;
  copy = changes;
  const edits second{copy};
  changes.clear();
  copy.clear();
  changes.add(0, 0, "overwritten");
  REQUIRE(second.list().size() == 3);
  CHECK(second.list()[0].offset == 0);
  CHECK(second.list()[1].offset == 3);
  CHECK(second.list()[2].offset == 7);
  CHECK(policies::usage::apply("0123456789", second) == "12new3456gone later9");
  CHECK(second.resulting_size(10) == 20);
}

TEST_CASE("splice: the longest that a request can need fits, more is our own bug") {
  const std::string body = R"({"max_tokens":null,"max_completion_tokens":null,)"
                           R"("max_output_tokens":null,"model":"m"})";
  const std::string dearest(128, '\x01');
  const std::string out = spliced(chat, body, 2147483647, dearest);
  CHECK(slow_json::parse(out, 64)->last("model")->text == dearest);
  edits changes;
  CHECK_THROWS_AS(changes.add(0, 0, std::string(2000, 'x')), std::length_error);
  for (int i = 0; i < 8; ++i)
    changes.add(0, 0, "x");
  CHECK_THROWS_AS(changes.add(0, 0, "x"), std::length_error);
}

TEST_CASE("wanted_output: the largest cap given") {
  CHECK(wanted(chat, R"(,"max_tokens":100)") == 100);
  CHECK(wanted(chat, R"(,"max_tokens":100,"max_completion_tokens":200)") == 200);
  CHECK(wanted(chat, R"(,"max_tokens":null,"max_completion_tokens":200)") == 200);
  CHECK(wanted(body_format::responses, R"(,"max_output_tokens":300)") == 300);
  CHECK(wanted(chat, R"(,"max_tokens":2147483647)") == 393'216);
}

TEST_CASE("wanted_output: the default of the thinking asked for where no cap is given") {
  for (const auto format :
       {chat, body_format::fim, body_format::responses, body_format::anthropic}) {
    CHECK(wanted(format, "") == 65'536);
    CHECK(wanted(format, R"(,"thinking":{"type":"disabled"})") == 8'192);
    CHECK(wanted(format, R"(,"reasoning":{"effort":"max"})") == 131'072);
  }
  CHECK(wanted(chat, R"(,"max_tokens":null)") == 65'536);
  CHECK(wanted(chat, R"(,"max_tokens":null)", 4'096) == 4'096);
  CHECK(wanted(chat, R"(,"reasoning_effort":"none")") == 8'192);
  CHECK(wanted(chat, R"(,"reasoning_effort":"max","thinking":{"type":"disabled"})") == 131'072);
}

TEST_CASE("wanted_output: a cap the format does not heed cannot lower the default") {
  CHECK(wanted(chat, R"(,"max_output_tokens":5)") == 65'536);
  CHECK(wanted(chat, R"(,"max_output_tokens":100000)") == 100'000);
  CHECK(wanted(body_format::fim, R"(,"max_completion_tokens":5)") == 65'536);
}
