// What was used, what is left, what went wrong, who changed what.
#include <algorithm>
#include <cmath>
#include <ostream>

#include <fmt/format.h>

#include "proxy/cli/change_words.hpp"
#include "proxy/cli/commands.hpp"
#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/key_page.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

using show = void (*)(const json::value& answer, const console& io);

result<void> report(session& with, const std::string& target, show people) {
  const auto answer = with.calls.get(target);
  if (!answer)
    return answer.error();
  if (with.json)
    with.io.out << answer->text << (answer->text.ends_with('\n') ? "" : "\n");
  else
    people(answer->body, with.io);
  return {};
}

result<void> key_report(session& with, const std::string& which, const std::string& below,
                        show people) {
  const auto id = find_key(with, which);
  if (!id)
    return id.error();
  return report(with, "/v1/keys/" + *id + below, people);
}

std::string latency(const json::value& figures) {
  return fmt::format("{:.0f} ms", number(figures, "average_latency_ms"));
}

// What the whole is made of: a table by model, or by feature.
void show_parts(const json::value& usage, std::string_view list, std::string_view part,
                const console& io) {
  if (items(usage, list).empty())
    return;
  std::string title(part);
  std::ranges::transform(title, title.begin(), [](char c) { return static_cast<char>(c - 32); });
  table out({{title},
             {"REQUESTS", true},
             {"ERRORS", true},
             {"TOKENS", true},
             {"COST", true},
             {"LATENCY", true}});
  for (const json::value& row : items(usage, list))
    out.row({harmless(text(row, part)), grouped(integer(row, "requests")),
             percent(number(row, "error_rate")), grouped(integer(row, "tokens")),
             dollars(number(row, "cost")), latency(row)});
  io.out << "\n";
  out.print(io.out);
}

// "12", or "-" of nothing.
std::string rounded(const json::value& of, const char* share) {
  const json::value& value = member(of, share);
  return value.is_number() ? grouped(std::llround(value.to_number<double>())) : "-";
}

void show_latency(const json::value& usage, const console& io) {
  const json::value& latency = member(usage, "latency");
  if (integer(member(latency, "total_ms"), "count") == 0)
    return;
  io.out << "\n";
  table times({{"LATENCY"}, {"P50", true}, {"P90", true}, {"P99", true}});
  for (const auto& [field, title] :
       {std::pair{"first_byte_ms", "first byte, ms"}, std::pair{"total_ms", "whole answer, ms"},
        std::pair{"overhead_us", "in this proxy, us"}}) {
    const json::value& of = member(latency, field);
    times.row({title, rounded(of, "p50"), rounded(of, "p90"), rounded(of, "p99")});
  }
  times.print(io.out);
}

void show_usage(const json::value& usage, const console& io) {
  table all({{"REQUESTS", true},
             {"UPSTREAM", true},
             {"REFUSED", true},
             {"ERRORS", true},
             {"TOKENS", true},
             {"CACHED", true},
             {"COST", true},
             {"HELD", true},
             {"LATENCY", true}});
  all.row({grouped(integer(usage, "requests")), grouped(integer(usage, "dispatched")),
           grouped(integer(usage, "refused")), percent(number(usage, "error_rate")),
           grouped(integer(usage, "tokens")), percent(number(usage, "cached_share")),
           dollars(number(usage, "cost")), dollars(number(usage, "held_nano_usd") / 1e9),
           latency(usage)});
  all.print(io.out);
  show_latency(usage, io);
  show_parts(usage, "by_model", "model", io);
  show_parts(usage, "by_feature", "feature", io);
}

void show_errors(const json::value& answer, const console& io) {
  table out({{"TIME"}, {"STATUS", true}, {"SOURCE"}, {"CODE"}, {"COUNT", true}, {"REQUEST"}});
  for (const json::value& row : items(answer, "data"))
    out.row({text(row, "time"), std::to_string(integer(row, "status")), text(row, "source"),
             text(row, "code"), grouped(integer(row, "count")), text(row, "request_id")});
  out.print(io.out);
}

void show_audit(const json::value& answer, const console& io) {
  table out({{"TIME"}, {"WHO"}, {"ACTION"}, {"KEY"}, {"DETAIL"}});
  for (const json::value& row : items(answer, "data"))
    out.row({text(row, "time"), harmless(text(row, "actor")), text(row, "action"),
             text(row, "subject"), detail_words(member(row, "detail"))});
  out.print(io.out);
}

void show_series(const json::value& answer, const console& io) {
  table out({{"DATE"},
             {"REQUESTS", true},
             {"ERRORS", true},
             {"TOKENS", true},
             {"COST", true},
             {"P50 MS", true},
             {"P99 MS", true}});
  for (const json::value& row : items(answer, "series"))
    out.row({text(row, "date"), grouped(integer(row, "requests")),
             percent(number(row, "error_rate")), grouped(integer(row, "tokens")),
             dollars(number(row, "cost")),
             rounded(member(member(row, "latency"), "total_ms"), "p50"),
             rounded(member(member(row, "latency"), "total_ms"), "p99")});
  out.print(io.out);
}

void show_models(const json::value& answer, const console& io) {
  for (const json::value& row : items(answer, "data"))
    io.out << harmless(text(row, "id")) << "\n";
}

result<void> ledger(session& with, const std::string& which) {
  std::string target = "/v1/ledger";
  if (!which.empty()) {
    const auto id = find_key(with, which);
    if (!id)
      return id.error();
    target += "?key=" + *id;
  }
  return with.calls.get_to(target, [&](std::string_view piece) { with.io.out << piece; });
}

struct words {
  std::string key;
  std::string period = "24h";
  int hours = 24;
  int limit = 100;
};

void add_usage(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("usage", "requests, tokens and cost of a key or of all");
  auto given = std::make_shared<words>();
  add->add_option("KEY", given->key, "id or name; without it, the whole account");
  add->add_option("--period", given->period, "like 1h, 24h, 7d, 30d or month")
      ->capture_default_str();
  add->final_callback([&chosen, given] {
    chosen = [given](session& with) {
      const std::string query = "?period=" + escaped(given->period);
      return given->key.empty() ? report(with, "/v1/usage" + query, show_usage)
                                : key_report(with, given->key, "/usage" + query, show_usage);
    };
  });
}

void add_limits(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("limits", "what is left of a key's limits now");
  auto given = std::make_shared<words>();
  add->add_option("KEY", given->key, "id or name")->required();
  add->final_callback([&chosen, given] {
    chosen = [given](session& with) {
      return key_report(with, given->key, "/limits", print_limits);
    };
  });
}

void add_errors(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("errors", "a key's refused and failed requests, newest first");
  auto given = std::make_shared<words>();
  add->add_option("KEY", given->key, "id or name")->required();
  add->add_option("--hours", given->hours, "how far back")->capture_default_str();
  add->add_option("--limit", given->limit, "how many at most")->capture_default_str();
  add->final_callback([&chosen, given] {
    chosen = [given](session& with) {
      return key_report(with, given->key,
                        "/errors?hours=" + std::to_string(given->hours) +
                            "&limit=" + std::to_string(given->limit),
                        show_errors);
    };
  });
}

void add_history(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("history", "a key's usage by hour, day or month");
  auto given = std::make_shared<words>();
  auto by = std::make_shared<std::string>("daily");
  auto start = std::make_shared<std::string>();
  add->add_option("KEY", given->key, "id or name")->required();
  add->add_option("--by", *by, "hourly, daily or monthly")->capture_default_str();
  add->add_option("--start", *start, "a date or an instant; without it, 30 days ago");
  add->final_callback([&chosen, given, by, start] {
    chosen = [given, by, start](session& with) {
      std::string below = "/usage/series?granularity=" + escaped(*by);
      if (!start->empty())
        below += "&start=" + escaped(*start);
      return key_report(with, given->key, below, show_series);
    };
  });
}

void add_audit(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("audit", "who changed which key, newest first");
  auto given = std::make_shared<words>();
  add->add_option("--limit", given->limit, "how many at most")->capture_default_str();
  add->final_callback([&chosen, given] {
    chosen = [given](session& with) {
      return report(with, "/v1/audit?limit=" + std::to_string(given->limit), show_audit);
    };
  });
}

void add_ledger(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("ledger", "every request that was admitted, one JSON a line");
  auto given = std::make_shared<words>();
  add->add_option("KEY", given->key, "id or name; without it, all keys");
  add->final_callback(
      [&chosen, given] { chosen = [given](session& with) { return ledger(with, given->key); }; });
}

} // namespace

void add_report_commands(CLI::App& root, command& chosen) {
  add_usage(root, chosen);
  add_limits(root, chosen);
  add_errors(root, chosen);
  add_history(root, chosen);
  add_audit(root, chosen);
  add_ledger(root, chosen);
  root.add_subcommand("models", "the models that have prices")->final_callback([&chosen] {
    chosen = [](session& with) { return report(with, "/v1/models", show_models); };
  });
}

} // namespace proxy::cli
