// One pass over a request body: each top-level member is walked once, then judged by its raw text.
#include "policies/usage/inspect.hpp"

#include <algorithm>
#include <charconv>

#include "policies/usage/content_watch.hpp"
#include "policies/usage/json_cursor.hpp"
#include "policies/usage/request_fields.hpp"

namespace policies::usage {
namespace {

// What the chat template may add around a message, around a list of tools (its preamble tells the
// model how to call them), and for the highest effort.
constexpr std::int64_t tokens_a_message = 64;
constexpr std::int64_t tokens_tools_preamble = 1024;
constexpr std::int64_t tokens_effort_preamble = 256;

constexpr std::int64_t integer_max = 2'147'483'647;
constexpr std::size_t model_length_max = 128;
constexpr std::size_t echo_length_max = 64;

std::string printable(std::string_view raw) {
  std::string out{raw.substr(0, echo_length_max)};
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return out;
}

// Catches one member of a small object, and whether it stands there twice.
class option_watch : public json::watcher {
 public:
  explicit option_watch(std::string_view wanted) : wanted_(wanted) {}

  std::string_view value() const { return value_; } // without quotes
  bool twice() const { return twice_; }

  void name(std::size_t depth, const json::string_token& name) {
    announced_ = depth == 2 && alike(name);
    twice_ |= announced_ && seen_;
    seen_ |= announced_;
  }
  void text(std::size_t, const json::string_token& value) { take(value.raw); }
  void scalar(std::size_t, std::string_view value) { take(value); }
  void open(std::size_t) { announced_ = false; }

 private:
  bool alike(const json::string_token& name) const {
    std::array<char, json::name_length_max> room;
    const auto spelt = name.plain ? name.raw : json::decode_name(name, room);
    return std::equal(spelt.begin(), spelt.end(), wanted_.begin(), wanted_.end(),
                      [](char a, char b) { return json::fold(a) == json::fold(b); });
  }
  void take(std::string_view value) {
    if (announced_)
      value_ = value;
    announced_ = false;
  }

  std::string_view wanted_;
  std::string_view value_;
  bool announced_ = false;
  bool seen_ = false;
  bool twice_ = false;
};

class reader {
 public:
  reader(body_format format, std::string_view body, const inspect_limits& limits)
      : format_(format), body_(body), in_(body, limits.depth_max) {}

  bool read();

  inspection facts;
  inspect_error error;

 private:
  bool members();
  bool member();
  bool once(const json::name_table<field, std::size(request_field_names)>::found& known);
  bool value_of(field what, std::string_view name);
  bool counted(field what);
  bool content(field what);
  bool tools();
  bool option(field what, std::string_view name);

  bool judge_model();
  bool judge_stream();
  bool judge_cap(std::string_view name);
  bool judge_multiplicity(std::string_view name);
  bool integer(std::string_view name, std::int64_t& out);

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
  facts.multiplicity =
      std::min(choices_ > integer_max / prompts_in_one_ ? integer_max : choices_ * prompts_in_one_,
               integer_max);
  if (facts.reasoning_max)
    bound_ += tokens_effort_preamble;
  bound_ += static_cast<std::int64_t>(facts.message_count) * tokens_a_message;
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
  if (known.id <= field::last_acted_on && known.id != field::unknown) {
    if (!once(known))
      return false;
  } else if (!known.exact && known.id != field::outside) {
    return value_of(field::unknown, {});
  }
  return value_of(known.id, known.name);
}

bool reader::once(const json::name_table<field, std::size(request_field_names)>::found& known) {
  const std::uint32_t bit = 1U << static_cast<unsigned>(known.id);
  if (known.exact && (seen_ & bit) == 0) {
    seen_ |= bit;
    return true;
  }
  error.message = known.name;
  error.message += known.exact ? " must stand in the body only once"
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
  constexpr std::string_view wanted = "a string of 1 to 128 bytes without escapes";
  const std::string_view text = raw();
  if (text.front() != '"' || text.size() <= 2 || text.size() > model_length_max + 2 ||
      text.find('\\') != text.npos)
    return refuse("model", wanted);
  facts.model = text.substr(1, text.size() - 2);
  facts.model_value = value_;
  return true;
}

bool reader::judge_stream() {
  facts.stream = raw() == "true";
  return facts.stream || raw() == "false" || is_null() || refuse("stream", "true, false or null");
}

bool reader::integer(std::string_view name, std::int64_t& out) {
  const std::string_view text = raw();
  const auto [stop, problem] = std::from_chars(text.begin(), text.end(), out);
  if (problem == std::errc{} && stop == text.end() && out >= 1 && out <= integer_max)
    return true;
  return refuse(name, "an integer from 1 to 2147483647, or null");
}

bool reader::judge_cap(std::string_view name) {
  if (format_ == body_format::opaque)
    return true;
  output_cap cap{name, value_, {}};
  if (!is_null()) {
    std::int64_t wanted = 0;
    if (!integer(name, wanted))
      return false;
    cap.tokens = wanted;
  }
  facts.caps[facts.cap_count++] = cap;
  return true;
}

bool reader::judge_multiplicity(std::string_view name) {
  if (format_ == body_format::opaque || is_null())
    return true;
  std::int64_t wanted = 0;
  if (!integer(name, wanted))
    return false;
  choices_ = std::max(choices_, wanted);
  return true;
}

} // namespace

std::variant<inspection, inspect_error> inspect(body_format format, std::string_view body,
                                                const inspect_limits& limits) {
  reader reading{format, body, limits};
  if (!reading.read())
    return std::move(reading.error);
  return reading.facts;
}

} // namespace policies::usage
