// The options that say what a key may do, as the fields of the admin plane's JSON.
#pragma once

#include <map>

#include <CLI/CLI.hpp>

#include "proxy/cli/console.hpp"
#include "proxy/cli/json.hpp"

namespace proxy::cli {

enum class option_topic { limits, security };

class key_options {
 public:
  // `creating`: the type can be chosen, and the name is not an option.
  void add_to(CLI::App& command, bool creating);

  // Only those about one thing.
  void add_to(CLI::App& command, option_topic topic);

  // Only what was given. "none" takes a setting away: null, or the empty list.
  result<json::object> fields() const;

 private:
  std::map<std::string, std::vector<std::string>> given_; // by option
};

} // namespace proxy::cli
