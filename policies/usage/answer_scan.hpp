// Follows one JSON document of an answer as its bytes come, in any pieces, and picks out what it
// cost. Keeps a few numbers and a name, never the text; believes a document only once it is whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policies/pricing/price_table.hpp"
#include "policies/usage/inspect.hpp"

namespace policies::usage {

// The figures of one usage object, whatever the format calls them.
enum class figure : std::uint8_t {
  prompt_tokens,
  completion_tokens,
  cache_hit,
  input_tokens,
  output_tokens,
  cache_read,
  cache_creation,
  cached_detail,
  reasoning_detail,
};
inline constexpr std::size_t figure_count = 9;

class usage_figures {
 public:
  static constexpr std::int64_t largest = std::int64_t{1} << 40;

  usage_figures() { clear(); }
  void clear() { values_.fill(absent); }
  bool has(figure what) const { return at(what) != absent; }
  void set(figure what, std::string_view number); // null: absent; not a sane count: nonsense
  void set_nonsense(figure what) { at(what) = nonsense; }
  void update_from(const usage_figures& newer); // those that `newer` has

  // As the format means them; nullopt if figures are missing or make no sense.
  std::optional<pricing::token_usage> judged(body_format format) const;

 private:
  static constexpr std::int64_t absent = -1;
  static constexpr std::int64_t nonsense = -2;
  std::int64_t& at(figure what) { return values_[static_cast<std::size_t>(what)]; }
  std::int64_t at(figure what) const { return values_[static_cast<std::size_t>(what)]; }
  std::int64_t value(figure what) const { return has(what) ? at(what) : 0; }

  std::array<std::int64_t, figure_count> values_;
};

// What an event says it is, by its `type` or its `event:` line.
enum class event_kind : std::uint8_t {
  other,
  error,
  message_start,
  message_delta,
  message_stop,
  response_end, // completed, incomplete or failed
};

// A member's name, as far as it matters.
enum class answer_member : std::uint8_t;

event_kind event_kind_of(std::string_view type);

class answer_scan {
 public:
  // The member of the document's object that wraps the answer: "response", "message" or none.
  enum class wrapping : std::uint8_t { none, response, message };

  void start(wrapping wrap) {
    wrap_ = wrap;
    reset();
  }
  void reset(); // the next document begins
  void feed(const char* at, const char* end);

  bool complete() const { return state_ == state::done; }

  // Of a complete document:
  bool has_usage() const { return has_usage_[0]; }
  const usage_figures& usage() const { return figures_[0]; }
  bool has_wrapped_usage() const { return has_usage_[1]; }
  const usage_figures& wrapped_usage() const { return figures_[1]; }
  std::string_view model() const { return {model_.data(), model_length_}; }
  event_kind kind() const { return kind_; }
  bool error_object() const { return error_object_; }

 private:
  enum class state : std::uint8_t {
    before,      // the document's first brace
    name_or_end, // after {
    name,        // after a comma
    in_name,
    colon,
    value,
    in_text,     // a string that is kept
    in_scalar,   // a number or literal
    skip_text,   // a string that is not
    skip_nested, // a value of no interest, between its brackets
    skip_nested_text,
    after_value,
    done,
    broken,
  };
  enum class node : std::uint8_t { root, wrapper, usage, prompt_details, output_details };

  static bool is_structural(state s) {
    return s <= state::name || s == state::colon || s == state::value || s == state::after_value;
  }
  const char* structure(const char* at, const char* end);
  const char* next_token(const char* at, const char* end);
  const char* begin_name(const char* at, const char* end);
  const char* begin_value(const char* at, const char* end);
  const char* begin_text(const char* at, const char* end);
  const char* text(const char* at, const char* end);
  const char* scalar(const char* at, const char* end);
  const char* skip_text(const char* at, const char* end, state then);
  const char* skip_nested(const char* at, const char* end);

  void begin_object();
  void end_object();
  void end_name(std::string_view name);
  void end_text(std::string_view value);
  void end_scalar(std::string_view value);
  void keep(std::string_view piece);
  void keep_escaped(char c);
  std::string_view kept() const { return {kept_.data(), kept_length_}; }
  void clear_kept();
  void expect_no_figure();
  node here() const { return levels_[level_]; }
  std::optional<figure> figure_here() const;
  std::optional<node> node_below() const;

  static constexpr std::size_t levels_max = 4;
  static constexpr std::size_t model_length_max = 64;

  wrapping wrap_ = wrapping::none;
  state state_ = state::before;
  answer_member member_{};
  std::array<node, levels_max> levels_{};
  std::size_t level_ = 0;
  std::size_t nested_ = 0; // brackets open in a value that is skipped
  bool wrapped_ = false;   // inside the wrapper

  std::array<char, model_length_max> kept_{};
  std::size_t kept_length_ = 0;
  bool kept_all_ = true;
  bool escaped_ = false;
  int hex_left_ = 0;
  unsigned code_ = 0;

  std::array<usage_figures, 2> figures_{}; // top level, wrapped
  std::array<bool, 2> has_usage_{};
  std::array<char, model_length_max> model_{};
  std::size_t model_length_ = 0;
  event_kind kind_ = event_kind::other;
  bool error_object_ = false;
};

} // namespace policies::usage
