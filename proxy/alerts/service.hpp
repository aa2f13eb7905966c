// Alerts as a whole: watching, telling, reporting. What the server starts and the admin plane asks.
#pragma once

#include <memory>

#include "proxy/alerts/courier.hpp"
#include "proxy/alerts/reports.hpp"
#include "proxy/alerts/watcher.hpp"

namespace proxy::alerts {

struct service_world {
  stores::store& store;
  const keys::key_directory& directory;
  inbox& from;
  const config::alert_settings& alerts;
  const config::insight_settings& insight;
  std::filesystem::path directory_path; // the data directory
  bool shared_store = false;
  std::function<policies::instant()> now;
  std::function<proxy_figures()> figures;
};

class service {
 public:
  static outcome<std::unique_ptr<service>> open(service_world world);
  ~service();
  void start();
  void stop();

  // Thread-safe.
  std::vector<policies::insight::alert> all() const { return desk_.all(); }
  std::vector<courier_status> receivers() const;
  // Puts a test on its way to one receiver, or to all (empty); its id, or a failure: no such one.
  outcome<std::string> test(const std::string& receiver);
  std::string metrics_text() const;
  key_rules& rules() { return rules_; }
  const policies::insight::rule_settings& rules_of_all() const { return world_.insight.rules; }

 private:
  explicit service(service_world world);
  outcome<void> open_couriers();
  void tell(const policies::insight::alert& what);
  void deliver(const delivery& what, const std::function<bool(const courier&)>& to);
  void send_reports(policies::instant now);

  service_world world_;
  std::vector<std::unique_ptr<courier>> couriers_;
  reports reports_;
  key_rules rules_;
  desk desk_;
  watcher watcher_;
  std::atomic<std::uint64_t> tests_{0};
  bool started_ = false; // before: what is told was told before, but to receivers that are new
};

} // namespace proxy::alerts
