// The account's small resources: models, balance, and the server-side tools.
#include <fmt/format.h>

#include "bench/simulator/endpoints.hpp"

namespace simulator {
namespace {

namespace json = boost::json;

constexpr std::int64_t granted_nano = 110'000'000'000;
constexpr std::int64_t nano_per_cent = 10'000'000;

json::object describe_model(std::string_view name) {
  return {{"id", name},
          {"object", "model"},
          {"owned_by", "deepseek"},
          {"context_window", context_tokens_max},
          {"max_output_tokens", output_tokens_max}};
}

std::string model_list() {
  const json::array list{describe_model("deepseek-flash"), describe_model("deepseek-v4-pro")};
  return json::serialize(json::object{{"object", "list"}, {"data", list}});
}

std::string dollars(std::int64_t nano) {
  const std::int64_t cents = nano / nano_per_cent;
  return fmt::format("{}.{:02}", cents / 100, cents % 100);
}

// A second of silence at 8 kHz, as a WAV file.
std::string silence() {
  constexpr std::uint32_t samples = 8000;
  const auto number = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i)
      out += static_cast<char>((value >> (8 * i)) & 0xFF);
    return out;
  };
  return "RIFF" + number(36 + samples, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) +
         number(1, 2) + number(samples, 4) + number(samples, 4) + number(1, 2) + number(8, 2) +
         "data" + number(samples, 4) + std::string(samples, '\x80');
}

} // namespace

asio::awaitable<void> serve_models(exchange& x, std::string id) {
  if (id.empty()) {
    co_await x.send(200, model_list());
  } else if (id == "deepseek-flash" || id == "deepseek-v4-pro" || id == "deepseek-v4-flash") {
    co_await x.send(200, json::serialize(describe_model(id)));
  } else {
    co_await x.refuse(not_found());
  }
}

asio::awaitable<void> serve_balance(exchange& x) {
  const auto left = std::max<std::int64_t>(0, granted_nano - x.state.ledger.totals().billed.nano);
  const auto granted = std::min<std::int64_t>(left, 10'000'000'000);
  const std::string body =
      fmt::format(R"({{"is_available":{},"balance_infos":[{{"currency":"USD","total_balance":"{}",)"
                  R"("granted_balance":"{}","topped_up_balance":"{}"}}]}})",
                  left > 0, dollars(left), dollars(granted), dollars(left - granted));
  co_await x.send(200, body);
}

asio::awaitable<void> serve_tool(exchange& x, std::string tool) {
  if (co_await withhold_answer(x))
    co_return;
  std::string body;
  if (tool == "search") {
    body = R"({"results":[{"title":"DeepSeek simulator","url":"https://example.com/",)"
           R"("snippet":"The simulator searched nothing and found this."}]})";
  } else if (tool == "fetch") {
    body = R"({"url":"https://example.com/","content":"The simulator fetched nothing."})";
  } else if (tool == "ocr" || tool == "asr") {
    body = R"({"text":"The simulator sees and hears nothing."})";
  } else if (tool == "tts") {
    co_await x.send(200, silence(), "audio/wav");
    co_return;
  } else {
    co_await x.refuse(not_found());
    co_return;
  }
  if (tool == "search" || tool == "fetch") {
    x.row.model = "tools/" + tool;
    x.row.calls = 1;
    x.owe(family::flash);
  }
  co_await x.send(200, std::move(body));
}

} // namespace simulator
