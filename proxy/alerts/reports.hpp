// Reports by the calendar: which period has ended, and what it looked like. Sending is the
// caller's.
#pragma once

#include <functional>
#include <optional>

#include "proxy/alerts/delivery.hpp"
#include "proxy/charts/charts.hpp"
#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/store.hpp"

namespace proxy::alerts {

// The last whole day, week (from Monday) or month before `now`, UTC.
struct report_period {
  std::string name;  // "daily"
  std::string label; // "2026-11-27", "2026-11-16 to 2026-11-22", "2026-11"
  std::int64_t from_hour = 0;
  std::int64_t until_hour = 0;
  std::int64_t hours_a_point = 24; // of the charts
};
report_period period_before(const std::string& name, policies::instant now);

class reports {
 public:
  reports(stores::store& store, const keys::key_directory& directory)
      : store_(store), directory_(directory) {}

  // Whether this period's is still to be sent; several proxies agree on who does. A period without
  // any use has none. Call sent() when it is at rest.
  bool due(const report_period& period);
  void sent(const report_period& period);

  // The account, then its keys by cost.
  charts::page page_of(const report_period& period) const;
  delivery delivery_of(const report_period& period, policies::instant now) const;

 private:
  stores::store& store_;
  const keys::key_directory& directory_;
  std::map<std::string, std::string> done_; // name -> label
};

} // namespace proxy::alerts
