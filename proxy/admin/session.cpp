// Head, who is it, body, answer; again.
#include "proxy/admin/session.hpp"

#include "proxy/admin/answer_writer.hpp"
#include "proxy/admin/authorize.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/router.hpp"
#include "proxy/tls/server_context.hpp"

namespace proxy::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t head_bytes_max = 32 * 1024;
constexpr std::uint64_t body_bytes_max = 1024 * 1024;
constexpr std::size_t buffer_bytes_max = 96 * 1024;
constexpr std::size_t linger_bytes_max = 64u << 20;

const auto nothrow = asio::as_tuple(asio::use_awaitable);

class session {
 public:
  session(tcp::socket socket, session_scope scope)
      : stream_(std::move(socket)), scope_(scope), deadlines_(scope.context.deadlines) {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay{true}, ignored);
    local_address_ = stream_.socket().local_endpoint(ignored).address().to_string();
    peer_ = stream_.socket().remote_endpoint(ignored).address();
  }

  awaitable<void> run();

 private:
  using parser = http::request_parser<http::string_body>;

  awaitable<bool> secure();
  awaitable<void> answer_all();
  awaitable<bool> wait_for_bytes();
  awaitable<error_code> read_head();
  awaitable<error_code> read_body();
  awaitable<std::optional<reply>> answer_one(); // nullopt: nobody is there to be answered
  awaitable<void> linger();
  std::optional<reply> failed_reading(const error_code& error) const;
  answer_form form_of_answer() const;
  answer<caller> who_calls(const route_match& matched);
  answer<caller> holder_of_key();
  answer<caller> key_or_session();
  std::string_view path() const;
  // The one value of a field; nullopt: it is absent, or stands there more than once.
  std::optional<std::string_view> single(http::field name) const;

  client_stream stream_;
  session_scope scope_;
  session_deadlines deadlines_;
  deadline limit_{stream_.socket()};
  std::string local_address_;
  asio::ip::address peer_;
  beast::flat_buffer buffer_{buffer_bytes_max};
  std::optional<parser> parser_;
};

std::string_view view(const auto& text) {
  return {text.data(), text.size()};
}

problem no_route(const route_match& matched, std::string_view method, std::string_view path) {
  const std::string call = shown(method) + " " + shown(path);
  if (matched.allow.empty())
    return {.status = 404, .message = "no such call: " + call, .code = "not_found"};
  return {.status = 405,
          .message = call + ": this path takes " + matched.allow,
          .code = "method_not_allowed"};
}

// nullopt: the peer has gone, and nobody is there to be answered.
std::optional<reply> session::failed_reading(const error_code& error) const {
  if (limit_.passed())
    return reply_of({.status = 408,
                     .message = "the request did not arrive in time",
                     .code = "request_timeout"});
  if (error == http::error::body_limit)
    return reply_of(
        {.status = 413, .message = "the body is larger than 1 MiB", .code = "request_too_large"});
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return reply_of({.status = 431,
                     .message = "the request's head is larger than 32 KiB",
                     .code = "header_too_large"});
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != http::make_error_code(http::error::bad_method).category())
    return std::nullopt;
  return reply_of({.message = "not a request that HTTP/1.1 allows: " + error.message()});
}

awaitable<void> session::run() {
  bool ready = true;
  if (scope_.tls)
    ready = co_await secure();
  if (!ready)
    co_return;
  co_await answer_all();
  if (!stream_.is_tls() || !stream_.socket().is_open())
    co_return;
  limit_.set(deadlines_.linger, deadline::ends::everything);
  co_await stream_.async_shutdown(nothrow);
}

awaitable<bool> session::secure() {
  SSL* tls = tls::make_server_tls(*scope_.tls);
  if (!tls)
    co_return false;
  stream_.use_tls(tls);
  limit_.set(deadlines_.head, deadline::ends::everything);
  const auto [error] = co_await stream_.async_handshake(nothrow);
  co_return !error;
}

awaitable<void> session::answer_all() {
  for (bool open = true; open;) {
    if (buffer_.size() == 0 && !co_await wait_for_bytes())
      co_return;
    const error_code error = co_await read_head();
    std::optional<reply> what;
    if (error)
      what = failed_reading(error);
    else
      what = co_await answer_one();
    if (!what)
      co_return;
    client_end to{stream_, limit_, deadlines_.write};
    answer_form form = form_of_answer();
    form.keep_alive = form.keep_alive && !error;
    open = co_await write_answer(to, std::move(*what), form);
  }
  co_await linger();
}

awaitable<bool> session::wait_for_bytes() {
  limit_.set(deadlines_.idle, deadline::ends::everything);
  const auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(4096), nothrow);
  buffer_.commit(count);
  co_return !error;
}

awaitable<error_code> session::read_head() {
  parser_.emplace();
  parser_->header_limit(head_bytes_max);
  parser_->body_limit(body_bytes_max);
  limit_.set(deadlines_.head, deadline::ends::reading);
  const auto [error, count] = co_await http::async_read_header(stream_, buffer_, *parser_, nothrow);
  co_return error;
}

awaitable<error_code> session::read_body() {
  limit_.set(deadlines_.body, deadline::ends::reading);
  const auto expect = single(http::field::expect);
  if (!parser_->is_done() && expect && beast::iequals(*expect, "100-continue")) {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, count] = co_await asio::async_write(stream_, asio::buffer(go_on), nothrow);
    if (error)
      co_return error;
  }
  const auto [error, count] = co_await http::async_read(stream_, buffer_, *parser_, nothrow);
  co_return error;
}

// A socket that is closed with unread bytes in it takes the answer back: what the client still
// sends is read and dropped, for a while.
awaitable<void> session::linger() {
  auto& socket = stream_.socket();
  if (!parser_ || parser_->is_done() || !socket.is_open())
    co_return;
  error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  limit_.set(deadlines_.linger, deadline::ends::everything);
  std::array<char, 16 * 1024> dropped;
  for (std::size_t all = 0; all < linger_bytes_max;) {
    const auto [error, count] = co_await socket.async_read_some(asio::buffer(dropped), nothrow);
    if (error)
      co_return;
    all += count;
  }
}

answer_form session::form_of_answer() const {
  const auto& head = parser_->get();
  return {.version = head.version() == 10 ? 10u : 11u,
          .head_only = head.method() == http::verb::head,
          .keep_alive = parser_->is_done() && head.keep_alive()};
}

std::string_view session::path() const {
  const std::string_view target = view(parser_->get().target());
  return target.substr(0, target.find('?'));
}

std::optional<std::string_view> session::single(http::field name) const {
  const auto& head = parser_->get();
  if (head.count(name) != 1)
    return std::nullopt;
  return view(head[name]);
}

answer<caller> session::holder_of_key() {
  const policies::instant now = scope_.context.now();
  auto wait = scope_.wrong_keys.wait(peer_, now);
  if (!wait) {
    auto found = caller_of_key(scope_.context, single(http::field::authorization).value_or(""),
                               peer_.to_string(), now);
    if (found || parser_->get().count(http::field::authorization) == 0)
      return found;
    scope_.wrong_keys.wrong(peer_, now);
    wait = scope_.wrong_keys.wait(peer_, now);
    if (!wait)
      return found;
    spdlog::warn("admin plane: too many wrong admin keys from {}", peer_.to_string());
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait);
  return problem{.status = 429,
                 .message = fmt::format("more than {} wrong admin keys from your address within a "
                                        "minute; the next one is looked at in {} s",
                                        guesses::wrong_max, seconds.count()),
                 .code = "too_many_wrong_keys",
                 .retry_after = seconds};
}

// A browser's cookie counts only where no key is sent: what asks with a key is judged by the key.
answer<caller> session::key_or_session() {
  const auto& head = parser_->get();
  const std::string_view token = session_token(single(http::field::cookie).value_or(""));
  if (token.empty() || head.count(http::field::authorization) > 0)
    return holder_of_key();
  browser_call call;
  call.token = token;
  if (head.count("X-CSRF-Token") == 1)
    call.csrf = view(head["X-CSRF-Token"]);
  call.changes = head.method() != http::verb::get && head.method() != http::verb::head;
  const policies::instant now = scope_.context.now();
  const auto opened_by = caller_in(scope_.browsers, call, now);
  if (!opened_by)
    return opened_by;
  return caller_of_session(scope_.context, *opened_by, peer_.to_string(), now);
}

// Of a path that does not exist nobody without a key learns so.
answer<caller> session::who_calls(const route_match& matched) {
  const auto& head = parser_->get();
  where_from from;
  from.listen_address = scope_.listen_address;
  from.local_address = local_address_;
  from.host = single(http::field::host).value_or("");
  from.tls = scope_.tls.get();
  if (head.count(http::field::origin) > 0)
    from.origin = single(http::field::origin).value_or("");
  if (auto wrong = refuse_host(from))
    return *wrong;
  if (matched.found && matched.found->needs == access::anyone)
    return caller{};
  auto found = key_or_session();
  if (found && matched.found)
    if (auto wrong = refuse_role(*found, *matched.found))
      return *wrong;
  return found;
}

awaitable<std::optional<reply>> session::answer_one() {
  const auto matched = find_route(parser_->get().method(), path());
  const auto by = who_calls(matched);
  if (!by)
    co_return reply_of(by.error());
  if (!matched.found) {
    reply out = reply_of(no_route(matched, view(parser_->get().method_string()), path()));
    out.allow = matched.allow;
    co_return out;
  }
  if (const error_code error = co_await read_body())
    co_return failed_reading(error);
  const auto& message = parser_->get();
  request call;
  call.by = *by;
  call.path = path();
  call.if_match = view(message[http::field::if_match]);
  call.idempotency_key = view(message["Idempotency-Key"]);
  call.browsers = &scope_.browsers;
  call.issued = &scope_.issued;
  call.feed = &scope_.feed;
  call.last_event_id = view(message["Last-Event-ID"]);
  call.session_token = session_token(single(http::field::cookie).value_or(""));
  call.body = message.body();
  call.now = scope_.context.now();
  call.secure = stream_.is_tls();
  co_return dispatch(scope_.context, matched, view(message.target()), std::move(call));
}

} // namespace

awaitable<void> serve(tcp::socket socket, session_scope scope) {
  session one{std::move(socket), scope};
  co_await one.run();
}

} // namespace proxy::admin
