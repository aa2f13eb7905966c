// Each kind's way.
#include "proxy/alerts/channel.hpp"

#include <boost/json.hpp>

#include "proxy/alerts/mail.hpp"
#include "proxy/alerts/smtp.hpp"
#include "proxy/secrets/command.hpp"
#include "proxy/secrets/digest.hpp"
#include "proxy/secrets/resolve.hpp"

namespace proxy::alerts {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds http_timeout{10'000};
constexpr milliseconds mail_timeout{30'000};
constexpr milliseconds command_timeout{30'000};

outcome<std::string> secret_of(const std::string& source, const std::stop_token& stop) {
  if (source.empty())
    return std::string{};
  return secrets::resolve({source}, secrets::process_environment(stop));
}

outcome<std::string> url_of(const config::receiver_settings& to, const std::stop_token& stop) {
  if (to.url.starts_with("http://") || to.url.starts_with("https://"))
    return to.url;
  return secret_of(to.url, stop);
}

outcome<void> post(secrets::http_request request, const std::stop_token& stop) {
  request.method = "POST";
  request.timeout = http_timeout;
  const auto answer = secrets::https_call(request, stop);
  if (!answer)
    return answer.error();
  if (answer->status / 100 != 2)
    return failure{errc::upstream_malformed, "it answered " + std::to_string(answer->status)};
  return {};
}

outcome<void> by_webhook(const delivery& what, const config::receiver_settings& to,
                         policies::instant now, const std::stop_token& stop) {
  const auto url = url_of(to, stop);
  const auto secret = secret_of(to.secret, stop);
  if (!url || !secret)
    return !url ? url.error() : secret.error();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  secrets::http_request request;
  request.url = *url;
  request.body = what.event;
  request.ca_file = to.ca_file;
  request.headers = {{"Content-Type", "application/json"},
                     {"X-DeepSeek-Delivery", what.id},
                     {"X-DeepSeek-Timestamp", std::to_string(seconds)}};
  if (!secret->empty())
    request.headers.emplace_back("X-DeepSeek-Signature",
                                 signature_of(*secret, seconds, what.event));
  return post(std::move(request), stop);
}

// Slack's own marks: & < and > have a meaning.
std::string for_slack(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

outcome<void> by_slack(const delivery& what, const config::receiver_settings& to,
                       const std::stop_token& stop) {
  const auto url = url_of(to, stop);
  if (!url)
    return url.error();
  const boost::json::object body{
      {"text", "*" + for_slack(what.subject) + "*\n" + for_slack(what.text)}};
  secrets::http_request request;
  request.url = *url;
  request.body = boost::json::serialize(body);
  request.ca_file = to.ca_file;
  request.headers = {{"Content-Type", "application/json"}, {"X-DeepSeek-Delivery", what.id}};
  return post(std::move(request), stop);
}

outcome<void> by_mail(const delivery& what, const config::receiver_settings& to,
                      const std::stop_token& stop) {
  auto server = parse_mail_server(to.url);
  if (!server)
    return server.error();
  const auto password = secret_of(to.secret, stop);
  if (!password)
    return password.error();
  server->ca_file = to.ca_file;
  server->user = to.user;
  server->password = *password;
  if (to.plain_smtp)
    server->how = mail_server::security::none;
  envelope who{address_in(to.from), {}};
  for (const std::string& each : to.to)
    who.to.push_back(address_in(each));
  return send_mail(*server, who, mail_of(what, to), mail_timeout, stop);
}

outcome<void> by_command(const delivery& what, const config::receiver_settings& to,
                         const std::stop_token& stop) {
  constexpr std::size_t output_max = 4096; // nobody reads it
  const auto done =
      secrets::output_of(to.command, output_max, {command_timeout, stop}, what.event + "\n");
  return done ? outcome<void>{} : outcome<void>{done.error()};
}

} // namespace

std::string signature_of(const std::string& secret, std::int64_t timestamp_s,
                         const std::string& body) {
  const std::string text = std::to_string(timestamp_s) + "." + body;
  return "v1=" + secrets::hex_of(secrets::hmac_sha256(secret, text));
}

outcome<void> send(const delivery& what, const config::receiver_settings& to, policies::instant now,
                   const std::stop_token& stop) {
  switch (to.kind) {
  case config::receiver_kind::webhook:
    return by_webhook(what, to, now, stop);
  case config::receiver_kind::slack:
    return by_slack(what, to, stop);
  case config::receiver_kind::email:
    return by_mail(what, to, stop);
  default:
    return by_command(what, to, stop);
  }
}

} // namespace proxy::alerts
