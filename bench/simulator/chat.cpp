// The chat format: chat.completion and chat.completion.chunk. Usage rides the last content chunk.
#include <fmt/format.h>

#include "bench/simulator/dialect.hpp"

namespace simulator {
namespace {

constexpr std::string_view fingerprint = "fp_simulator_0001";

class chat final : public dialect {
 public:
  explicit chat(const plan& what)
      : what_(what), prefix_(fmt::format(R"(data: {{"id":"{}","object":"chat.completion.chunk",)"
                                         R"("created":{},"model":"{}","system_fingerprint":"{}",)"
                                         R"("choices":[{{"index":0,"delta":{{)",
                                         what.id, what.created, what.model, fingerprint)) {}

  void opening(std::string& out) override {
    chunk(out, what_.thinking ? R"("role":"assistant","content":null,"reasoning_content":"")"
                              : R"("role":"assistant","content":"")");
    if (what_.call)
      opens_call_ = true;
  }

  void delta(std::string& out, part which, std::string_view text) override {
    out += prefix_;
    if (which == part::reasoning) {
      out += R"("content":null,"reasoning_content":)";
      append_quoted(out, text);
    } else if (which == part::content) {
      out += R"("content":)";
      append_quoted(out, text);
      if (what_.thinking)
        out += R"(,"reasoning_content":null)";
    } else {
      out += R"("tool_calls":[{"index":0,)";
      if (std::exchange(opens_call_, false))
        out += fmt::format(R"("id":"{}","type":"function","function":{{"name":{},"arguments":)",
                           call_id(), quoted(what_.call->name));
      else
        out += R"("function":{"arguments":)";
      append_quoted(out, text);
      out += "}}]";
    }
    finish_chunk(out, "null", what_.include_usage ? "null" : "");
  }

  void closing(std::string& out) override {
    out += prefix_;
    out += what_.thinking ? R"("content":"","reasoning_content":null)" : R"("content":"")";
    finish_chunk(out, fmt::format("\"{}\"", chat_finish(what_.finish)),
                 what_.with_usage ? chat_usage(what_) : "");
  }

  void done(std::string& out) override { out += "data: [DONE]\n\n"; }

  std::string whole() override {
    std::string out = fmt::format(
        R"({{"id":"{}","object":"chat.completion","created":{},"model":"{}","choices":[)"
        R"({{"index":0,"message":{{"role":"assistant","content":)",
        what_.id, what_.created, what_.model);
    quote_text(out, what_.content);
    if (what_.thinking) {
      out += R"(,"reasoning_content":)";
      quote_text(out, what_.reasoning);
    }
    if (what_.call)
      out += fmt::format(R"(,"tool_calls":[{{"index":0,"id":"{}","type":"function","function":)"
                         R"({{"name":{},"arguments":{}}}}}])",
                         call_id(), quoted(what_.call->name), quoted(what_.call->arguments));
    out += fmt::format(R"(}},"logprobs":null,"finish_reason":"{}"}}])", chat_finish(what_.finish));
    if (what_.with_usage)
      out += R"(,"usage":)" + chat_usage(what_);
    out += fmt::format(R"(,"system_fingerprint":"{}"}})", fingerprint);
    return out;
  }

 private:
  std::string call_id() const { return "call_00_" + what_.id.substr(0, 18); }

  static void quote_text(std::string& out, const token_text& text) {
    std::string words;
    text.append_to(words);
    append_quoted(out, words);
  }

  void chunk(std::string& out, std::string_view inner) {
    out += prefix_;
    out += inner;
    finish_chunk(out, "null", what_.include_usage ? "null" : "");
  }

  static void finish_chunk(std::string& out, std::string_view finish, std::string_view usage) {
    out += R"(},"logprobs":null,"finish_reason":)";
    out += finish;
    out += "}]";
    if (!usage.empty()) {
      out += R"(,"usage":)";
      out += usage;
    }
    out += "}\n\n";
  }

  const plan& what_;
  std::string prefix_;
  bool opens_call_ = false;
};

} // namespace

std::string_view chat_finish(ending finish) {
  switch (finish) {
  case ending::stop:
    return "stop";
  case ending::length:
    return "length";
  case ending::tool_calls:
    return "tool_calls";
  case ending::aborted:
    return "insufficient_system_resource";
  }
  return "stop";
}

std::string chat_usage(const plan& what) {
  std::string out = fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                                R"("prompt_tokens_details":{{"cached_tokens":{}}},)",
                                what.prompt_tokens, what.output_tokens(),
                                what.prompt_tokens + what.output_tokens(), what.cached_tokens);
  if (what.thinking)
    out += fmt::format(R"("completion_tokens_details":{{"reasoning_tokens":{}}},)",
                       what.reasoning.tokens());
  out += fmt::format(R"("prompt_cache_hit_tokens":{},"prompt_cache_miss_tokens":{}}})",
                     what.cached_tokens, what.prompt_tokens - what.cached_tokens);
  return out;
}

std::unique_ptr<dialect> chat_dialect(const plan& what) {
  return std::make_unique<chat>(what);
}

std::unique_ptr<dialect> make_dialect(format kind, const plan& what) {
  switch (kind) {
  case format::chat:
    return chat_dialect(what);
  case format::fim:
    return fim_dialect(what);
  case format::responses:
    return responses_dialect(what);
  case format::anthropic:
    return anthropic_dialect(what);
  }
  return chat_dialect(what);
}

} // namespace simulator
