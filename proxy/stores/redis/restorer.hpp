// What a proxy does about a Redis process that it meets, or that has lost something: it lets
// nothing through there, tells it again what it may lack, and agrees with the others on when the
// process may decide. One thread's, in rounds; what is told twice counts once.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "proxy/stores/redis/redis_state.hpp"
#include "proxy/stores/redis/roll_call.hpp"

namespace proxy::stores {

class redis_store::restorer {
 public:
  explicit restorer(state_block& store) : my_(store), name_(redis::hex(store.node)) {}

  // One round. True: there is more to do soon.
  bool look();
  bool heard_of_others() const { return trouble_.empty(); } // in the last round
  // Nobody needs to wait for what this proxy might have to tell.
  void leave();

 private:
  struct process {
    redis::place at;
    std::string token;               // of which all the rest is
    bool told = false;               // by this proxy
    bool opened = false;             // its roots, by this proxy
    bool lost_again = false;         // while it was being told
    bool lacked = false;             // something, or somebody found that it does
    std::set<std::uint64_t> lost{};  // roots that are not open
    std::set<std::string> awaited{}; // proxies, as last logged
  };
  using standings = std::vector<redis::incarnations::standing>;
  standings present() const;
  outcome<redis::roll_call> call(const standings& all, bool leaving);
  bool advance(const redis::incarnations::standing& of, const redis::roll_call& heard);
  void begin(const redis::incarnations::standing& of, const std::string& token);
  void open(const std::string& replid, process& one);
  outcome<void> tell(process& one);
  outcome<void> wait_for_lines();
  outcome<void> restore_keys(process& one);
  outcome<void> find_lost_roots(process& one);
  outcome<void> begin_roots(const process& one);
  outcome<void> tell_journal(process& one);
  outcome<bool> open_roots(const process& one, const std::set<std::string>& told);
  void note_lack(process& one);
  void report_awaited(process& one, const redis::roll_call::process& as_heard, std::int64_t now_ms);
  void ask_names(const standings& all, const std::string& of_who_answered);
  std::string name_of(const redis::place& at);
  void count_fellows();
  void count() const;
  bool lies_at(const redis::place& at, std::string_view tag) const;

  state_block& my_;
  const std::string name_;
  std::map<std::string, process> known_; // by replication id
  std::map<std::string, std::int64_t> fellows_;
  std::int64_t last_ms_ = 0;                         // when Redis was told that this proxy is there
  std::chrono::steady_clock::time_point names_at_{}; // when to ask for them again
  std::string trouble_;
  std::optional<std::chrono::steady_clock::time_point> lost_at_; // something, the last time
};

} // namespace proxy::stores
