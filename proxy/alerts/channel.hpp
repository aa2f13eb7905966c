// One attempt at one receiver: a webhook, Slack's, a mail, a command. Waits; remembers nothing.
#pragma once

#include <functional>
#include <stop_token>

#include "proxy/alerts/delivery.hpp"
#include "proxy/config/alert_settings.hpp"
#include "proxy/error.hpp"

namespace proxy::alerts {

// It has it, or why not: no secret and no address with one in it.
outcome<void> send(const delivery& what, const config::receiver_settings& to, policies::instant now,
                   const std::stop_token& stop);

// "v1=" and the hex HMAC-SHA256 of "TIMESTAMP.BODY".
std::string signature_of(const std::string& secret, std::int64_t timestamp_s,
                         const std::string& body);

} // namespace proxy::alerts
