// A simulated month of many keys: Poisson arrivals under a day and a week rhythm, heavy-tailed
// sizes, a normal share of errors; and three anomalies that somebody planted in its last week.
#pragma once

#include <random>
#include <set>
#include <string>
#include <vector>

#include "policies/insight/alert_book.hpp"
#include "policies/insight/key_rules.hpp"

namespace world {

namespace insight = policies::insight;
using policies::instant;
using policies::key_id;

struct one_key {
  policies::keys::key_record record;
  double requests_an_hour = 0; // at the mean of its rhythm
  double error_share = 0;
  int busiest_hour = 0;
  bool works_weekends = true;
  std::int64_t silent_until = 0; // hour; requests come from then on only
  insight::history past{0, 0};
  std::int64_t month_spent = 0, day_spent = 0, total_spent = 0;
};

struct fired {
  insight::rule which{};
  key_id key{};
  std::int64_t hour = 0;
  std::int64_t month = 0;
};

// Three planted ones: a key that sends four times as much for three hours, one of whose requests
// three in ten fail for two hours, one that has been silent for 32 days and wakes.
struct planted {
  key_id busy{}, failing{}, woken{};
  std::int64_t hour = 0;
};

class simulation {
 public:
  simulation(unsigned seed, int keys, int days);
  void run();

  const std::vector<fired>& alerts() const { return alerts_; }
  const planted& plan() const { return plan_; }
  std::int64_t first_hour() const { return first_hour_; }
  std::int64_t hours() const { return hours_; }
  // Whether the key's costs of that month came to its limit in the end.
  bool ran_out(key_id key, std::int64_t month) const { return ran_out_.contains({key, month}); }

 private:
  void make_keys(int count);
  double rate(const one_key& of, std::int64_t hour) const;
  void step(one_key& key, std::int64_t hour);
  void look(one_key& key, instant now, insight::hour_use so_far);
  std::int64_t cost_of(std::int64_t requests);

  std::mt19937_64 dice_;
  std::vector<double> sizes_; // nano-dollars, Pareto with a = 1.5: no variance at all
  std::vector<one_key> keys_;
  insight::alert_book book_;
  insight::rule_settings settings_;
  std::vector<fired> alerts_;
  std::set<std::pair<key_id, std::int64_t>> ran_out_;
  planted plan_;
  std::int64_t first_hour_;
  std::int64_t hours_;
};

} // namespace world
