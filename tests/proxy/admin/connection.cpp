// Blocking sockets with a time-out that no passing test reaches.
#include "tests/proxy/admin/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <boost/beast/http.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/catch.hpp"

namespace proxy::admin::test {
namespace {

namespace http = boost::beast::http;
namespace json = boost::json;

constexpr timeval hung{20, 0};

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

reading reading_of(const http::response<http::string_body>& message) {
  reading out;
  out.status = static_cast<int>(message.result_int());
  out.body = message.body();
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    out.fields[name] = std::string(field.value());
  }
  return out;
}

} // namespace

std::string reading::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

json::object reading::json() const {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  INFO("status " << status << ", body: " << body);
  REQUIRE(!error);
  REQUIRE(value.is_object());
  return value.as_object();
}

json::object reading::error() const {
  const json::object all = json();
  INFO("status " << status << ", body: " << body);
  REQUIRE(all.contains("error"));
  return all.at("error").as_object();
}

connection::connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket_ < 0 || ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &hung, sizeof hung) != 0 ||
      ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &hung, sizeof hung) != 0 ||
      ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    fail("connect");
}

connection::~connection() {
  ::close(socket_);
}

void connection::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0)
      fail("send");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void connection::end_sending() {
  ::shutdown(socket_, SHUT_WR);
}

bool connection::receive() {
  char bytes[16 * 1024];
  const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
  if (count < 0 && errno == ECONNRESET)
    return false;
  if (count < 0)
    fail("recv");
  buffer_.append(bytes, static_cast<std::size_t>(count));
  return count > 0;
}

std::optional<reading> connection::read(bool to_head) {
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.skip(to_head);
  parser.body_limit(std::uint64_t{1} << 30);
  bool open = true;
  while (!parser.is_done()) {
    boost::system::error_code error;
    const std::size_t used = buffer_.empty() ? 0 : parser.put(boost::asio::buffer(buffer_), error);
    buffer_.erase(0, used);
    if (error && error != http::error::need_more)
      throw std::system_error(error, "the answer is malformed");
    if (parser.is_done() || (used > 0 && !error && !buffer_.empty()))
      continue;
    if (open = receive(); open)
      continue;
    if (!parser.got_some())
      return std::nullopt;
    parser.put_eof(error);
    if (error)
      throw std::system_error(error, "the answer was cut");
  }
  return reading_of(parser.get());
}

bool connection::hears_within(std::chrono::milliseconds time) {
  pollfd wanted{socket_, POLLIN, 0};
  return ::poll(&wanted, 1, static_cast<int>(time.count())) > 0;
}

std::string connection::read_to_end() {
  while (receive()) {
  }
  return std::move(buffer_);
}

} // namespace proxy::admin::test
