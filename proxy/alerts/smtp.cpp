// The dialogue, one command and its answer after the other.
#include "proxy/alerts/smtp.hpp"

#include <charconv>

#include <boost/asio.hpp>

#include "proxy/alerts/mail.hpp"
#include "proxy/secrets/blocking_socket.hpp"

namespace proxy::alerts {
namespace {

using boost::system::error_code;

// A line that is a dot alone would end the mail.
std::string dot_stuffed(const std::string& mail) {
  std::string out;
  for (std::size_t at = 0; at < mail.size();) {
    const std::size_t end = std::min(mail.find("\r\n", at), mail.size());
    if (mail[at] == '.')
      out += '.';
    out.append(mail, at, end - at).append("\r\n");
    at = std::min(mail.size(), end + 2);
  }
  return out + ".\r\n";
}

class dialogue {
 public:
  dialogue(const mail_server& by, std::chrono::milliseconds timeout, const std::stop_token& stop)
      : by_(by), line_({by.host, by.port, by.host}, timeout, stop) {}

  outcome<void> run(const envelope& who, const std::string& mail) {
    auto done = greet();
    if (done && !by_.user.empty())
      done = sign_in();
    if (done)
      done = ask("MAIL FROM:<" + who.from + ">", "the sender");
    for (const std::string& each : who.to)
      if (done)
        done = ask("RCPT TO:<" + each + ">", "a recipient");
    if (done)
      done = ask("DATA", "the mail", '3');
    if (done)
      done = say(dot_stuffed(mail), "the mail", '2');
    if (done)
      (void)say("QUIT\r\n", "the end", '2'); // it has the mail, whatever it says now
    return done;
  }

 private:
  outcome<void> greet() {
    using enum mail_server::security;
    if (auto done = line_.connect(); !done)
      return done;
    if (by_.how == from_the_beginning)
      if (auto done = line_.agree_on_tls(by_.ca_file); !done)
        return done;
    if (auto done = hear("the greeting", '2'); !done)
      return done;
    if (auto done = ask("EHLO deepseek-proxy", "EHLO"); !done)
      return done;
    if (by_.how != starttls)
      return {};
    if (auto done = ask("STARTTLS", "STARTTLS"); !done)
      return done;
    read_.clear(); // what was said before TLS is not believed
    if (auto done = line_.agree_on_tls(by_.ca_file); !done)
      return done;
    return ask("EHLO deepseek-proxy", "EHLO");
  }

  outcome<void> sign_in() {
    const std::string nothing(1, '\0');
    if (offers("PLAIN"))
      return ask("AUTH PLAIN " + base64(nothing + by_.user + nothing + by_.password),
                 "user and password");
    if (auto done = ask("AUTH LOGIN", "AUTH LOGIN", '3'); !done)
      return done;
    if (auto done = ask(base64(by_.user), "the user", '3'); !done)
      return done;
    return ask(base64(by_.password), "user and password");
  }

  bool offers(std::string_view mechanism) const {
    const std::size_t at = answer_.find("AUTH");
    return at != std::string::npos && answer_.find(mechanism, at) != std::string::npos;
  }

  outcome<void> ask(const std::string& command, const std::string& about, char expected = '2') {
    return say(command + "\r\n", about, expected);
  }

  outcome<void> say(const std::string& text, const std::string& about, char expected) {
    const error_code sent = line_.on_stream([&](auto& stream, auto done) {
      boost::asio::async_write(stream, boost::asio::buffer(text), std::move(done));
    });
    if (sent)
      return line_.failed("telling " + about, sent);
    return hear(about, expected);
  }

  // All lines of an answer: the last has a space after its code.
  outcome<void> hear(const std::string& about, char expected) {
    constexpr std::size_t answer_max = 16 * 1024;
    answer_.clear();
    for (;;) {
      const error_code error = line_.on_stream([&](auto& stream, auto done) {
        boost::asio::async_read_until(stream, boost::asio::dynamic_buffer(read_, answer_max), '\n',
                                      std::move(done));
      });
      if (error)
        return line_.failed("hearing about " + about, error);
      const std::size_t end = read_.find('\n') + 1;
      const std::string text = read_.substr(0, end);
      read_.erase(0, end);
      answer_ += text;
      if (answer_.size() > answer_max)
        return refused(about, "an answer without end");
      if (text.size() < 4 || text[3] != '-')
        return text[0] == expected ? outcome<void>{} : refused(about, text);
    }
  }

  failure refused(const std::string& about, std::string text) const {
    std::erase_if(text, [](char c) { return c < ' ' || c > '~'; });
    return {errc::upstream_malformed, "the mail server at " + by_.host + " did not take " + about +
                                          ": " + text.substr(0, 200)};
  }

  const mail_server& by_;
  secrets::blocking_socket line_;
  std::string read_;
  std::string answer_;
};

} // namespace

outcome<mail_server> parse_mail_server(const std::string& url) {
  mail_server out;
  const bool tls = url.starts_with("smtps://");
  out.how = tls ? mail_server::security::from_the_beginning : mail_server::security::starttls;
  out.port = tls ? 465 : 587;
  std::string rest = url.substr(std::min(url.size(), url.find("://") + 3));
  rest = rest.substr(0, rest.find('/'));
  const std::size_t colon = rest.rfind(':');
  out.host = rest.substr(0, colon);
  if (colon != std::string::npos) {
    const char* end = rest.data() + rest.size();
    const auto read = std::from_chars(rest.data() + colon + 1, end, out.port);
    if (read.ec != std::errc{} || read.ptr != end)
      return failure{errc::bad_configuration, "the port of the mail server is no number"};
  }
  if (out.host.empty())
    return failure{errc::bad_configuration, "the mail server has no name"};
  return out;
}

outcome<void> send_mail(const mail_server& by, const envelope& who, const std::string& mail,
                        std::chrono::milliseconds timeout, const std::stop_token& stop) {
  dialogue talk{by, timeout, stop};
  return talk.run(who, mail);
}

} // namespace proxy::alerts
