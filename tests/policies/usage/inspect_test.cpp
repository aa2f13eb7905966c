// Which bodies are accepted, which are refused and in what words. Numbers in names are those of
// the project's list of hostile HTTP cases.
#include <string>

#include "policies/usage/inspect.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage;

namespace {

constexpr inspect_limits limits{};

inspection accepted(std::string_view body, body_format format = body_format::chat) {
  const auto seen = inspect(format, body, limits);
  INFO(body);
  if (const auto* why = std::get_if<inspect_error>(&seen))
    FAIL(why->message);
  return std::get<inspection>(seen);
}

inspect_error refused(std::string_view body, body_format format = body_format::chat) {
  const auto seen = inspect(format, body, limits);
  INFO(body);
  REQUIRE(std::holds_alternative<inspect_error>(seen));
  return std::get<inspect_error>(seen);
}

// A valid body but for what `member` brings along.
std::string with(const std::string& member) {
  return R"({"model":"deepseek-flash",)" + member + R"(,"messages":[]})";
}

std::string with_text(const std::string& text) {
  return with("\"x\":\"" + text + "\"");
}

} // namespace

TEST_CASE("inspect: a plain chat request gives up what limits need") {
  const std::string body =
      R"({"model": "deepseek-flash", "stream": true, "stream_options": {"include_usage": true},)"
      R"( "max_tokens": 100, "max_completion_tokens": null, "n": 3,)"
      R"( "messages": [{"role": "user", "content": "Hello"}]})";
  const inspection seen = accepted(body);
  CHECK(seen.model == "deepseek-flash");
  CHECK(body.substr(seen.model_value.offset, seen.model_value.length) == "\"deepseek-flash\"");
  CHECK(seen.stream);
  CHECK(seen.include_usage);
  REQUIRE(seen.cap_count == 2);
  CHECK(seen.caps[0].name == "max_tokens");
  CHECK(seen.caps[0].tokens == 100);
  CHECK(body.substr(seen.caps[0].value.offset, seen.caps[0].value.length) == "100");
  CHECK(seen.caps[1].name == "max_completion_tokens");
  CHECK_FALSE(seen.caps[1].tokens.has_value());
  CHECK(seen.multiplicity == 3);
  CHECK(seen.message_count == 1);
  CHECK(seen.insert_at == 1);
  CHECK_FALSE(seen.empty_object);
}

TEST_CASE("inspect: views and spans refer to the body itself") {
  const std::string body = "\n " + with(R"("max_tokens":5)");
  const inspection seen = accepted(body);
  CHECK(seen.model.data() == body.data() + seen.model_value.offset + 1);
  CHECK(seen.insert_at == 3);
}

TEST_CASE("inspect: 113 a second or case-folded twin of a name acted on is refused") {
  for (const char* name :
       {"model", "stream", "stream_options", "messages", "input", "prompt", "suffix", "system",
        "instructions", "tools", "n", "best_of", "max_tokens", "max_completion_tokens",
        "max_output_tokens", "thinking", "reasoning_effort", "reasoning", "previous_response_id"}) {
    const bool is_model = std::string_view{name} == "model";
    const std::string value = is_model ? "\"m\"" : "null";
    const std::string member = "\"" + std::string{name} + "\":" + value;
    std::string shouted = member;
    shouted[1] = static_cast<char>(shouted[1] - 32);
    const std::string first = is_model ? "" : "\"model\":\"m\",";
    CAPTURE(name);
    accepted("{" + first + member + "}");
    CHECK(refused("{" + first + member + "," + member + "}").param == name);
    CHECK(refused("{" + first + member + "," + shouted + "}").param == name);
    CHECK(refused("{" + first + shouted + "," + member + "}").param == name);
  }
}

TEST_CASE("inspect: 113 a lone name in other letters is a twin of the one we would set") {
  CHECK(refused(with(R"("Max_Tokens":1)")).param == "max_tokens");
  CHECK(refused(with(R"("sTream":true)")).param == "stream");
}

TEST_CASE("inspect: 113 letters that Unicode folds to ASCII make a twin too") {
  CHECK(refused(with("\"max_to\xE2\x84\xAA"
                     "ens\":1"))
            .param == "max_tokens");
  CHECK(refused(with("\"\xC5\xBFtream\":true")).param == "stream");
  CHECK(refused(with(R"("max_to\u212Aens":1)")).param == "max_tokens");
  CHECK(refused(with(R"("\u017fystem":"")")).param == "system");
}

TEST_CASE("inspect: 114 a name spelt with escapes counts as that name") {
  CHECK(accepted(R"({"mod\u0065l":"m"})").model == "m");
  CHECK(accepted(R"({"model":"m","m\u0061x_tokens":7})").caps[0].tokens == 7);
  CHECK(refused(R"({"mod\u0065l":"m","model":"m"})").param == "model");
  CHECK(refused(R"({"model":"m","\u006d\u006f\u0064\u0065\u006c":"m"})").param == "model");
  CHECK(refused(R"({"model":"m","\u004dodel":"m"})").param == "model");
  CHECK(refused(with(R"("max_token\u0073":0)")).param == "max_tokens");
}

TEST_CASE("inspect: names that only look alike are other names") {
  accepted(with(R"("models":1,"mode":2,"model ":3,"m\\u006fdel":4,"model\u0000":5,"":6)"));
  accepted(with(R"("mod\u00e9l":1,"\ud83d\ude00":2,"max_tokens_":3)"));
}

TEST_CASE("inspect: 115 a cap that is no integer from 1 to 2^31-1 is refused") {
  for (const char* name :
       {"max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of"}) {
    for (const char* value :
         {"1e3", "-1", "1.5", "1.0", "\"5\"", "9223372036854775808", "2147483648", "0", "-0", "[]",
          "{}", "true", "[5]", "99999999999999999999999999", "1E0"}) {
      CAPTURE(name, value);
      const auto why = refused(with("\"" + std::string{name} + "\":" + value));
      CHECK(why.param == name);
      CHECK(why.message ==
            std::string{name} + " must be an integer from 1 to 2147483647, or null, not " + value);
    }
    for (const char* value : {"1", "2147483647", "null", " 17 "})
      accepted(with("\"" + std::string{name} + "\":" + value));
  }
}

TEST_CASE("inspect: n and best_of multiply by the larger") {
  CHECK(accepted(with(R"("n":2,"best_of":5)")).multiplicity == 5);
  CHECK(accepted(with(R"("n":7,"best_of":5)")).multiplicity == 7);
  CHECK(accepted(with(R"("n":null)")).multiplicity == 1);
}

TEST_CASE("inspect: FIM answers each prompt of an array") {
  const auto times = [](const std::string& prompt, const std::string& more = "") {
    return accepted(R"({"model":"m","prompt":)" + prompt + more + "}", body_format::fim)
        .multiplicity;
  };
  CHECK(times(R"("one")") == 1);
  CHECK(times(R"(["one","two","three"])") == 3);
  CHECK(times(R"(["one","two"])", R"(,"n":4)") == 8);
  CHECK(times("[1,2,3]") == 1); // one prompt, as token ids
  CHECK(times("[[1,2],[3]]") == 2);
  CHECK(times("[]") == 1);
  CHECK(times(R"(["one","two"])", R"(,"n":2147483647)") == 2147483647);
}

TEST_CASE("inspect: 116 nesting is accepted up to the limit and refused beyond") {
  const auto nested = [](std::size_t depth) { // the body's own object is one level
    return with("\"x\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']'));
  };
  accepted(nested(64));
  CHECK(refused(nested(65)).message.find("nested too deeply") != std::string::npos);
  refused(with("\"x\":" + std::string(100'000, '[')));
  refused(with("\"x\":" + std::string(100'000, '{')));
  const auto shallow = inspect(body_format::chat, with(R"("x":{"y":{}})"), {.depth_max = 2});
  CHECK(std::holds_alternative<inspect_error>(shallow));
  const auto wished = inspect(body_format::chat, nested(5'000), {.depth_max = 1'000'000});
  CHECK(std::holds_alternative<inspect_error>(wished)); // never deeper than a stack bears
}

TEST_CASE("inspect: 117 bytes that are not UTF-8 are refused, in values and in names") {
  for (const std::string bytes : {"\x80",
                                  "\xBF",
                                  "\xC0\x80",
                                  "\xC1\xBF",
                                  "\xC2",
                                  "\xC2 ",
                                  "\xC3\xC3",
                                  "\xE0\x80\x80",
                                  "\xE0\x9F\xBF",
                                  "\xE1\x80",
                                  "\xE1\x80 ",
                                  "\xE1 \x80",
                                  "\xED\xA0\x80",
                                  "\xED\xBF\xBF",
                                  "\xEF\xBF",
                                  "\xF0\x80\x80\x80",
                                  "\xF0\x8F\xBF\xBF",
                                  "\xF0\x90\x80",
                                  "\xF1\x80\x80\x7F",
                                  "\xF4\x90\x80\x80",
                                  "\xF5\x80\x80\x80",
                                  "\xF8\x88\x80\x80\x80",
                                  "\xFE",
                                  "\xFF"}) {
    CAPTURE(bytes);
    CHECK(refused(with_text(bytes)).message.find("UTF-8") != std::string::npos);
    CHECK(refused(with_text("a long text before it: " + bytes)).message.find("UTF-8") !=
          std::string::npos);
    refused(with("\"" + bytes + "\":1"));
    refused("{\"model\":\"m\",\"x\":\"" + bytes);
  }
  for (const std::string bytes :
       {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xE1\x80\x80", "\xEC\xBF\xBF", "\xED\x80\x80",
        "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xEF\xBB\xBF", "\xF0\x90\x80\x80",
        "\xF3\xBF\xBF\xBF", "\xF4\x8F\xBF\xBF", "\x7F", "\xE6\xB7\xB1\xE5\xBA\xA6 x \xC3\xA9"})
    accepted(with_text(bytes));
}

TEST_CASE("inspect: 118 bytes after the document are refused, white space is not") {
  accepted(with_text("") + " \r\n\t ");
  for (const char* rest : {"x", "{}", ",", "\"", " 1", "]"})
    CHECK(refused(with_text("") + rest).message.find("bytes follow") != std::string::npos);
  refused(with_text("") + std::string(1, '\0'));
}

TEST_CASE("inspect: 119 a byte order mark is refused") {
  CHECK(refused("\xEF\xBB\xBF" + with_text("")).message.find("byte order mark") !=
        std::string::npos);
}

TEST_CASE("inspect: 120 a body that is no object is refused") {
  for (const char* body : {"", " ", "[]", "\"model\"", "1", "null", "true", "model=x", "--b\r\n"})
    CHECK(refused(body).message == "the body must be a JSON object");
}

TEST_CASE("inspect: what RFC 8259 does not allow is refused") {
  for (const char* member : {R"("x":01)",
                             R"("x":+1)",
                             R"("x":.5)",
                             R"("x":1.)",
                             R"("x":1e)",
                             R"("x":1e+)",
                             R"("x":-)",
                             R"("x":0x1)",
                             R"("x":NaN)",
                             R"("x":Infinity)",
                             R"("x":True)",
                             R"("x":nul)",
                             R"("x":nulll)",
                             R"("x":'a')",
                             R"("x":)",
                             R"("x" 1)",
                             R"("x")",
                             R"(x:1)",
                             R"("x":1 2)",
                             R"("x":[1,])",
                             R"("x":[,1])",
                             R"("x":[1 2])",
                             R"("x":{"a":1,})",
                             R"("x":{,})",
                             R"("x":{"a"})",
                             R"("x":{1:2})",
                             R"("x":[})",
                             R"("x":{])",
                             R"(,"x":1)",
                             R"("x":1,)",
                             R"("x":1//c)",
                             R"("x":"\x41")",
                             R"("x":"\u12")",
                             R"("x":"\u12g4")",
                             R"("x":"\)",
                             R"("x":"\ud800")",
                             R"("x":"\ud800\u0041")",
                             R"("x":"\ud800\ud800")",
                             R"("x":"\udc00")",
                             R"("x":"\ud800x")",
                             R"("x":"\a")",
                             R"("x":"\U0041")",
                             "\"x\":\"a\nb\"",
                             "\"x\":\"\t\"",
                             "\"x\":\"\x1f\"",
                             "\"x\":\f1",
                             "\"x\":\xC2\xA0"
                             "1",
                             R"("x":-01)",
                             R"("x":1.e5)",
                             R"("x":2.5.5)"}) {
    CAPTURE(member);
    CHECK(refused(with(member)).message.find("not valid JSON") != std::string::npos);
  }
  CHECK(refused(std::string{"{\"model\":\"m\",\"x\":\"\0\"}", 19}).message.find("control") !=
        std::string::npos);
}

TEST_CASE("inspect: what RFC 8259 allows is accepted") {
  for (const char* member :
       {R"("x":0)", R"("x":-0)", R"("x":-0.0e-0)", R"("x":1E+400)", R"("x":123456789012345678901)",
        R"("x":[])", R"("x":{})", R"("x":[[],{}])", R"("x":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00")",
        R"("":"")", "\"x\"\n:\r[ 1\t,\n2 ] ", R"("x":{"a":1,"a":2})", R"("x":"\u0000")"})
    accepted(with(member));
}

TEST_CASE("inspect: every body that ends early is refused") {
  const std::string body =
      R"({"model":"m","max_tokens":12,"x":[1.5e+3,true,"\u00e9\ud83d\ude00é",{"a":null}]})";
  accepted(body);
  for (std::size_t length = 0; length < body.size(); ++length)
    refused(body.substr(0, length));
}

TEST_CASE("inspect: the model is a non-empty string of at most 128 bytes without escapes") {
  for (const char* value : {"\"\"", "null", "1", "[]", "{}", "true", R"("a\u0062")", R"("a\/b")"}) {
    const auto why = refused("{\"model\":" + std::string{value} + "}");
    CHECK(why.param == "model");
    CHECK(why.message ==
          "model must be a string of 1 to 128 bytes without escapes, not " + std::string{value});
  }
  accepted("{\"model\":\"" + std::string(128, 'm') + "\"}");
  CHECK(refused("{\"model\":\"" + std::string(129, 'm') + "\"}").param == "model");
  CHECK(accepted("{\"model\":\"\xE6\xB7\xB1\"}").model == "\xE6\xB7\xB1");
}

TEST_CASE("inspect: a missing model is refused, but for opaque bodies") {
  for (const auto format :
       {body_format::chat, body_format::fim, body_format::responses, body_format::anthropic}) {
    CHECK(refused("{}", format).param == "model");
    CHECK(refused(R"({"messages":[]})", format).param == "model");
  }
  const inspection empty = accepted(" { } ", body_format::opaque);
  CHECK(empty.empty_object);
  CHECK(empty.insert_at == 2);
  CHECK(accepted(R"({"input":"x","model":"e"})", body_format::opaque).model == "e");
  refused(R"({"model":5})", body_format::opaque);
}

TEST_CASE("inspect: opaque bodies may use our numbers' names for something else") {
  const inspection seen =
      accepted(R"({"n":"all","max_tokens":1.5,"best_of":-1})", body_format::opaque);
  CHECK(seen.cap_count == 0);
  CHECK(seen.multiplicity == 1);
  refused(R"({"n":1,"n":1})", body_format::opaque);
}

TEST_CASE("inspect: stream is true, false or null") {
  CHECK(accepted(with(R"("stream":true)")).stream);
  CHECK_FALSE(accepted(with(R"("stream":false)")).stream);
  CHECK_FALSE(accepted(with(R"("stream":null)")).stream);
  for (const char* value : {"1", "0", "\"true\"", "[]", "{}"})
    CHECK(refused(with("\"stream\":" + std::string{value})).message ==
          "stream must be true, false or null, not " + std::string{value});
}

TEST_CASE("inspect: nested options are read, and must stand once") {
  CHECK(accepted(with(R"("stream_options":{"a":{"include_usage":true},"include_usage":false})"))
            .include_usage == false);
  CHECK(accepted(with(R"("stream_options":{"\u0069nclude_usage":true})")).include_usage);
  CHECK_FALSE(accepted(with(R"("stream_options":null)")).include_usage);
  CHECK(refused(with(R"("stream_options":{"include_usage":true,"include_usage":false})")).param ==
        "stream_options");
  CHECK(refused(with(R"("thinking":{"type":"disabled","Type":"enabled"})")).message ==
        "thinking.type must stand there only once");
  CHECK(refused(with(R"("reasoning":{"effort":"max","\u0065ffort":"low"})")).param == "reasoning");
}

TEST_CASE("inspect: the thinking asked for is understood") {
  CHECK(accepted(with(R"("thinking":{"type":"disabled"})")).thinking_disabled);
  CHECK_FALSE(accepted(with(R"("thinking":{"type":"enabled"})")).thinking_disabled);
  CHECK(accepted(with(R"("reasoning_effort":"none")")).thinking_disabled);
  CHECK(accepted(with(R"("reasoning_effort":"max")")).reasoning_max);
  CHECK(accepted(with(R"("reasoning":{"summary":"auto","effort":"max"})")).reasoning_max);
  const inspection high = accepted(with(R"("reasoning_effort":"high")"));
  CHECK_FALSE(high.reasoning_max);
  CHECK_FALSE(high.thinking_disabled);
}

TEST_CASE("inspect: a message echoes no more than 64 bytes, and only printable ones") {
  const auto why = refused(with("\"stream\":\"\xE6\xB7\xB1\x7F" + std::string(500, 'x') + "\""));
  CHECK(why.message == "stream must be true, false or null, not \"????" + std::string(59, 'x'));
}

TEST_CASE("inspect: a malformed body is told by place") {
  CHECK(refused(R"({"model":"m","x":1 "y":2})").message ==
        "the body is not valid JSON: a comma or } was expected at byte 19");
}
