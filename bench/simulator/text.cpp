// Counting and wording. Filler is a periodic text, so that a token's place gives its bytes.
#include "bench/simulator/text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace simulator {
namespace {

namespace json = boost::json;

constexpr std::size_t filler_token_bytes = 5;
constexpr std::array<std::string_view, 8> filler_words = {"so it", " says", " more", " and ",
                                                          "more ", "words", " here", " now "};

std::string make_filler() {
  std::string text;
  const auto count = static_cast<std::size_t>(token_text::piece_tokens_max) + filler_words.size();
  for (std::size_t i = 0; i < count; ++i)
    text += filler_words[i % filler_words.size()];
  return text;
}

std::int64_t size_of(std::string_view text) {
  return static_cast<std::int64_t>(text.size());
}

// A part that names its content instead of carrying it.
bool is_remote_part(const json::object& part) {
  const auto* type = part.if_contains("type");
  if (!type || !type->is_string())
    return false;
  const std::string_view kind = type->get_string();
  if (kind != "image_url" && kind != "input_image" && kind != "image" && kind != "file" &&
      kind != "input_file" && kind != "document")
    return false;
  const std::string text = json::serialize(part);
  return text.find("data:") == std::string::npos && text.find("\"base64\"") == std::string::npos;
}

std::int64_t schema_bytes(const json::value& value) {
  switch (value.kind()) {
  case json::kind::object: {
    std::int64_t total = 2;
    for (const auto& [name, member] : value.get_object())
      total += size_of(name) + 4 + schema_bytes(member);
    return total;
  }
  case json::kind::array: {
    std::int64_t total = 2;
    for (const auto& element : value.get_array())
      total += 1 + schema_bytes(element);
    return total;
  }
  case json::kind::string:
    return size_of(value.get_string()) + 2;
  case json::kind::double_:
    return size_of(fmt::format("{}", value.get_double()));
  default:
    return size_of(json::serialize(value));
  }
}

} // namespace

void prompt_size::add_strings(const json::value& value) {
  if (const auto* text = value.if_string()) {
    bytes += size_of(*text);
  } else if (const auto* list = value.if_array()) {
    for (const auto& element : *list)
      add_strings(element);
  } else if (const auto* object = value.if_object()) {
    if (is_remote_part(*object)) {
      remote_parts += 1;
      return;
    }
    for (const auto& [name, member] : *object)
      add_strings(member);
  }
}

void prompt_size::add_schema(const json::value& value) {
  bytes += schema_bytes(value);
}

std::int64_t prompt_size::tokens(const behaviour& how) const {
  const std::int64_t remote = remote_parts * how.part_tokens;
  if (how.tokens == token_measure::bytes)
    return bytes + template_tokens + remote;
  return (bytes + 3) / 4 + (template_tokens + 3) / 4 + remote;
}

token_text token_text::of(std::string text) {
  token_text made;
  for (std::size_t i = 1; i <= text.size(); ++i)
    if (i == text.size() || text[i] == ' ')
      made.ends_.push_back(static_cast<std::uint32_t>(i));
  made.tokens_ = static_cast<std::int64_t>(made.ends_.size());
  made.text_ = std::move(text);
  return made;
}

token_text token_text::filler(std::int64_t tokens) {
  token_text made;
  made.tokens_ = tokens;
  return made;
}

void token_text::cut(std::int64_t tokens) {
  tokens_ = std::min(tokens_, tokens);
  if (!ends_.empty())
    ends_.resize(static_cast<std::size_t>(std::max<std::int64_t>(tokens_, 0)));
}

std::string_view token_text::piece(std::int64_t first, std::int64_t count) const {
  count = std::min({count, tokens_ - first, piece_tokens_max});
  if (count <= 0)
    return {};
  const auto at = static_cast<std::size_t>(first);
  const auto length = static_cast<std::size_t>(count);
  if (ends_.empty()) {
    static const std::string text = make_filler();
    const std::size_t offset = at % filler_words.size() * filler_token_bytes;
    return std::string_view(text).substr(offset, length * filler_token_bytes);
  }
  const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
  return std::string_view(text_).substr(begin, ends_[at + length - 1] - begin);
}

void token_text::append_to(std::string& out) const {
  for (std::int64_t done = 0; done < tokens_; done += piece_tokens_max)
    out += piece(done, piece_tokens_max);
}

std::string_view shortened(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max)
    return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u)
    --end;
  return text.substr(0, end);
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 15u];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

} // namespace simulator
