// A TOML file as a plain tree with line numbers: the only place that knows toml++ is document.cpp,
// for that header takes longer to compile than all of this folder.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policies/types.hpp"
#include "proxy/error.hpp"

namespace proxy::config {

struct node {
  using table = std::map<std::string, node, std::less<>>;
  using array = std::vector<node>;
  std::variant<bool, std::int64_t, double, std::string, policies::instant, array, table> value;
  int line = 0;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  const node* find(std::string_view name) const; // of a table; nullptr: absent
  std::string_view kind() const;                 // "a string", "a number", ...
};

// `name` stands in the failure's message, with the line.
outcome<node> parse_toml(std::string_view text, std::string_view name);
outcome<node> read_toml(const std::string& file);

} // namespace proxy::config
