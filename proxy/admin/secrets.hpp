// New ids and secrets from the system's randomness.
#pragma once

#include <string>

#include "proxy/admin/admin_context.hpp"

namespace proxy::admin {

policies::key_id new_id(const admin_context& context); // of a key there is not yet
std::string new_secret(const admin_context& context);

std::string new_admin_id(const admin_context& context);
// Of a prefix of its own, so that neither plane takes the other's keys for its own.
std::string new_admin_secret(const admin_context& context);
std::string masked_admin_secret(std::string_view secret);

} // namespace proxy::admin
