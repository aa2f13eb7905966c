// Recursive descent by the letter of RFC 8259; failure is an exception caught in one place.
#include "tests/policies/usage/slow_json.hpp"

#include <cstdint>

namespace slow_json {
namespace {

struct malformed {};

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 63));
    put(0x80 | ((code >> 6) & 63));
    put(0x80 | (code & 63));
  }
}

class parser {
 public:
  parser(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

  node document() {
    spaces();
    node root = value(1);
    spaces();
    require(at_ == text_.size());
    return root;
  }

 private:
  static void require(bool fine) {
    if (!fine)
      throw malformed{};
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char next() {
    require(at_ < text_.size());
    return text_[at_++];
  }
  void expect(std::string_view what) {
    require(text_.substr(at_, what.size()) == what);
    at_ += what.size();
  }
  void spaces() {
    while (at_ < text_.size() && std::string_view{" \t\r\n"}.find(text_[at_]) != text_.npos)
      ++at_;
  }

  node value(std::size_t depth) {
    node out;
    out.begin = at_;
    const char c = peek();
    if (c == '{')
      object(out, depth);
    else if (c == '[')
      array(out, depth);
    else if (c == '"')
      out.what = node::kind::string, out.text = string();
    else if (c == 't' || c == 'f')
      out.what = node::kind::boolean, out.text = c == 't' ? "true" : "false", expect(out.text);
    else if (c == 'n')
      out.text = "null", expect(out.text);
    else
      number(out);
    out.end = at_;
    return out;
  }

  void object(node& out, std::size_t depth) {
    require(depth <= depth_max_);
    out.what = node::kind::object;
    expect("{");
    spaces();
    if (peek() == '}') {
      next();
      return;
    }
    while (true) {
      const std::size_t name_at = at_;
      std::string name = string();
      out.raw_names.emplace_back(text_.substr(name_at + 1, at_ - name_at - 2));
      spaces();
      expect(":");
      spaces();
      out.members.push_back({std::move(name), value(depth + 1)});
      spaces();
      const char c = next();
      if (c == '}')
        return;
      require(c == ',');
      spaces();
    }
  }

  void array(node& out, std::size_t depth) {
    require(depth <= depth_max_);
    out.what = node::kind::array;
    expect("[");
    spaces();
    if (peek() == ']') {
      next();
      return;
    }
    while (true) {
      out.items.push_back(value(depth + 1));
      spaces();
      const char c = next();
      if (c == ']')
        return;
      require(c == ',');
      spaces();
    }
  }

  std::size_t digits() {
    std::size_t count = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_)
      ++count;
    return count;
  }

  void number(node& out) {
    out.what = node::kind::number;
    const std::size_t begin = at_;
    if (peek() == '-')
      next();
    const bool zero = peek() == '0';
    const std::size_t whole = digits();
    require(whole == 1 || (whole > 1 && !zero));
    if (peek() == '.') {
      next();
      require(digits() > 0);
    }
    if (peek() == 'e' || peek() == 'E') {
      next();
      if (peek() == '+' || peek() == '-')
        next();
      require(digits() > 0);
    }
    out.text = std::string{text_.substr(begin, at_ - begin)};
  }

  std::uint32_t four_hex() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const auto digit = std::string_view{"0123456789abcdef"}.find(
          static_cast<char>(peek() >= 'A' && peek() <= 'F' ? peek() + 32 : peek()));
      next();
      require(digit != std::string_view::npos);
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    return code;
  }

  void escape(std::string& out) {
    const char c = next();
    if (c != 'u') {
      const auto which = std::string_view{"\"\\/bfnrt"}.find(c);
      require(which != std::string_view::npos);
      out += std::string_view{"\"\\/\b\f\n\r\t"}[which];
      return;
    }
    std::uint32_t code = four_hex();
    require(code < 0xDC00 || code > 0xDFFF);
    if (code >= 0xD800 && code <= 0xDBFF) {
      expect("\\u");
      const std::uint32_t low = four_hex();
      require(low >= 0xDC00 && low <= 0xDFFF);
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
  }

  // Decodes one character by its leading bits alone and demands that encoding it again gives the
  // same bytes: that excludes every overlong form.
  void wide(std::string& out) {
    const std::size_t begin = at_;
    const auto first = static_cast<unsigned char>(next());
    const int more = first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : 0;
    require(more != 0);
    std::uint32_t code = first & (63U >> more);
    for (int i = 0; i < more; ++i) {
      const auto byte = static_cast<unsigned char>(next());
      require(byte >> 6 == 2);
      code = code << 6 | (byte & 63U);
    }
    require(code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF));
    std::string again;
    append_utf8(again, code);
    require(again == text_.substr(begin, at_ - begin));
    out += again;
  }

  std::string string() {
    std::string out;
    expect("\"");
    while (true) {
      const auto c = static_cast<unsigned char>(peek());
      require(at_ < text_.size() && c >= 0x20);
      if (c >= 0x80) {
        wide(out);
        continue;
      }
      next();
      if (c == '"')
        return out;
      if (c == '\\')
        escape(out);
      else
        out += static_cast<char>(c);
    }
  }

  std::string_view text_;
  std::size_t depth_max_;
  std::size_t at_ = 0;
};

} // namespace

const node* node::last(std::string_view name) const {
  const node* found = nullptr;
  for (const auto& [own, value] : members) {
    if (own == name)
      found = &value;
  }
  return found;
}

std::optional<node> parse(std::string_view text, std::size_t depth_max) {
  try {
    return parser{text, depth_max}.document();
  } catch (const malformed&) {
    return std::nullopt;
  }
}

} // namespace slow_json
