// Reads the body of each format. Order of checks: JSON, types, model, ranges, sizes.
#include "bench/simulator/ask.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bench/simulator/fields.hpp"
#include "bench/simulator/prompt.hpp"

namespace simulator {
namespace {

constexpr std::size_t question_bytes_max = 120;
constexpr std::size_t json_depth_max = 256;

void read_thinking(fields& in, ask& out) {
  std::string_view effort = in.text("reasoning_effort");
  const auto* reasoning = in.object("reasoning");
  if (reasoning && effort.empty())
    if (const auto* value = reasoning->if_contains("effort"); value && value->is_string())
      effort = value->get_string();
  static constexpr std::array efforts = {"", "none", "minimal", "low", "medium", "high", "max"};
  if (std::find(efforts.begin(), efforts.end(), effort) == efforts.end())
    in.fail(bad_request(fmt::format("Invalid reasoning_effort: {}", effort)));
  out.thinking = out.kind != format::fim && effort != "none" && out.asked_model != "deepseek-chat";
  out.effort_max = effort == "max";
  if (const auto* thinking = in.object("thinking"))
    if (const auto* type = thinking->if_contains("type"))
      out.thinking = out.kind != format::fim && *type != "disabled" && effort != "none";
}

// What a plain chat answer is allowed where the request names no cap.
std::int64_t default_cap(const ask& out) {
  if (!out.thinking)
    return 8 * 1024;
  return out.effort_max ? 128 * 1024 : 64 * 1024;
}

void read_cap(fields& in, ask& out) {
  static constexpr std::array names = {"max_tokens", "max_completion_tokens", "max_output_tokens"};
  std::optional<std::int64_t> cap;
  for (const std::string_view name : names) {
    const bool responses_name = name == "max_output_tokens";
    if (responses_name != (out.kind == format::responses) ||
        (name == "max_completion_tokens" && out.kind != format::chat))
      continue;
    if (const auto* value = in.find(name))
      out.max_tokens_text = json::serialize(*value);
    if (const auto one = in.whole_number(name, 1, output_tokens_max))
      cap = std::max(cap.value_or(0), *one);
  }
  if (!cap && out.kind == format::anthropic)
    in.fail(unprocessable("missing field `max_tokens`"));
  out.output_cap = cap.value_or(default_cap(out));
}

void read_rest(fields& in, ask& out, bool beta) {
  out.stream = in.flag("stream");
  if (const auto* options = in.object("stream_options")) {
    if (!out.stream && (out.kind == format::chat || out.kind == format::fim))
      in.fail(bad_request("stream_options should be set along with stream = true"));
    const auto* usage = options->if_contains("include_usage");
    out.include_usage = usage && usage->is_bool() && usage->get_bool();
  }
  for (const auto* name : {"n", "best_of"})
    if (in.whole_number(name, 1, 128).value_or(1) > 1)
      in.fail(bad_request(fmt::format("Invalid {} value (only {} = 1 is supported)", name, name)));
  if (const auto* wanted = in.object("response_format"))
    if (const auto* type = wanted->if_contains("type"))
      out.json_mode = *type == "json_object" || *type == "json_schema";
  const auto* messages = out.kind == format::chat ? in.list("messages") : nullptr;
  const auto* last = messages && !messages->empty() ? messages->back().if_object() : nullptr;
  const auto* prefix = last ? last->if_contains("prefix") : nullptr;
  if (prefix && *prefix == true && !beta)
    in.fail(bad_request("prefix completion is a beta feature, use base_url ending in /beta"));
}

} // namespace

std::optional<model_entry> serving(std::string_view asked, format kind, const behaviour& how) {
  if (kind == format::anthropic && asked.starts_with("claude"))
    asked = asked.starts_with("claude-opus") ? "deepseek-v4-pro" : "deepseek-flash";
  if (asked == "deepseek-chat" || asked == "deepseek-reasoner")
    asked = how.legacy_model;
  if (asked == "deepseek-flash" || asked == "deepseek-v4-flash")
    return model_entry{std::string(asked), family::flash};
  if (asked == "deepseek-v4-pro")
    return model_entry{std::string(asked), family::pro};
  return std::nullopt;
}

std::variant<ask, problem> read_ask(format kind, bool beta, std::string_view body,
                                    const behaviour& how) {
  json::parse_options options;
  options.max_depth = json_depth_max;
  boost::system::error_code ec;
  const json::value document = json::parse(body, ec, {}, options);
  const auto* object = ec ? nullptr : document.if_object();
  if (!object)
    return bad_request(fmt::format("Failed to parse the request body as JSON: {}",
                                   ec ? ec.message() : "expected an object"));
  fields in(*object);
  ask out;
  out.kind = kind;
  out.asked_model = std::string(in.required_text("model"));
  const prompt_size size = read_prompt(in, out);
  read_thinking(in, out);
  read_rest(in, out, beta);
  read_cap(in, out);
  const auto served = serving(out.asked_model, kind, how);
  if (!served && !in.failure())
    in.fail(bad_request("Model Not Exist"));
  if (in.failure())
    return *in.failure();
  out.model = served->name;
  out.price_family = served->price_family;
  out.prompt_tokens = size.tokens(how);
  if (out.prompt_tokens >= context_tokens_max)
    return bad_request(fmt::format("This model's maximum context length is {} tokens. However, "
                                   "your messages resulted in {} tokens.",
                                   context_tokens_max, out.prompt_tokens));
  out.output_cap = std::min(out.output_cap, context_tokens_max - out.prompt_tokens);
  out.question = std::string(shortened(out.question, question_bytes_max));
  return out;
}

} // namespace simulator
