// [[alerts.receiver]] as it stands in the file, and what it shares with the rest of [alerts]: lists
// of texts.
#pragma once

#include "proxy/config/setting.hpp"

namespace proxy::config {

setting receiver_setting();

// A list of "daily", "weekly" and "monthly".
std::optional<std::string> put_periods(std::vector<std::string>& into, const node& from);
std::string show_texts(const std::vector<std::string>& all); // as TOML

} // namespace proxy::config
