// Head, who is it, body, answer; again. Deadlines are absolute: no byte sent late moves them.
#include "proxy/admin/session.hpp"

#include "proxy/admin/authorize.hpp"
#include "proxy/admin/router.hpp"

namespace proxy::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using boost::system::error_code;

constexpr std::chrono::seconds idle_max{60};
constexpr std::chrono::seconds head_max{10};
constexpr std::chrono::seconds body_max{10};
constexpr std::chrono::seconds write_max{30}; // a piece of an answer
constexpr std::uint32_t head_bytes_max = 32 * 1024;
constexpr std::uint64_t body_bytes_max = 1024 * 1024;
constexpr std::size_t write_bytes_max = 64 * 1024;

const auto nothrow = asio::as_tuple(asio::use_awaitable);

class session {
 public:
  session(asio::ip::tcp::socket socket, session_scope scope)
      : stream_(std::move(socket)), scope_(scope) {
    error_code ignored;
    stream_.socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
    local_address_ = stream_.socket().local_endpoint(ignored).address().to_string();
  }

  awaitable<void> run();

 private:
  using parser = http::request_parser<http::string_body>;

  awaitable<bool> wait_for_bytes();
  awaitable<error_code> read_head();
  awaitable<error_code> read_body();
  awaitable<reply> answer_one();
  awaitable<bool> write(reply what, bool keep_alive);
  awaitable<bool> write_pieces(pieces& parts, bool chunked);
  std::optional<problem> refusal() const;
  std::string_view path() const;

  beast::tcp_stream stream_;
  session_scope scope_;
  std::string local_address_;
  beast::flat_buffer buffer_{head_bytes_max + write_bytes_max};
  std::optional<parser> parser_;
};

reply failed_reading(const error_code& error) {
  if (error == http::error::body_limit)
    return reply_of(
        {.status = 413, .message = "the body is larger than 1 MiB", .code = "request_too_large"});
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return reply_of({.status = 431,
                     .message = "the request's head is larger than 32 KiB",
                     .code = "header_too_large"});
  return reply_of({.message = "not a request that HTTP/1.1 allows: " + error.message()});
}

// The peer or the clock ended it: nobody is there to be answered.
bool is_over(const error_code& error) {
  return error == http::error::end_of_stream || error == http::error::partial_message ||
         error == beast::error::timeout || error.category() == boost::system::system_category() ||
         error.category() == asio::error::get_misc_category();
}

std::string_view view(const auto& text) {
  return {text.data(), text.size()};
}

awaitable<void> session::run() {
  for (bool open = true; open;) {
    if (buffer_.size() == 0 && !co_await wait_for_bytes())
      co_return;
    bool keep_alive = false;
    reply what;
    if (const error_code error = co_await read_head()) {
      if (is_over(error))
        co_return;
      what = failed_reading(error);
    } else {
      what = co_await answer_one();
      keep_alive = parser_->is_done() && parser_->get().keep_alive();
    }
    open = co_await write(std::move(what), keep_alive);
  }
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

awaitable<bool> session::wait_for_bytes() {
  stream_.expires_after(idle_max);
  const auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(4096), nothrow);
  buffer_.commit(count);
  co_return !error;
}

awaitable<error_code> session::read_head() {
  parser_.emplace();
  parser_->header_limit(head_bytes_max);
  parser_->body_limit(body_bytes_max);
  stream_.expires_after(head_max);
  const auto [error, count] = co_await http::async_read_header(stream_, buffer_, *parser_, nothrow);
  co_return error;
}

awaitable<error_code> session::read_body() {
  stream_.expires_after(body_max);
  if (!parser_->is_done() && beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, count] = co_await asio::async_write(stream_, asio::buffer(go_on), nothrow);
    if (error)
      co_return error;
  }
  const auto [error, count] = co_await http::async_read(stream_, buffer_, *parser_, nothrow);
  co_return error;
}

std::string_view session::path() const {
  const std::string_view target = view(parser_->get().target());
  return target.substr(0, target.find('?'));
}

std::optional<problem> session::refusal() const {
  const auto& head = parser_->get();
  where_from from;
  from.listen_address = scope_.listen_address;
  from.local_address = local_address_;
  if (head.count(http::field::host) == 1)
    from.host = view(head[http::field::host]);
  if (head.count(http::field::origin) > 0)
    from.origin = view(head[http::field::origin]);
  if (auto wrong = refuse_host(from))
    return wrong;
  const auto matched = find_route(head.method(), path());
  if (matched.found && matched.found->needs == access::anyone)
    return std::nullopt;
  return refuse_key(view(head[http::field::authorization]), scope_.context.admin_key);
}

awaitable<reply> session::answer_one() {
  if (const auto wrong = refusal())
    co_return reply_of(*wrong);
  const std::string method{view(parser_->get().method_string())};
  request call;
  call.path = path();
  const auto matched = find_route(parser_->get().method(), call.path);
  if (!matched.found && matched.allow.empty())
    co_return reply_of({.status = 404,
                        .message = "no such call: " + method + " " + call.path,
                        .code = "not_found"});
  if (!matched.found) {
    reply out = reply_of({.status = 405,
                          .message = call.path + " takes " + matched.allow + ", not " + method,
                          .code = "method_not_allowed"});
    out.allow = matched.allow;
    co_return out;
  }
  if (const error_code error = co_await read_body())
    co_return failed_reading(error);
  const auto& message = parser_->get();
  call.if_match = view(message[http::field::if_match]);
  call.body = message.body();
  call.now = scope_.context.now();
  co_return dispatch(scope_.context, matched, view(message.target()), std::move(call));
}

awaitable<bool> session::write(reply what, bool keep_alive) {
  const bool streamed = what.parts != nullptr;
  const unsigned version = parser_->get().version() == 10 ? 10 : 11;
  if (streamed && version == 10)
    keep_alive = false; // the end of the connection is the end of the body
  http::response<http::string_body> message{static_cast<http::status>(what.status), version};
  message.set(http::field::content_type, what.type);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (!what.etag.empty())
    message.set(http::field::etag, what.etag);
  if (!what.allow.empty())
    message.set(http::field::allow, what.allow);
  if (what.status == 401)
    message.set(http::field::www_authenticate, "Bearer");
  message.keep_alive(keep_alive);
  message.body() = std::move(what.body);
  stream_.expires_after(write_max);
  if (!streamed) {
    message.prepare_payload();
    const auto [error, count] = co_await http::async_write(stream_, message, nothrow);
    co_return !error && keep_alive;
  }
  message.chunked(version == 11);
  http::response_serializer<http::string_body> head{message};
  const auto [error, count] = co_await http::async_write_header(stream_, head, nothrow);
  const bool sent = !error && co_await write_pieces(*what.parts, version == 11);
  co_return sent&& keep_alive;
}

awaitable<bool> session::write_pieces(pieces& parts, bool chunked) {
  while (const auto part = parts.next()) {
    for (std::size_t at = 0; at < part->size(); at += write_bytes_max) {
      const auto slice =
          asio::buffer(part->data() + at, std::min(write_bytes_max, part->size() - at));
      stream_.expires_after(write_max);
      error_code failed;
      if (chunked) {
        const auto framed = http::make_chunk(slice);
        const auto [error, count] = co_await asio::async_write(stream_, framed, nothrow);
        failed = error;
      } else {
        const auto [error, count] = co_await asio::async_write(stream_, slice, nothrow);
        failed = error;
      }
      if (failed)
        co_return false;
    }
  }
  if (!chunked)
    co_return true;
  const auto last = http::make_chunk_last();
  const auto [error, count] = co_await asio::async_write(stream_, last, nothrow);
  co_return !error;
}

} // namespace

awaitable<void> serve(asio::ip::tcp::socket socket, session_scope scope) {
  session one{std::move(socket), scope};
  co_await one.run();
}

} // namespace proxy::admin
