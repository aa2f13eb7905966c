// Judges single values of a request by their raw text: models, integers. Has no say in which field
// must be what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace policies::usage {

// The largest cap, n or best_of: 2^31 - 1.
inline constexpr std::int64_t integer_max = 2'147'483'647;

// An integer from 1 to integer_max, spelt in digits alone.
std::optional<std::int64_t> positive_integer(std::string_view raw);

// A string of 1 to 128 bytes between its quotes, without escapes.
bool is_model_name(std::string_view raw);

// At most 64 bytes of `raw`, those that are not printable ASCII replaced: fit for a message.
std::string printable(std::string_view raw);

} // namespace policies::usage
