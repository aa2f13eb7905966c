// What a Redis store is made of, for the files that implement it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "proxy/stores/directory_lock.hpp"
#include "proxy/stores/redis/incarnations.hpp"
#include "proxy/stores/redis/key_table.hpp"
#include "proxy/stores/redis/ledger_writer.hpp"
#include "proxy/stores/redis/limit_line.hpp"
#include "proxy/stores/redis/presence.hpp"
#include "proxy/stores/redis/redis_store.hpp"
#include "proxy/stores/redis/scripts.hpp"
#include "proxy/upstream/tls_context.hpp"

namespace proxy::stores {

struct redis_store::state_block {
  redis_settings settings;
  keys::key_directory& directory;
  std::uint64_t node = 0; // this proxy's, for as long as its data directory lives
  std::optional<directory_lock> lock;
  upstream::tls_context tls;
  std::unique_ptr<redis::topology> nodes;
  std::unique_ptr<redis::blocking_client> admin;    // the owner's questions and changes
  std::unique_ptr<redis::blocking_client> applying; // the journal's
  std::unique_ptr<redis::blocking_client> watching; // upkeep's
  std::unique_ptr<redis::key_table> table;
  std::unique_ptr<redis::ledger_writer> ledger;
  redis::lease_surroundings lending;
  redis::presence presence;
  redis::incarnations processes;
  std::unique_ptr<restorer> restoring; // upkeep's
  std::atomic<std::size_t> closed{0};
  std::atomic<std::uint64_t> losses{0};
  std::atomic<bool> lacks{false}; // what it had acknowledged
  std::mutex lines_lock;
  std::vector<std::unique_ptr<redis::limit_line>> lines;
  std::unique_ptr<journal::keeper> keeper; // goes first: it applies to the ledger to the end
  journal::recovery_report recovered;
  std::string last_file_change = "0";       // id in the stream
  std::atomic<file_owners*> files{nullptr}; // whom to tell, once it is there
  std::thread upkeep;
  std::mutex upkeep_lock;
  std::condition_variable upkeep_wake;
  bool stopping = false;
  bool away = false; // upkeep's: Redis was, when it last looked
  bool poked = false;

  state_block(redis_settings s, keys::key_directory& d);
  ~state_block();

  // Opening, in this order.
  outcome<void> take_directory();
  outcome<void> read_node();
  outcome<void> connect();
  outcome<void> check_schema(redis::blocking_client& by);
  outcome<void> publish_keys();
  outcome<void> open_journal(policies::instant now);

  // Every request that Redis knows of, whole or ended, of some roots.
  struct found_request {
    std::uint64_t root = 0;
    std::string_view id;
    redis::stored_request is;
  };
  using visit_request = std::function<outcome<void>(const found_request&)>;
  using some_roots = std::function<bool(std::uint64_t root)>;
  outcome<void> for_each_request(redis::blocking_client& by, const some_roots& of,
                                 const visit_request& visit);
  // What this proxy holds and has not sent is given back.
  outcome<void> end_own_holds(const some_roots& of,
                              const std::function<bool(std::string_view id)>& sent);
  // A script on one request and its key's chain.
  outcome<std::int64_t> on_request(redis::blocking_client& by, redis::script which,
                                   const found_request& request,
                                   std::initializer_list<std::int64_t> numbers);
  void bring_all_leases_home();
  outcome<void> make_root(std::uint64_t root);
  void lost_at(std::optional<std::uint64_t> root);
  void be_counted();
  void leave();
  void poke();
  bool is_stopping();
  void look_after();
  void look_once();
  outcome<void> tell_file_changes();
  outcome<std::size_t> sweep(redis::blocking_client& by, std::int64_t now_ms);
};

} // namespace proxy::stores
