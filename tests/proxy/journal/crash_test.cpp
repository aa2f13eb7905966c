// Real deaths: a child process is killed by SIGKILL while it writes, and again while it recovers.
// What it had published is all there, and everything is applied exactly once.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/proxy/journal/support.hpp"

namespace proxy::journal {
namespace {

using namespace test;

// Memory that outlives a child: the store's database, and what the child says of itself.
struct shared_world {
  static constexpr std::size_t rows_max = 400'000;
  struct row {
    std::uint64_t lane;
    entry what;
  };
  std::array<std::atomic<std::uint64_t>, 2> lane;
  std::array<std::atomic<std::uint64_t>, 2> published;
  std::atomic<std::uint64_t> committed; // rows before it count, those behind are not there
  std::array<row, rows_max> rows;
};

class world {
 public:
  world() {
    void* at = ::mmap(nullptr, sizeof(shared_world), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(at != MAP_FAILED);
    shared_ = static_cast<shared_world*>(at); // zeros are its initial state
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() { ::munmap(shared_, sizeof(shared_world)); }
  shared_world* operator->() const { return shared_; }

  std::vector<lane_progress> progress() const {
    std::map<std::uint64_t, std::uint64_t> applied;
    for (std::uint64_t i = 0; i < shared_->committed; ++i)
      applied[shared_->rows[i].lane] = shared_->rows[i].what.sequence;
    std::vector<lane_progress> all;
    for (const auto& [lane, sequence] : applied)
      all.push_back({lane, sequence});
    return all;
  }

 private:
  shared_world* shared_ = nullptr;
};

// Takes a call's entries all or not at all, as a transaction does; may die around a commit.
class transactional : public sink {
 public:
  enum class death { never, before_commit, after_commit };
  explicit transactional(world& in, death how = death::never, int at_call = 0)
      : world_(in), how_(how), calls_left_(at_call) {}
  bool apply(std::span<const batch> batches) override {
    std::uint64_t end = world_->committed;
    for (const batch& one : batches)
      for (const entry& e : one.entries)
        world_->rows.at(end++) = {one.lane, e};
    const bool last = --calls_left_ == 0;
    if (last && how_ == death::before_commit)
      std::raise(SIGKILL);
    world_->committed = end;
    if (last && how_ == death::after_commit)
      std::raise(SIGKILL);
    return true;
  }

 private:
  world& world_;
  death how_;
  int calls_left_;
};

// Runs `life` in a child process; its exceptions become an exit code.
template <class Life>
pid_t in_child(Life life) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child > 0)
    return child;
  try {
    life();
  } catch (...) {
    ::_exit(3);
  }
  ::_exit(0);
}

// How it ended: the signal that killed it, or minus its exit code.
int ending_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

std::unique_ptr<keeper> take_over(const scratch& dir, world& all, sink& store) {
  auto journal = open_keeper(settings_in(dir.path, 32 << 10));
  const auto progress = all.progress();
  REQUIRE(journal->recover(progress, store, 9'000).has_value());
  return journal;
}

// Writes requests for ever, keeping some of them open.
void write_for_ever(world& all, std::size_t index, lane& to, std::uint64_t numbers_from) {
  constexpr std::uint64_t open_most = 20;
  all->lane[index] = to.id();
  for (std::uint64_t n = numbers_from;; ++n) {
    append_with_room(to, intent(n));
    all->published[index] = to.published();
    if (n < numbers_from + open_most || n % 16 == 0)
      continue; // each sixteenth never ends
    to.append(outcome_for(n - open_most));
    all->published[index] = to.published();
  }
}

void live(const scratch& dir, world& all, std::uint64_t round) {
  transactional store(all);
  auto journal = take_over(dir, all, store);
  lane& first = new_lane(*journal);
  lane& second = new_lane(*journal);
  journal->start(store);
  std::thread other([&] { write_for_ever(all, 1, second, (round << 40) | (1ull << 39)); });
  write_for_ever(all, 0, first, round << 40);
}

struct known_lane {
  std::uint64_t id;
  std::uint64_t published;
};

void check_everything(const world& all, const std::vector<known_lane>& lanes) {
  std::map<std::uint64_t, std::uint64_t> last;
  std::map<std::array<std::uint8_t, 16>, std::pair<int, int>> requests;
  std::size_t wrong = 0;
  for (std::uint64_t i = 0; i < all->committed; ++i) {
    const auto& [lane, e] = all->rows[i];
    if (e.sequence != ++last[lane] || e.crc != checksum_of(e))
      ++wrong;
    auto& [intents, outcomes] = requests[e.request];
    ++(e.kind == entry_kind::intent ? intents : outcomes);
  }
  CHECK(wrong == 0);
  for (const known_lane& one : lanes)
    CHECK(last[one.id] >= one.published);
  std::size_t not_once = 0;
  for (const auto& [request, counts] : requests)
    if (counts != std::pair{1, 1})
      ++not_once;
  CHECK(not_once == 0);
}

} // namespace

TEST_CASE("crash: whatever was published before a kill -9 is applied once, over twelve lives") {
  const unsigned seed = 81;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const scratch dir;
  world all;
  std::vector<known_lane> lanes;
  for (std::uint64_t round = 1; round <= 12; ++round) {
    const std::uint64_t target = random() % 3'000;
    for (auto* field : {&all->lane, &all->published})
      for (auto& value : *field)
        value = 0;
    const pid_t child = in_child([&] { live(dir, all, round); });
    CHECK(eventually([&] { return all->published[0] + all->published[1] >= target; }));
    ::kill(child, SIGKILL);
    REQUIRE(ending_of(child) == SIGKILL);
    for (std::size_t i = 0; i < 2; ++i)
      if (all->lane[i] != 0)
        lanes.push_back({all->lane[i], all->published[i]});
  }
  transactional store(all);
  auto journal = take_over(dir, all, store);
  CHECK(lanes.size() >= 12);
  check_everything(all, lanes);
}

TEST_CASE("crash: a recovery killed around any commit is taken up by the next") {
  const scratch dir;
  world all;
  std::vector<known_lane> lanes;
  const pid_t child = in_child([&] { live(dir, all, 1); });
  CHECK(eventually([&] { return all->published[0] > 500 && all->published[1] > 500; }));
  ::kill(child, SIGKILL);
  REQUIRE(ending_of(child) == SIGKILL);
  all->committed = 0; // the store lost all: both lanes come again
  for (std::size_t i = 0; i < 2; ++i)
    lanes.push_back({all->lane[i], all->published[i]});
  using death = transactional::death;
  for (const death how :
       {death::before_commit, death::after_commit, death::before_commit, death::after_commit}) {
    const pid_t recovering = in_child([&] {
      transactional store(all, how, 1);
      take_over(dir, all, store);
    });
    CHECK(ending_of(recovering) == SIGKILL);
  }
  CHECK(all->committed > 1000);
  transactional store(all);
  const auto journal = take_over(dir, all, store);
  check_everything(all, lanes);
}

TEST_CASE("crash: recoveries killed at random moments leave each entry applied once") {
  const unsigned seed = 5;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const scratch before;
  world all;
  const pid_t child = in_child([&] { live(before, all, 1); });
  CHECK(eventually([&] { return all->published[0] > 2000 && all->published[1] > 2000; }));
  ::kill(child, SIGKILL);
  REQUIRE(ending_of(child) == SIGKILL);
  const std::vector<known_lane> lanes{{all->lane[0], all->published[0]},
                                      {all->lane[1], all->published[1]}};
  using clock = std::chrono::steady_clock;
  clock::duration whole{};
  for (int round = 0; round < 12; ++round) {
    const scratch dir;
    std::filesystem::copy(before.path, dir.path);
    all->committed = 0;
    for (int kills = round == 0 ? 0 : 4; kills > 0; --kills) {
      const auto until = clock::now() + whole * (random() % 1000) / 1000;
      const pid_t recovering = in_child([&] {
        transactional store(all);
        take_over(dir, all, store);
      });
      while (clock::now() < until)
        std::this_thread::yield();
      ::kill(recovering, SIGKILL);
      const int end = ending_of(recovering);
      CHECK((end == SIGKILL || end == 0));
    }
    const auto start = clock::now();
    transactional store(all);
    const auto journal = take_over(dir, all, store);
    whole = std::max(whole, clock::now() - start);
    check_everything(all, lanes);
  }
}

TEST_CASE("crash: dying while a segment for interruptions is made leaves no trace") {
  const scratch dir;
  world all;
  { // one segment, filled to its last slot with intents
    auto journal = open_keeper(settings_in(dir.path, 8 << 10));
    lane& one = new_lane(*journal);
    all->lane[0] = one.id();
    for (std::uint64_t i = 0; i < (8192 - 192) / 192; ++i)
      one.append(intent(i));
  }
  for (int round = 0; round < 2; ++round) {
    const pid_t recovering = in_child([&] {
      transactional store(all);
      auto settings = settings_in(dir.path, 8 << 10);
      settings.allocate = [](int, std::int64_t) { return std::raise(SIGKILL); };
      auto journal = open_keeper(settings);
      static_cast<void>(journal->recover({}, store, 9'000));
    });
    CHECK(ending_of(recovering) == SIGKILL);
  }
  transactional store(all);
  const auto journal = take_over(dir, all, store);
  check_everything(all, {{all->lane[0], 41}});
  CHECK(all->committed == 82);
  CHECK(dir.files(".tmp").empty());
}

} // namespace proxy::journal
