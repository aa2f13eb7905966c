// The reference model of a store that keeps holds by request id, for proxies that may ask twice,
// fall silent or speak late. Redis scripts are tested against it. Knows no network and no disk.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "policies/limits/reserve.hpp"

namespace policies::limits {

class book {
 public:
  struct bounds {
    milliseconds lifetime_max{30 * 60 * 1000};    // a hold that grows older becomes a charge
    milliseconds memory_max{24 * 60 * 60 * 1000}; // ended requests are remembered this long
  };

  // The asker has stopped waiting, or the request has ended: nothing is held.
  struct too_late {
    bool operator==(const too_late&) const = default;
  };
  using answer = std::variant<hold, limit_refusal, too_late>;

  enum class effect : std::uint8_t {
    applied,   // the hold is out, the figures are in
    duplicate, // had ended before: nothing changed
    corrected, // had been charged at its bound: the true figures replace that
    unheld,    // no hold was known, as after a loss of state: the figures are in all the same
  };

  struct expired {
    request_id id;
    hold held;
    actuals charged;
  };

  book() = default;
  explicit book(const bounds& settings) : bounds_(settings) {}

  // Idempotent: the same id asked again gets the same answer, until it has ended. A question that
  // arrives after `not_after` is too late: its asker would not know of the hold.
  answer reserve(const request_id& id, std::span<const member> chain, const ask& wanted,
                 instant not_after, instant now);

  // The second step of a provisional hold, idempotent as reserve().
  answer extend(const request_id& id, const ask& wanted, instant now);

  // `chain` and `held` are what the asker kept; they count only where the book knows no hold.
  effect settle(const request_id& id, std::span<const member> chain, const hold& held,
                const actuals& used, instant now);

  // Never dispatched. Where it overtakes its own reserve, that will be too late.
  effect cancel(const request_id& id, instant now);

  // Turns every hold older than lifetime_max into a charge at its bound, leaving a tombstone for a
  // late true outcome, and forgets what ended longer than memory_max ago. By id, ascending.
  std::vector<expired> sweep(instant now);

  // For stores whose ledger remembers in the book's stead which outcomes have counted: nothing of
  // this request is kept.
  void forget(const request_id& id) { requests_.erase(id); }
  bool knows(const request_id& id) const { return requests_.contains(id); }
  std::optional<hold> held(const request_id& id) const; // nullopt: nothing is open by that name

  std::size_t open_holds() const;
  std::size_t remembered() const { return requests_.size(); }

 private:
  enum class phase : std::uint8_t { open, refused, ended, tombstone };
  struct request {
    phase is = phase::ended;
    std::vector<member> chain;
    hold held;
    actuals charged;
    limit_refusal refusal;
    instant not_after;
    instant since; // when it came to be what it is
    bool extended = false;
  };
  instant present(instant now);
  answer answer_of(const request& known) const;
  void end(request& known, phase is);
  effect close(request& known, const actuals* used, instant now);

  bounds bounds_;
  instant latest_{};
  std::map<request_id, request> requests_;
};

} // namespace policies::limits
