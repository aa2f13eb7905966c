// What counts as usage and what does not, case by case.
#include <string>

#include "policies/usage/tap.hpp"
#include "tests/policies/usage/answer_samples.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage;

namespace {

constexpr auto plain = tap::kind::plain;
constexpr auto sse = tap::kind::sse;

answer_facts heard(body_format format, tap::kind what, std::string_view body) {
  tap listener;
  listener.start(format, what, {});
  listener.feed(body);
  listener.finish();
  tap slow; // one byte at a time must say the same
  slow.start(format, what, {});
  for (const char& c : body)
    slow.feed({&c, 1});
  slow.finish();
  INFO(body);
  CHECK(same(slow.facts(), listener.facts()));
  return listener.facts();
}

std::optional<policies::pricing::token_usage> chat_usage(const std::string& usage) {
  return heard(body_format::chat, plain, R"({"model":"m","usage":)" + usage + "}").usage;
}

std::string event(const std::string& data) {
  return "data: " + data + "\n\n";
}

} // namespace

TEST_CASE("tap: usage that makes no sense counts as missing") {
  CHECK(chat_usage(R"({"prompt_tokens":1,"completion_tokens":2})") == used(0, 1, 2));
  for (const char* number : {"-1", "1.5", "1e2", "1099511627777", "99999999999999999999", "\"5\"",
                             "true", "[1]", "{\"a\":1}", "-0", "0x1", "null"}) {
    CAPTURE(number);
    const std::string value = number;
    CHECK_FALSE(chat_usage("{\"prompt_tokens\":" + value + ",\"completion_tokens\":2}"));
    CHECK_FALSE(chat_usage("{\"prompt_tokens\":1,\"completion_tokens\":" + value + "}"));
  }
  CHECK(chat_usage(R"({"prompt_tokens":1099511627776,"completion_tokens":0})") ==
        used(0, std::int64_t{1} << 40, 0));
  CHECK_FALSE(chat_usage(R"({"prompt_tokens":1})"));
  CHECK_FALSE(chat_usage(R"({"completion_tokens":1})"));
  CHECK_FALSE(chat_usage("{}"));
  CHECK_FALSE(chat_usage("null"));
  CHECK_FALSE(chat_usage("[]"));
  CHECK_FALSE(chat_usage(R"("prompt_tokens")"));
}

TEST_CASE("tap: cached tokens come from the hit count, else from the details, and fit the prompt") {
  const std::string base = R"({"prompt_tokens":100,"completion_tokens":2)";
  CHECK(chat_usage(base + R"(,"prompt_cache_hit_tokens":30,"prompt_tokens_details":)"
                          R"({"cached_tokens":60}})") == used(30, 70, 2));
  CHECK(chat_usage(base + R"(,"prompt_tokens_details":{"cached_tokens":60}})") == used(60, 40, 2));
  CHECK(chat_usage(base + R"(,"prompt_tokens_details":{"cached_tokens":null}})") ==
        used(0, 100, 2));
  CHECK(chat_usage(base + R"(,"prompt_tokens_details":{}})") == used(0, 100, 2));
  CHECK(chat_usage(base + R"(,"prompt_cache_hit_tokens":100})") == used(100, 0, 2));
  CHECK_FALSE(chat_usage(base + R"(,"prompt_cache_hit_tokens":101})"));
  CHECK_FALSE(chat_usage(base + R"(,"prompt_cache_hit_tokens":-1})"));
  CHECK_FALSE(chat_usage(base + R"(,"prompt_tokens_details":{"cached_tokens":1.5}})"));
}

TEST_CASE("tap: reasoning never exceeds the output it is part of") {
  CHECK(chat_usage(R"({"prompt_tokens":1,"completion_tokens":5,"completion_tokens_details":)"
                   R"({"reasoning_tokens":9}})") == used(0, 1, 5, 5));
}

TEST_CASE("tap: the last complete top-level usage wins") {
  CHECK(heard(body_format::chat, plain,
              R"({"usage":{"prompt_tokens":1,"completion_tokens":1,"prompt_cache_hit_tokens":1},)"
              R"("usage":{"prompt_tokens":2,"completion_tokens":2},"usage":null})")
            .usage == used(0, 2, 2));
  const std::string first = event(R"({"usage":{"prompt_tokens":1,"completion_tokens":1}})");
  const std::string second = event(R"({"usage":{"prompt_tokens":1,"completion_tokens":9}})");
  CHECK(heard(body_format::chat, sse, first + second).usage == used(0, 1, 9));
  CHECK(heard(body_format::chat, sse, first + event(R"({"usage":null})")).usage == used(0, 1, 1));
  CHECK(heard(body_format::chat, sse, first + event(R"({"usage":{"prompt_tokens":-5}})")).usage ==
        used(0, 1, 1));
}

TEST_CASE("tap: a document that is cut or malformed says nothing") {
  const std::string whole =
      R"({"model":"m","usage":{"prompt_tokens":1,"completion_tokens":1},"error":{"a":1}})";
  CHECK(heard(body_format::chat, plain, whole).usage.has_value());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(same(heard(body_format::chat, plain, whole.substr(0, length)), {}));
    CHECK(same(heard(body_format::chat, sse, event(whole.substr(0, length))), {}));
    CHECK(same(heard(body_format::chat, sse, "data: " + whole.substr(0, length)), {}));
  }
  for (const char* bad :
       {R"({"usage":{"prompt_tokens":1,"completion_tokens":1},})", R"({,"model":"m"})",
        R"({"model":"m" "usage":1})", R"({"model":,"a":1})", R"([{"error":{}}])", R"({"model"})",
        R"({"error":{},x:1})", R"("error")"}) {
    CAPTURE(bad);
    CHECK(same(heard(body_format::chat, plain, bad), {}));
  }
}

TEST_CASE("tap: what follows a plain document changes nothing") {
  const auto seen = heard(body_format::chat, plain,
                          R"({"usage":{"prompt_tokens":1,"completion_tokens":1}} {"usage":)"
                          R"({"prompt_tokens":5,"completion_tokens":5},"error":{}})");
  CHECK(seen.usage == used(0, 1, 1));
  CHECK_FALSE(seen.is_error);
}

TEST_CASE("tap: names spelt with escapes are those names") {
  CHECK(heard(body_format::chat, plain,
              R"({"us\u0061ge":{"prompt\u005Ftokens":3,"completion_tokens":4}})")
            .usage == used(0, 3, 4));
  const std::string named = event(R"({"model":"m"})");
  CHECK(heard(body_format::chat, sse,
              named + event(R"({"us\u0061ge":{"prompt_tokens":3,"completion_tokens":4}})"))
            .usage == used(0, 3, 4));
  CHECK_FALSE(
      heard(body_format::chat, plain, R"({"usage\n":{"prompt_tokens":3,"completion_tokens":4}})")
          .usage);
  CHECK_FALSE(
      heard(body_format::chat, plain, R"({"\u0175sage":{"prompt_tokens":3,"completion_tokens":4}})")
          .usage);
}

TEST_CASE("tap: the model is the first one named, if it fits") {
  const auto model = [](const std::string& value) {
    return heard(body_format::chat, plain, "{\"model\":" + value + "}").model;
  };
  CHECK(model(R"("deepseek-flash")") == "deepseek-flash");
  CHECK(model(R"("a\/b\u002dc\"d\\e")") == "a/b-c\"d\\e");
  CHECK(model("\"" + std::string(64, 'm') + "\"") == std::string(64, 'm'));
  CHECK(model("\"" + std::string(65, 'm') + "\"").empty());
  CHECK(model("\"\xE6\xB7\xB1\"") == "\xE6\xB7\xB1");
  CHECK(model(R"("\u6df1")").empty()); // no model is named so: not worth undoing
  CHECK(model("null").empty());
  CHECK(model("{\"model\":\"x\"}").empty());
  CHECK(heard(body_format::chat, sse,
              event(R"({"model":""})") + event(R"({"model":"a"})") + event(R"({"model":"b"})"))
            .model == "a");
}

TEST_CASE("tap: an error object is one at the top only, and null is none") {
  CHECK(heard(body_format::chat, plain, R"({"error":{"message":"x"}})").is_error);
  CHECK_FALSE(heard(body_format::chat, plain, R"({"error":null})").is_error);
  CHECK_FALSE(heard(body_format::chat, plain, R"({"a":{"error":{}},"b":[{"error":{}}]})").is_error);
  CHECK_FALSE(heard(body_format::responses, sse,
                    event(R"({"type":"response.failed","response":{"error":{"code":"x"}}})"))
                  .is_error);
  CHECK(heard(body_format::anthropic, sse, "event: error\n" + event(R"({"x":1})")).is_error);
  CHECK_FALSE(heard(body_format::anthropic, sse, "event: error\n\n").is_error);
  CHECK(heard(body_format::chat, sse,
              event(R"({"model":"m"})") + "event: error\n" + event(R"({"message":"x"})"))
            .is_error);
}

TEST_CASE("tap: each format has its own end") {
  const std::string done = "data: [DONE]\n\n";
  CHECK(heard(body_format::chat, sse, done).finished);
  CHECK(heard(body_format::chat, sse, "data:[DONE]").finished);
  CHECK(heard(body_format::fim, sse, "data: [DONE]\r\nid: 1\r\n\r\n").finished);
  CHECK_FALSE(heard(body_format::chat, sse, "data: [DONE]x\n\n").finished);
  CHECK_FALSE(heard(body_format::chat, sse, "data: [DONE\n\n").finished);
  CHECK_FALSE(heard(body_format::chat, sse, "data: \ndata: [DONE]\n\n").finished);
  CHECK_FALSE(heard(body_format::chat, sse, event(R"({"content":"[DONE]"})")).finished);
  CHECK_FALSE(heard(body_format::chat, sse, event(R"({"type":"message_stop"})")).finished);
  CHECK_FALSE(heard(body_format::anthropic, sse, done).finished);
  for (const char* type : {"response.completed", "response.incomplete", "response.failed"}) {
    const std::string data = R"({"response":{},"type":")" + std::string{type} + R"("})";
    CHECK(heard(body_format::responses, sse, event(data)).finished);
    CHECK(heard(body_format::responses, sse, "event: " + std::string{type} + "\n" + event("{}"))
              .finished);
    CHECK_FALSE(heard(body_format::anthropic, sse, event(data)).finished);
    CHECK_FALSE(
        heard(body_format::responses, sse, "data: " + data.substr(0, data.size() - 1)).finished);
  }
  CHECK(heard(body_format::anthropic, sse, event(R"({"type":"message_stop"})")).finished);
  CHECK_FALSE(heard(body_format::responses, sse, event(R"({"type":"message_stop"})")).finished);
}

TEST_CASE("tap: an Anthropic stream that only began has no usage yet") {
  const std::string begin = event(R"({"type":"message_start","message":{"model":"m","usage":)"
                                  R"({"input_tokens":10,"output_tokens":1}}})");
  CHECK_FALSE(heard(body_format::anthropic, sse, begin).usage);
  CHECK(heard(body_format::anthropic, sse, begin).model == "m");
  const std::string delta = event(R"({"type":"message_delta","usage":{"output_tokens":7}})");
  CHECK(heard(body_format::anthropic, sse, begin + delta).usage == used(0, 10, 7));
  CHECK_FALSE(heard(body_format::anthropic, sse, delta).usage);
  const std::string more =
      event(R"({"usage":{"output_tokens":9,"cache_read_input_tokens":4},"type":"message_delta"})");
  CHECK(heard(body_format::anthropic, sse, begin + delta + more).usage == used(4, 10, 9));
  CHECK(heard(body_format::anthropic, sse,
              begin + event(R"({"message":{"usage":{}},"usage":{"output_tokens":7},"type":)"
                            R"("message_delta"})"))
            .usage == used(0, 10, 7));
  CHECK_FALSE(heard(body_format::anthropic, sse,
                    begin + event(R"({"type":"ping","usage":{"output_tokens":7}})"))
                  .usage);
}

TEST_CASE("tap: Anthropic's cached tokens stand beside the input, not inside") {
  const auto seen = heard(body_format::anthropic, plain,
                          R"({"usage":{"input_tokens":5,"cache_read_input_tokens":100,)"
                          R"("cache_creation_input_tokens":20,"output_tokens":1}})");
  CHECK(seen.usage == used(100, 25, 1));
}

TEST_CASE("tap: Responses' usage counts from the final event alone") {
  const std::string usage = R"("usage":{"input_tokens":5,"output_tokens":1})";
  CHECK_FALSE(heard(body_format::responses, sse,
                    event(R"({"type":"response.in_progress","response":{)" + usage + "}}"))
                  .usage);
  CHECK_FALSE(
      heard(body_format::responses, sse, event(R"({"type":"response.completed",)" + usage + "}"))
          .usage);
  CHECK(heard(body_format::responses, sse,
              event(R"({"type":"response.incomplete","response":{)" + usage + "}}"))
            .usage == used(0, 5, 1));
}

TEST_CASE("tap: a final event of many megabytes is followed to its usage") {
  std::string text;
  while (text.size() < 3'000'000)
    text += R"({\"usage\":{\"input_tokens\":1}} \\ \u00e9 []{} )";
  const std::string body =
      "event: response.completed\n" +
      event(R"({"type":"response.completed","response":{"model":"m","output":[{"text":")" + text +
            R"("}],"usage":{"input_tokens":5,"output_tokens":6}}})");
  tap listener;
  for (const std::size_t piece : {1'460U, 16'384U, 65'537U, 10'000'000U}) {
    listener.start(body_format::responses, sse, {});
    for (std::size_t at = 0; at < body.size(); at += piece)
      listener.feed(std::string_view{body}.substr(at, piece));
    listener.finish();
    CHECK(listener.facts().usage == used(0, 5, 6));
    CHECK(listener.facts().finished);
    CHECK(listener.facts().model == "m");
  }
}

TEST_CASE("tap: other fields, comments and odd lines of a stream are passed over") {
  const std::string usage = R"({"usage":{"prompt_tokens":3,"completion_tokens":4}})";
  const std::string long_line = std::string(5000, 'x') + ": y\n";
  for (const std::string& around : std::vector<std::string>{
           ":\n", ": data: {\"error\":{}}\n", "data\n", "data \n", "Data: {\"error\":{}}\n",
           "data2: {\"error\":{}}\n", "id: 5\nretry: 9\n", "event:\n", long_line}) {
    CAPTURE(around);
    CHECK(heard(body_format::chat, sse, around + event(usage)).usage == used(0, 3, 4));
    const auto seen = heard(body_format::chat, sse, around + "\n\n\n" + event(usage) + around);
    CHECK(seen.usage == used(0, 3, 4));
    CHECK_FALSE(seen.is_error);
  }
}

TEST_CASE("tap: data lines of one event are one document") {
  const std::string named = event(R"({"model":"m"})");
  CHECK(heard(body_format::chat, sse,
              named + "data: {\"choices\":[],\ndata: \"usage\":\ndata:{\"prompt_tokens\":3\n"
                      "data:,\"completion_tokens\":4}}\n\n")
            .usage == used(0, 3, 4));
  CHECK_FALSE(heard(body_format::chat, sse,
                    named + "data: {\"choices\":[],\n\n"
                            "data: \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n")
                  .usage);
}

TEST_CASE("tap: a tap that is started again knows nothing of the answer before") {
  tap listener;
  for (const auto& before : answer_samples()) {
    for (const std::size_t length : {before.body.size(), before.body.size() / 2}) {
      listener.start(before.format, before.kind, {});
      listener.feed(std::string_view{before.body}.substr(0, length));
      listener.start(body_format::anthropic, sse, {});
      CHECK(same(listener.facts(), {}));
      listener.feed("data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":3}}\n\n");
      listener.finish();
      CHECK(same(listener.facts(), {}));
    }
  }
}
