// Which known name a mistyped one was meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace proxy::admin {

// "; did you mean 'models'?", or all known names where none is near, or that there are none.
std::string suggestion(std::string_view name, std::span<const std::string_view> known);

} // namespace proxy::admin
