// A formatter for spdlog.
#include "proxy/server/log_format.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <spdlog/formatter.h>
#include <spdlog/spdlog.h>

namespace proxy::server {
namespace {

class json_lines final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    using namespace std::chrono;
    const auto at = floor<milliseconds>(message.time);
    const auto level = spdlog::level::to_string_view(message.level);
    const boost::json::object line{
        {"time", fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(system_clock::to_time_t(at)),
                             at.time_since_epoch().count() % 1000)},
        {"level", std::string_view{level.data(), level.size()}},
        {"message", std::string_view{message.payload.data(), message.payload.size()}}};
    const std::string text = boost::json::serialize(line) + "\n";
    to.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_lines>();
  }
};

} // namespace

void log_as_json() {
  spdlog::set_formatter(std::make_unique<json_lines>());
}

} // namespace proxy::server
