// [alerts] and [insight], as they stand in the file.
#include "proxy/config/receiver_setting.hpp"
#include "proxy/config/setting_kinds.hpp"

namespace proxy::config {
namespace {

using namespace kinds;
using complaint = std::optional<std::string>;

#define MEMBER(path)                                                                               \
  [](settings & s) -> auto& {                                                                      \
    return s.path;                                                                                 \
  }

setting switch_on() {
  return {"insight",
          "enabled",
          "Watch usage for what is unusual. Alerts, anomalies and reports come of it.",
          "true or false",
          [](settings& s, const node& from) -> complaint {
            const auto* flag = from.as<bool>();
            if (!flag)
              return expected_instead("true or false", from);
            s.insight.enabled = *flag;
            return std::nullopt;
          },
          [](const settings& s) { return std::string(s.insight.enabled ? "true" : "false"); }};
}

std::vector<setting> rules_table() {
  return {
      switch_on(),
      number("insight", "keys_watched_max",
             "Keys whose hours are kept in memory (17 kB each), the most recently used ones.",
             {100, 1'000'000}, MEMBER(insight.keys_watched_max)),
      real_number("insight", "volume_factor",
                  "Times a key's average for that hour of the week that is unusual.", 1.1, 1000,
                  MEMBER(insight.rules.volume_factor)),
      number("insight", "volume_requests_min", "Requests in an hour below which none is unusual.",
             {1, 1'000'000'000}, MEMBER(insight.rules.volume_requests_min)),
      real_number("insight", "error_share", "Share of an hour's requests that may fail.", 0.001, 1,
                  MEMBER(insight.rules.error_share)),
      number("insight", "error_requests_min", "Requests in an hour before a share is told.",
             {1, 1'000'000'000}, MEMBER(insight.rules.error_requests_min)),
      number("insight", "refused_burst", "Refusals of a key with 401 and 403 within five minutes.",
             {1, 1'000'000}, MEMBER(insight.rules.refused_burst)),
      number("insight", "limited_minutes",
             "Minutes of an hour in which a key's limits refused requests.", {1, 60},
             MEMBER(insight.rules.limited_minutes)),
      real_number("insight", "latency_factor",
                  "Times the upstream's usual median to the first byte that is a jump.", 1.1, 1000,
                  MEMBER(insight.rules.latency_factor)),
      number("insight", "silent_days", "Days of silence after which a key's use is told.", {1, 34},
             MEMBER(insight.rules.silent)),
      number("insight", "settled_days", "Days without a new network after which a new one is told.",
             {0, 365}, MEMBER(insight.rules.settled)),
      number("insight", "expiring_days", "Days before a key's end.", {0, 365},
             MEMBER(insight.rules.expiring)),
      number("insight", "unknown_keys_burst", "Requests without a known key within five minutes.",
             {1, 1'000'000'000}, MEMBER(insight.rules.unknown_keys_burst)),
  };
}

} // namespace

std::vector<setting> alert_settings_table() {
  std::vector<setting> all{
      receiver_setting(),
      number("alerts", "queue_bytes_max",
             "Bytes on disk of what a receiver is still to get; beyond, the oldest of the least "
             "grave goes.",
             {64 * 1024, 1 << 30}, MEMBER(alerts.queue_bytes_max)),
      number("alerts", "retry_max_s", "Most seconds between two attempts at a receiver.",
             {1, 24 * 3600}, MEMBER(alerts.retry_max)),
      {"alerts", "reports", "Reports written as HTML files.",
       R"(a list of "daily", "weekly", "monthly")",
       [](settings& s, const node& from) { return put_periods(s.alerts.reports, from); },
       [](const settings& s) { return show_texts(s.alerts.reports); }},
      text("alerts", "reports_path", "Where to. Empty: reports/ in the data directory.",
           "a path, or empty", MEMBER(alerts.reports_path)),
  };
  for (setting& each : rules_table())
    all.push_back(std::move(each));
  return all;
}

#undef MEMBER

} // namespace proxy::config
