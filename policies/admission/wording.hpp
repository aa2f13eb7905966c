// How refusals speak of keys, amounts and instants. Decides nothing.
#pragma once

#include <string>
#include <string_view>

#include "policies/keys/key_record.hpp"

namespace policies::admission {

std::string by_proxy(std::string message); // "… (refused by deepseek-proxy)"

// Whose limit or list it is: `this key`, `group "team-a"`, `parent key "ops"`. `depth`: the place
// in the chain, 0 is the key itself.
std::string owner_of(const keys::key_record& member, std::size_t depth);

std::string iso_time(instant at);       // "2026-01-01T00:00:00Z"
std::string dollars(nano_usd amount);   // "$0.0500": exact, at least four decimals
std::string counted(std::int64_t n);    // "1,048,576"
std::string seconds(milliseconds span); // "1.25 s", rounded up to hundredths

} // namespace policies::admission
