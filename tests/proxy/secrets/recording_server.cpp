// Beast, blocking, one connection after the other.
#include "tests/proxy/secrets/recording_server.hpp"

#include <sys/socket.h>

#include <algorithm>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace secrets_test {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

recording_server::recording_server(std::vector<canned> answers, manner how)
    : acceptor_(io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}),
      port_(acceptor_.local_endpoint().port()), manner_(how),
      answers_(answers.begin(), answers.end()), thread_([this] { run(); }) {}

recording_server::~recording_server() {
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR); // wakes accept()
  thread_.join();
}

std::vector<heard> recording_server::requests() {
  const std::lock_guard guard(lock_);
  return heard_;
}

void recording_server::run() {
  std::vector<tcp::socket> silent;
  for (;;) {
    boost::system::error_code error;
    tcp::socket client{io_};
    acceptor_.accept(client, error);
    if (error)
      return;
    if (manner_ == manner::silent) {
      silent.push_back(std::move(client));
      continue;
    }
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    http::read(client, buffer, request, error);
    if (error)
      continue;
    heard one{
        std::string(request.method_string()), std::string(request.target()), {}, request.body()};
    for (const auto& field : request) {
      std::string name{field.name_string()};
      std::ranges::transform(name, name.begin(), [](char c) { return char(std::tolower(c)); });
      one.fields[name] = std::string(field.value());
    }
    canned answer{599, ""};
    {
      const std::lock_guard guard(lock_);
      heard_.push_back(std::move(one));
      if (!answers_.empty()) {
        answer = answers_.front();
        answers_.pop_front();
      }
    }
    const std::string text =
        "HTTP/1.1 " + std::to_string(answer.status) + " X\r\n" + answer.fields +
        "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
    asio::write(client, asio::buffer(text), error);
  }
}

proxy::secrets::environment with(std::map<std::string, std::string> variables) {
  proxy::secrets::environment made;
  made.variable = [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>{found->second};
  };
  made.now = [] {
    using namespace std::chrono;
    return system_clock::time_point{sys_days{year{2015} / 8 / 30} + hours{12} + minutes{36}};
  };
  made.home = "/nonexistent";
  made.call = [](const proxy::secrets::http_request& request) {
    return proxy::secrets::https_call(request, {});
  };
  return made;
}

std::string told(const proxy::outcome<std::string>& found) {
  return found ? *found : "failure: " + found.error().message;
}

} // namespace secrets_test
