// A real admin plane on a real embedded store in a directory of its own, under a clock that tests
// move by hand.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/admin_server.hpp"
#include "proxy/stores/embedded/embedded_store.hpp"
#include "tests/proxy/admin/connection.hpp"
#include "tests/support/catch.hpp"

namespace proxy::admin::test {

inline constexpr std::string_view admin_key = "an-admin-key-of-tests";

// A Wednesday noon, far from the ends of day and month.
inline constexpr policies::instant noon{std::chrono::sys_days{std::chrono::year{2026} / 4 / 15} +
                                        std::chrono::hours{12}};

struct call_options {
  std::string host = "localhost";
  std::string authorization = "Bearer " + std::string(admin_key); // empty: none
  std::vector<std::string> more{};                                // whole lines
};

class plane {
 public:
  explicit plane(std::string_view listen = "127.0.0.1:0", session_deadlines deadlines = {});
  ~plane();

  // One call on a connection of its own.
  reading call(std::string_view method, std::string_view target, std::string_view body = "",
               const call_options& options = {});
  // The text of such a call.
  static std::string text_of(std::string_view method, std::string_view target,
                             std::string_view body = "", const call_options& options = {});

  boost::json::object create(std::string_view body);                 // checks that it is a 201
  policies::keys::key_record stored(const boost::json::object& key); // as the store has it
  std::optional<policies::keys::key_record> find(std::string_view id);

  std::uint16_t port() const { return port_; }
  stores::embedded_store& store() { return *store_; }
  keys::key_directory& directory() { return *directory_; }
  const std::filesystem::path& path() const { return path_; }
  policies::instant now() const { return policies::instant{policies::milliseconds{now_ms_}}; }
  void pass(policies::milliseconds time) { now_ms_ += time.count(); }
  void reopen(); // the process ends in order and starts again

 private:
  void open();
  std::filesystem::path path_;
  std::string listen_;
  session_deadlines deadlines_;
  std::atomic<std::int64_t> now_ms_{noon.time_since_epoch().count()};
  std::mt19937_64 random_{20260415};
  policies::pricing::price_table prices_;
  std::unique_ptr<keys::key_directory> directory_;
  std::unique_ptr<stores::embedded_store> store_;
  std::unique_ptr<admin_server> server_;
  std::uint16_t port_ = 0;
};

std::string text(const boost::json::object& from, std::string_view name);

} // namespace proxy::admin::test
