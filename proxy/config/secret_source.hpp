// The text that says where a secret is found: "env:NAME", "file:PATH", ... Knows no secrets, but
// that the text may be one by mistake: no complaint repeats it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proxy::config {

// What is wrong with it; nullopt: nothing.
std::optional<std::string> complaint_about_source(std::string_view source);

} // namespace proxy::config
