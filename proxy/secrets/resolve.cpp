// Each source's way, and the same demands on what comes of it.
#include "proxy/secrets/resolve.hpp"

#include <sys/stat.h>

#include "proxy/config/secret_source.hpp"
#include "proxy/secrets/aws_secret.hpp"
#include "proxy/secrets/azure.hpp"
#include "proxy/secrets/command.hpp"
#include "proxy/secrets/gcp.hpp"
#include "proxy/secrets/secret_file.hpp"

namespace proxy::secrets {
namespace {

outcome<std::string> from_environment(const std::string& name, const environment& with) {
  auto value = with.variable(name);
  if (!value)
    return no_secret("the environment variable " + name +
                     " is not set: set it to the key, or name another source in the configuration");
  return fit_to_be_a_key(std::move(*value), "the environment variable " + name);
}

outcome<std::string> from_credential(const std::string& name, const environment& with) {
  const auto directory = with.variable("CREDENTIALS_DIRECTORY");
  if (!directory)
    return no_secret("credential:" + name +
                     " needs systemd's LoadCredential= (there is no "
                     "$CREDENTIALS_DIRECTORY)");
  // systemd lets the service in by an access list, which shows as the group's permission.
  return key_in_file(*directory + "/" + name, S_IRWXO);
}

outcome<std::string> from_command(const std::string& command, const environment& with) {
  auto output = output_of(command, secret_bytes_max, {.stop = with.stop});
  if (!output)
    return output;
  return fit_to_be_a_key(without_line_end(std::move(*output)),
                         "the output of the command of exec:");
}

// The names were judged with the text.
outcome<std::string> from_cloud(const std::string& scheme, const std::string& rest,
                                const environment& with) {
  if (scheme == "aws")
    return read_aws_secret(config::parse_aws(rest).value(), with);
  if (scheme == "azure")
    return read_azure_secret(config::parse_azure(rest).value(), with);
  return read_gcp_secret(config::parse_gcp(rest).value(), with);
}

} // namespace

outcome<std::string> resolve(const config::secret_source& source, const environment& with) {
  if (auto complaint = config::complaint_about_source(source.text))
    return no_secret(std::move(*complaint));
  const std::size_t colon = source.text.find(':');
  const std::string scheme = source.text.substr(0, colon);
  const std::string rest = source.text.substr(colon + 1);
  if (scheme == "env")
    return from_environment(rest, with);
  if (scheme == "file")
    return key_in_file(rest, S_IRWXG | S_IRWXO);
  if (scheme == "credential")
    return from_credential(rest, with);
  if (scheme == "exec")
    return from_command(rest, with);
  auto found = from_cloud(scheme, rest, with);
  if (!found)
    return no_secret(source.text + ": " + found.error().message);
  return fit_to_be_a_key(without_line_end(std::move(*found)), "the secret " + source.text);
}

} // namespace proxy::secrets
