// A key record as JSON and back: what stores keep. Amounts are integers, instants milliseconds; no
// secret is in it, only hashes. Fields a newer version added are ignored by an older one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policies/keys/key_record.hpp"

namespace proxy::stores {

std::string encode(const policies::keys::key_record& record);
// nullopt: not such a JSON.
std::optional<policies::keys::key_record> decode(std::string_view text);

} // namespace proxy::stores
