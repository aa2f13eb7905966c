// The request and the answer that all steps are measured with: those of bench/run.
#pragma once

#include <string>

namespace steps {

// A chat request of 0.9 kB, or with a prompt of `prompt_bytes`.
inline std::string chat_body(std::size_t prompt_bytes = 720) {
  const std::string text = "Tell me about proxies and their limits, please. ";
  std::string prompt;
  while (prompt.size() < prompt_bytes)
    prompt += text;
  std::string body = R"({"model":"deepseek-flash","max_tokens":256,"temperature":0.7,"messages":[)"
                     R"({"role":"system","content":"You are a helpful assistant."},)"
                     R"({"role":"user","content":")";
  return body.append(prompt).append(R"("}]})");
}

inline std::string chat_head(std::size_t length) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
         "Authorization: Bearer sk-ds-w84z5672tjj2hw0b39sgmn8ck7rbj6yy36dkedx\r\n"
         "Content-Type: application/json\r\nAccept: application/json\r\n"
         "User-Agent: OpenAI/Python 1.51.0\r\nX-Stainless-Lang: python\r\n"
         "X-Stainless-Retry-Count: 0\r\nAccept-Encoding: gzip, deflate\r\n"
         "Connection: keep-alive\r\nContent-Length: " +
         std::to_string(length) + "\r\n\r\n";
}

inline std::string answer_body() {
  return R"({"id":"930c60df-bf64-41c9-a88e-3ec75f81e00e","object":"chat.completion",)"
         R"("created":1705651092,"model":"deepseek-flash","choices":[{"index":0,"message":{"role":)"
         R"("assistant","content":"Hello! How can I help you today? I can answer questions, write )"
         R"(code, and so on, until the cows come home."},"logprobs":null,"finish_reason":"stop"}],)"
         R"("usage":{"prompt_tokens":16,"completion_tokens":10,"total_tokens":26,)"
         R"("prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":16},)"
         R"("system_fingerprint":"fp_3a5770e1b4"})";
}

inline std::string answer_head(std::size_t length) {
  return "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
         "Content-Type: application/json\r\nConnection: keep-alive\r\nContent-Length: " +
         std::to_string(length) + "\r\n\r\n";
}

} // namespace steps
