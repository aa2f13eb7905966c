// Blocking sockets and Beast's response parser: the simplest client that judges framing strictly.
#include "tests/bench/simulator/client.hpp"

#include <algorithm>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

namespace simulator_test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::string_view authorization = "authorization: Bearer sk-simulator\r\n";

} // namespace

std::vector<std::string> reply::events() const {
  constexpr std::string_view mark = "data: ";
  std::vector<std::string> found;
  std::string_view rest = body;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with(mark))
      found.emplace_back(line.substr(mark.size()));
  }
  return found;
}

client::client(std::uint16_t port) : socket_(context_) {
  socket_.connect({asio::ip::address_v4::loopback(), port});
}

void client::write_request(std::string_view method, std::string_view target, std::string_view body,
                           const header_list& headers) {
  std::string message = fmt::format("{} {} HTTP/1.1\r\nhost: simulator\r\n", method, target);
  bool has_key = false;
  for (const auto& [name, value] : headers) {
    has_key = has_key || name == "authorization" || name == "x-api-key";
    if (!value.empty())
      message += fmt::format("{}: {}\r\n", name, value);
  }
  if (!has_key)
    message += authorization;
  message += fmt::format("content-length: {}\r\n\r\n{}", body.size(), body);
  write_raw(message);
}

void client::write_raw(std::string_view bytes) {
  asio::write(socket_, asio::buffer(bytes.data(), bytes.size()));
}

std::string client::read_until(std::string_view end) {
  boost::system::error_code ec;
  while (read_.find(end) == std::string::npos && !ec) {
    std::array<char, 4096> some{};
    const auto count = socket_.read_some(asio::buffer(some), ec);
    read_.append(some.data(), count);
  }
  const auto at = read_.find(end);
  const auto size = at == std::string::npos ? read_.size() : at + end.size();
  std::string found = read_.substr(0, size);
  read_.erase(0, size);
  return found;
}

reply client::read_reply(bool head_only) {
  http::response_parser<http::string_body> parser;
  parser.body_limit(std::uint64_t{256} << 20);
  parser.skip(head_only);
  boost::beast::flat_buffer buffer;
  buffer.commit(asio::buffer_copy(buffer.prepare(read_.size()), asio::buffer(read_)));
  read_.clear();
  boost::system::error_code ec;
  http::read(socket_, buffer, parser, ec);
  reply got;
  got.complete = !ec && parser.is_done();
  got.error = ec ? ec.message() : "";
  if (parser.is_header_done()) {
    got.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) {
      std::string name(field.name_string());
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      got.headers[name] = std::string(field.value());
    }
    got.body = parser.get().body();
  }
  read_ = boost::beast::buffers_to_string(buffer.data());
  return got;
}

reply client::send(std::string_view method, std::string_view target, std::string_view body,
                   const header_list& headers) {
  write_request(method, target, body, headers);
  return read_reply(method == "HEAD");
}

void client::close() {
  socket_.close();
}

simulation::simulation(simulator::server_settings settings) : server_(settings) {}

reply simulation::post(std::string_view target, std::string_view body, header_list headers) {
  return client(port()).send("POST", target, body, headers);
}

reply simulation::get(std::string_view target, header_list headers) {
  return client(port()).send("GET", target, "", headers);
}

json::value simulation::control(std::string_view name, std::string_view body) {
  const auto got = post(fmt::format("/__sim/{}", name), body);
  INFO(got.body);
  REQUIRE(got.status == 200);
  return got.parsed();
}

json::value simulation::look(std::string_view name) {
  const auto got = get(fmt::format("/__sim/{}", name));
  REQUIRE(got.status == 200);
  return got.parsed();
}

json::object simulation::last_row() {
  constexpr int polls_max = 20'000;
  for (int i = 0; i < polls_max; ++i) {
    const auto rows = look("requests");
    if (!rows.as_array().empty() && rows.as_array().back().at("done") == true)
      return rows.as_array().back().as_object();
  }
  FAIL("the newest request never ends");
  return {};
}

std::string chat_body(std::string_view more) {
  return fmt::format(
      R"({{"model":"deepseek-flash","messages":[{{"role":"user","content":"Hi"}}]{}{}}})",
      more.empty() ? "" : ",", more);
}

std::int64_t number(const json::value& from, std::string_view pointer) {
  INFO(pointer);
  return from.at_pointer(pointer).to_number<std::int64_t>();
}

std::string text(const json::value& from, std::string_view pointer) {
  INFO(pointer);
  return std::string(from.at_pointer(pointer).as_string());
}

} // namespace simulator_test
