// Recognises names among a fixed set: exactly, or alike but for case. Built at compile time; a
// look-up hashes four bytes. Knows how JSON may disguise a name with escapes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "policies/usage/json_bytes.hpp"

namespace policies::usage::json {

// A string as it stands in the text, without its quotes.
struct string_token {
  std::string_view raw;
  bool plain = true; // ASCII without escapes: raw is the value
};

constexpr char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// The longest name any table holds.
inline constexpr std::size_t name_length_max = 48;

// Undoes escapes in a valid string, as far as ASCII goes, into `room`. The two letters outside
// ASCII that Unicode folds to ASCII ones become those in upper case: alike, but not equal. Empty if
// the string cannot be the name of anything in a table.
std::string_view decode_name(const string_token& token, std::array<char, name_length_max>& room);

template <class Id>
struct name_entry {
  std::string_view name;
  Id id{};
};

// Whether two texts of `size` bytes are equal: short enough for a call of memcmp to be felt.
inline bool equal_bytes(const char* a, const char* b, std::size_t size) {
  const auto differ = [&](auto word, std::size_t at) {
    auto other = word;
    std::memcpy(&word, a + at, sizeof word);
    std::memcpy(&other, b + at, sizeof other);
    return word != other;
  };
  if (size < 4)
    return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
  if (size < 8)
    return !differ(std::uint32_t{}, 0) && !differ(std::uint32_t{}, size - 4);
  for (std::size_t at = 0; at + 8 < size; at += 8) {
    if (differ(std::uint64_t{}, at))
      return false;
  }
  return !differ(std::uint64_t{}, size - 8);
}

// A perfect hash: the compiler seeks the factor that gives each name a slot of its own, so that a
// look-up compares once. Id{} means unknown.
template <class Id, std::size_t Count>
class name_table {
 public:
  struct found {
    const name_entry<Id>* entry = nullptr;
    bool exact = false;
    Id id() const { return entry ? entry->id : Id{}; }
  };

  consteval explicit name_table(const std::array<name_entry<Id>, Count>& entries)
      : entries_(entries) {
    while (!place_all())
      factor_ += 2;
  }

  found find(const string_token& token) const {
    if (token.plain) [[likely]]
      return find(token.raw);
    std::array<char, name_length_max> room;
    return find(decode_name(token, room));
  }

  found find(std::string_view name) const {
    if (name.empty())
      return {};
    const std::uint8_t number = slots_[slot_of(name)];
    if (number == 0)
      return {};
    const auto& entry = entries_[number - 1U];
    if (entry.name.size() != name.size())
      return {};
    if (equal_bytes(entry.name.data(), name.data(), name.size()))
      return {&entry, true};
    if (alike(entry.name, name))
      return {&entry, false};
    return {};
  }

 private:
  static constexpr unsigned slot_bits = 9;
  static_assert(Count <= 64);

  // Alike for names that differ in case only; no two names of a table are alike in all it looks at.
  constexpr std::size_t slot_of(std::string_view name) const {
    const auto letter = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(name[i]) | 0x20U);
    };
    const std::size_t last = name.size() - 1;
    const std::uint32_t sample = letter(0) | letter(last / 2) << 8 | letter(last) << 16 |
                                 static_cast<std::uint32_t>(name.size()) << 24;
    return sample * factor_ >> (32 - slot_bits);
  }
  consteval bool place_all() {
    slots_.fill(0);
    for (std::size_t i = 0; i < Count; ++i) {
      std::uint8_t& slot = slots_[slot_of(entries_[i].name)];
      if (slot != 0)
        return false;
      slot = static_cast<std::uint8_t>(i + 1);
    }
    return true;
  }
  static constexpr bool alike(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (fold(a[i]) != fold(b[i]))
        return false;
    }
    return true;
  }

  std::array<name_entry<Id>, Count> entries_;
  std::array<std::uint8_t, std::size_t{1} << slot_bits> slots_{};
  std::uint32_t factor_ = 0x9E3779B1U;
};

template <class Id, std::size_t Count>
consteval auto make_name_table(const name_entry<Id> (&entries)[Count]) {
  return name_table<Id, Count>{std::to_array(entries)};
}

} // namespace policies::usage::json
