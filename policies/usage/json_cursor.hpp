// A strict reader of JSON (RFC 8259) over text that is all there: grammar, escapes, UTF-8 and depth
// are checked in one pass, and a watcher hears what passes. Builds nothing, allocates nothing.
#pragma once

#include <cstddef>
#include <string_view>

#include "policies/usage/json_bytes.hpp"
#include "policies/usage/json_names.hpp"

namespace policies::usage::json {

// Of a scalar that was read.
inline bool is_null(std::string_view scalar) {
  return scalar.front() == 'n';
}

// Hears nothing. Watchers derive from it and hide what they care about. `depth` counts the
// containers around: 1 for what the document's object holds directly.
struct watcher {
  void name(std::size_t /*depth*/, const string_token& /*name*/) {}
  void text(std::size_t /*depth*/, const string_token& /*value*/) {}
  void scalar(std::size_t /*depth*/, std::string_view /*number_or_literal*/) {}
  void open(std::size_t /*depth*/) {}
  void close(std::size_t /*depth*/) {}
};

class cursor {
 public:
  cursor(std::string_view text, std::size_t depth_max)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()),
        depth_max_(depth_max < depth_ceiling ? depth_max : depth_ceiling) {}

  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  bool at_end() const { return at_ == end_; }
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  const char* fault() const { return fault_; } // what is wrong at offset(), once a call failed
  bool fail(const char* what) {
    fault_ = what;
    return false;
  }

  void space() {
    while (at_ != end_ && is_space(*at_))
      ++at_;
  }
  bool take(char c) {
    if (peek() != c || at_ == end_)
      return false;
    ++at_;
    return true;
  }

  // A member's name and its colon, with the space around them.
  bool member_name(string_token& out);
  // After a member or an element: true and `more` = true after a comma, false at `closing`.
  bool next(char closing, bool& more);

  template <class Watcher>
  bool value(Watcher& watch, std::size_t depth);

 private:
  // The reader recurses: deeper than this would be a danger to a thread's stack.
  static constexpr std::size_t depth_ceiling = 512;

  bool string(string_token& out);
  bool string_rest(string_token& out, const char* begin);
  bool escape();
  bool hex_quad(unsigned& out);
  bool wide_characters();
  bool number(std::string_view& out);
  bool digits();
  bool fraction();
  bool literal(std::string_view& out);
  template <class Watcher>
  bool object(Watcher& watch, std::size_t depth);
  template <class Watcher>
  bool array(Watcher& watch, std::size_t depth);

  const char* begin_;
  const char* at_;
  const char* end_;
  std::size_t depth_max_;
  const char* fault_ = nullptr;
};

inline bool cursor::string(string_token& out) {
  const char* begin = ++at_;
  at_ = find_first<string_stop>(at_, end_);
  if (at_ == end_ || *at_ != '"') [[unlikely]]
    return string_rest(out, begin);
  out = {{begin, static_cast<std::size_t>(at_ - begin)}, true};
  ++at_;
  return true;
}

inline bool cursor::number(std::string_view& out) {
  const char* begin = at_;
  const char* at = at_;
  if (at != end_ && *at == '-')
    ++at;
  const char* whole = at;
  while (at != end_ && is_digit(*at))
    ++at;
  at_ = at;
  if (at == whole)
    return fail(whole == begin ? "a value was expected" : "a digit was expected");
  if (*whole == '0' && at - whole > 1)
    return fail("a number begins with a needless zero");
  if (at != end_ && (*at == '.' || (*at | 0x20) == 'e') && !fraction())
    return false;
  out = {begin, static_cast<std::size_t>(at_ - begin)};
  return true;
}

inline bool cursor::member_name(string_token& out) {
  if (peek() != '"')
    return fail("a member's name was expected");
  if (!string(out))
    return false;
  space();
  if (!take(':'))
    return fail("a colon was expected");
  space();
  return true;
}

inline bool cursor::next(char closing, bool& more) {
  space();
  more = take(',');
  if (more) {
    space();
    return true;
  }
  return take(closing) ||
         fail(closing == '}' ? "a comma or } was expected" : "a comma or ] was expected");
}

template <class Watcher>
bool cursor::value(Watcher& watch, std::size_t depth) {
  switch (peek()) {
  case '"': {
    string_token text;
    if (!string(text))
      return false;
    watch.text(depth, text);
    return true;
  }
  case '{':
    return object(watch, depth);
  case '[':
    return array(watch, depth);
  default: {
    std::string_view scalar;
    if (peek() >= 'a' ? !literal(scalar) : !number(scalar))
      return false;
    watch.scalar(depth, scalar);
    return true;
  }
  }
}

template <class Watcher>
bool cursor::object(Watcher& watch, std::size_t depth) {
  if (depth >= depth_max_)
    return fail("it is nested too deeply");
  ++at_;
  watch.open(depth);
  space();
  bool more = !take('}');
  while (more) {
    string_token name;
    if (!member_name(name))
      return false;
    watch.name(depth + 1, name);
    if (!value(watch, depth + 1) || !next('}', more))
      return false;
  }
  watch.close(depth);
  return true;
}

template <class Watcher>
bool cursor::array(Watcher& watch, std::size_t depth) {
  if (depth >= depth_max_)
    return fail("it is nested too deeply");
  ++at_;
  watch.open(depth);
  space();
  bool more = !take(']');
  while (more) {
    if (!value(watch, depth + 1) || !next(']', more))
      return false;
  }
  watch.close(depth);
  return true;
}

} // namespace policies::usage::json
