// FIM, Responses and Anthropic over the wire, and the account's resources.
#include <fmt/format.h>

#include "tests/bench/simulator/client.hpp"

using namespace simulator_test;

namespace {

std::string messages_body(std::string_view model, std::string_view more) {
  return fmt::format(R"({{"model":"{}","max_tokens":1000,{}"messages":[)"
                     R"({{"role":"user","content":"Hi"}}]}})",
                     model, more);
}

} // namespace

TEST_CASE("simulator fim: only below /beta, plain and streamed") {
  simulation sim;
  const std::string body = R"({"model":"deepseek-v4-pro","prompt":"def f(","suffix":"end")";
  const auto plain = sim.post("/beta/completions", body + "}");
  REQUIRE(plain.status == 200);
  CHECK(text(plain.parsed(), "/object") == "text_completion");
  const auto streamed = sim.post("/beta/completions", body + R"(,"stream":true})");
  std::string words;
  auto events = streamed.events();
  REQUIRE(events.back() == "[DONE]");
  events.pop_back();
  for (const auto& event : events)
    words += text(json::parse(event), "/choices/0/text");
  CHECK(words == text(plain.parsed(), "/choices/0/text"));
  CHECK(json::parse(events.back()).at("usage") == plain.parsed().at("usage"));
}

TEST_CASE("simulator responses: events are numbered and the last repeats the whole answer") {
  simulation sim;
  const auto plain = sim.post("/responses", R"({"model":"deepseek-flash","input":"Hi"})").parsed();
  CHECK(text(plain, "/status") == "completed");
  CHECK(text(plain, "/output/1/content/0/text").find("simulator") != std::string::npos);
  const auto streamed =
      sim.post("/v1/responses", R"({"model":"deepseek-flash","input":"Hi","stream":true})");
  const auto events = streamed.events();
  std::string words;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto event = json::parse(events[i]);
    CHECK(number(event, "/sequence_number") == static_cast<std::int64_t>(i));
    if (text(event, "/type") == "response.output_text.delta")
      words += text(event, "/delta");
  }
  const auto last = json::parse(events.back());
  CHECK(text(json::parse(events.front()), "/type") == "response.created");
  CHECK(text(last, "/type") == "response.completed");
  CHECK(words == text(last, "/response/output/1/content/0/text"));
  CHECK(last.at_pointer("/response/usage") == plain.at("usage"));
}

TEST_CASE("simulator responses: a cap reached makes the answer incomplete") {
  simulation sim;
  const auto got = sim.post("/responses",
                            R"({"model":"deepseek-flash","input":[{"role":"user","content":"Hi"}],)"
                            R"("max_output_tokens":5})");
  CHECK(text(got.parsed(), "/status") == "incomplete");
  CHECK(text(got.parsed(), "/incomplete_details/reason") == "max_output_tokens");
  CHECK(number(got.parsed(), "/usage/output_tokens") == 5);
}

TEST_CASE("simulator anthropic: models are mapped, and cached tokens stand outside input_tokens") {
  simulation sim;
  sim.control("config", R"({"cached_fraction":0.5,"tokens":"bytes"})");
  const auto got = sim.post("/anthropic/v1/messages", messages_body("claude-opus-4", ""));
  const auto answer = got.parsed();
  CHECK(text(answer, "/model") == "deepseek-v4-pro");
  CHECK(text(answer, "/content/0/type") == "thinking");
  CHECK(text(answer, "/content/1/type") == "text");
  CHECK(text(answer, "/stop_reason") == "end_turn");
  const auto row = sim.last_row();
  CHECK(number(answer, "/usage/cache_read_input_tokens") == row.at("cached").as_int64());
  CHECK(row.at("cached").as_int64() == row.at("prompt_tokens").as_int64() / 2);
  CHECK(number(answer, "/usage/input_tokens") ==
        row.at("prompt_tokens").as_int64() - row.at("cached").as_int64());
  const auto other = sim.post("/anthropic/messages", messages_body("claude-haiku", ""));
  CHECK(text(other.parsed(), "/model") == "deepseek-flash");
  CHECK(sim.post("/chat/completions", messages_body("claude-opus-4", "")).status == 400);
}

TEST_CASE("simulator anthropic: a stream opens and closes its blocks and ends with message_stop") {
  simulation sim;
  const auto got = sim.post("/anthropic/v1/messages",
                            messages_body("claude-sonnet",
                                          R"("stream":true,"tools":[{"name":"look","input_schema":)"
                                          R"({"type":"object"}}],"tool_choice":{"type":"any"},)"));
  int open = -1;
  std::vector<std::string> kinds;
  for (const auto& text_of_event : got.events()) {
    const auto event = json::parse(text_of_event);
    const auto type = text(event, "/type");
    kinds.push_back(type);
    if (type == "content_block_start") {
      CHECK(open == -1);
      open = static_cast<int>(number(event, "/index"));
    } else if (type == "content_block_delta") {
      CHECK(number(event, "/index") == open);
    } else if (type == "content_block_stop") {
      CHECK(number(event, "/index") == open);
      open = -1;
    } else if (type == "message_start") {
      CHECK(number(event, "/message/usage/output_tokens") == 0);
    } else if (type == "message_delta") {
      CHECK(text(event, "/delta/stop_reason") == "tool_use");
      CHECK(number(event, "/usage/output_tokens") == sim.last_row().at("output_tokens").as_int64());
    }
  }
  CHECK(kinds.front() == "message_start");
  CHECK(kinds.back() == "message_stop");
  CHECK(std::count(kinds.begin(), kinds.end(), "content_block_start") == 2);
}

TEST_CASE("simulator: models, balance and tools have their documented shapes") {
  simulation sim;
  CHECK(text(sim.get("/v1/models").parsed(), "/data/0/id") == "deepseek-flash");
  CHECK(number(sim.get("/models/deepseek-v4-pro").parsed(), "/max_output_tokens") == 393'216);
  CHECK(sim.get("/models/gpt").status == 404);
  CHECK(text(sim.get("/user/balance").parsed(), "/balance_infos/0/total_balance") == "110.00");
  CHECK(number(sim.look("bill"), "/total_nano") == 0);
  CHECK(sim.post("/v1/tools/search", R"({"query":"x"})").status == 200);
  CHECK(sim.post("/v1/tools/tts", R"({"input":"x"})").body.starts_with("RIFF"));
  CHECK(sim.post("/v1/tools/dance", "{}").status == 404);
  CHECK(number(sim.look("bill"), "/total_nano") == 750'000);
}

TEST_CASE("simulator: files are uploaded, listed, read and deleted") {
  simulation sim;
  const std::string content = "line\r\n--not-the-boundary\r\n\xff bytes";
  const std::string form =
      "--xx\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
      "--xx\r\nContent-Disposition: form-data; name=\"file\"; "
      "filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n" +
      content + "\r\n--xx--\r\n";
  const header_list type = {{"content-type", "multipart/form-data; boundary=xx"}};
  const auto made = sim.post("/files", form, type);
  REQUIRE(made.status == 200);
  const auto id = text(made.parsed(), "/id");
  CHECK(text(made.parsed(), "/filename") == "a.txt");
  CHECK(text(made.parsed(), "/purpose") == "batch");
  CHECK(number(made.parsed(), "/bytes") == static_cast<std::int64_t>(content.size()));
  CHECK(text(sim.get("/v1/files").parsed(), "/data/0/id") == id);
  CHECK(sim.get("/files/" + id + "/content").body == content);
  CHECK(text(sim.get("/files/" + id).parsed(), "/id") == id);
  CHECK(client(sim.port()).send("DELETE", "/files/" + id, "").parsed().at("deleted") == true);
  CHECK(sim.get("/files/" + id).status == 404);
  CHECK(sim.post("/files", "{}").status == 400);
  CHECK(sim.post("/files", form.substr(0, 60), type).status == 400);
}
