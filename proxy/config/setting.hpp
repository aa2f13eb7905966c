// One setting of the TOML file: where it stands, what it means, what it accepts, and how it gets in
// and out of `settings`.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/document.hpp"
#include "proxy/config/settings.hpp"

namespace proxy::config {

struct setting {
  std::string_view section;
  std::string_view name;
  std::string_view prose;
  std::string accepts; // "1 to 100000", "\"off\" or \"json\""
  // Puts the value in; the text of a failure names the problem only.
  std::function<std::optional<std::string>(settings&, const node&)> put;
  std::function<std::string(const settings&)> show; // as TOML
  std::function<void(settings& to, const settings& from)> copy{}; // of those that a reload changes
  bool live = false; // a reload puts it into effect; others take a restart
};

// Every setting, in the order of the example file.
std::span<const setting> all_settings();
std::vector<setting> alert_settings_table(); // alert_settings.cpp
std::string_view section_prose(std::string_view section);

// A file's settings without its prices; `name` is the file's, for complaints.
outcome<settings> settings_in(const node& document, const std::string& name);

} // namespace proxy::config
