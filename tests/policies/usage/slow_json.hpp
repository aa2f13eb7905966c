// A second opinion on JSON: a plain recursive parser that builds a tree, written apart from the
// code under test and with no eye to speed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slow_json {

struct member;

struct node {
  enum class kind { null, boolean, number, string, array, object };
  kind what = kind::null;
  std::string text; // a string's value; a number's or literal's spelling
  std::vector<node> items;
  std::vector<member> members;
  std::vector<std::string> raw_names; // as spelt, beside `members`
  std::size_t begin = 0;              // of its text
  std::size_t end = 0;

  std::size_t size() const { return end - begin; }
  const node* last(std::string_view name) const; // the last member of that name
};

struct member {
  std::string name;
  node value;
};

// nullopt: not RFC 8259, or nested deeper than `depth_max`, or with a lone surrogate, or not UTF-8.
std::optional<node> parse(std::string_view text, std::size_t depth_max);

} // namespace slow_json
