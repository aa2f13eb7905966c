// Which alerts stand, and what a verdict changes about it: a condition that begins is told once,
// and once more when it has ended. Storing and telling are the caller's.
#pragma once

#include <map>
#include <tuple>

#include "policies/insight/rule.hpp"

namespace policies::insight {

struct alert {
  std::string id{}; // "alert_" and 16 hex digits
  rule which{};
  key_id key{}; // 0: the account, or the proxy
  std::string subject{};
  severity how{};
  std::string message{};
  instant fired{};
  std::optional<instant> resolved{};
  std::string resolution{}; // why it is over
  bool operator==(const alert&) const = default;
};

// A condition that was over for less than this is not told again.
inline constexpr std::chrono::minutes quiet_after{60};

class alert_book {
 public:
  void restore(alert known); // open, or resolved lately

  // What has to be told: a new alert without an id, or an open one with `resolved` set. Nothing has
  // changed until commit().
  std::optional<alert> weigh(key_id key, const verdict& says, instant now) const;
  void commit(const alert& told);

  const alert* open(key_id key, rule which, const std::string& subject = {}) const;
  std::vector<alert> all_open() const;
  // Notices that have lasted, as alerts to be resolved.
  std::vector<alert> over_by_now(instant now) const;

 private:
  using place = std::tuple<key_id, rule, std::string>;
  static place place_of(const alert& of) { return {of.key, of.which, of.subject}; }
  std::map<place, alert> open_;
  std::map<place, instant> ended_; // lately
};

} // namespace policies::insight
