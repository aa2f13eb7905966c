// What an answer's documents say it cost, each parsed whole: the judge of the tap.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policies/usage/tap.hpp"
#include "tests/policies/usage/slow_json.hpp"

namespace slow_json {

using namespace policies::usage;

// Collects figures member by member, as a reader that forgets nothing would.
inline void collect(usage_figures& out, const node& object) {
  const auto set = [&](figure what, const node& number) {
    const bool scalar = number.what == node::kind::number || number.what == node::kind::null ||
                        number.what == node::kind::boolean;
    if (scalar)
      out.set(what, number.text);
    else
      out.set_nonsense(what);
  };
  static const std::vector<std::pair<std::string, figure>> direct{
      {"prompt_tokens", figure::prompt_tokens},
      {"completion_tokens", figure::completion_tokens},
      {"prompt_cache_hit_tokens", figure::cache_hit},
      {"input_tokens", figure::input_tokens},
      {"output_tokens", figure::output_tokens},
      {"cache_read_input_tokens", figure::cache_read},
      {"cache_creation_input_tokens", figure::cache_creation}};
  for (const auto& [name, inner] : object.members) {
    for (const auto& [known, what] : direct) {
      if (name == known)
        set(what, inner);
    }
    for (const auto& [detail, number] : inner.members) {
      if ((name == "prompt_tokens_details" || name == "input_tokens_details") &&
          detail == "cached_tokens")
        set(figure::cached_detail, number);
      if ((name == "completion_tokens_details" || name == "output_tokens_details") &&
          detail == "reasoning_tokens")
        set(figure::reasoning_detail, number);
    }
  }
}

inline std::optional<usage_figures> usage_in(const node& answer) {
  std::optional<usage_figures> out;
  for (const auto& [name, inner] : answer.members) {
    if (name != "usage" || inner.what != node::kind::object)
      continue;
    out.emplace();
    collect(*out, inner);
  }
  return out;
}

// The tap keeps a name of at most 64 bytes that spells nothing but printable ASCII by escapes; any
// other is one it has not seen.
inline bool nameable(std::string_view spelt, std::string_view name) {
  for (std::size_t at = spelt.find('\\'); at != spelt.npos; at = spelt.find('\\', at + 2)) {
    const char kind = spelt[at + 1];
    const auto code = kind == 'u' ? std::stoul(std::string(spelt.substr(at + 2, 4)), nullptr, 16)
                                  : static_cast<unsigned long>(kind);
    const bool kept = kind == 'u' || kind == '"' || kind == '\\' || kind == '/';
    if (!kept || code < 0x20 || code >= 0x7F)
      return false;
  }
  return name.size() <= 64;
}

// What the documents of an answer say, each parsed whole.
class slow_tap {
 public:
  slow_tap(body_format format, tap::kind kind)
      : format_(format), sse_(kind == tap::kind::sse),
        wrapper_(!sse_                              ? ""
                 : format == body_format::responses ? "response"
                 : format == body_format::anthropic ? "message"
                                                    : "") {}

  void document(const std::string& text) {
    text_ = text;
    const node root = slow_json::parse(text, 64).value();
    std::string type;
    for (const auto& [name, inner] : root.members) {
      if (name == "type" && inner.what == node::kind::string)
        type = event_kind_of(inner.text) == event_kind::other ? "" : inner.text;
      facts.is_error |= name == "error" && inner.what == node::kind::object;
    }
    name_model(root);
    facts.is_error |= type == "error";
    const auto own = usage_in(root);
    std::optional<usage_figures> wrapped;
    for (const auto& [name, inner] : root.members) {
      if (wraps(name, inner)) {
        if (const auto found = usage_in(inner))
          wrapped = found;
      }
    }
    if (!sse_ || wrapper_.empty()) {
      facts.finished |= !sse_;
      take(own);
      return;
    }
    const bool last = format_ == body_format::responses
                          ? type == "response.completed" || type == "response.incomplete"
                          : type == "message_stop";
    facts.finished |= last;
    if (format_ == body_format::responses && last)
      take(wrapped);
    if (format_ == body_format::anthropic && type == "message_start" && wrapped)
      begun_ = *wrapped;
    if (format_ == body_format::anthropic && type == "message_delta" && own) {
      begun_.update_from(*own);
      take(begun_);
    }
  }

  answer_facts facts;

 private:
  void take(const std::optional<usage_figures>& figures) {
    if (const auto usage = figures ? figures->judged(format_) : std::nullopt)
      facts.usage = usage;
  }
  bool wraps(const std::string& name, const node& inner) const {
    return !wrapper_.empty() && name == wrapper_ && inner.what == node::kind::object;
  }
  void name_model(const node& root) {
    for (const auto& [name, inner] : root.members) {
      if (names_model(name, inner))
        facts.model = inner.text;
      if (wraps(name, inner) && facts.model.empty())
        name_model_of(inner);
    }
  }
  void name_model_of(const node& wrapper) {
    for (const auto& [name, inner] : wrapper.members) {
      if (names_model(name, inner))
        facts.model = inner.text;
    }
  }
  bool names_model(const std::string& name, const node& inner) const {
    return name == "model" && inner.what == node::kind::string && facts.model.empty() &&
           nameable(text_.substr(inner.begin, inner.size()), inner.text);
  }

  std::string text_;
  body_format format_;
  bool sse_;
  std::string wrapper_;
  usage_figures begun_;
};

} // namespace slow_json
