// Recognises names among a fixed set: exactly, or alike but for case. Built at compile time; a
// look-up hashes four bytes. Knows how JSON may disguise a name with escapes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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

// Id{} means unknown.
template <class Id, std::size_t Count>
class name_table {
 public:
  struct found {
    Id id{};
    bool exact = false;
    std::string_view name{}; // as the table spells it
  };

  consteval explicit name_table(const std::array<name_entry<Id>, Count>& entries)
      : entries_(entries) {
    for (std::size_t i = 0; i < Count; ++i) {
      std::size_t slot = hash(entries_[i].name);
      while (slots_[slot] != 0)
        slot = (slot + 1) % slot_count;
      slots_[slot] = static_cast<std::uint8_t>(i + 1);
    }
  }

  found find(const string_token& token) const {
    if (token.plain) [[likely]]
      return find(token.raw);
    std::array<char, name_length_max> room;
    return find(decode_name(token, room));
  }

  found find(std::string_view name) const {
    if (name.empty() || name.size() > name_length_max)
      return {};
    for (std::size_t slot = hash(name); slots_[slot] != 0; slot = (slot + 1) % slot_count) {
      const auto& entry = entries_[slots_[slot] - 1U];
      if (entry.name == name)
        return {entry.id, true, entry.name};
      if (alike(entry.name, name))
        return {entry.id, false, entry.name};
    }
    return {};
  }

 private:
  static constexpr std::size_t slot_count = 256;
  static_assert(Count < slot_count / 2);

  static constexpr std::size_t hash(std::string_view name) {
    const auto letter = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(fold(name[i])));
    };
    const std::size_t last = name.size() - 1;
    return (name.size() * 29 + letter(0) * 7 + letter(last / 2) * 17 + letter(last) * 3) %
           slot_count;
  }
  static constexpr bool alike(std::string_view a, std::string_view b) {
    if (a.size() != b.size())
      return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (fold(a[i]) != fold(b[i]))
        return false;
    }
    return true;
  }

  std::array<name_entry<Id>, Count> entries_;
  std::array<std::uint8_t, slot_count> slots_{};
};

template <class Id, std::size_t Count>
consteval auto make_name_table(const name_entry<Id> (&entries)[Count]) {
  return name_table<Id, Count>{std::to_array(entries)};
}

} // namespace policies::usage::json
