// No space, no intents, and yet an outcome for every intent that was let through.
#include <csignal>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

using namespace test;

// Appends intents until there is no room, then all their outcomes; how many there were.
std::uint64_t fill(lane& one, std::uint64_t from) {
  std::uint64_t next = from;
  while (one.room_for_intent())
    one.append(intent(next++));
  for (std::uint64_t i = from; i < next; ++i)
    one.append(outcome_for(i));
  return next - from;
}

void check_ledger(recorder& store, std::uint64_t lane, std::uint64_t requests) {
  CHECK(store.wrong == 0);
  REQUIRE(store.lanes.at(lane).size() == 2 * requests);
  std::set<std::array<std::uint8_t, 16>> closed;
  for (const entry& e : store.lanes.at(lane))
    if (e.kind == entry_kind::outcome)
      closed.insert(e.request);
  CHECK(closed.size() == requests);
}

} // namespace

TEST_CASE("disk full: room ends in time for all open outcomes, and comes back with the space") {
  const int error = GENERATE(ENOSPC, EDQUOT, EROFS);
  const scratch dir;
  recorder store;
  std::atomic<int> answer{0};
  auto settings = settings_in(dir.path, 8 << 10);
  settings.allocate = [&](int descriptor, std::int64_t bytes) {
    return answer.load() != 0 ? answer.load() : ::posix_fallocate(descriptor, 0, bytes);
  };
  auto journal = open_keeper(settings);
  lane& one = new_lane(*journal);
  answer = error;
  journal->start(store);
  std::uint64_t requests = fill(one, 1);
  CHECK(requests == (8192 - 192) / 192 / 2);
  REQUIRE(eventually([&] { return journal->now().disk_full; }));
  CHECK_FALSE(one.room_for_intent());
  CHECK(dir.files(".tmp").empty());
  const auto refused = journal->make_lane();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::journal_full);
  CHECK(refused.error().message.find(dir.path.string()) != std::string::npos);
  answer = 0;
  REQUIRE(eventually([&] { return one.room_for_intent(); }));
  CHECK_FALSE(journal->now().disk_full);
  requests += fill(one, requests + 1);
  CHECK(requests >= 40);
  REQUIRE(journal->flush());
  check_ledger(store, one.id(), requests);
}

TEST_CASE("disk full: on a file system that really is") {
  const scratch dir;
  if (::mount("tmpfs", dir.path.c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    WARN("not tested: mounting a tmpfs needs root");
    return;
  }
  {
    recorder store;
    auto journal = open_keeper(settings_in(dir.path, 256 << 10));
    lane& one = new_lane(*journal);
    journal->start(store);
    std::uint64_t requests = 0;
    while (!journal->now().disk_full) {
      if (!one.room_for_intent())
        continue;
      one.append(intent(++requests));
      one.append(outcome_for(requests));
    }
    requests += fill(one, requests + 1);
    CHECK(requests * 2 * sizeof(entry) > (1 << 20) - (256 << 10));
    CHECK(requests * 2 * sizeof(entry) <= 1 << 20);
    REQUIRE(journal->flush());
    check_ledger(store, one.id(), requests);
  }
  CHECK(::umount(dir.path.c_str()) == 0);
}

TEST_CASE("disk full: a limit on file sizes is no crash but a clear failure") {
  const scratch dir;
  ::rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const ::rlimit small{32 << 10, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  auto journal = open_keeper(settings_in(dir.path));
  const auto made = journal->make_lane();
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == errc::journal_full);
  CHECK(dir.files("").empty());
}

TEST_CASE("backlog: a store that takes nothing ends the room at the bound, and no figure is lost") {
  const scratch dir;
  recorder store;
  std::atomic<bool> away{true};
  struct switched : sink {
    recorder& to;
    std::atomic<bool>& away;
    switched(recorder& r, std::atomic<bool>& a) : to(r), away(a) {}
    bool apply(std::span<const batch> batches) override { return !away && to.apply(batches); }
  } gate(store, away);
  auto settings = settings_in(dir.path, 8 << 10);
  settings.backlog_bytes_max = 64 << 10;
  auto journal = open_keeper(settings);
  lane& one = new_lane(*journal);
  journal->start(gate);
  std::uint64_t requests = 0;
  // Room ends for good only at the bound: short of it the next segment is just being made.
  while (requests * 2 * sizeof(entry) + 2 * settings.segment_bytes < settings.backlog_bytes_max) {
    append_with_room(one, intent(++requests));
    one.append(outcome_for(requests));
  }
  requests += fill(one, requests + 1);
  CHECK_FALSE(one.room_for_intent());
  CHECK_FALSE(journal->now().disk_full);
  CHECK(journal->now().bytes <= settings.backlog_bytes_max + settings.segment_bytes);
  away = false;
  REQUIRE(eventually([&] { return one.room_for_intent(); }));
  requests += fill(one, requests + 1);
  REQUIRE(journal->flush());
  check_ledger(store, one.id(), requests);
}

} // namespace proxy::journal
