// A secret in Google Cloud's Secret Manager, its latest version. The token for it comes of a
// service account's key file where GOOGLE_APPLICATION_CREDENTIALS names one, else of the metadata
// server.
#pragma once

#include "proxy/config/cloud_secret.hpp"
#include "proxy/secrets/environment.hpp"

namespace proxy::secrets {

outcome<std::string> read_gcp_secret(const config::gcp_secret_name& name, const environment& with);

} // namespace proxy::secrets
