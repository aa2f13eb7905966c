// A resumable machine: objects on the way to what is wanted are read name by name, everything else
// is skipped by counting brackets and jumping over strings. A token that lies whole in one piece is
// taken where it lies; only one that is cut is kept.
#include "policies/usage/answer_scan.hpp"

#include <algorithm>

#include "policies/usage/answer_names.hpp"
#include "policies/usage/json_bytes.hpp"

namespace policies::usage {
namespace {

using json::find_first;
using json::is_space;
using member = answer_member;

std::string_view between(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

constexpr auto ends_scalar = [] {
  std::array<bool, 256> table{};
  for (const char c : {',', '}', ' ', '\n', '\r', '\t'})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

} // namespace

event_kind event_kind_of(std::string_view type) {
  const auto found = event_kinds.find(type);
  return found.exact ? found.id() : event_kind::other;
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
      at = structure(at, end);
    }
  }
}

// Takes what stands between the tokens of an object that is read, up to and into the next token,
// and so on until a token is cut.
[[gnu::flatten]] const char* answer_scan::structure(const char* at, const char* end) {
  do
    at = next_token(at, end);
  while (at != end && is_structural(state_));
  return at;
}

const char* answer_scan::next_token(const char* at, const char* end) {
  while (at != end && is_space(*at))
    ++at;
  if (at == end)
    return end;
  const char c = *at++;
  switch (state_) {
  case state::before:
    level_ = 0;
    levels_[0] = node::root;
    state_ = c == '{' ? state::name_or_end : state::broken;
    return at;
  case state::name_or_end:
  case state::name:
    if (c == '"')
      return begin_name(at, end);
    if (c == '}' && state_ == state::name_or_end)
      end_object();
    else
      state_ = state::broken;
    return at;
  case state::colon:
    state_ = c == ':' ? state::value : state::broken;
    return at;
  case state::value:
    return begin_value(at - 1, end);
  default: // after_value
    if (c == ',')
      state_ = state::name;
    else if (c == '}')
      end_object();
    else
      state_ = state::broken;
    return at;
  }
}

const char* answer_scan::begin_name(const char* at, const char* end) {
  const char* stop = find_first<json::string_edge>(at, end);
  if (stop == end || *stop != '"') {
    clear_kept();
    state_ = state::in_name;
    return at;
  }
  end_name(between(at, stop));
  if (++stop == end || *stop != ':')
    return stop;
  state_ = state::value; // the common spelling, without space, saves two turns of the machine
  return ++stop != end && !is_space(*stop) ? begin_value(stop, end) : stop;
}

const char* answer_scan::begin_value(const char* at, const char* end) {
  switch (*at) {
  case '{':
    error_object_ |= here() == node::root && member_ == member::error;
    expect_no_figure();
    begin_object();
    return at + 1;
  case '[':
    expect_no_figure();
    nested_ = 1;
    state_ = state::skip_nested;
    return at + 1;
  case '"':
    expect_no_figure();
    return begin_text(at + 1, end);
  case '}':
  case ']':
  case ',':
  case ':':
    state_ = state::broken;
    return at;
  default:
    clear_kept();
    state_ = state::in_scalar;
    return scalar(at, end);
  }
}

const char* answer_scan::begin_text(const char* at, const char* end) {
  const bool at_answer = here() == node::root || here() == node::wrapper;
  clear_kept();
  if (at_answer && (member_ == member::model || member_ == member::type)) {
    state_ = state::in_text;
    return at;
  }
  state_ = state::skip_text;
  return skip_text(at, end, state::after_value);
}

void answer_scan::begin_object() {
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
  if (here() == node::root) {
    state_ = state::done;
    return;
  }
  if (here() == node::wrapper)
    wrapped_ = false;
  if (here() == node::usage)
    has_usage_[wrapped_] = true;
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
    return figure_of(member_);
  if (here() == node::prompt_details && member_ == member::cached_tokens)
    return figure::cached_detail;
  if (here() == node::output_details && member_ == member::reasoning_tokens)
    return figure::reasoning_detail;
  return std::nullopt;
}

void answer_scan::expect_no_figure() {
  if (const auto wanted = figure_here())
    figures_[wrapped_].set_nonsense(*wanted);
}

// Keeps a string up to its quote, escapes undone.
const char* answer_scan::text(const char* at, const char* end) {
  if (escaped_) {
    keep_escaped(*at);
    return at + 1;
  }
  const char* stop = find_first<json::string_edge>(at, end);
  keep(between(at, stop));
  if (stop == end)
    return end;
  if (*stop == '\\')
    escaped_ = true;
  else if (state_ == state::in_name)
    end_name(kept_all_ ? kept() : "");
  else
    end_text(kept_all_ ? kept() : "");
  return stop + 1;
}

void answer_scan::keep(std::string_view piece) {
  const std::size_t kept = piece.copy(kept_.data() + kept_length_, kept_.size() - kept_length_);
  kept_length_ += kept;
  kept_all_ &= kept == piece.size();
}

void answer_scan::keep_escaped(char c) {
  if (hex_left_ == 0 && c == 'u') {
    hex_left_ = 4;
    code_ = 0;
    return;
  }
  if (hex_left_ == 0) { // no name or model we know has any other of the short escapes
    keep({&c, 1});
    kept_all_ &= c == '"' || c == '\\' || c == '/';
    escaped_ = false;
    return;
  }
  code_ = code_ * 16 + static_cast<unsigned>(std::max(json::hex_value(c), 0));
  if (--hex_left_ != 0)
    return;
  const char decoded = static_cast<char>(code_);
  keep({&decoded, 1});
  kept_all_ &= code_ >= 0x20 && code_ < 0x7F;
  escaped_ = false;
}

void answer_scan::clear_kept() {
  kept_length_ = 0;
  kept_all_ = true;
  escaped_ = false;
  hex_left_ = 0;
}

void answer_scan::end_name(std::string_view name) {
  const auto found = answer_members.find(name);
  member_ = found.exact ? found.id() : member::other;
  state_ = state::colon;
}

void answer_scan::end_text(std::string_view value) {
  state_ = state::after_value;
  if (member_ == member::type && here() == node::root)
    kind_ = event_kind_of(value);
  else if (member_ == member::model && model_length_ == 0)
    model_length_ = value.copy(model_.data(), model_.size());
}

const char* answer_scan::scalar(const char* at, const char* end) {
  const char* stop = at;
  while (stop != end && !ends_scalar[static_cast<unsigned char>(*stop)])
    ++stop;
  const std::string_view piece = between(at, stop);
  if (stop != end && kept_length_ == 0) {
    end_scalar(piece);
    return stop;
  }
  keep(piece);
  if (stop != end)
    end_scalar(kept_all_ ? kept() : "");
  return stop;
}

void answer_scan::end_scalar(std::string_view value) {
  state_ = state::after_value;
  if (const auto wanted = figure_here())
    figures_[wrapped_].set(*wanted, value);
}

const char* answer_scan::skip_text(const char* at, const char* end, state then) {
  while (at != end) {
    if (escaped_) {
      escaped_ = false;
      ++at;
      continue;
    }
    at = find_first<json::string_edge>(at, end);
    if (at == end)
      return end;
    if (*at++ == '"') {
      state_ = then;
      return at;
    }
    escaped_ = true;
  }
  return end;
}

const char* answer_scan::skip_nested(const char* at, const char* end) {
  while ((at = find_first<json::structure_edge>(at, end)) != end) {
    const char c = *at++;
    if (c == '"') {
      escaped_ = false;
      state_ = state::skip_nested_text;
      at = skip_text(at, end, state::skip_nested);
      if (state_ != state::skip_nested)
        return at;
    } else if ((c | 0x20) == '{') {
      ++nested_;
    } else if (--nested_ == 0) {
      state_ = state::after_value;
      return at;
    }
  }
  return end;
}

} // namespace policies::usage
