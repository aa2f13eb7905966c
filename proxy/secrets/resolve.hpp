// From where a secret is said to be to the secret itself. May wait for seconds: never for data
// threads.
#pragma once

#include "proxy/config/settings.hpp"
#include "proxy/secrets/environment.hpp"

namespace proxy::secrets {

// A failure says which source, why and what to do, never the value.
outcome<std::string> resolve(const config::secret_source& source, const environment& with);

// The owner's key: from its source, or made and kept in the data directory (mode 0600).
outcome<std::string> admin_key(const config::settings& from, const environment& with);

} // namespace proxy::secrets
