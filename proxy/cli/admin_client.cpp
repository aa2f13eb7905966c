// A connection per call: nobody types faster.
#include "proxy/cli/admin_client.hpp"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <fmt/format.h>

#include "proxy/upstream/tls_context.hpp"

namespace proxy::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;

constexpr std::chrono::seconds call_timeout{60};
constexpr std::uint64_t body_bytes_max = 256u << 20;

using request = http::request<http::string_body>;
using parser = http::response_parser<http::string_body>;

// One call over a connection of its own: a whole answer, or a body told piece by piece.
struct whole_answer {
  parser& in;
  template <class Stream>
  asio::awaitable<void> operator()(Stream& stream) const {
    beast::flat_buffer buffer;
    co_await http::async_read(stream, buffer, in, asio::use_awaitable);
  }
};

// One that is no success is kept instead of told.
struct told_answer {
  const sink& told;
  http_answer& refused;
  template <class Stream>
  asio::awaitable<void> operator()(Stream& stream) const {
    beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> in;
    in.body_limit(boost::none);
    co_await http::async_read_header(stream, buffer, in, asio::use_awaitable);
    refused.status = in.get().result_int();
    std::array<char, 64 * 1024> room;
    while (!in.is_done()) {
      beast::get_lowest_layer(stream).expires_after(call_timeout);
      in.get().body().data = room.data();
      in.get().body().size = room.size();
      const auto [error, bytes] =
          co_await http::async_read(stream, buffer, in, asio::as_tuple(asio::use_awaitable));
      if (error && error != http::error::need_buffer)
        throw boost::system::system_error(error);
      const std::string_view piece{room.data(), room.size() - in.get().body().size};
      if (refused.status < 300)
        told(piece);
      else if (refused.body.size() < room.size())
        refused.body.append(piece);
    }
  }
};

template <class Stream, class Answer>
asio::awaitable<void> ask(Stream& stream, const request& out, const Answer& answer) {
  co_await http::async_write(stream, out, asio::use_awaitable);
  auto answered = answer(stream);
  co_await std::move(answered);
}

// Errors are thrown within; transact() turns them into words. `tls`: null where it is plain HTTP.
template <class Answer>
asio::awaitable<void> talk(const config::upstream_address& to, SSL* tls, const request& out,
                           Answer answer) {
  const auto here = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver names(here);
  beast::tcp_stream stream(here);
  stream.expires_after(call_timeout);
  const auto found =
      co_await names.async_resolve(to.host, std::to_string(to.port), asio::use_awaitable);
  co_await stream.async_connect(found, asio::use_awaitable);
  if (!tls) {
    auto plain = ask(stream, out, answer);
    co_await std::move(plain);
    co_return;
  }
  asio::ssl::stream<beast::tcp_stream&> secured(stream, tls);
  co_await secured.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  auto secret = ask(secured, out, answer);
  co_await std::move(secret);
}

bool nobody_listens(const boost::system::error_code& error) {
  return error == asio::error::connection_refused || error == asio::error::host_unreachable ||
         error == asio::error::network_unreachable || error == asio::error::host_not_found;
}

} // namespace

std::string message_in(const std::string& body) {
  json::error_code error;
  const json::value value = json::parse(body, error);
  if (const auto* object = error ? nullptr : value.if_object())
    if (const auto* inner = object->if_contains("error"); inner && inner->is_object())
      if (const auto* text = inner->get_object().if_contains("message"); text && text->is_string())
        return std::string(text->get_string());
  return {};
}

std::string escaped(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text)
    if (plain.find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

namespace {

request request_of(const location& to, const http_call& call) {
  request out{call.method, to.address.base_path + call.target, 11};
  out.set(http::field::host, to.address.host.find(':') == std::string::npos
                                 ? fmt::format("{}:{}", to.address.host, to.address.port)
                                 : fmt::format("[{}]:{}", to.address.host, to.address.port));
  out.set(http::field::user_agent, "deepseek-cli");
  if (!to.admin_key.empty())
    out.set(http::field::authorization, "Bearer " + to.admin_key);
  if (!call.if_match.empty())
    out.set(http::field::if_match, call.if_match);
  if (!call.body.empty())
    out.set(http::field::content_type, "application/json");
  out.keep_alive(false);
  out.body() = call.body;
  out.prepare_payload();
  return out;
}

// Runs one call to its end; what it throws becomes words.
template <class Answer>
result<void> transact(const location& to, const request& out, Answer answer) {
  SSL* tls = nullptr;
  upstream::tls_context authorities;
  if (to.address.tls) {
    auto made = upstream::make_client_context(to.ca_file);
    if (!made)
      return complaint{exit_failed, "--ca-file: cannot load certificates from " +
                                        (to.ca_file.empty() ? "the system's store" : to.ca_file)};
    authorities = std::move(*made);
    tls = upstream::make_client_tls(*authorities, to.address.host);
  }
  asio::io_context loop(1);
  std::exception_ptr failed;
  const auto note = [&failed](std::exception_ptr error) { failed = error; };
  asio::co_spawn(loop, talk(to.address, tls, out, answer), note);
  loop.run();
  try {
    if (failed)
      std::rethrow_exception(failed);
  } catch (const boost::system::system_error& error) {
    if (nobody_listens(error.code()))
      return complaint{exit_failed, "no proxy at " + to.url +
                                        ": is it running? start it with ./deploy/quickstart"};
    return complaint{exit_failed, "no answer from " + to.url + ": " + error.code().message()};
  }
  return {};
}

} // namespace

result<http_answer> exchange(const location& to, const http_call& call) {
  const request out = request_of(to, call);
  parser in;
  in.body_limit(body_bytes_max);
  if (auto done = transact(to, out, whole_answer{in}); !done)
    return done.error();
  return http_answer{in.get().result_int(), std::move(in.get().body())};
}

complaint admin_client::refused(const http_answer& answer) const {
  std::string message = message_in(answer.body);
  if (message.empty())
    message =
        fmt::format("{} answered {}, but not as a deepseek-proxy does", where_.url, answer.status);
  if (answer.status == 401 && where_.admin_key.empty())
    message = "no admin key: set DEEPSEEK_ADMIN_KEY or name a file with --admin-key-file (there is "
              "none in " +
              where_.key_source + ")";
  else if (answer.status == 401)
    message += " (the key came from " + where_.key_source + ")";
  return {exit_failed, std::move(message)};
}

result<reply> admin_client::get(const std::string& target) {
  return send(http::verb::get, target);
}

result<void> admin_client::get_to(const std::string& target, const sink& told) {
  const request out = request_of(where_, {.method = http::verb::get, .target = target});
  http_answer answer;
  if (auto done = transact(where_, out, told_answer{told, answer}); !done)
    return done.error();
  if (answer.status >= 300)
    return refused(answer);
  return {};
}

result<std::string> admin_client::get_text(const std::string& target) {
  std::string text;
  if (auto done = get_to(target, [&](std::string_view piece) { text += piece; }); !done)
    return done.error();
  return text;
}

result<reply> admin_client::send(http::verb method, const std::string& target,
                                 const json::object& body, const std::string& if_match) {
  auto answer = exchange(where_, {.method = method,
                                  .target = target,
                                  .body = body.empty() ? std::string{} : json::serialize(body),
                                  .if_match = if_match});
  if (!answer)
    return answer.error();
  if (answer->status >= 300)
    return refused(*answer);
  json::error_code error;
  json::value value = json::parse(answer->body, error);
  if (error)
    return complaint{exit_failed, where_.url + " answered something that is not JSON"};
  return reply{std::move(answer->body), std::move(value)};
}

} // namespace proxy::cli
