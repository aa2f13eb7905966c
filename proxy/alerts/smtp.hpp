// Handing one mail to a mail server, by RFC 5321: STARTTLS or TLS from the beginning, and signing
// in where there is a user.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "proxy/error.hpp"

namespace proxy::alerts {

struct mail_server {
  std::string host;
  std::uint16_t port = 0;
  enum class security { starttls, from_the_beginning, none } how = security::starttls;
  std::string ca_file;
  std::string user; // empty: no sign-in
  std::string password;
};
// "smtp://host[:587]" or "smtps://host[:465]".
outcome<mail_server> parse_mail_server(const std::string& url);

struct envelope {
  std::string from; // addresses alone
  std::vector<std::string> to;
};

// The server has taken it for everyone in `to`, or a failure says at which step it did not: its
// code and words, never what was sent.
outcome<void> send_mail(const mail_server& by, const envelope& who, const std::string& mail,
                        std::chrono::milliseconds timeout, const std::stop_token& stop);

} // namespace proxy::alerts
