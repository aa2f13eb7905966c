// A resumable machine: objects on the way to what is wanted are read name by name, everything else
// is skipped by counting brackets and jumping over strings.
#include "policies/usage/answer_scan.hpp"

#include <algorithm>

#include "policies/usage/json_names.hpp"

namespace policies::usage {

enum class answer_member : std::uint8_t {
  other,
  model,
  type,
  error,
  usage,
  response,
  message,
  prompt_details,
  output_details,
  cached_tokens,
  reasoning_tokens,
  first_figure, // of those directly in a usage object, in the order of `figure`
};

namespace {

using json::is_space;
using member = answer_member;

constexpr auto figures_from = static_cast<std::uint8_t>(member::first_figure);

constexpr member member_of(figure what) {
  return static_cast<member>(figures_from + static_cast<std::uint8_t>(what));
}

constexpr json::name_entry<member> member_entries[] = {
    {"model", member::model},
    {"type", member::type},
    {"error", member::error},
    {"usage", member::usage},
    {"response", member::response},
    {"message", member::message},
    {"prompt_tokens_details", member::prompt_details},
    {"input_tokens_details", member::prompt_details},
    {"completion_tokens_details", member::output_details},
    {"output_tokens_details", member::output_details},
    {"cached_tokens", member::cached_tokens},
    {"reasoning_tokens", member::reasoning_tokens},
    {"prompt_tokens", member_of(figure::prompt_tokens)},
    {"completion_tokens", member_of(figure::completion_tokens)},
    {"prompt_cache_hit_tokens", member_of(figure::cache_hit)},
    {"input_tokens", member_of(figure::input_tokens)},
    {"output_tokens", member_of(figure::output_tokens)},
    {"cache_read_input_tokens", member_of(figure::cache_read)},
    {"cache_creation_input_tokens", member_of(figure::cache_creation)},
};
constexpr auto member_names = json::make_name_table(member_entries);

constexpr json::name_entry<event_kind> kind_entries[] = {
    {"error", event_kind::error},
    {"message_start", event_kind::message_start},
    {"message_delta", event_kind::message_delta},
    {"message_stop", event_kind::last},
    {"response.completed", event_kind::last},
    {"response.incomplete", event_kind::last},
    {"response.failed", event_kind::last},
};
constexpr auto kind_names = json::make_name_table(kind_entries);

} // namespace

event_kind event_kind_of(std::string_view type) {
  const auto found = kind_names.find(type);
  return found.exact ? found.id : event_kind::other;
}

void answer_scan::reset() {
  state_ = state::before;
  wrapped_ = false;
  has_usage_ = {};
  model_length_ = 0;
  kind_ = event_kind::other;
  error_object_ = false;
}

void answer_scan::feed(const char* at, const char* end) {
  while (at != end) {
    switch (state_) {
    case state::in_name:
    case state::in_text:
      at = text(at, end);
      break;
    case state::in_scalar:
      at = scalar(at, end);
      break;
    case state::skip_text:
      at = skip_text(at, end, state::after_value);
      break;
    case state::skip_nested_text:
      at = skip_text(at, end, state::skip_nested);
      break;
    case state::skip_nested:
      at = skip_nested(at, end);
      break;
    case state::done:
    case state::broken:
      return;
    default:
      at = structure(at);
    }
  }
}

// Takes one byte between the tokens of an object that is read.
const char* answer_scan::structure(const char* at) {
  const char c = *at;
  if (is_space(c))
    return at + 1;
  switch (state_) {
  case state::before:
    state_ = c == '{' ? state::name_or_end : state::broken;
    level_ = 0;
    levels_[0] = node::root;
    break;
  case state::name_or_end:
  case state::name:
    if (c == '"') {
      clear_kept();
      state_ = state::in_name;
    } else if (c == '}' && state_ == state::name_or_end) {
      end_object();
    } else {
      state_ = state::broken;
    }
    break;
  case state::colon:
    state_ = c == ':' ? state::value : state::broken;
    break;
  case state::value:
    begin_value(c);
    return state_ == state::in_scalar ? at : at + 1;
  default: // after_value
    if (c == ',')
      state_ = state::name;
    else if (c == '}')
      end_object();
    else
      state_ = state::broken;
  }
  return at + 1;
}

void answer_scan::begin_value(char first) {
  const bool at_answer = here() == node::root || here() == node::wrapper;
  switch (first) {
  case '{':
    error_object_ |= here() == node::root && member_ == member::error;
    begin_object();
    break;
  case '[':
    nested_ = 1;
    state_ = state::skip_nested;
    if (const auto wanted = figure_here())
      figures_[wrapped_].set_nonsense(*wanted);
    break;
  case '"':
    clear_kept();
    if (at_answer && (member_ == member::model || member_ == member::type))
      state_ = state::in_text;
    else
      state_ = state::skip_text;
    if (const auto wanted = figure_here())
      figures_[wrapped_].set_nonsense(*wanted);
    break;
  default:
    clear_kept();
    state_ = first == '}' || first == ']' || first == ',' || first == ':' ? state::broken
                                                                          : state::in_scalar;
  }
}

void answer_scan::begin_object() {
  if (const auto wanted = figure_here())
    figures_[wrapped_].set_nonsense(*wanted);
  const auto below = node_below();
  if (!below) {
    nested_ = 1;
    state_ = state::skip_nested;
    return;
  }
  if (*below == node::wrapper)
    wrapped_ = true;
  if (*below == node::usage)
    figures_[wrapped_].clear();
  levels_[++level_] = *below;
  state_ = state::name_or_end;
}

void answer_scan::end_object() {
  switch (here()) {
  case node::root:
    state_ = state::done;
    return;
  case node::wrapper:
    wrapped_ = false;
    break;
  case node::usage:
    has_usage_[wrapped_] = true;
    break;
  default:
    break;
  }
  --level_;
  state_ = state::after_value;
}

std::optional<answer_scan::node> answer_scan::node_below() const {
  const bool at_root = here() == node::root;
  switch (member_) {
  case member::usage:
    return at_root || here() == node::wrapper ? std::optional{node::usage} : std::nullopt;
  case member::response:
    return at_root && wrap_ == wrapping::response ? std::optional{node::wrapper} : std::nullopt;
  case member::message:
    return at_root && wrap_ == wrapping::message ? std::optional{node::wrapper} : std::nullopt;
  case member::prompt_details:
    return here() == node::usage ? std::optional{node::prompt_details} : std::nullopt;
  case member::output_details:
    return here() == node::usage ? std::optional{node::output_details} : std::nullopt;
  default:
    return std::nullopt;
  }
}

std::optional<figure> answer_scan::figure_here() const {
  if (here() == node::usage && member_ >= member::first_figure)
    return static_cast<figure>(static_cast<std::uint8_t>(member_) - figures_from);
  if (here() == node::prompt_details && member_ == member::cached_tokens)
    return figure::cached_detail;
  if (here() == node::output_details && member_ == member::reasoning_tokens)
    return figure::reasoning_detail;
  return std::nullopt;
}

// Keeps a string up to its quote, escapes undone.
const char* answer_scan::text(const char* at, const char* end) {
  if (escaped_) {
    keep_escaped(*at);
    return at + 1;
  }
  const char* stop = json::find_first<json::string_edge>(at, end);
  const auto length = static_cast<std::size_t>(stop - at);
  const std::size_t room = kept_.size() - kept_length_;
  kept_all_ &= length <= room;
  std::copy_n(at, std::min(length, room), kept_.data() + kept_length_);
  kept_length_ += std::min(length, room);
  if (stop == end)
    return end;
  if (*stop == '\\')
    escaped_ = true;
  else
    end_text();
  return stop + 1;
}

void answer_scan::keep_escaped(char c) {
  if (hex_left_ == 0 && c == 'u') {
    hex_left_ = 4;
    code_ = 0;
    return;
  }
  if (hex_left_ == 0) {
    keep(c); // right for \" \\ \/, and a name or model with any other escape is none we know
    kept_all_ &= c == '"' || c == '\\' || c == '/';
    escaped_ = false;
    return;
  }
  code_ = code_ * 16 + static_cast<unsigned>(std::max(json::hex_value(c), 0));
  if (--hex_left_ != 0)
    return;
  kept_all_ &= code_ >= 0x20 && code_ < 0x80;
  keep(static_cast<char>(code_ & 0x7F));
  escaped_ = false;
}

void answer_scan::keep(char c) {
  kept_all_ &= kept_length_ != kept_.size();
  if (kept_length_ != kept_.size())
    kept_[kept_length_++] = c;
}

void answer_scan::clear_kept() {
  kept_length_ = 0;
  kept_all_ = true;
  escaped_ = false;
  hex_left_ = 0;
}

void answer_scan::end_text() {
  if (state_ == state::in_name) {
    const auto found = member_names.find(kept());
    member_ = kept_all_ && found.exact ? found.id : member::other;
    state_ = state::colon;
    return;
  }
  state_ = state::after_value;
  if (!kept_all_)
    return;
  if (member_ == member::type && here() == node::root) {
    kind_ = event_kind_of(kept());
  } else if (member_ == member::model && model_length_ == 0) {
    model_ = kept_;
    model_length_ = kept_length_;
  }
}

const char* answer_scan::scalar(const char* at, const char* end) {
  while (at != end) {
    if (*at == ',' || *at == '}' || is_space(*at)) {
      end_scalar();
      return at;
    }
    keep(*at++);
  }
  return at;
}

void answer_scan::end_scalar() {
  state_ = state::after_value;
  const auto wanted = figure_here();
  if (wanted && kept_all_)
    figures_[wrapped_].set(*wanted, kept());
  else if (wanted)
    figures_[wrapped_].set_nonsense(*wanted);
}

const char* answer_scan::skip_text(const char* at, const char* end, state then) {
  if (escaped_) {
    escaped_ = false;
    return at + 1;
  }
  at = json::find_first<json::string_edge>(at, end);
  if (at == end)
    return end;
  if (*at == '\\')
    escaped_ = true;
  else
    state_ = then;
  return at + 1;
}

const char* answer_scan::skip_nested(const char* at, const char* end) {
  at = json::find_first<json::structure_edge>(at, end);
  if (at == end)
    return end;
  if (*at == '"') {
    escaped_ = false;
    state_ = state::skip_nested_text;
  } else if ((*at | 0x20) == '{') {
    ++nested_;
  } else if (--nested_ == 0) {
    state_ = state::after_value;
  }
  return at + 1;
}

} // namespace policies::usage
