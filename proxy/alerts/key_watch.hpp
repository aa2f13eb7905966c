// The figures of each key that the rules ask for: hours from the store's sums, refusals as they
// were told. Those of keys that were not used for long are forgotten, and read again when needed.
#pragma once

#include <deque>
#include <unordered_map>

#include "policies/insight/key_rules.hpp"
#include "proxy/alerts/inbox.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::alerts {

class key_watch {
 public:
  key_watch(const stores::store& store, std::size_t keys_max)
      : store_(store), keys_max_(keys_max) {}

  void refused(std::uint64_t key, std::int64_t minute, const refusals& more);
  policies::insight::verdicts judge(const policies::keys::key_record& key, policies::instant now,
                                    const policies::insight::rule_settings& by);
  std::size_t size() const { return keys_.size(); }

 private:
  struct one_minute {
    std::int64_t number = 0;
    refusals sums;
  };
  struct one_key {
    policies::insight::history past{0, 0};
    policies::insight::hour_use hour; // the running one
    std::int64_t read_from = 0;       // hour; what comes before has been read
    std::deque<one_minute> minutes;   // of the last hour
    policies::instant used{};
  };
  void read_hours(one_key& of, const policies::keys::key_record& key, policies::instant now) const;
  policies::insight::recent_refusals recent(one_key& of, policies::instant now) const;
  void forget_old();

  const stores::store& store_;
  const std::size_t keys_max_;
  std::unordered_map<std::uint64_t, one_key> keys_;
};

} // namespace proxy::alerts
