// Looks through the parts of a prompt for what the body's own bytes cannot bound: images, files,
// and anything of a type not known to be text. By structure only: words in text mean nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "policies/usage/json_cursor.hpp"

namespace policies::usage {

// What a name inside a prompt announces about its value.
enum class part_name : std::uint8_t {
  other,
  type,
  tool_input, // `input` of Anthropic's tool_use: the client's own words
  arguments,  // of a tool call, as JSON in a string
  reference,  // to content that is not here, or not countable by its bytes
  image,
};

part_name part_name_of(const json::string_token& name);

enum class part_type : std::uint8_t { unknown, text, image };

part_type part_type_of(const json::string_token& value);

// Watches one top-level value. A false alarm costs a larger hold, a missed reference would break a
// money limit: so a type must be known to be text, in exactly its spelling, to pass as such.
class content_watch : public json::watcher {
 public:
  // `tool_inputs`: `input` directly in a message's content part is not searched.
  explicit content_watch(bool tool_inputs) : tool_inputs_(tool_inputs) {}

  std::size_t elements() const { return elements_; } // of the array that the value is
  std::size_t numbers() const { return numbers_; }   // among them
  bool outside() const { return outside_; }
  bool images() const { return images_; }
  // What the chat template may add to tool calls: it wraps each argument in words of its own, which
  // can be more than the argument has bytes.
  std::int64_t template_tokens() const { return template_tokens_; }

  void name(std::size_t depth, const json::string_token& name) {
    if (muted_from_ != 0) {
      template_tokens_ += tokens_an_argument;
      return;
    }
    announced_ = part_name_of(name);
    if (announced_ == part_name::tool_input && !(tool_inputs_ && depth == part_depth))
      announced_ = part_name::other;
  }
  void text(std::size_t depth, const json::string_token& value) {
    elements_ += depth == element_depth;
    if (announced_ == part_name::type)
      judge(part_type_of(value));
    else if (announced_ == part_name::arguments)
      template_tokens_ += 2 * static_cast<std::int64_t>(value.raw.size());
    else
      flag_announced();
    announced_ = part_name::other;
  }
  void scalar(std::size_t depth, std::string_view value) {
    elements_ += depth == element_depth;
    numbers_ += depth == element_depth && !json::is_null(value);
    if (announced_ != part_name::other && !json::is_null(value))
      flag_announced();
    announced_ = part_name::other;
  }
  void open(std::size_t depth) {
    elements_ += depth == element_depth;
    if (announced_ == part_name::tool_input)
      muted_from_ = depth;
    else
      flag_announced();
    announced_ = part_name::other;
  }
  void close(std::size_t depth) {
    if (depth == muted_from_)
      muted_from_ = 0;
  }

 private:
  static constexpr std::int64_t tokens_an_argument = 24;
  static constexpr std::size_t element_depth = 2; // body { messages [ here
  static constexpr std::size_t part_depth = 5; // body { messages [ message { content [ part { here

  void flag_announced() {
    // A type that is no string is as unknown as one that is no known string.
    outside_ |= announced_ == part_name::type || announced_ == part_name::reference;
    outside_ |= announced_ == part_name::image;
    images_ |= announced_ == part_name::image;
  }
  void judge(part_type type) {
    outside_ |= type != part_type::text;
    images_ |= type == part_type::image;
  }

  bool tool_inputs_;
  part_name announced_ = part_name::other;
  bool outside_ = false;
  bool images_ = false;
  std::size_t muted_from_ = 0;
  std::size_t elements_ = 0;
  std::size_t numbers_ = 0;
  std::int64_t template_tokens_ = 0;
};

// Watches `tools`: each element's own `type` says whether the tool runs at the client or upstream.
class tools_watch : public json::watcher {
 public:
  explicit tools_watch(bool anthropic) : anthropic_(anthropic) {}

  std::size_t elements() const { return elements_; }
  bool outside() const { return outside_; }

  void name(std::size_t depth, const json::string_token& name) {
    announced_ = depth == member_depth && part_name_of(name) == part_name::type;
  }
  void text(std::size_t depth, const json::string_token& value);
  void scalar(std::size_t depth, std::string_view value);
  void open(std::size_t depth);
  void close(std::size_t depth);

 private:
  static constexpr std::size_t element_depth = 2;
  static constexpr std::size_t member_depth = 3;

  bool anthropic_;
  bool announced_ = false;
  bool typed_ = false;
  bool outside_ = false;
  std::size_t elements_ = 0;
};

} // namespace policies::usage
