// RFC 5322 and 2045: base64 for every text, which survives every relay.
#include "proxy/alerts/mail.hpp"

#include <openssl/evp.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace proxy::alerts {
namespace {

std::string in_lines(const std::string& text) {
  constexpr std::size_t line_max = 76;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += line_max)
    out += text.substr(at, line_max) + "\r\n";
  return out;
}

std::string part(std::string_view type, const std::string& text) {
  return fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: "
                     "base64\r\n\r\n{}",
                     type, in_lines(base64(text)));
}

// A field's value cannot begin another field.
std::string on_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return text;
}

std::string date_of(std::int64_t ms) {
  const auto at =
      std::chrono::floor<std::chrono::seconds>(policies::instant{policies::milliseconds{ms}});
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", at);
}

} // namespace

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

// A word has at most 75 characters: longer texts are several, each cut between two characters.
std::string encoded_word(const std::string& text) {
  constexpr std::size_t bytes_max = 42;
  if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; }))
    return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.size(), at + bytes_max);
    while (end < text.size() && end > at + 1 &&
           (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80)
      --end;
    out +=
        (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64(text.substr(at, end - at)) + "?=";
    at = end;
  }
  return out;
}

std::string address_in(const std::string& mailbox) {
  const std::size_t begin = mailbox.rfind('<'), end = mailbox.rfind('>');
  std::string address = begin != std::string::npos && end != std::string::npos && begin < end
                            ? mailbox.substr(begin + 1, end - begin - 1)
                            : mailbox;
  std::erase_if(address, [](char c) { return c <= ' ' || c == 0x7f; });
  return address;
}

std::string mail_of(const delivery& what, const config::receiver_settings& to) {
  std::string all_to;
  for (const std::string& each : to.to)
    all_to += (all_to.empty() ? "" : ",\r\n ") + on_one_line(each);
  const std::string from = address_in(to.from);
  std::string out =
      fmt::format("Date: {}\r\nFrom: {}\r\nTo: {}\r\nMessage-ID: <{}@{}>\r\nSubject: {}\r\n"
                  "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
                  date_of(what.made_ms), on_one_line(to.from), all_to, what.id,
                  from.substr(from.find('@') + 1), encoded_word(on_one_line(what.subject)));
  if (what.html.empty())
    return out + part("text/plain", what.text);
  const std::string boundary = "=_" + what.id; // no line of base64 begins so
  return out +
         fmt::format("Content-Type: multipart/alternative; boundary=\"{0}\"\r\n\r\n--{0}\r\n{1}"
                     "\r\n--{0}\r\n{2}\r\n--{0}--\r\n",
                     boundary, part("text/plain", what.text), part("text/html", what.html));
}

} // namespace proxy::alerts
