// JSON put together in room that the caller has made: neither checks nor allocates, since thousands
// of lines a second are written with it.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "policies/admission/json_text.hpp"

namespace proxy::request_log {

// Room that a string of so many bytes takes at the most, quotes and all: each as \u001f.
constexpr std::size_t quoted_bytes_max(std::size_t bytes) {
  return 6 * bytes + 2;
}

// Whether each byte stands for itself in a JSON string: printable ASCII but for " and \. Eight at a
// time, by https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
inline bool is_plain(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  const auto zero_in = [](std::uint64_t word) { return (word - ones) & ~word; };
  std::uint64_t odd = 0;
  const auto look_at = [&](std::uint64_t word) {
    odd |= word | (word - ones * ' ') | zero_in(word ^ ones * '"') | zero_in(word ^ ones * '\\') |
           zero_in(word ^ ones * 0x7f);
  };
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    look_at(word);
  }
  word = ones * 'a';
  for (std::size_t i = 0; i < text.size(); ++i)
    word = word << 8 | static_cast<std::uint8_t>(text[i]);
  look_at(word);
  return (odd & tops) == 0;
}

class text_out {
 public:
  explicit text_out(char* at) : at_(at) {}
  char* at() const { return at_; }

  template <std::size_t size>
  void piece(const char (&literal)[size]) {
    std::memcpy(at_, literal, size - 1);
    at_ += size - 1;
  }
  void bytes(std::string_view text) { at_ += text.copy(at_, text.size()); }
  void number(std::int64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }
  template <std::size_t size>
  void hex(std::span<const std::uint8_t, size> from) {
    char* at = at_; // what is written could be at_ itself, for all the compiler knows
    for (const std::uint8_t byte : from) {
      std::memcpy(at, &hex_pairs[2 * byte], 2);
      at += 2;
    }
    at_ = at;
  }
  // In quotes, whatever is in it; `more` is plain and stands behind it.
  void string(std::string_view text, std::string_view more = {}) {
    if (is_plain(text)) {
      *at_++ = '"';
      bytes(text);
    } else {
      std::string escaped;
      policies::admission::append_json_string(escaped, text);
      escaped.pop_back();
      bytes(escaped);
    }
    bytes(more);
    *at_++ = '"';
  }

 private:
  static constexpr std::array<char, 512> hex_pairs = [] {
    std::array<char, 512> pairs{};
    constexpr char digits[] = "0123456789abcdef";
    for (std::size_t byte = 0; byte < 256; ++byte) {
      pairs[2 * byte] = digits[byte >> 4];
      pairs[2 * byte + 1] = digits[byte & 15];
    }
    return pairs;
  }();

  char* at_;
};

} // namespace proxy::request_log
