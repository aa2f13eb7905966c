// A mail's form: no field can be smuggled in, no line is too long, and any text arrives.
#include "proxy/alerts/mail.hpp"

#include "proxy/alerts/smtp.hpp"
#include "tests/support/catch.hpp"

using namespace proxy;
using alerts::mail_server;

namespace {

config::receiver_settings receiver() {
  config::receiver_settings out;
  out.from = "Proxy <proxy@example.com>";
  out.to = {"a@example.com", "B <b@example.com>"};
  return out;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("mail: date, id, subject and recipients stand in fields") {
  alerts::delivery what{.id = "alert_1.fired", .made_ms = 1'776'168'600'000};
  what.subject = "plain\r\nBcc: evil@example.com";
  what.text = "text";
  const std::string mail = alerts::mail_of(what, receiver());
  CHECK(has(mail, "Date: Tue, 14 Apr 2026 12:10:00 +0000\r\n"));
  CHECK(has(mail, "Message-ID: <alert_1.fired@example.com>\r\n"));
  CHECK(has(mail, "To: a@example.com,\r\n B <b@example.com>\r\n"));
  CHECK_FALSE(has(mail, "\r\nBcc:"));
  CHECK(has(mail, "\r\n\r\ndGV4dA==\r\n"));
}

TEST_CASE("mail: a subject of any length and language is words of at most 75 characters") {
  std::string subject;
  for (int i = 0; i < 30; ++i)
    subject += "Ausgabenlimit für Schlüssel 深度 ";
  const std::string encoded = alerts::encoded_word(subject);
  for (std::size_t at = 0; at < encoded.size();) {
    const std::size_t end = std::min(encoded.find("\r\n", at), encoded.size());
    CHECK(end - at <= 76);
    at = end + 2;
  }
  CHECK(alerts::encoded_word("plain") == "plain");
}

TEST_CASE("mail: a report has both parts, and no line above 998 bytes") {
  alerts::delivery what{.id = "report_daily_2026-04-14"};
  what.text = "text";
  what.html = "<p>" + std::string(100'000, 'x') + "</p>";
  const std::string mail = alerts::mail_of(what, receiver());
  CHECK(has(mail, "multipart/alternative; boundary=\"=_report_daily_2026-04-14\""));
  CHECK(has(mail, "Content-Type: text/html; charset=utf-8"));
  CHECK(mail.ends_with("--=_report_daily_2026-04-14--\r\n"));
  for (std::size_t at = 0; at < mail.size();) {
    const std::size_t end = mail.find("\r\n", at);
    CHECK(end - at < 998);
    at = end + 2;
  }
}

TEST_CASE("mail: servers by their URLs") {
  CHECK(alerts::parse_mail_server("smtp://mail.example.com")->port == 587);
  CHECK(alerts::parse_mail_server("smtps://mail.example.com")->port == 465);
  CHECK(alerts::parse_mail_server("smtp://localhost:2525")->port == 2525);
  CHECK(alerts::parse_mail_server("smtp://localhost:2525")->how == mail_server::security::starttls);
  CHECK_FALSE(alerts::parse_mail_server("smtp://localhost:x").has_value());
  CHECK_FALSE(alerts::parse_mail_server("smtp://").has_value());
  CHECK(alerts::address_in("A Name <a@b.c>") == "a@b.c");
  CHECK(alerts::address_in("a@b.c> RCPT TO:<d@e.f") == "a@b.c>RCPTTO:<d@e.f"); // one word, refused
}
