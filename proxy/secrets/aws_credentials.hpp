// Who the proxy is to AWS: found where AWS's own tools look, in their order. The environment, a
// profile's keys in the credentials file, the container's endpoint (ECS, EKS), the instance's
// metadata (IMDSv2 only). Roles to assume and single sign-on are left to those tools.
#pragma once

#include "proxy/secrets/aws_sigv4.hpp"
#include "proxy/secrets/environment.hpp"

namespace proxy::secrets {

outcome<aws_credentials> find_aws_credentials(const environment& with);

} // namespace proxy::secrets
