// Beast's messages over a socket that waits.
#include "proxy/secrets/https_call.hpp"

#include <algorithm>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "proxy/secrets/blocking_socket.hpp"
#include "proxy/secrets/url.hpp"

namespace proxy::secrets {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

http::request<http::string_body> message_of(const http_request& what, const location& to) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(what.method);
  request.target(to.target);
  request.set(http::field::host, to.host_field());
  request.set(http::field::user_agent, "deepseek-proxy");
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : what.headers)
    request.insert(name, value);
  request.body() = what.body;
  if (!what.body.empty() || what.method != "GET")
    request.content_length(what.body.size());
  return request;
}

outcome<http_answer> talk(blocking_socket& line, const http_request& what, const location& to) {
  const auto request = message_of(what, to);
  const error_code sent = line.on_stream(
      [&](auto& stream, auto done) { http::async_write(stream, request, std::move(done)); });
  if (sent)
    return line.failed("asking", sent);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> answer;
  answer.body_limit(answer_bytes_max);
  const error_code read = line.on_stream(
      [&](auto& stream, auto done) { http::async_read(stream, buffer, answer, std::move(done)); });
  if (read == http::error::body_limit)
    return failure{errc::upstream_malformed, "reading the answer (" + to.host_field() +
                                                 "): the answer is longer than " +
                                                 std::to_string(answer_bytes_max) + " bytes"};
  if (read)
    return line.failed("reading the answer", read);
  return http_answer{answer.get().result_int(), std::move(answer.get().body())};
}

bool fit_for_a_field(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

} // namespace

outcome<http_answer> https_call(const http_request& request, const std::stop_token& stop) {
  const auto to = locate(request.url);
  if (!to)
    return to.error();
  for (const auto& [name, value] : request.headers)
    if (!fit_for_a_field(value))
      return failure{errc::bad_configuration, "what should be sent to " + to->host_field() +
                                                  " in the field " + name +
                                                  " has a line end or another control character"};
  blocking_socket line{{to->host, to->port, to->host_field()}, request.timeout, stop};
  if (auto connected = line.connect(); !connected)
    return connected.error();
  if (to->tls)
    if (auto agreed = line.agree_on_tls(request.ca_file); !agreed)
      return agreed.error();
  return talk(line, request, *to);
}

} // namespace proxy::secrets
