// Shapes from the API's documentation and published captures; planted "usage" wherever a client or
// a model could put one.
#include "tests/policies/usage/answer_samples.hpp"

using namespace policies::usage;

namespace {

constexpr auto plain = tap::kind::plain;
constexpr auto sse = tap::kind::sse;

const char* chat_plain =
    R"({"id":"1eeab5b3","object":"chat.completion","created":1778220425,"model":"deepseek-flash",)"
    R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hello! \"usage\":{"},)"
    R"("logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":50,"completion_tokens":9,)"
    R"("total_tokens":59,"prompt_tokens_details":{"cached_tokens":20},)"
    R"("completion_tokens_details":{"reasoning_tokens":4},"prompt_cache_hit_tokens":20,)"
    R"("prompt_cache_miss_tokens":30},"system_fingerprint":"fp_1"})";

const char* chat_tools =
    R"({"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":)"
    R"("call_1","type":"function","function":{"name":"f","arguments":"{\"usage\":{)"
    R"(\"prompt_tokens\":1}}"}}]},"finish_reason":"tool_calls"},{"index":1,"message":{"usage":)"
    R"({"prompt_tokens":1,"completion_tokens":1}},"usage":{"prompt_tokens":2,)"
    R"("completion_tokens":2}}],"metadata":{"usage":{"prompt_tokens":3,"completion_tokens":3},)"
    R"("model":"wrong"},"usage" : { "prompt_tokens" : 7 , "completion_tokens" : 8,)"
    R"( "prompt_tokens_details" : null, "nested":{"prompt_tokens":9} }, "model" : "pro" })";

const char* chat_stream =
    R"(data: {"id":"1","object":"chat.completion.chunk","model":"deepseek-flash","choices":[{)"
    R"("index":0,"delta":{"role":"assistant","content":null,"reasoning_content":""},"logprobs":)"
    R"(null,"finish_reason":null}],"usage":null})"
    "\n\n: keep-alive\n\n"
    R"(data: {"id":"1","model":"deepseek-flash","choices":[{"index":0,"delta":{"content":null,)"
    R"("reasoning_content":"We \"usage\":{"},"finish_reason":null}],"usage":null})"
    "\n\n"
    R"(data: {"id":"1","model":"deepseek-flash","choices":[{"index":0,"delta":{"content":)"
    R"("data: {\"error\":{}}\n\n"},"finish_reason":null}],"usage":null})"
    "\n\n"
    R"(data: {"id":"1","model":"deepseek-flash","choices":[{"index":0,"delta":{"content":""},)"
    R"("finish_reason":"length"}],"usage":{"prompt_tokens":20,"completion_tokens":32,)"
    R"("total_tokens":52,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":)"
    R"({"reasoning_tokens":32},"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":20}})"
    "\n\ndata: [DONE]\n\n";

const char* fim_stream =
    "data:{\"choices\":[{\"text\":\"a\"}]}\r\n\r\n: keep-alive\r\n\r\nid: 7\r\nretry: 5\r\n"
    "data:{\"choices\":[],\r\ndata:\"usage\":{\"prompt_tokens\":5,\r\ndata: \"completion_tokens\":6"
    "},\"model\":\"deep\\/seek\\u002dv4\"}\r\n\r\ndata:[DONE]\r\n\r\n";

const char* responses_plain =
    R"({"id":"resp_1","object":"response","error":null,"model":"deepseek-v4-pro","output":[{)"
    R"("type":"message","content":[{"type":"output_text","text":"{\"usage\":{}}"}]}],"usage":{)"
    R"("input_tokens":100,"input_tokens_details":{"cached_tokens":64},"output_tokens":10,)"
    R"("output_tokens_details":{"reasoning_tokens":3},"total_tokens":110}})";

const char* responses_stream =
    "event: response.created\n"
    R"(data: {"type":"response.created","response":{"id":"r","model":"deepseek-flash","usage":)"
    "null,\"error\":null}}\n\n"
    "event: response.output_text.delta\n"
    R"(data: {"type":"response.output_text.delta","delta":"\"response.completed\""})"
    "\n\nevent: response.in_progress\n"
    R"(data: {"response":{"usage":{"input_tokens":1,"output_tokens":1}},"type":"x","usage":)"
    "{\"input_tokens\":2,\"output_tokens\":2}}\n\n"
    "event: response.completed\n"
    R"(data: {"response":{"id":"r","output":[{"content":[{"text":"{}[]\"usage\\"}],"usage":{)"
    R"("input_tokens":9,"output_tokens":9}}],"usage":{"input_tokens":40,"input_tokens_details":)"
    R"({"cached_tokens":8},"output_tokens":12,"output_tokens_details":{"reasoning_tokens":0}},)"
    R"("model":"later"},"type":"response.completed","sequence_number":9})"
    "\n\n";

const char* anthropic_plain =
    R"({"id":"m","type":"message","role":"assistant","model":"deepseek-v4-pro","content":[{"type":)"
    R"("tool_use","input":{"usage":{"input_tokens":1,"output_tokens":1},"error":{}}}],"usage":{)"
    R"("input_tokens":54,"cache_creation_input_tokens":6,"cache_read_input_tokens":25344,)"
    R"("output_tokens":54,"service_tier":"standard"}})";

const char* anthropic_stream =
    "event: message_start\n"
    R"(data: {"type":"message_start","message":{"id":"1","type":"message","model":)"
    R"("deepseek-v4-pro","content":[],"usage":{"input_tokens":54,"cache_creation_input_tokens":2,)"
    R"("cache_read_input_tokens":25344,"output_tokens":1}}})"
    "\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\nevent: content_block_delta\n"
    R"(data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"message_stop"}})"
    "\n\nevent: message_delta\n"
    R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn","usage":{"output_tokens":1)"
    R"(}},"usage":{"output_tokens":54,"input_tokens":null}})"
    "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

const char* error_plain = R"({"error":{"message":"Insufficient Balance","type":"unknown_error",)"
                          R"("param":null,"code":"invalid_request_error"}})";

std::vector<answer_sample> make() {
  using enum body_format;
  return {
      {"chat", chat, plain, chat_plain, {used(20, 30, 9, 4), "deepseek-flash", true, false}},
      {"chat after blank lines",
       chat,
       plain,
       "\n\n\r\n\n" + std::string{chat_plain},
       {used(20, 30, 9, 4), "deepseek-flash", true, false}},
      {"chat, planted usage", chat, plain, chat_tools, {used(0, 7, 8), "pro", true, false}},
      {"chat stream", chat, sse, chat_stream, {used(0, 20, 32, 32), "deepseek-flash", true, false}},
      {"FIM stream, CRLF", fim, sse, fim_stream, {used(0, 5, 6), "deep/seek-v4", true, false}},
      {"responses",
       responses,
       plain,
       responses_plain,
       {used(64, 36, 10, 3), "deepseek-v4-pro", true, false}},
      {"responses stream",
       responses,
       sse,
       responses_stream,
       {used(8, 32, 12), "deepseek-flash", true, false}},
      {"anthropic",
       anthropic,
       plain,
       anthropic_plain,
       {used(25344, 60, 54), "deepseek-v4-pro", true, false}},
      {"anthropic stream",
       anthropic,
       sse,
       anthropic_stream,
       {used(25344, 56, 54), "deepseek-v4-pro", true, false}},
      {"error", chat, plain, error_plain, {{}, "", true, true}},
      {"anthropic error",
       anthropic,
       plain,
       R"({"type":"error","error":{"type":"overloaded_error","message":"x"}})",
       {{}, "", true, true}},
      {"error in a stream",
       chat,
       sse,
       "data: " + std::string{error_plain} + "\n\n",
       {{}, "", false, true}},
      {"anthropic error event",
       anthropic,
       sse,
       "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"x\"}}\n\n",
       {{}, "", false, true}},
      {"responses error event",
       responses,
       sse,
       "data: {\"type\":\"error\",\"message\":\"x\",\"code\":null}\n\n",
       {{}, "", false, true}},
      {"embeddings",
       opaque,
       plain,
       R"({"data":[],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}})",
       {used(0, 8, 0), "e", true, false}},
      {"plain text", chat, plain, "Unauthorized {\"usage\":{}}", {{}, "", false, false}},
  };
}

} // namespace

policies::pricing::token_usage used(std::int64_t cached, std::int64_t prompt, std::int64_t output,
                                    std::int64_t reasoning) {
  using policies::tokens;
  return {tokens{cached}, tokens{prompt}, tokens{output}, tokens{reasoning}};
}

const std::vector<answer_sample>& answer_samples() {
  static const std::vector<answer_sample> samples = make();
  return samples;
}
