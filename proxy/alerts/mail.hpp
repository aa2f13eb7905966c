// A delivery as a mail: fields and MIME parts, ready to be sent. Knows no server.
#pragma once

#include <string>

#include "proxy/alerts/delivery.hpp"
#include "proxy/config/alert_settings.hpp"

namespace proxy::alerts {

// Lines end in CRLF; nothing in it is longer than 998 bytes or above 7 bits.
std::string mail_of(const delivery& what, const config::receiver_settings& to);
// "=?UTF-8?B?…?=" where it is not plain.
std::string encoded_word(const std::string& text);
std::string base64(std::string_view bytes);
// "name@host" of "A Name <name@host>".
std::string address_in(const std::string& mailbox);

} // namespace proxy::alerts
