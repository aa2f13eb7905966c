// Opening the parts in the server's order, and spelling calls.
#include "tests/proxy/admin/plane.hpp"

#include <spdlog/spdlog.h>
#include <stdlib.h>

#include "proxy/admin/sha256.hpp"
#include "proxy/config/settings.hpp"

namespace proxy::admin::test {

plane::plane(std::string_view listen, session_deadlines deadlines)
    : listen_(listen), deadlines_(deadlines) {
  spdlog::set_level(spdlog::level::off); // what is refused here is refused on purpose
  std::string name = (std::filesystem::temp_directory_path() / "admin-test-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
  auto prices = config::parse_prices(config::built_in_prices(), "built in");
  REQUIRE(prices.has_value());
  prices_ = policies::pricing::price_table{std::move(*prices)};
  open();
}

plane::~plane() {
  server_.reset();
  store_.reset();
  std::filesystem::remove_all(path_);
  spdlog::set_level(spdlog::level::info);
}

void plane::open() {
  directory_ = std::make_unique<keys::key_directory>();
  stores::embedded_settings where;
  where.directory = path_;
  where.journal.segment_bytes = 256 << 10;
  where.journal.sync_every = std::chrono::milliseconds{1};
  auto opened = stores::embedded_store::open(where, *directory_, now());
  if (!opened)
    FAIL(opened.error().message);
  store_ = std::move(*opened);
  store_->start();
  admin_context context{.store = *store_,
                        .directory = *directory_,
                        .admin_key = sha256(admin_key),
                        .metrics = [] { return std::string("keys 1\n"); },
                        .now = [this] { return now(); },
                        .random =
                            [this](std::span<std::byte> out) {
                              for (std::byte& each : out)
                                each = static_cast<std::byte>(random_());
                            },
                        .prices = &prices_,
                        .deadlines = deadlines_};
  server_ = std::make_unique<admin_server>(std::move(context));
  auto bound = server_->start(listen_);
  if (!bound)
    FAIL(bound.error().message);
  port_ = bound->port;
}

void plane::reopen() {
  server_.reset();
  store_.reset();
  open();
}

std::string plane::text_of(std::string_view method, std::string_view target, std::string_view body,
                           const call_options& options) {
  std::string out = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
  if (!options.host.empty())
    out += "Host: " + options.host + "\r\n";
  if (!options.authorization.empty())
    out += "Authorization: " + options.authorization + "\r\n";
  for (const std::string& line : options.more)
    out += line + "\r\n";
  if (!body.empty())
    out +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return out + "\r\n" + std::string(body);
}

reading plane::call(std::string_view method, std::string_view target, std::string_view body,
                    const call_options& options) {
  connection to{port_};
  to.send(text_of(method, target, body, options));
  auto answer = to.read(method == "HEAD");
  INFO(method << " " << target << " " << body);
  REQUIRE(answer.has_value());
  return std::move(*answer);
}

boost::json::object plane::create(std::string_view body) {
  const reading answer = call("POST", "/v1/keys", body);
  INFO(body << " -> " << answer.body);
  REQUIRE(answer.status == 201);
  return answer.json();
}

std::optional<policies::keys::key_record> plane::find(std::string_view id) {
  const auto parsed = policies::keys::parse_key_id(id);
  REQUIRE(parsed.has_value());
  return store_->get(*parsed);
}

policies::keys::key_record plane::stored(const boost::json::object& key) {
  auto record = find(text(key, "id"));
  REQUIRE(record.has_value());
  return std::move(*record);
}

std::string text(const boost::json::object& from, std::string_view name) {
  INFO(name << " of " << boost::json::serialize(from));
  REQUIRE(from.contains(name));
  REQUIRE(from.at(name).is_string());
  return std::string(from.at(name).as_string());
}

} // namespace proxy::admin::test
