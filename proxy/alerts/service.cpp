// Making the parts, and what goes to whom.
#include "proxy/alerts/service.hpp"

#include <fstream>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "policies/keys/secret.hpp"
#include "proxy/alerts/channel.hpp"

namespace proxy::alerts {

namespace insight = policies::insight;
using policies::instant;

service::service(service_world world)
    : world_(std::move(world)), reports_(world_.store, world_.directory), rules_(world_.store),
      desk_(world_.store, [this](const insight::alert& what) { tell(what); }),
      watcher_({.store = world_.store,
                .directory = world_.directory,
                .from = world_.from,
                .to = desk_,
                .settings = world_.insight,
                .of_keys = rules_,
                .shared_store = world_.shared_store,
                .now = world_.now,
                .figures = world_.figures,
                .each_minute = [this](instant now) { send_reports(now); }}) {}

service::~service() {
  stop();
}

outcome<std::unique_ptr<service>> service::open(service_world world) {
  std::unique_ptr<service> made{new service(std::move(world))};
  if (auto done = made->open_couriers(); !done)
    return done.error();
  if (auto done = made->watcher_.open(); !done)
    return done.error();
  return made;
}

outcome<void> service::open_couriers() {
  if (world_.alerts.receivers.empty())
    return {};
  const auto folder = world_.directory_path / "alerts";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  for (const config::receiver_settings& each : world_.alerts.receivers) {
    auto box = outbox::open(folder / (each.name + ".queue"), world_.alerts.queue_bytes_max);
    if (!box)
      return box.error();
    couriers_.push_back(
        std::make_unique<courier>(each, std::move(*box), world_.alerts.retry_max, world_.now,
                                  [this, &each](const delivery& what, const std::stop_token& stop) {
                                    return send(what, each, world_.now(), stop);
                                  }));
  }
  return {};
}

void service::start() {
  started_ = true;
  for (const auto& each : couriers_)
    each->start();
  watcher_.start();
}

void service::stop() {
  watcher_.stop();
  for (const auto& each : couriers_)
    each->stop();
}

// What cannot be written is sent all the same, unless a restart comes first.
void service::deliver(const delivery& what, const std::function<bool(const courier&)>& to) {
  for (const auto& each : couriers_)
    if (to(*each))
      if (auto done = each->add(what); !done)
        spdlog::error("{}; '{}' does not reach {} if a restart comes first", done.error().message,
                      what.subject, each->receiver().name);
}

void service::tell(const insight::alert& what) {
  std::vector<std::string> names;
  std::string name;
  if (what.key) {
    const auto record = world_.directory.copy_of(what.key);
    name = record ? record->name : std::string{};
    names = {policies::keys::to_string(what.key), name};
  }
  deliver(delivery_of(what, name), [&](const courier& each) {
    return (started_ || !each.is_new()) && insight::wants(each.receiver().routes, what.how, names);
  });
}

outcome<std::string> service::test(const std::string& receiver) {
  const auto known = [&](const auto& each) { return each->receiver().name == receiver; };
  if (!receiver.empty() && std::ranges::none_of(couriers_, known))
    return failure{errc::not_found, "there is no receiver '" + receiver + "'"};
  const std::string id = fmt::format("test_{}_{}", world_.now().time_since_epoch().count(),
                                     tests_.fetch_add(1, std::memory_order_relaxed));
  deliver(test_delivery(id, world_.now()), [&](const courier& each) {
    return receiver.empty() || each.receiver().name == receiver;
  });
  return id;
}

void service::send_reports(instant now) {
  for (const char* name : {"daily", "weekly", "monthly"}) {
    const auto asked = [&](const std::vector<std::string>& periods) {
      return std::ranges::find(periods, name) != periods.end();
    };
    const bool as_file = asked(world_.alerts.reports);
    const auto wants = [&](const courier& each) { return asked(each.receiver().reports); };
    if (!as_file && std::ranges::none_of(couriers_, [&](const auto& each) { return wants(*each); }))
      continue;
    const report_period period = period_before(name, now);
    if (!reports_.due(period))
      continue;
    const delivery what = reports_.delivery_of(period, now);
    deliver(what, wants);
    if (as_file) {
      const auto folder = world_.alerts.reports_path.empty() ? world_.directory_path / "reports"
                                                             : world_.alerts.reports_path;
      std::error_code error;
      std::filesystem::create_directories(folder, error);
      std::ofstream out(folder / (what.id + ".html"), std::ios::binary);
      if (!(out << what.html).flush())
        spdlog::error("alerts: the report {} cannot be written to {}", what.id, folder.string());
    }
    reports_.sent(period);
  }
}

std::vector<courier_status> service::receivers() const {
  std::vector<courier_status> all;
  for (const auto& each : couriers_)
    all.push_back(each->status());
  return all;
}

std::string service::metrics_text() const {
  std::string out;
  const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
    out += fmt::format("# HELP deepseek_proxy_{0} {1}\n# TYPE deepseek_proxy_{0} {2}\n", name, help,
                       type);
  };
  std::size_t open = 0;
  for (const insight::alert& each : all())
    open += each.resolved ? 0u : 1u;
  head("alerts_open", "gauge", "Alerts that stand.");
  out += fmt::format("deepseek_proxy_alerts_open {}\n", open);
  head("alerts_fired_total", "counter", "Alerts that this proxy has told.");
  out += fmt::format("deepseek_proxy_alerts_fired_total {}\n", desk_.fired());
  head("insight_keys_watched", "gauge", "Keys whose hours are in memory.");
  out += fmt::format("deepseek_proxy_insight_keys_watched {}\n", watcher_.keys_watched());
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help,
                          const std::function<std::uint64_t(const courier_status&)>& value) {
    head(name, type, help);
    for (const courier_status& each : receivers())
      out += fmt::format("deepseek_proxy_{}{{receiver=\"{}\"}} {}\n", name, each.name, value(each));
  };
  family("alert_queue", "gauge", "Deliveries that wait for their receiver.",
         [](const auto& each) { return each.queue.queued; });
  family("alert_deliveries_total", "counter", "Deliveries that their receiver has.",
         [](const auto& each) { return each.queue.delivered; });
  family("alert_failures_total", "counter", "Attempts at a receiver that failed.",
         [](const auto& each) { return each.failures; });
  family("alert_dropped_total", "counter", "Deliveries dropped from a full queue.",
         [](const auto& each) { return each.queue.dropped; });
  return out;
}

} // namespace proxy::alerts
