// The chat format over the wire: shapes, thinking, caps, tools, and what is refused.
#include "tests/bench/simulator/client.hpp"

using namespace simulator_test;

TEST_CASE("simulator chat: a plain answer has upstream's shape and greets by the question") {
  simulation sim;
  const auto got = sim.post("/chat/completions", chat_body());
  REQUIRE(got.status == 200);
  CHECK(got.headers.at("content-type") == "application/json");
  CHECK(got.headers.count("x-ds-trace-id") == 1);
  CHECK(got.headers.count("x-request-id") == 0);
  const auto answer = got.parsed();
  CHECK(text(answer, "/object") == "chat.completion");
  CHECK(text(answer, "/model") == "deepseek-flash");
  CHECK(text(answer, "/choices/0/finish_reason") == "stop");
  const auto words = text(answer, "/choices/0/message/content");
  CHECK(words.find("simulator") != std::string::npos);
  CHECK(words.find("\"Hi\"") != std::string::npos);
  CHECK_FALSE(text(answer, "/choices/0/message/reasoning_content").empty());
  CHECK(number(answer, "/usage/total_tokens") ==
        number(answer, "/usage/prompt_tokens") + number(answer, "/usage/completion_tokens"));
  CHECK(number(answer, "/usage/completion_tokens_details/reasoning_tokens") > 0);
}

TEST_CASE("simulator chat: thinking is on unless disabled, and counts inside the cap") {
  simulation sim;
  const auto thinking_tokens = [&](std::string_view more) {
    const auto answer = sim.post("/v1/chat/completions", chat_body(more)).parsed();
    const auto* details = answer.at("usage").as_object().if_contains("completion_tokens_details");
    return details ? number(*details, "/reasoning_tokens") : -1;
  };
  CHECK(thinking_tokens("") > 0);
  CHECK(thinking_tokens(R"("thinking":{"type":"disabled"})") == -1);
  CHECK(thinking_tokens(R"("reasoning_effort":"none")") == -1);
  const auto cut = sim.post("/chat/completions", chat_body(R"("max_tokens":3)")).parsed();
  CHECK(text(cut, "/choices/0/finish_reason") == "length");
  CHECK(text(cut, "/choices/0/message/content").empty());
  CHECK(number(cut, "/usage/completion_tokens") == 3);
  CHECK(number(cut, "/usage/completion_tokens_details/reasoning_tokens") == 3);
}

TEST_CASE(
    "simulator chat: greedy answers write every token the cap or the documented default allows") {
  simulation sim;
  const auto written = [&](std::string_view more) {
    const auto got = sim.post("/chat/completions", chat_body(more), {{"x-sim-greedy", "1"}});
    REQUIRE(got.status == 200);
    CHECK(text(got.parsed(), "/choices/0/finish_reason") == "length");
    return number(got.parsed(), "/usage/completion_tokens");
  };
  CHECK(written(R"("max_tokens":1000)") == 1000);
  CHECK(written(R"("max_tokens":null)") == 65'536);
  CHECK(written(R"("max_tokens":10,"max_completion_tokens":20)") == 20);
  CHECK(written(R"("thinking":{"type":"disabled"})") == 8'192);
  CHECK(written(R"("reasoning_effort":"max")") == 131'072);
  CHECK(written(R"("max_tokens":393216)") == 393'216);
}

TEST_CASE("simulator chat: a stream thinks first and carries usage on its last content chunk") {
  simulation sim;
  const auto got = sim.post("/chat/completions",
                            chat_body(R"("stream":true,"stream_options":{"include_usage":true})"));
  REQUIRE(got.status == 200);
  REQUIRE(got.complete);
  CHECK(got.headers.at("content-type").starts_with("text/event-stream"));
  auto events = got.events();
  REQUIRE(events.size() > 4);
  CHECK(events.back() == "[DONE]");
  events.pop_back();
  std::string reasoning;
  std::string content;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto chunk = json::parse(events[i]);
    INFO(events[i]);
    CHECK(text(chunk, "/object") == "chat.completion.chunk");
    const bool last = i + 1 == events.size();
    CHECK(chunk.at("usage").is_null() != last);
    CHECK(chunk.at_pointer("/choices/0/finish_reason").is_null() != last);
    const auto& delta = chunk.at_pointer("/choices/0/delta").as_object();
    if (delta.at("reasoning_content").is_string()) {
      CHECK(content.empty());
      reasoning += delta.at("reasoning_content").as_string();
    } else {
      content += delta.at("content").as_string();
    }
  }
  const auto plain = sim.post("/chat/completions", chat_body()).parsed();
  CHECK(reasoning == text(plain, "/choices/0/message/reasoning_content"));
  CHECK(content == text(plain, "/choices/0/message/content"));
  CHECK(json::parse(events.back()).at("usage") == plain.at("usage"));
}

TEST_CASE("simulator chat: without include_usage only the last chunk mentions usage") {
  simulation sim;
  const auto events = sim.post("/chat/completions", chat_body(R"("stream":true)")).events();
  REQUIRE(events.size() > 3);
  for (std::size_t i = 0; i + 1 < events.size(); ++i)
    CHECK(json::parse(events[i]).as_object().contains("usage") == (i + 2 == events.size()));
}

TEST_CASE("simulator chat: a demanded tool is called, plain and streamed, with fitting arguments") {
  simulation sim;
  const std::string tools =
      R"("tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object",)"
      R"("properties":{"city":{"type":"string"},"days":{"type":"integer"}}}}}])";
  const auto got = sim.post("/chat/completions", chat_body(tools + R"(,"tool_choice":"required")"));
  CHECK(text(got.parsed(), "/choices/0/finish_reason") == "tool_calls");
  const auto call = got.parsed().at_pointer("/choices/0/message/tool_calls/0/function");
  CHECK(text(call, "/name") == "weather");
  CHECK(text(call, "/arguments") == R"({"city":"simulator","days":1})");

  const auto streamed = sim.post("/chat/completions",
                                 chat_body(tools + R"(,"tool_choice":"required","stream":true)"));
  std::string arguments;
  for (const auto& event : streamed.events()) {
    if (event == "[DONE]")
      continue;
    const auto chunk = json::parse(event);
    const auto& delta = chunk.at_pointer("/choices/0/delta").as_object();
    if (delta.contains("tool_calls"))
      arguments += text(delta.at("tool_calls"), "/0/function/arguments");
  }
  CHECK(arguments == R"({"city":"simulator","days":1})");

  const auto idle = sim.post("/chat/completions", chat_body(tools)).parsed();
  CHECK(text(idle, "/choices/0/finish_reason") == "stop");
}

TEST_CASE("simulator chat: JSON mode answers with a JSON document") {
  simulation sim;
  const auto got =
      sim.post("/chat/completions", chat_body(R"("response_format":{"type":"json_object"})"));
  CHECK(json::parse(text(got.parsed(), "/choices/0/message/content")).is_object());
}

TEST_CASE("simulator chat: wrong requests are refused as upstream refuses them, and cost nothing") {
  simulation sim;
  struct row {
    const char* path;
    std::string body;
    int status;
  };
  const std::vector<row> rows = {
      {"/chat/completions", "not json", 400},
      {"/chat/completions", "[]", 400},
      {"/chat/completions", R"({"model":"deepseek-flash"})", 422},
      {"/chat/completions", R"({"model":"deepseek-flash","messages":[]})", 400},
      {"/chat/completions", R"({"messages":[{"role":"user","content":"Hi"}]})", 422},
      {"/chat/completions", R"({"model":"gpt","messages":[{"role":"user","content":"Hi"}]})", 400},
      {"/chat/completions", R"({"model":"deepseek-flash","messages":[{"content":"Hi"}]})", 422},
      {"/chat/completions", chat_body(R"("stream_options":{})"), 400},
      {"/chat/completions", chat_body(R"("n":2)"), 400},
      {"/chat/completions", chat_body(R"("max_tokens":0)"), 400},
      {"/chat/completions", chat_body(R"("max_tokens":393217)"), 400},
      {"/chat/completions", chat_body(R"("max_tokens":"5")"), 422},
      {"/chat/completions", chat_body(R"("max_tokens":1.5)"), 422},
      {"/chat/completions", chat_body(R"("reasoning_effort":"wild")"), 400},
      {"/completions", R"({"model":"deepseek-flash","prompt":"x"})", 400},
      {"/embeddings", "{}", 404},
      {"/v2/chat/completions", chat_body(), 404},
  };
  for (const auto& r : rows) {
    INFO(r.path << " " << r.body);
    const auto got = sim.post(r.path, r.body);
    CHECK(got.status == r.status);
    CHECK_FALSE(text(got.parsed(), "/error/message").empty());
  }
  CHECK(number(sim.look("bill"), "/billed") == 0);
  CHECK(number(sim.look("bill"), "/total_pico") == 0);
  CHECK(number(sim.look("bill"), "/requests") == static_cast<std::int64_t>(rows.size()));
}

TEST_CASE(
    "simulator chat: the key is asked for, and x-api-key counts on the Anthropic paths only") {
  simulation sim;
  const auto status = [&](const char* path, header_list headers) {
    return sim.post(path, "{}", std::move(headers)).status;
  };
  CHECK(status("/chat/completions", {{"authorization", ""}}) == 401);
  CHECK(status("/chat/completions", {{"authorization", "Bearer sk-wrong-tail"}}) == 401);
  CHECK(status("/chat/completions", {{"x-api-key", "sk-simulator"}}) == 401);
  CHECK(status("/anthropic/v1/messages", {{"x-api-key", "sk-simulator"}}) == 422);
  CHECK(status("/anthropic/v1/messages",
               {{"x-api-key", "sk-simulator"}, {"authorization", "Bearer sk-wrong"}}) == 401);
  const auto refused =
      sim.post("/chat/completions", "{}", {{"authorization", "Bearer sk-wrong-tail"}});
  CHECK(text(refused.parsed(), "/error/message").find("****tail") != std::string::npos);
  CHECK(sim.last_row().at("authorization_ok") == false);
}
