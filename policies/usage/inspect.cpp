// One pass over a request body: each top-level member is walked once, then judged by its raw text.
#include "policies/usage/inspect.hpp"

#include <algorithm>

#include "policies/usage/content_watch.hpp"
#include "policies/usage/json_cursor.hpp"
#include "policies/usage/option_watch.hpp"
#include "policies/usage/request_fields.hpp"
#include "policies/usage/request_values.hpp"

namespace policies::usage {
namespace {

// What the chat template may add around a message, around a list of tools (its preamble tells the
// model how to call them), and for the highest effort.
constexpr std::int64_t tokens_a_message = 64;
constexpr std::int64_t tokens_tools_preamble = 1024;
constexpr std::int64_t tokens_effort_preamble = 256;

constexpr std::string_view wanted_integer = "an integer from 1 to 2147483647, or null";

class reader {
 public:
  reader(body_format format, std::string_view body, const inspect_limits& limits, inspection& out)
      : facts(out), format_(format), body_(body), in_(body, limits.depth_max) {}

  bool read();

  inspection& facts;
  inspect_error error;

 private:
  bool members();
  bool member();
  bool once(const json::name_entry<field>& known, bool exact);
  bool value_of(field what, std::string_view name);
  bool counted(field what);
  bool content(field what);
  bool tools();
  bool option(field what, std::string_view name);

  bool judge_model();
  bool judge_stream();
  bool judge_cap(std::string_view name);
  bool judge_multiplicity(std::string_view name);

  template <class Watcher>
  bool walk(Watcher& watch) {
    value_.offset = in_.offset();
    if (!in_.value(watch, 1))
      return malformed();
    value_.length = in_.offset() - value_.offset;
    return true;
  }
  bool walk() {
    json::watcher deaf;
    return walk(deaf);
  }
  std::string_view raw() const { return body_.substr(value_.offset, value_.length); }
  bool is_null() const { return raw() == "null"; }
  void add_bytes() { bound_ += static_cast<std::int64_t>(value_.length); }

  bool malformed();
  bool refuse(std::string_view name, std::string_view wanted);

  body_format format_;
  std::string_view body_;
  json::cursor in_;
  span_of value_; // the value read last
  std::uint32_t seen_ = 0;
  std::int64_t bound_ = 0;
  std::int64_t choices_ = 1;        // max of n, best_of
  std::int64_t prompts_in_one_ = 1; // FIM answers each of an array of prompts
};

bool reader::malformed() {
  error.message = "the body is not valid JSON: ";
  error.message += in_.fault();
  error.message += " at byte " + std::to_string(in_.offset());
  return false;
}

bool reader::refuse(std::string_view name, std::string_view wanted) {
  error.message = name;
  error.message += " must be ";
  error.message += wanted;
  error.message += ", not " + printable(raw());
  error.param = name;
  return false;
}

bool reader::read() {
  if (body_.starts_with("\xEF\xBB\xBF")) {
    error.message = "the body must not begin with a byte order mark";
    return false;
  }
  in_.space();
  if (in_.peek() != '{') {
    error.message = "the body must be a JSON object";
    return false;
  }
  if (!members())
    return false;
  if (facts.model.empty() && format_ != body_format::opaque) {
    error = {"model is missing: it must be a string of 1 to 128 bytes", "model"};
    return false;
  }
  // No overflow: choices_ has 31 bits, and a body has fewer than 2^32 prompts.
  facts.multiplicity = std::min(choices_ * prompts_in_one_, integer_max);
  if (facts.reasoning_max)
    bound_ += tokens_effort_preamble;
  // A prompt without any message has a frame as well.
  bound_ +=
      static_cast<std::int64_t>(std::max<std::size_t>(facts.message_count, 1)) * tokens_a_message;
  facts.prompt_bound = tokens{bound_};
  facts.has_images &= format_ != body_format::opaque;
  return true;
}

bool reader::members() {
  in_.take('{');
  facts.insert_at = in_.offset();
  in_.space();
  bool more = !in_.take('}');
  facts.empty_object = !more;
  while (more) {
    if (!member())
      return false;
    if (!in_.next('}', more))
      return malformed();
  }
  in_.space();
  if (!in_.at_end()) {
    in_.fail("bytes follow the document");
    return malformed();
  }
  return true;
}

bool reader::member() {
  json::string_token name;
  if (!in_.member_name(name))
    return malformed();
  const auto known = request_fields.find(name);
  const field what = known.id();
  if (what == field::unknown)
    return value_of(what, {});
  if (what <= field::last_acted_on) {
    if (!once(*known.entry, known.exact))
      return false;
  } else if (!known.exact && what != field::outside) {
    return value_of(field::unknown, {});
  }
  return value_of(what, known.entry->name);
}

bool reader::once(const json::name_entry<field>& known, bool exact) {
  const std::uint32_t bit = 1U << static_cast<unsigned>(known.id);
  if (exact && (seen_ & bit) == 0) {
    seen_ |= bit;
    return true;
  }
  error.message = known.name;
  error.message += exact ? " must stand in the body only once"
                         : " must be spelt exactly so: the body has a twin in other letters";
  error.param = known.name;
  return false;
}

bool reader::value_of(field what, std::string_view name) {
  switch (what) {
  case field::model:
    return walk() && judge_model();
  case field::stream:
    return walk() && judge_stream();
  case field::max_tokens:
  case field::max_completion_tokens:
  case field::max_output_tokens:
    return walk() && judge_cap(name);
  case field::n:
  case field::best_of:
    return walk() && judge_multiplicity(name);
  case field::control:
    return walk();
  case field::stream_options:
  case field::thinking:
  case field::reasoning_effort:
  case field::reasoning:
    return option(what, name);
  default:
    return counted(what);
  }
}

bool reader::counted(field what) {
  switch (what) {
  case field::schema:
    if (!walk())
      return false;
    break;
  case field::tools:
    if (!tools())
      return false;
    break;
  case field::functions:
    if (!walk())
      return false;
    add_bytes();
    bound_ += tokens_tools_preamble;
    break;
  case field::outside:
  case field::previous_response_id:
    if (!walk())
      return false;
    facts.unbounded_prompt |= !is_null();
    break;
  default:
    if (!content(what))
      return false;
  }
  add_bytes();
  return true;
}

bool reader::content(field what) {
  content_watch watch{format_ == body_format::anthropic && what == field::messages};
  if (!walk(watch))
    return false;
  const bool is_array = raw().front() == '[';
  const std::size_t elements = is_array ? watch.elements() : std::size_t{!is_null()};
  switch (what) {
  case field::messages:
  case field::input:
    facts.message_count += elements;
    break;
  case field::prompt: {
    facts.unbounded_prompt |= raw().front() == '{'; // a template kept upstream
    const std::size_t prompts = elements - (is_array ? watch.numbers() : 0);
    bound_ += static_cast<std::int64_t>(std::max<std::size_t>(prompts, 1)) * tokens_a_message;
    if (format_ == body_format::fim)
      prompts_in_one_ = static_cast<std::int64_t>(std::max<std::size_t>(prompts, 1));
    break;
  }
  case field::suffix:
  case field::system:
  case field::instructions:
    bound_ += static_cast<std::int64_t>(elements) * tokens_a_message;
    break;
  default:
    break;
  }
  facts.unbounded_prompt |= watch.outside();
  facts.has_images |= watch.images();
  bound_ += watch.template_tokens();
  return true;
}

bool reader::tools() {
  tools_watch watch{format_ == body_format::anthropic};
  if (!walk(watch))
    return false;
  add_bytes();
  if (watch.elements() != 0)
    bound_ += tokens_tools_preamble;
  facts.unbounded_prompt |= watch.outside() || (raw().front() != '[' && !is_null());
  return true;
}

bool reader::option(field what, std::string_view name) {
  const std::string_view wanted = what == field::stream_options ? "include_usage"
                                  : what == field::thinking     ? "type"
                                                                : "effort";
  option_watch watch{wanted};
  if (!walk(watch))
    return false;
  if (watch.twice()) {
    error.message = std::string{name} + "." + std::string{wanted} + " must stand there only once";
    error.param = name;
    return false;
  }
  if (what == field::stream_options)
    facts.include_usage = watch.value() == "true";
  else if (what == field::thinking)
    facts.thinking_disabled |= watch.value() == "disabled";
  else {
    const std::string_view quoted = raw().size() >= 2 ? raw().substr(1, raw().size() - 2) : "";
    const std::string_view effort = what == field::reasoning ? watch.value() : quoted;
    facts.thinking_disabled |= effort == "none";
    facts.reasoning_max |= effort == "max";
  }
  return true;
}

bool reader::judge_model() {
  if (!is_model_name(raw()))
    return refuse("model", "a string of 1 to 128 bytes without escapes");
  facts.model = raw().substr(1, value_.length - 2);
  facts.model_value = value_;
  return true;
}

bool reader::judge_stream() {
  facts.stream = raw() == "true";
  return facts.stream || raw() == "false" || is_null() || refuse("stream", "true, false or null");
}

bool reader::judge_cap(std::string_view name) {
  if (format_ == body_format::opaque)
    return true;
  const auto wanted = positive_integer(raw());
  if (!wanted && !is_null())
    return refuse(name, wanted_integer);
  facts.caps[facts.cap_count++] = {name, value_, wanted};
  return true;
}

bool reader::judge_multiplicity(std::string_view name) {
  if (format_ == body_format::opaque || is_null())
    return true;
  const auto wanted = positive_integer(raw());
  choices_ = std::max(choices_, wanted.value_or(1));
  return wanted || refuse(name, wanted_integer);
}

} // namespace

std::variant<inspection, inspect_error> inspect(body_format format, std::string_view body,
                                                const inspect_limits& limits) {
  std::variant<inspection, inspect_error> out;
  reader reading{format, body, limits, std::get<inspection>(out)};
  if (!reading.read())
    out = std::move(reading.error);
  return out;
}

} // namespace policies::usage
