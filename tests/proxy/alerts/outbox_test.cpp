// What stands in a queue survives its process, what is through does not come again, and its bytes
// are bounded, the least grave going first.
#include "proxy/alerts/outbox.hpp"

#include <unistd.h>

#include <fstream>

#include "tests/support/catch.hpp"

namespace {

using policies::insight::severity;
using proxy::alerts::delivery;
using proxy::alerts::outbox;

struct place {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("deepseek-outbox-" + std::to_string(::getpid()));
  place() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~place() { std::filesystem::remove_all(path); }
  std::filesystem::path file() const { return path / "a.queue"; }
  std::unique_ptr<outbox> open(std::size_t bytes_max = 1 << 20) const {
    return std::move(*outbox::open(file(), bytes_max));
  }
};

delivery one(const std::string& id, severity how = severity::warning, std::size_t bytes = 10) {
  return {.id = id, .how = how, .made_ms = 1, .text = std::string(bytes, 'x'), .event = "{}"};
}

bool any(const delivery&) {
  return true;
}

std::string next(const outbox& from) {
  const auto found = from.next(any);
  return found ? found->id : "";
}

} // namespace

TEST_CASE("outbox: the oldest first, each once, across openings") {
  const place here;
  {
    const auto box = here.open();
    for (const char* id : {"a", "b", "c"})
      REQUIRE(box->add(one(id)).has_value());
    REQUIRE(box->add(one("b")).has_value()); // known
    CHECK(next(*box) == "a");
    REQUIRE(box->done("a").has_value());
  }
  const auto box = here.open();
  CHECK(box->now().queued == 2);
  CHECK(next(*box) == "b");
  REQUIRE(box->add(one("a")).has_value()); // it is through
  CHECK(box->now().queued == 2);
  const auto passing = box->next([](const delivery& each) { return each.id == "c"; });
  CHECK(passing->text == "xxxxxxxxxx");
}

TEST_CASE("outbox: half a line at the end was never promised, and what comes after it is read") {
  const place here;
  {
    const auto box = here.open();
    REQUIRE(box->add(one("a")).has_value());
  }
  std::ofstream(here.file(), std::ios::app | std::ios::binary) << "+{\"id\":\"torn";
  {
    const auto box = here.open();
    CHECK(box->now().queued == 1);
    REQUIRE(box->add(one("b")).has_value());
  }
  const auto box = here.open();
  CHECK(box->now().queued == 2);
}

TEST_CASE("outbox: a full one drops the oldest of the least grave, and counts it") {
  const place here;
  const auto box = here.open(2000);
  REQUIRE(box->add(one("critical", severity::critical, 500)).has_value());
  REQUIRE(box->add(one("info-1", severity::info, 500)).has_value());
  REQUIRE(box->add(one("info-2", severity::info, 500)).has_value());
  REQUIRE(box->add(one("warning", severity::warning, 500)).has_value());
  CHECK(box->now().dropped == 1);
  CHECK(next(*box) == "critical");
  REQUIRE(box->done("critical").has_value());
  CHECK(next(*box) == "info-2");
  REQUIRE(box->add(one("c1", severity::critical, 500)).has_value());
  REQUIRE(box->add(one("c2", severity::critical, 500)).has_value());
  REQUIRE(box->add(one("c3", severity::critical, 500)).has_value());
  CHECK(box->now().dropped == 3); // info-2 and the warning
  REQUIRE(box->add(one("too-late", severity::info, 500)).has_value());
  CHECK(box->now().dropped == 4);
  CHECK(next(*box) == "c1");
}

TEST_CASE("outbox: the file does not grow with what is through") {
  const place here;
  const auto box = here.open();
  for (int i = 0; i < 300; ++i) {
    const std::string id = "id-" + std::to_string(i);
    REQUIRE(box->add(one(id, severity::info, 20'000)).has_value());
    REQUIRE(box->done(id).has_value());
  }
  CHECK(std::filesystem::file_size(here.file()) < 2'000'000); // of six million bytes
  CHECK(box->now().delivered == 300);
}

TEST_CASE("outbox: a new one knows that it is") {
  const place here;
  CHECK(here.open()->fresh());
  CHECK_FALSE(here.open()->fresh());
}
