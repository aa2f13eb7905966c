// A secret in Azure Key Vault, its current version. The token for it comes of a client secret where
// one is in the environment, else of the managed identity: App Service's endpoint, or the machine's
// metadata service.
#pragma once

#include "proxy/config/cloud_secret.hpp"
#include "proxy/secrets/environment.hpp"

namespace proxy::secrets {

outcome<std::string> read_azure_secret(const config::azure_secret_name& name,
                                       const environment& with);

} // namespace proxy::secrets
