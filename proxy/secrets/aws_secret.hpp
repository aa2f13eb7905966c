// A secret in AWS Secrets Manager: GetSecretValue, the current version.
#pragma once

#include "proxy/config/cloud_secret.hpp"
#include "proxy/secrets/environment.hpp"

namespace proxy::secrets {

outcome<std::string> read_aws_secret(const config::aws_secret_name& name, const environment& with);

} // namespace proxy::secrets
