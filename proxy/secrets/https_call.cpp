// Asio's operations one after the other, each run to its end before the next begins.
#include "proxy/secrets/https_call.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "proxy/secrets/url.hpp"
#include "proxy/upstream/tls_context.hpp"

namespace proxy::secrets {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using time_point = std::chrono::steady_clock::time_point;

// Shared with the thread that looks the name up, which may outlive the wait for it: getaddrinfo
// cannot be told to give up.
struct lookup {
  std::mutex lock;
  std::condition_variable_any told;
  bool done = false;
  error_code error;
  tcp::resolver::results_type found;
};

void look_up(const std::shared_ptr<lookup>& into, const location& to) {
  asio::io_context unused;
  tcp::resolver resolver{unused};
  error_code error;
  auto found = resolver.resolve(to.host, std::to_string(to.port), error);
  const std::lock_guard guard(into->lock);
  into->error = error;
  into->found = std::move(found);
  into->done = true;
  into->told.notify_all();
}

class connection {
 public:
  connection(const location& to, const http_request& what, const std::stop_token& stop)
      : to_(to), what_(what), stop_(stop), until_(std::chrono::steady_clock::now() + what.timeout) {
  }

  outcome<http_answer> talk() {
    const auto looked = std::make_shared<lookup>();
    std::thread([looked, to = to_] { look_up(looked, to); }).detach();
    {
      std::unique_lock guard(looked->lock);
      if (!looked->told.wait_until(guard, stop_, until_, [&] { return looked->done; }))
        return failed("looking up the name", asio::error::timed_out);
    }
    if (looked->error)
      return failed("looking up the name", looked->error);
    const error_code connected =
        finish([&](auto done) { asio::async_connect(socket_, looked->found, std::move(done)); });
    if (connected)
      return failed("connecting", connected);
    return to_.tls ? over_tls() : exchange(socket_);
  }

 private:
  failure failed(const std::string& doing, const error_code& error) const {
    const std::string where = doing + " (" + to_.host_field() + "): ";
    if (stop_.stop_requested())
      return {errc::upstream_unreachable, where + "given up, for the proxy ends"};
    if (error == asio::error::timed_out)
      return {errc::upstream_timeout,
              where + "not done within " + std::to_string(what_.timeout.count()) + " ms"};
    if (error == http::error::body_limit)
      return {errc::upstream_malformed,
              where + "the answer is longer than " + std::to_string(answer_bytes_max) + " bytes"};
    return {errc::upstream_unreachable, where + error.message()};
  }

  // Begins an operation and waits for its end. What is given up is destroyed with io_ and calls
  // nobody: io_ is not run again.
  template <class Start>
  error_code finish(Start start) {
    std::optional<error_code> ended;
    start([&ended](const error_code& error, const auto&...) { ended = error; });
    io_.restart();
    const std::stop_callback stopped(stop_, [this] { io_.stop(); });
    while (!ended && io_.run_one_until(until_) > 0) {
    }
    return ended.value_or(error_code{asio::error::timed_out});
  }

  outcome<http_answer> over_tls() {
    const auto context = upstream::make_client_context(what_.ca_file);
    if (!context)
      return failure{errc::bad_configuration,
                     "cannot load the certificates of authorities from " +
                         (what_.ca_file.empty() ? "the system's store (install ca-certificates)"
                                                : what_.ca_file)};
    SSL* const state = upstream::make_client_tls(**context, to_.host);
    if (!state)
      return failure{errc::upstream_unreachable, "OpenSSL has no memory for a connection"};
    asio::ssl::stream<tcp::socket&> tls{socket_, state}; // owns the state
    const error_code shaken = finish(
        [&](auto done) { tls.async_handshake(asio::ssl::stream_base::client, std::move(done)); });
    if (shaken)
      return failed("agreeing on TLS", shaken);
    return exchange(tls);
  }

  template <class Stream>
  outcome<http_answer> exchange(Stream& stream) {
    http::request<http::string_body> request;
    request.version(11);
    request.method_string(what_.method);
    request.target(to_.target);
    request.set(http::field::host, to_.host_field());
    request.set(http::field::user_agent, "deepseek-proxy");
    request.set(http::field::connection, "close");
    for (const auto& [name, value] : what_.headers)
      request.insert(name, value);
    request.body() = what_.body;
    if (!what_.body.empty() || what_.method != "GET")
      request.content_length(what_.body.size());
    const error_code sent =
        finish([&](auto done) { http::async_write(stream, request, std::move(done)); });
    if (sent)
      return failed("asking", sent);
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> answer;
    answer.body_limit(answer_bytes_max);
    const error_code read =
        finish([&](auto done) { http::async_read(stream, buffer, answer, std::move(done)); });
    if (read)
      return failed("reading the answer", read);
    return http_answer{answer.get().result_int(), std::move(answer.get().body())};
  }

  const location& to_;
  const http_request& what_;
  const std::stop_token& stop_;
  const time_point until_;
  asio::io_context io_{1};
  tcp::socket socket_{io_};
};

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
  connection made{*to, request, stop};
  return made.talk();
}

} // namespace proxy::secrets
