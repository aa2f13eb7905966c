// JSON as people read it: amounts as 0.05 and never 5E-2; instants as RFC 3339.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "policies/types.hpp"

namespace proxy::admin {

// Whether the text begins with a character of three bytes that shows nothing and changes how others
// are shown (U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF): with one a name can
// look like another's.
bool is_unseen(std::string_view text);

std::string text_of(const boost::json::value& value);
std::string text_of(const boost::json::object& value); // which would be copied into a value

// The double nearest to the amount in dollars: its shortest decimal has the nine digits, exactly.
double usd(policies::nano_usd amount);
boost::json::value usd_or_null(const std::optional<policies::nano_usd>& amount);

// "2026-11-23T15:35:49Z", with milliseconds where there are any.
std::string rfc3339(policies::instant at);
boost::json::value rfc3339_or_null(const std::optional<policies::instant>& at);
// Any offset, any fraction (cut to milliseconds), years 1970 to 9999; nullopt: not such a text.
std::optional<policies::instant> parse_rfc3339(std::string_view text);

// What a message may repeat of what came in: cut to 80 bytes at a character, unprintable ones as ?.
std::string shown(std::string_view text);

} // namespace proxy::admin
