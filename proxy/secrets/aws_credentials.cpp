// Each place says one of three: the credentials, that it has none (the next is asked), or what is
// wrong with it.
#include "proxy/secrets/aws_credentials.hpp"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

#include "proxy/secrets/json_answer.hpp"
#include "proxy/secrets/secret_file.hpp"
#include "proxy/secrets/url.hpp"

namespace proxy::secrets {
namespace {

using maybe = outcome<std::optional<aws_credentials>>;

// Metadata services are near or not there at all.

maybe nothing() {
  return std::optional<aws_credentials>{};
}

maybe from_environment(const environment& with) {
  aws_credentials found{with.text("AWS_ACCESS_KEY_ID"), with.text("AWS_SECRET_ACCESS_KEY"),
                        with.text("AWS_SESSION_TOKEN")};
  if (found.key_id.empty() && found.secret.empty())
    return nothing();
  if (found.key_id.empty() || found.secret.empty())
    return failure{errc::bad_configuration,
                   "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set"};
  return found;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The keys of one section: [name], then lines of name = value; # and ; begin comments.
aws_credentials profile_in(std::string_view text, std::string_view profile) {
  aws_credentials found;
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('[') && line.ends_with(']')) {
      inside = trimmed(line.substr(1, line.size() - 2)) == profile;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos || line.starts_with('#') ||
        line.starts_with(';'))
      continue;
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (name == "aws_access_key_id")
      found.key_id = value;
    if (name == "aws_secret_access_key")
      found.secret = value;
    if (name == "aws_session_token")
      found.session_token = value;
  }
  return found;
}

maybe from_profile(const environment& with) {
  const std::string file =
      with.text_or("AWS_SHARED_CREDENTIALS_FILE", (with.home / ".aws" / "credentials").string());
  const std::string profile = with.text_or("AWS_PROFILE", "default");
  const bool asked_for = !with.text("AWS_PROFILE").empty();
  const auto text = text_in_file(file);
  if (!text && !asked_for && with.text("AWS_SHARED_CREDENTIALS_FILE").empty())
    return nothing();
  if (!text)
    return text.error();
  const aws_credentials found = profile_in(*text, profile);
  if (found.key_id.empty() != found.secret.empty() || (found.key_id.empty() && asked_for))
    return failure{errc::bad_configuration,
                   "the profile " + profile + " in " + file +
                       " has no aws_access_key_id and aws_secret_access_key"};
  return found.key_id.empty() ? nothing() : maybe{found};
}

maybe credentials_in(const boost::json::object& answer, const std::string& what) {
  auto key_id = text_at(answer, "AccessKeyId", what);
  if (!key_id)
    return key_id.error();
  auto secret = text_at(answer, "SecretAccessKey", what);
  if (!secret)
    return secret.error();
  auto token = text_at(answer, "Token", what);
  if (!token)
    return token.error();
  return std::optional{aws_credentials{*key_id, *secret, *token}};
}

// Without TLS a token goes only to this machine, and to the addresses where ECS and EKS put their
// agents: the rule of AWS's own tools.
bool may_be_plain(const std::string& host) {
  boost::system::error_code is_name;
  const auto address = boost::asio::ip::make_address(host, is_name);
  if (is_name)
    return host == "localhost";
  return address.is_loopback() || host == "169.254.170.2" || host == "169.254.170.23" ||
         host == "fd00:ec2::23";
}

maybe from_container(const environment& with) {
  const std::string relative = with.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  http_request request;
  request.url = relative.empty() ? with.text("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                                 : "http://169.254.170.2" + relative;
  request.timeout = metadata_timeout;
  if (request.url.empty())
    return nothing();
  const auto to = locate(request.url);
  if (!to)
    return failure{errc::bad_configuration,
                   "the URI of the container's credentials: " + to.error().message};
  if (!to->tls && !may_be_plain(to->host))
    return failure{
        errc::bad_configuration,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is http:// to another machine: use https://"};
  std::string token = with.text("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string file = with.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    const auto read = text_in_file(file);
    if (!read)
      return read.error();
    token = without_line_end(*read);
  }
  if (!token.empty())
    request.headers.emplace_back("Authorization", token);
  const auto answer = ask_for_json(with, request, "the container's credentials endpoint");
  if (!answer)
    return answer.error();
  return credentials_in(*answer, "the answer of the container's credentials endpoint");
}

// A token first, by PUT, which no open proxy passes on; then the role's name; then its credentials.
maybe from_instance(const environment& with) {
  const std::string base = without_trailing_slash(
      with.text_or("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254"));
  const std::string who = "the instance's metadata service";
  const http_request wanted{.method = "PUT",
                            .url = base + "/latest/api/token",
                            .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}},
                            .body = "",
                            .timeout = metadata_timeout};
  const auto token = with.call(wanted);
  if (!token)
    return failure{token.error().code, who + ": " + token.error().message};
  if (token->status != 200)
    return failure{errc::upstream_unreachable,
                   who + " gave no token: status " + std::to_string(token->status)};
  http_request request{.url = base + "/latest/meta-data/iam/security-credentials/",
                       .headers = {{"X-aws-ec2-metadata-token", token->body}},
                       .body = "",
                       .timeout = metadata_timeout};
  const auto roles = with.call(request);
  if (!roles)
    return failure{roles.error().code, who + ": " + roles.error().message};
  const std::string role = without_line_end(roles->body.substr(0, roles->body.find('\n')));
  if (roles->status != 200 || role.empty())
    return failure{errc::upstream_unreachable, who + " knows no role of this instance"};
  request.url += percent_encoded(role);
  const auto answer = ask_for_json(with, request, who);
  if (!answer)
    return answer.error();
  return credentials_in(*answer, "the answer of " + who);
}

} // namespace

outcome<aws_credentials> find_aws_credentials(const environment& with) {
  using place = maybe (*)(const environment&);
  for (const place next : {&from_environment, &from_profile, &from_container}) {
    auto found = next(with);
    if (!found)
      return found.error();
    if (*found)
      return **found;
  }
  const std::string advice =
      "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, write a profile, or "
      "give the machine a role";
  if (with.text("AWS_EC2_METADATA_DISABLED") == "true")
    return failure{errc::bad_configuration, advice};
  auto found = from_instance(with);
  if (!found)
    return failure{found.error().code, advice + " (" + found.error().message + ")"};
  return **found;
}

} // namespace proxy::secrets
