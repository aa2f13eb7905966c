// The bound on prompt tokens: what counts, what does not, and what no count of bytes can bound.
#include <string>

#include "policies/usage/inspect.hpp"
#include "tests/support/catch.hpp"

using namespace policies::usage;

namespace {

inspection seen(body_format format, const std::string& members) {
  const auto result = inspect(format, "{\"model\":\"m\"," + members + "}", {});
  if (const auto* why = std::get_if<inspect_error>(&result))
    FAIL(why->message << " in " << members);
  return std::get<inspection>(result);
}

// Above the frame of a prompt that has no message.
std::int64_t bound(body_format format, const std::string& members) {
  const inspection facts = seen(format, members);
  return facts.prompt_bound.value - (facts.message_count == 0 ? 64 : 0);
}

std::int64_t bytes(const std::string& text) {
  return static_cast<std::int64_t>(text.size());
}

inspection chat_part(const std::string& part) {
  return seen(body_format::chat, R"("messages":[{"role":"user","content":[)" + part + "]}]");
}

constexpr auto chat = body_format::chat;
constexpr auto fim = body_format::fim;
constexpr auto responses = body_format::responses;
constexpr auto anthropic = body_format::anthropic;

} // namespace

TEST_CASE("prompt_bound: messages count by their raw bytes and 64 each") {
  const std::string messages =
      R"([{"role":"system","content":"Be kind."}, {"role":"user","content":"h\u00e9llo é"}])";
  CHECK(bound(chat, "\"messages\":" + messages) == bytes(messages) + 2 * 64);
  CHECK(seen(chat, "\"messages\":" + messages).message_count == 2);
}

TEST_CASE("prompt_bound: without any message there is a frame all the same") {
  CHECK(seen(chat, R"("messages":[])").prompt_bound.value == 2 + 64);
  CHECK(seen(responses, R"("input":[])").prompt_bound.value == 2 + 64);
  CHECK(seen(fim, R"("prompt":"abc")").prompt_bound.value == 5 + 64 + 64);
}

TEST_CASE("prompt_bound: control fields are free, whatever their size") {
  const std::string free =
      R"("stream":true,"stream_options":{"include_usage":true},"max_tokens":5,"n":2,"best_of":2,)"
      R"("max_completion_tokens":6,"temperature":0.5,"top_p":1,"presence_penalty":0,"seed":1,)"
      R"("frequency_penalty":0,"logprobs":true,"top_logprobs":3,"user":"u","user_id":"v",)"
      R"("thinking":{"type":"enabled"},"reasoning_effort":"high","service_tier":"auto",)"
      R"("store":false,"parallel_tool_calls":true,"logit_bias":{"1":2},"stop":["a","b"])";
  CHECK(bound(chat, free) == 0);
}

TEST_CASE("prompt_bound: what is not surely free counts") {
  CHECK(bound(chat, R"("response_format":{"type":"json_object"})") == 22);
  CHECK(bound(chat, R"("metadata":{"a":"b"},"whatever":[1,2,3])") == 9 + 7);
  CHECK(bound(chat, R"("tool_choice":"auto","Temperature":123)") == 6 + 3);
  CHECK(bound(chat, R"("a":1,"a":22)") == 1 + 2);
}

TEST_CASE("prompt_bound: tools count twice, and for the preamble that explains them") {
  const std::string tools = R"([{"type":"function","function":{"name":"f","parameters":{}}}])";
  CHECK(bound(chat, "\"tools\":" + tools) == 2 * bytes(tools) + 1024);
  CHECK(bound(chat, R"("tools":[])") == 4);
  CHECK(bound(chat, "\"functions\":" + tools) == 2 * bytes(tools) + 1024);
}

TEST_CASE("prompt_bound: arguments of tool calls count thrice, for the template wraps each") {
  const std::string call = R"([{"role":"assistant","tool_calls":[{"id":"1","type":"function",)"
                           R"("function":{"name":"f","arguments":"{\"a\":1}"}}]}])";
  CHECK(bound(chat, "\"messages\":" + call) == bytes(call) + 64 + 2 * bytes(R"({\"a\":1})"));
  const std::string use = R"([{"role":"assistant","content":[{"type":"tool_use","name":"f",)"
                          R"("input":{"a":1,"b":{"c":2}}}]}])";
  CHECK(bound(anthropic, "\"messages\":" + use) == bytes(use) + 64 + 3 * 24);
  CHECK(bound(chat, "\"messages\":" + use) == bytes(use) + 64);
}

TEST_CASE("prompt_bound: the highest effort brings a preamble of its own") {
  CHECK(bound(chat, R"("reasoning_effort":"max")") == 256);
}

TEST_CASE(
    "prompt_bound: input, prompt, suffix, system and instructions count with their template") {
  CHECK(bound(responses, R"("input":"hello")") == 7 + 64);
  CHECK(bound(responses, R"("input":[{"role":"user","content":"x"}],"instructions":"be")") ==
        31 + 64 + 4 + 64);
  CHECK(bound(fim, R"("prompt":"abc","suffix":"de")") == 5 + 64 + 4 + 64);
  CHECK(bound(fim, R"("prompt":["a","b"])") == 9 + 2 * 64);
  CHECK(bound(fim, R"("prompt":[1,2,3])") == 7 + 64);
  CHECK(bound(anthropic, R"("system":[{"type":"text","text":"s"}],"messages":[])") == 28 + 64 + 2);
  CHECK(bound(chat, R"("suffix":null,"system":null,"input":null)") == 4 * 3);
}

TEST_CASE("prompt_bound: texts are bounded, even when they speak of images and files") {
  CHECK_FALSE(chat_part(R"({"type":"text","text":"{\"type\":\"image_url\",\"file_id\":1}"})")
                  .unbounded_prompt);
  CHECK_FALSE(chat_part(R"({"type":"text","text":"image_url"},{"type":"text","text":"file"})")
                  .unbounded_prompt);
  CHECK_FALSE(chat_part(R"({"type":"te\u0078t","text":"x"})").unbounded_prompt);
  CHECK_FALSE(chat_part(R"({"type":"text","text":"x","cache_control":{"type":"ephemeral"}})")
                  .unbounded_prompt);
  CHECK_FALSE(seen(chat, R"("messages":[{"role":"user","content":"see file_id and image_url"}])")
                  .unbounded_prompt);
  CHECK_FALSE(seen(chat, R"("messages":[{"role":"assistant","content":null,"tool_calls":[{"id":)"
                         R"("1","type":"function","function":{"name":"file","arguments":)"
                         R"("{\"file\":\"a\"}"}}]},{"role":"tool","content":"x"}])")
                  .unbounded_prompt);
}

TEST_CASE("prompt_bound: image parts have no bound and need the permission") {
  for (const char* part :
       {R"({"type":"image_url","image_url":{"url":"https://example.org/a.png"}})",
        R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}})",
        R"({"type":"input_image","image_url":"https://x/y"})",
        R"({"type":"im\u0061ge","source":{"type":"base64","data":"AA"}})", R"({"type":"IMAGE"})",
        R"({"image_url":"https://x"})", R"({"image\u005furl":""})", R"({"Image_URL":{}})",
        R"({"type":"text","type":"image_url"})", R"({"type":"text","text":"x","image":[1]})"}) {
    CAPTURE(part);
    CHECK(chat_part(part).unbounded_prompt);
    CHECK(chat_part(part).has_images);
  }
}

TEST_CASE("prompt_bound: files and other references have no bound, and are no images") {
  for (const char* part :
       {R"({"type":"file","file":{"file_id":"f-1"}})", R"({"file_id":"f-1"})",
        R"({"type":"text","text":"x","file_url":"https://x"})", R"({"type":"input_file"})",
        R"({"type":"document","source":{"type":"url","url":"https://x"}})",
        R"({"type":"input_audio","input_audio":{"data":"x"}})", R"({"source":{"type":"url"}})",
        R"({"type":"video_url"})", R"({"type":"TEXT","text":"x"})", R"({"type":["text"]})",
        R"({"type":{"a":1}})", R"({"type":7})", R"({"type":"never_heard_of"})",
        R"({"encrypted_content":"AAAA"})", R"({"x":{"y":[{"file":0}]}})"}) {
    CAPTURE(part);
    CHECK(chat_part(part).unbounded_prompt);
    CHECK_FALSE(chat_part(part).has_images);
  }
  CHECK_FALSE(
      chat_part(R"({"type":"text","text":"x","file_id":null,"image_url":null})").unbounded_prompt);
}

TEST_CASE("prompt_bound: each name that refers to something is enough") {
  for (const char* name : {"file",
                           "files",
                           "file_id",
                           "file_ids",
                           "file_url",
                           "file_data",
                           "input_file",
                           "audio",
                           "audio_url",
                           "input_audio",
                           "video",
                           "video_url",
                           "document",
                           "documents",
                           "attachments",
                           "encrypted_content",
                           "previous_response_id",
                           "conversation",
                           "image",
                           "images",
                           "image_url",
                           "image_file",
                           "input_image"}) {
    CAPTURE(name);
    CHECK(chat_part("{\"type\":\"text\",\"" + std::string{name} + "\":\"x\"}").unbounded_prompt);
    CHECK(chat_part("{\"" + std::string{name} + "\":false}").unbounded_prompt);
    CHECK_FALSE(chat_part("{\"" + std::string{name} + "_\":false}").unbounded_prompt);
  }
}

TEST_CASE("prompt_bound: the reference may lie anywhere in the prompt") {
  CHECK(seen(responses, R"("input":[{"type":"message","content":[{"type":"input_file"}]}])")
            .unbounded_prompt);
  CHECK(seen(responses, R"("input":[{"type":"item_reference","id":"x"}])").unbounded_prompt);
  CHECK(seen(responses, R"("prompt":{"id":"pmpt_1"})").unbounded_prompt);
  CHECK(seen(anthropic, R"("system":[{"type":"image"}])").has_images);
  CHECK(seen(anthropic, R"("messages":[{"content":[{"type":"tool_result","content":)"
                        R"([{"type":"image"}]}]}])")
            .has_images);
  CHECK(seen(chat, R"("unknown":{"deep":[{"image_url":"x"}]})").unbounded_prompt);
}

TEST_CASE("prompt_bound: fields that refer to what is kept elsewhere have no bound") {
  for (const char* name :
       {"previous_response_id", "conversation", "container", "mcp_servers", "web_search_options",
        "attachments", "tool_resources", "file_ids", "vector_store_ids"}) {
    CAPTURE(name);
    CHECK(seen(responses, "\"" + std::string{name} + "\":\"x\"").unbounded_prompt);
    CHECK_FALSE(seen(responses, "\"" + std::string{name} + "\":null").unbounded_prompt);
  }
  CHECK(seen(responses, R"("CONVERSATION":"x")").unbounded_prompt);
}

TEST_CASE("prompt_bound: tools that run upstream have no bound") {
  const auto unbounded = [](body_format format, const std::string& tools) {
    return seen(format, "\"tools\":" + tools).unbounded_prompt;
  };
  CHECK_FALSE(unbounded(chat, R"([{"type":"function","function":{}},{"type":"custom"}])"));
  CHECK_FALSE(unbounded(chat, "null"));
  for (const char* type : {"web_search", "file_search", "code_interpreter", "computer", "mcp",
                           "Function", "funct\\u0069on"})
    CHECK(unbounded(responses, R"([{"type":"function"},{"type":")" + std::string{type} + R"("}])"));
  CHECK(unbounded(chat, R"([{"function":{"name":"f"}}])"));
  CHECK(unbounded(chat, R"([{"type":"function","type":"mcp"}])"));
  CHECK(unbounded(chat, R"([{"type":"mcp","type":"function"}])"));
  CHECK(unbounded(chat, R"([{"type":null}])"));
  CHECK(unbounded(chat, R"(["web_search"])"));
  CHECK(unbounded(chat, R"({"type":"function"})"));
  CHECK(unbounded(chat, R"("web_search")"));

  CHECK_FALSE(unbounded(anthropic, R"([{"name":"f","input_schema":{"type":"object"}}])"));
  CHECK_FALSE(unbounded(anthropic, R"([{"type":"custom","name":"f"},{"type":null}])"));
  CHECK(unbounded(anthropic, R"([{"type":"web_search_20250305","name":"web_search"}])"));
  CHECK(unbounded(anthropic, R"([{"type":5,"name":"f"}])"));
  CHECK(unbounded(anthropic, R"([{"type":{},"name":"f"}])"));
  CHECK(unbounded(anthropic, R"([{"name":"f","TYPE":"bash_20250124"}])"));
}

TEST_CASE("prompt_bound: a tool's schema and a tool's input are the client's own words") {
  CHECK_FALSE(seen(chat, R"("tools":[{"type":"function","function":{"parameters":{"type":"object",)"
                         R"("properties":{"file":{"type":"string"},"image_url":{}}}}}])")
                  .unbounded_prompt);
  const std::string use = R"("messages":[{"role":"assistant","content":[{"type":"tool_use",)"
                          R"("input":{"file":"a","type":"image","x":[{"image":1}]},"id":"1"}]}])";
  CHECK_FALSE(seen(anthropic, use).unbounded_prompt);
  CHECK_FALSE(seen(anthropic, use).has_images);
  CHECK(seen(chat, use).unbounded_prompt); // there is no such part in the chat format
  CHECK(seen(anthropic, R"("messages":[{"content":[{"type":"tool_use","input":{"a":1},)"
                        R"("source":{"type":"url"}}]}])")
            .unbounded_prompt); // the search goes on behind it
  CHECK(seen(anthropic, R"("messages":[{"input":{"file":1}}])").unbounded_prompt);
  CHECK_FALSE(seen(chat, R"("response_format":{"type":"json_schema","file":1},"metadata":)"
                         R"({"file":"x"},"tool_choice":{"type":"any"})")
                  .unbounded_prompt);
}

TEST_CASE("prompt_bound: opaque bodies never ask for the images permission") {
  const auto result = inspect(body_format::opaque, R"({"image_url":"https://x"})", {});
  CHECK_FALSE(std::get<inspection>(result).has_images);
}
