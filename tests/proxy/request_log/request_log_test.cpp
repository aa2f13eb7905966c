// From the rings to a file and to a collector.
#include "proxy/request_log/request_log.hpp"

#include <filesystem>
#include <fstream>

#include <boost/json.hpp>
#include <unistd.h>

#include "tests/proxy/request_log/ended.hpp"
#include "tests/proxy/secrets/recording_server.hpp"
#include "tests/support/catch.hpp"

namespace json = boost::json;
using namespace proxy::request_log;
using request_log_test::ended;

namespace {

struct workspace {
  std::filesystem::path path;
  workspace() {
    std::string name = (std::filesystem::temp_directory_path() / "request-log-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~workspace() { std::filesystem::remove_all(path); }
  std::string file(const char* name) const { return (path / name).string(); }
};

std::vector<std::int64_t> numbers_in(const std::string& path) {
  std::vector<std::int64_t> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    all.push_back(json::parse(line).at("total_us").as_int64());
  return all;
}

std::unique_ptr<request_log> opened(wanted what) {
  auto made = request_log::open(std::move(what));
  REQUIRE(made.has_value());
  return std::move(*made);
}

// False: there was no room.
bool end_request(proxy::session::ended_requests& of, std::int64_t number) {
  auto* const place = of.ring.room();
  if (!place) {
    of.dropped.add();
    return false;
  }
  *place = ended(static_cast<std::uint64_t>(number));
  place->total_us = number;
  if (of.ring.publish())
    of.half_full();
  return true;
}

template <class Condition>
bool eventually(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::yield();
  }
  return true;
}

std::vector<std::int64_t> up_to(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = first; i <= last; ++i)
    all.push_back(i);
  return all;
}

} // namespace

TEST_CASE("request log: every line of a thread, in order, and the end waits for the last one") {
  const workspace place;
  auto log = opened({.access = place.file("log"), .queue_requests = 1024});
  for (std::int64_t i = 1; i <= 20'000; ++i)
    REQUIRE(eventually([&] { return end_request(log->of_thread(0), i); }));
  log.reset();
  CHECK(numbers_in(place.file("log")) == up_to(1, 20'000));
}

TEST_CASE("request log: what finds no room is counted, and nobody waited") {
  const workspace place;
  auto log = opened({.access = place.file("log"), .threads = 3, .queue_requests = 64});
  std::vector<std::thread> threads;
  std::atomic<std::int64_t> kept{0};
  for (std::size_t t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (std::int64_t i = 1; i <= 10'000; ++i)
        kept += end_request(log->of_thread(t), static_cast<std::int64_t>(t) * 100'000 + i);
    });
  for (std::thread& each : threads)
    each.join();
  CHECK(log->dropped() == static_cast<std::uint64_t>(30'000 - kept));
  log.reset();
  const auto told = numbers_in(place.file("log"));
  CHECK(static_cast<std::int64_t>(told.size()) == kept);
  std::array<std::int64_t, 3> last{};
  for (const std::int64_t each : told) {
    auto& before = last[static_cast<std::size_t>(each / 100'000)];
    REQUIRE(each > before);
    before = each;
  }
}

TEST_CASE(
    "request log: a file that was moved away is opened anew, and no line is lost or in both") {
  const workspace place;
  auto log = opened({.access = place.file("log")});
  for (std::int64_t i = 1; i <= 100; ++i)
    end_request(log->of_thread(0), i);
  std::filesystem::rename(place.file("log"), place.file("log.1"));
  log->reopen();
  REQUIRE(eventually([&] { return std::filesystem::exists(place.file("log")); }));
  for (std::int64_t i = 101; i <= 200; ++i)
    end_request(log->of_thread(0), i);
  log.reset();
  CHECK(numbers_in(place.file("log.1")) == up_to(1, 100));
  CHECK(numbers_in(place.file("log")) == up_to(101, 200));
}

TEST_CASE("request log: where the file cannot be opened anew, the old one goes on") {
  const workspace place;
  std::filesystem::create_directory(place.path / "logs");
  auto log = opened({.access = place.file("logs/log")});
  std::filesystem::rename(place.path / "logs", place.path / "moved");
  log->reopen();
  end_request(log->of_thread(0), 1);
  log.reset();
  CHECK(numbers_in(place.file("moved/log")) == up_to(1, 1));
  CHECK_FALSE(request_log::open({.access = place.file("no/such/log")}).has_value());
}

TEST_CASE("request log: lines that a full disk does not take are counted") {
  auto log = opened({.access = "/dev/full"});
  for (std::int64_t i = 1; i <= 10; ++i)
    end_request(log->of_thread(0), i);
  CHECK(eventually([&] { return log->dropped() == 10; }));
}

TEST_CASE("request log: spans reach the collector, those that have one") {
  secrets_test::recording_server collector({{}, {}, {}});
  auto log = opened({.trace = collector.url() + "/v1/traces"});
  for (std::int64_t i = 1; i <= 600; ++i) {
    auto* const slot = log->of_thread(0).ring.room();
    *slot = ended(static_cast<std::uint64_t>(i));
    slot->sampled = i % 3 != 0;
    log->of_thread(0).ring.publish();
  }
  log.reset();
  std::size_t spans = 0;
  for (const auto& call : collector.requests()) {
    CHECK(call.target == "/v1/traces");
    const json::value body = json::parse(call.body);
    const json::array& sent =
        body.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array();
    CHECK(sent.size() <= 512);
    spans += sent.size();
  }
  CHECK(spans == 400);
}

TEST_CASE(
    "request log: a collector that answers nothing delays no line, and its spans are counted") {
  const workspace place;
  secrets_test::recording_server collector({}, secrets_test::recording_server::manner::silent);
  auto log = opened({.access = place.file("log"), .trace = collector.url() + "/v1/traces"});
  std::int64_t lines = 0;
  std::int64_t lines_meanwhile = 0; // while the first call waits
  CHECK(eventually([&] {
    if (static_cast<std::int64_t>(numbers_in(place.file("log")).size()) == lines)
      end_request(log->of_thread(0), ++lines);
    if (log->dropped() > 0)
      return true;
    lines_meanwhile = lines;
    return false;
  }));
  CHECK(lines_meanwhile > 2); // the third is put there once the second is in the file
}
