// What somebody who misspelt a name may have meant.
#pragma once

#include <span>
#include <string_view>

namespace proxy::config {

// Levenshtein's: letters to insert, drop or replace.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Of the known names the one with the fewest letters to change; empty: there are none.
std::string_view nearest(std::string_view name, std::span<const std::string_view> known);

} // namespace proxy::config
