// Which endpoint answers a request, and what comes before any of them.
#include <array>

#include <fmt/format.h>

#include "bench/simulator/endpoints.hpp"

namespace simulator {
namespace {

// Every path works bare and below /v1.
std::string_view bare(std::string_view path) {
  return path.starts_with("/v1/") ? path.substr(3) : path;
}

std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  return authorization.starts_with(scheme) ? authorization.substr(scheme.size()) : "";
}

std::optional<problem> authenticate(exchange& x) {
  auto key = bearer(x.header("authorization"));
  if (x.header("authorization").empty() && bare(x.path).starts_with("/anthropic"))
    key = x.header("x-api-key");
  x.row.authorization_ok = x.state.accepts(key);
  if (x.row.authorization_ok)
    return std::nullopt;
  return key.empty() ? no_key() : wrong_key(key, "sim");
}

struct inference_path {
  std::string_view path;
  format kind;
  bool beta;
};

constexpr std::array inference_paths = {
    inference_path{"/chat/completions", format::chat, false},
    inference_path{"/beta/chat/completions", format::chat, true},
    inference_path{"/beta/completions", format::fim, true},
    inference_path{"/responses", format::responses, false},
    inference_path{"/anthropic/v1/messages", format::anthropic, false},
    inference_path{"/anthropic/messages", format::anthropic, false},
};

asio::awaitable<void> respond_to_post(exchange& x, std::string_view path) {
  for (const auto& known : inference_paths) {
    if (known.path == path) {
      co_await infer(x, known.kind, known.beta);
      co_return;
    }
  }
  if (path == "/completions")
    co_await x.refuse(bad_request("completions api is only available when using beta api (set "
                                  "base_url=\"https://api.deepseek.com/beta\")"));
  else if (path.starts_with("/tools/"))
    co_await serve_tool(x, std::string(path.substr(7)));
  else
    co_await x.refuse(not_found());
}

} // namespace

asio::awaitable<bool> withhold_answer(exchange& x) {
  if (x.faults.has(fault_kind::stall))
    co_await x.out.stall();
  else if (x.faults.has(fault_kind::reset))
    x.out.reset();
  else if (x.faults.has(fault_kind::garbage))
    co_await x.out.raw("\x16\x03\x01 this is not HTTP \xff\xfe\r\n\r\n");
  else
    co_return false;
  co_return true;
}

asio::awaitable<void> respond(exchange& x) {
  if (!x.wrong_option.empty()) {
    co_await x.refuse(bad_request(x.wrong_option));
    co_return;
  }
  if (const fault* late = x.faults.find(fault_kind::delay))
    if (co_await x.peer.pause(milliseconds{late->amount}) == wire::waited::left)
      co_return;
  auto unknown = authenticate(x);
  if (const fault* wanted = x.faults.find(fault_kind::status))
    unknown = of_status(static_cast<int>(wanted->amount));
  if (const fault* wanted = x.faults.find(fault_kind::plain_text_error))
    unknown = as_plain_text(static_cast<int>(wanted->amount));
  if (unknown) {
    co_await x.refuse(std::move(*unknown));
    co_return;
  }
  const std::string_view path = bare(x.path);
  if (path == "/files" || path.starts_with("/files/")) {
    co_await serve_files(x, std::string(path.substr(6)));
  } else if (x.request.method() == boost::beast::http::verb::post) {
    co_await respond_to_post(x, path);
  } else if (path == "/models") {
    co_await serve_models(x, "");
  } else if (path.starts_with("/models/")) {
    co_await serve_models(x, std::string(path.substr(8)));
  } else if (path == "/user/balance") {
    co_await serve_balance(x);
  } else {
    co_await x.refuse(not_found());
  }
}

} // namespace simulator
