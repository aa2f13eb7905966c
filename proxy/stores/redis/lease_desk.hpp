// One thread's leases, by key: what is left of each, which step with Redis is open, and who waits
// for it. Whether to divide, to ask for more or to bring back is said here; limit_line does the
// asking.
#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

#include "policies/limits/lease.hpp"
#include "policies/limits/lend.hpp"
#include "proxy/io/reactor.hpp"
#include "proxy/stores/limit_store.hpp"

namespace proxy::stores::redis {

// What all threads of a node share of leases.
struct lease_surroundings {
  std::atomic<std::uint32_t> next_number{1000}; // set by chance at the start
  std::atomic<std::int64_t> nodes{1};
  std::atomic<std::int64_t> threads{0};

  std::uint32_t new_number();
  std::int64_t parts() const { return 20 * nodes.load() * std::max<std::int64_t>(1, threads); }
};
// In a journal entry: admitted while Redis was away, from this node's part of the limit.
inline constexpr std::uint32_t divided_number = 1;

struct open_lease {
  struct waiting_op {
    reserve_op* op;
    bool extends;
    io::deadline until;
    int steps = 0; // it has waited for
  };

  keys::key_slot* key;
  policies::limits::lease local;
  policies::limits::demand recent{};
  policies::limits::loan_step step{};                    // the last one that was written
  bool step_open = false;                                // and not answered
  bool granted_all = false;                              // that the last one wanted
  bool closing = false;                                  // it was the last one
  bool home_after = false;                               // bring back all when it is answered
  std::array<std::uint64_t, keys::chain_max> versions{}; // of the limits it was lent by
  std::uint64_t heard_on = 0;                            // the connection of the last answer
  const std::atomic<bool>* stands = nullptr;             // false: Redis may have lost it
  policies::limits::remaining left{};                    // by the last answer, besides what is lent
  policies::instant last_now{};                          // of who asked last, by the caller's clock
  std::int64_t exact_until_ms = 0; // little remains: single requests until then
  io::deadline used_at = 0;
  io::deadline stepped_at = 0;
  std::vector<waiting_op> waiting{};

  open_lease(keys::key_slot& of, std::uint32_t number) : key(&of), local(number) {}
  bool lent_by_these_limits() const;
  void note_limits();
  bool never_lent() const { return step.sequence == 0; }
};

class lease_desk {
 public:
  explicit lease_desk(lease_surroundings& around) : around_(around) {}

  open_lease& of(keys::key_slot& key);
  open_lease* find(keys::key_slot& key, std::uint32_t number); // nullptr: it is void
  void forget(open_lease& ended) { all_.erase(ended.key); }
  // Expired or lost at Redis: what flies is the ledger's business, and the next one is another.
  void make_void(open_lease& lost);

  // Serves by itself, or says that it cannot.
  static bool serve(open_lease& from, reserve_op& op, bool extends, std::int64_t at_ms);

  // What to write next; each is a step, with all that there is to tell. nullopt: nothing.
  std::optional<policies::limits::loan_step>
  asking(open_lease& l, const policies::limits::ask* need, std::int64_t at_ms) const;
  std::optional<policies::limits::loan_step> bringing_home(open_lease& l) const;
  // Now and then: what is left over, what was not told, or that the lease is still in use.
  std::optional<policies::limits::loan_step> tidying(open_lease& l, io::deadline now,
                                                     std::int64_t at_ms) const;
  bool ended(const open_lease& l, io::deadline now) const;

  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [key, each] : all_)
      visit(*each);
  }

 private:
  policies::limits::loan_step next(open_lease& l, const policies::limits::portion& returned) const;

  lease_surroundings& around_;
  std::unordered_map<const keys::key_slot*, std::unique_ptr<open_lease>> all_;
};

} // namespace proxy::stores::redis
