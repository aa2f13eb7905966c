// The Anthropic format: content blocks of thinking, text and tool_use; the input side of usage in
// message_start, the final figures in message_delta. Cache reads are not part of input_tokens.
#include <fmt/format.h>

#include "bench/simulator/dialect.hpp"

namespace simulator {
namespace {

std::string_view stop_reason(ending finish) {
  switch (finish) {
  case ending::stop:
    return "end_turn";
  case ending::length:
    return "max_tokens";
  case ending::tool_calls:
    return "tool_use";
  case ending::aborted:
    return "refusal";
  }
  return "end_turn";
}

class anthropic final : public dialect {
 public:
  explicit anthropic(const plan& what) : what_(what) {}

  void opening(std::string& out) override {
    const std::string usage =
        what_.with_usage ? fmt::format(R"(,"usage":{})", usage_of(0)) : std::string();
    event(out, "message_start",
          fmt::format(R"("message":{{"id":"{}","type":"message","role":"assistant","model":"{}",)"
                      R"("content":[],"stop_reason":null,"stop_sequence":null{}}})",
                      what_.id, what_.model, usage));
    event(out, "ping", "");
  }

  void delta(std::string& out, part which, std::string_view text) override {
    if (open_ != which)
      open_block(out, which);
    const char* shape = which == part::reasoning ? R"("type":"thinking_delta","thinking")"
                        : which == part::content ? R"("type":"text_delta","text")"
                                                 : R"("type":"input_json_delta","partial_json")";
    event(out, "content_block_delta",
          fmt::format(R"("index":{},"delta":{{{}:{}}})", index_, shape, quoted(text)));
  }

  void closing(std::string& out) override {
    close_block(out);
    const std::string usage = what_.with_usage
                                  ? fmt::format(R"(,"usage":{})", usage_of(what_.output_tokens()))
                                  : std::string();
    event(out, "message_delta",
          fmt::format(R"("delta":{{"stop_reason":"{}","stop_sequence":null}}{})",
                      stop_reason(what_.finish), usage));
  }

  void done(std::string& out) override { event(out, "message_stop", ""); }

  std::string whole() override {
    std::string out =
        fmt::format(R"({{"id":"{}","type":"message","role":"assistant","model":"{}","content":[)",
                    what_.id, what_.model);
    if (what_.reasoning.tokens() > 0)
      out += fmt::format(R"({{"type":"thinking","thinking":{},"signature":"{}"}},)",
                         text_of(what_.reasoning), what_.id);
    if (what_.content.tokens() > 0)
      out += fmt::format(R"({{"type":"text","text":{}}},)", text_of(what_.content));
    if (what_.call)
      out += fmt::format(R"({{"type":"tool_use","id":"{}","name":{},"input":{}}},)", call_id(),
                         quoted(what_.call->name), what_.call->arguments);
    if (out.back() == ',')
      out.pop_back();
    out += fmt::format(R"(],"stop_reason":"{}","stop_sequence":null)", stop_reason(what_.finish));
    if (what_.with_usage)
      out += R"(,"usage":)" + usage_of(what_.output_tokens());
    return out + "}";
  }

 private:
  std::string call_id() const { return "toolu_" + what_.id.substr(0, 18); }

  static std::string text_of(const token_text& text) {
    std::string words;
    text.append_to(words);
    return quoted(words);
  }

  std::string usage_of(std::int64_t output) const {
    return fmt::format(R"({{"input_tokens":{},"cache_creation_input_tokens":0,)"
                       R"("cache_read_input_tokens":{},"output_tokens":{},)"
                       R"("service_tier":"standard"}})",
                       what_.prompt_tokens - what_.cached_tokens, what_.cached_tokens, output);
  }

  static void event(std::string& out, std::string_view name, std::string_view members) {
    fmt::format_to(std::back_inserter(out), "event: {}\ndata: {{\"type\":\"{}\"{}{}}}\n\n", name,
                   name, members.empty() ? "" : ",", members);
  }

  void open_block(std::string& out, part which) {
    close_block(out);
    open_ = which;
    std::string block = R"("type":"text","text":"")";
    if (which == part::reasoning)
      block = R"("type":"thinking","thinking":"","signature":"")";
    else if (which == part::arguments)
      block = fmt::format(R"("type":"tool_use","id":"{}","name":{},"input":{{}})", call_id(),
                          quoted(what_.call->name));
    event(out, "content_block_start",
          fmt::format(R"("index":{},"content_block":{{{}}})", index_, block));
  }

  void close_block(std::string& out) {
    if (!open_)
      return;
    if (open_ == part::reasoning)
      event(out, "content_block_delta",
            fmt::format(R"("index":{},"delta":{{"type":"signature_delta","signature":"{}"}})",
                        index_, what_.id));
    event(out, "content_block_stop", fmt::format(R"("index":{})", index_));
    open_.reset();
    ++index_;
  }

  const plan& what_;
  std::optional<part> open_;
  int index_ = 0;
};

} // namespace

std::unique_ptr<dialect> anthropic_dialect(const plan& what) {
  return std::make_unique<anthropic>(what);
}

} // namespace simulator
