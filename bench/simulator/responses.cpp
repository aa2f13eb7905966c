// The Responses format: items of reasoning, message and function_call, numbered events, and a last
// event that repeats the whole answer.
#include <fmt/format.h>

#include "bench/simulator/dialect.hpp"

namespace simulator {
namespace {

constexpr std::array<std::string_view, 3> id_prefixes = {"rs_", "msg_", "fc_"};

class responses final : public dialect {
 public:
  explicit responses(const plan& what) : what_(what) {}

  void opening(std::string& out) override {
    const std::string shell = fmt::format(R"("response":{})", document("in_progress", "", false));
    event(out, "response.created", shell);
    event(out, "response.in_progress", shell);
  }

  void delta(std::string& out, part which, std::string_view text) override {
    if (open_ != which)
      open_item(out, which);
    event(out, fmt::format("{}.delta", stem(which)),
          fmt::format(R"({},"delta":{})", place(which), quoted(text)));
  }

  void closing(std::string& out) override { close_item(out); }

  void done(std::string& out) override {
    const auto status = final_status();
    event(out, fmt::format("response.{}", status),
          fmt::format(R"("response":{})", document(status, all_items(), what_.with_usage)));
  }

  std::string whole() override { return document(final_status(), all_items(), what_.with_usage); }

 private:
  bool reports_usage() const { return what_.with_usage && what_.finish != ending::aborted; }

  std::string_view final_status() const {
    if (what_.finish == ending::aborted)
      return "failed";
    return what_.finish == ending::length ? "incomplete" : "completed";
  }

  std::string document(std::string_view status, const std::string& items, bool usage) const {
    std::string out = fmt::format(
        R"({{"id":"resp_{}","object":"response","created_at":{},"status":"{}","model":"{}",)"
        R"("error":{},"incomplete_details":{},"max_output_tokens":{},"output":[{}])",
        what_.id, what_.created, status, what_.model,
        status == "failed" ? R"({"code":"server_error","message":"Simulated failure"})" : "null",
        status == "incomplete" ? R"({"reason":"max_output_tokens"})" : "null", what_.output_cap,
        items);
    if (usage)
      out += fmt::format(R"(,"usage":{{"input_tokens":{},"input_tokens_details":)"
                         R"({{"cached_tokens":{}}},"output_tokens":{},"output_tokens_details":)"
                         R"({{"reasoning_tokens":{}}},"total_tokens":{}}})",
                         what_.prompt_tokens, what_.cached_tokens, what_.output_tokens(),
                         what_.reasoning.tokens(), what_.prompt_tokens + what_.output_tokens());
    else
      out += R"(,"usage":null)";
    return out + "}";
  }

  std::string item_id(part which) const {
    return fmt::format("{}{}", id_prefixes[static_cast<std::size_t>(which)], what_.id);
  }

  static std::string_view stem(part which) {
    switch (which) {
    case part::reasoning:
      return "response.reasoning_text";
    case part::content:
      return "response.output_text";
    case part::arguments:
      return "response.function_call_arguments";
    }
    return {};
  }

  static std::string text_of(const token_text& text) {
    std::string words;
    text.append_to(words);
    return quoted(words);
  }

  std::string part_text(part which) const {
    if (which == part::arguments)
      return quoted(what_.call->arguments);
    return text_of(which == part::reasoning ? what_.reasoning : what_.content);
  }

  std::string item(part which, bool complete) const {
    const std::string_view status = complete ? "completed" : "in_progress";
    if (which == part::arguments)
      return fmt::format(R"({{"id":"{}","type":"function_call","status":"{}","call_id":"call_{}",)"
                         R"("name":{},"arguments":{}}})",
                         item_id(which), status, what_.id, quoted(what_.call->name),
                         complete ? quoted(what_.call->arguments) : "\"\"");
    const std::string content = complete ? content_part(which, part_text(which)) : std::string();
    if (which == part::reasoning)
      return fmt::format(
          R"({{"id":"{}","type":"reasoning","status":"{}","summary":[],"content":[{}]}})",
          item_id(which), status, content);
    return fmt::format(
        R"({{"id":"{}","type":"message","status":"{}","role":"assistant","content":[{}]}})",
        item_id(which), status, content);
  }

  static std::string content_part(part which, std::string_view quoted_text) {
    if (which == part::reasoning)
      return fmt::format(R"({{"type":"reasoning_text","text":{}}})", quoted_text);
    return fmt::format(R"({{"type":"output_text","text":{},"annotations":[]}})", quoted_text);
  }

  std::string all_items() const {
    std::string out;
    const auto add = [&](part which, bool present) {
      if (present)
        out += (out.empty() ? "" : ",") + item(which, true);
    };
    add(part::reasoning, what_.reasoning.tokens() > 0);
    add(part::content, what_.content.tokens() > 0);
    add(part::arguments, what_.call.has_value());
    return out;
  }

  std::string place(part which) const {
    return fmt::format(R"("item_id":"{}","output_index":{}{})", item_id(which), index_,
                       which == part::arguments ? "" : R"(,"content_index":0)");
  }

  void event(std::string& out, std::string_view name, std::string_view members) {
    fmt::format_to(std::back_inserter(out),
                   "event: {}\ndata: {{\"type\":\"{}\",\"sequence_number\":{},{}}}\n\n", name, name,
                   sequence_++, members);
  }

  void open_item(std::string& out, part which) {
    close_item(out);
    open_ = which;
    event(out, "response.output_item.added",
          fmt::format(R"("output_index":{},"item":{})", index_, item(which, false)));
    if (which != part::arguments)
      event(out, "response.content_part.added",
            fmt::format(R"({},"part":{})", place(which), content_part(which, "\"\"")));
  }

  void close_item(std::string& out) {
    if (!open_)
      return;
    const part which = *open_;
    const std::string text = part_text(which);
    const std::string_view name = which == part::arguments ? "arguments" : "text";
    event(out, fmt::format("{}.done", stem(which)),
          fmt::format(R"({},"{}":{})", place(which), name, text));
    if (which != part::arguments)
      event(out, "response.content_part.done",
            fmt::format(R"({},"part":{})", place(which), content_part(which, text)));
    event(out, "response.output_item.done",
          fmt::format(R"("output_index":{},"item":{})", index_, item(which, true)));
    open_.reset();
    ++index_;
  }

  const plan& what_;
  std::optional<part> open_;
  int index_ = 0;
  int sequence_ = 0;
};

} // namespace

std::unique_ptr<dialect> responses_dialect(const plan& what) {
  return std::make_unique<responses>(what);
}

} // namespace simulator
