// The Redis store through the contract, on a redis-server of its own. The contract's threads have
// no loops: one loop serves them all, and each operation waits for its end.
#include <condition_variable>
#include <filesystem>
#include <thread>

#include <spdlog/spdlog.h>
#include <stdlib.h>

#include "proxy/io/reactor.hpp"
#include "proxy/stores/redis/blocking_client.hpp"
#include "proxy/stores/redis/redis_store.hpp"
#include "tests/contract/limit_store_contract.hpp"
#include "tests/support/redis_server.hpp"

namespace {

namespace stores = proxy::stores;
using stores::redis_store;
using stores::reserve_op;

// Resumed where an operation ends: tells the thread that waits.
class finished_operation {
 public:
  struct promise_type {
    finished_operation get_return_object() {
      return finished_operation{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<> handle() const { return handle_; }

 private:
  explicit finished_operation(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<> handle_;
};

struct signal_once {
  std::mutex lock;
  std::condition_variable changed;
  bool done = false;
  void set() {
    const std::lock_guard guard(lock);
    done = true;
    changed.notify_all();
  }
  void wait() {
    std::unique_lock guard(lock);
    changed.wait(guard, [this] { return done; });
  }
};

finished_operation telling(signal_once& to) {
  to.set();
  co_return;
}

// The store as threads without a loop see it.
class waiting_limits final : public stores::limit_store {
 public:
  waiting_limits(redis_store& on, proxy::keys::key_directory& directory)
      : on_(on), thread_([this, &directory] {
          on_.join(loop_);
          loop_.every_turn([this] { tell_settled(); });
          loop_.run(&directory.readers().join());
        }) {}
  ~waiting_limits() override {
    loop_.stop();
    thread_.join();
  }

  bool reserve(reserve_op& op) override { return run(op, &redis_store::reserve); }
  bool extend(reserve_op& op) override { return run(op, &redis_store::extend); }
  void settle(proxy::keys::key_slot& key, const policies::request_id& id,
              const policies::limits::hold& held, const policies::limits::actuals& used,
              policies::instant now) override {
    until_settled([&] { on_.settle(key, id, held, used, now); });
  }
  void cancel(proxy::keys::key_slot& key, const policies::request_id& id,
              const policies::limits::hold& held, policies::instant now) override {
    until_settled([&] { on_.cancel(key, id, held, now); });
  }
  void until_home() {
    until_settled([&] { on_.bring_leases_home(); });
  }

 private:
  bool run(reserve_op& op, bool (redis_store::*ask)(reserve_op&)) {
    signal_once ended;
    op.waiter = telling(ended).handle();
    loop_.post([&] {
      if ((on_.*ask)(op))
        op.waiter.resume();
    });
    ended.wait();
    return true;
  }
  // Until nothing is on its way: what is read next sees it.
  void until_settled(const std::function<void()>& work) {
    signal_once ended;
    loop_.post([&] {
      work();
      settling_.push_back(&ended);
    });
    ended.wait();
  }
  void tell_settled() {
    if (on_.open_operations() != 0)
      return;
    for (signal_once* each : std::exchange(settling_, {}))
      each->set();
  }

  redis_store& on_;
  proxy::io::reactor loop_;
  std::vector<signal_once*> settling_;
  std::thread thread_;
};

class redis_world final : public contract::world {
 public:
  redis_world(const std::filesystem::path& directory, std::uint16_t port, bool leased,
              policies::instant now)
      : leased_(leased) {
    stores::redis_settings settings;
    settings.where.host = "127.0.0.1";
    settings.where.port = port;
    settings.directory = directory;
    settings.journal.segment_bytes = 64 << 10;
    settings.journal.sync_every = std::chrono::milliseconds{1};
    settings.journal.apply_every = std::chrono::milliseconds{1};
    settings.caller_clock = true;
    settings.leased = leased;
    auto opened = redis_store::open(settings, directory_, now);
    if (!opened)
      FAIL(opened.error().message);
    store_ = std::move(*opened);
    store_->start();
    limits_ = std::make_unique<waiting_limits>(*store_, directory_);
  }
  proxy::keys::key_directory& directory() override { return directory_; }
  // What is lent and not in use is no concern of the contract, and what was used counts as lent
  // until the journal has told it.
  stores::key_store& keys() override {
    if (leased_) {
      limits_->until_home();
      store_->journal().flush();
    }
    return *store_;
  }
  stores::limit_store& limits() override { return *limits_; }
  proxy::journal::keeper& journal() override { return store_->journal(); }
  const proxy::journal::recovery_report& recovered() const override { return store_->recovered(); }
  void finish(reserve_op&) override { FAIL("waiting_limits waits"); }

 private:
  bool leased_;
  proxy::keys::key_directory directory_;
  std::unique_ptr<redis_store> store_;
  std::unique_ptr<waiting_limits> limits_;
};

class redis_ground final : public contract::ground {
 public:
  redis_ground(std::uint16_t port, bool leased) : port_(port), leased_(leased) {
    std::string name = (std::filesystem::temp_directory_path() / "contract-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    stores::redis::blocking_client wipe({.host = "127.0.0.1", .port = port_}, nullptr);
    REQUIRE(wipe.ask("FLUSHALL").has_value());
  }
  ~redis_ground() override { std::filesystem::remove_all(path_); }
  std::unique_ptr<contract::world> open(policies::instant now) override {
    return std::make_unique<redis_world>(path_, port_, leased_, now);
  }

 private:
  std::filesystem::path path_;
  std::uint16_t port_;
  bool leased_;
};

} // namespace

TEST_CASE("redis store: it keeps the contract of all stores") {
  static tests::redis_server server;
  spdlog::set_level(spdlog::level::off);
  contract::check_store([] { return std::make_unique<redis_ground>(server.port(), false); });
  spdlog::set_level(spdlog::level::info);
}

TEST_CASE("redis store: it keeps the contract where limits are lent to it in advance") {
  static tests::redis_server server;
  spdlog::set_level(spdlog::level::off);
  contract::check_store([] { return std::make_unique<redis_ground>(server.port(), true); });
  spdlog::set_level(spdlog::level::info);
}
