// deepseek report: a key's month as a page with the guide's four charts, or the charts alone.
#include <array>
#include <filesystem>
#include <fstream>
#include <ostream>

#include <spawn.h>
#include <sys/wait.h>

#include <fmt/format.h>

#include "proxy/charts/charts.hpp"
#include "proxy/cli/commands.hpp"
#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/table.hpp"

extern char** environ;

namespace proxy::cli {
namespace {

struct report_words {
  std::string key;
  std::string by = "daily";
  std::string start;
  std::string file;
};

std::vector<charts::period_sums> periods_of(const json::value& series) {
  std::vector<charts::period_sums> out;
  for (const json::value& row : items(series, "series")) {
    const std::string date = text(row, "date");
    out.push_back({.label = date.size() > 7 ? date.substr(5, date.size() > 10 ? 11 : 5) : date,
                   .requests = integer(row, "requests"),
                   .tokens = integer(row, "tokens"),
                   .cost_nano = integer(row, "cost_nano_usd"),
                   .errors = integer(row, "errors")});
  }
  return out;
}

std::string latency_of(const json::value& of, const char* measure, const char* share) {
  const json::value& value = member(member(member(of, "latency"), measure), share);
  return value.is_number() ? fmt::format("{:.0f} ms", value.to_number<double>()) : "–";
}

charts::page page_of(const json::value& record, const json::value& usage, const json::value& series,
                     const std::array<charts::chart, 4>& four) {
  charts::section sums{.heading = "Last 30 days",
                       .figures = {{"Requests", grouped(integer(usage, "requests"))},
                                   {"Tokens", grouped(integer(usage, "tokens"))},
                                   {"Cost", dollars(number(usage, "cost"))},
                                   {"Errors", percent(number(usage, "error_rate"))},
                                   {"From the cache", percent(number(usage, "cached_share"))},
                                   {"Half answered within", latency_of(usage, "total_ms", "p50")},
                                   {"99 % within", latency_of(usage, "total_ms", "p99")}},
                       .charts = {},
                       .tables = {}};
  charts::html_table models{"By model", {"Model", "Requests", "Tokens", "Cost", "p50", "p99"}, {}};
  for (const json::value& row : items(usage, "by_model"))
    models.rows.push_back({text(row, "model"), grouped(integer(row, "requests")),
                           grouped(integer(row, "tokens")), dollars(number(row, "cost")),
                           latency_of(row, "total_ms", "p50"), latency_of(row, "total_ms", "p99")});
  if (!models.rows.empty())
    sums.tables.push_back(std::move(models));
  charts::section drawn{
      .heading = "Usage, UTC", .figures = {}, .charts = {four.begin(), four.end()}, .tables = {}};
  return {.title = text(record, "name"),
          .subtitle =
              text(record, "id") + ", " + text(series, "start") + " to " + text(series, "end"),
          .sections = {std::move(sums), std::move(drawn)}};
}

// All four below each other in one picture.
std::string picture_of(const std::array<charts::chart, 4>& four) {
  constexpr int width = 640;
  constexpr int height = 260; // one is 240 high
  std::string out = fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" )"
                                R"(height="{1}" viewBox="0 0 {0} {1}">)"
                                R"(<rect width="{0}" height="{1}" fill="#ffffff"/>)",
                                width, 4 * height);
  for (std::size_t i = 0; i < four.size(); ++i) {
    const std::string drawn = charts::svg_of(four[i]);
    out += fmt::format(R"(<svg y="{}")", static_cast<int>(i) * height) + drawn.substr(4);
  }
  return out + "</svg>\n";
}

result<void> write(const std::string& file, const std::string& text) {
  std::ofstream out{file, std::ios::binary | std::ios::trunc};
  if (!(out << text).flush())
    return complaint{exit_failed, file + ": cannot be written"};
  return {};
}

// By librsvg's own program, if there is one.
result<void> write_png(const std::string& file, const std::string& svg) {
  const std::string drawn = file + ".svg.tmp";
  if (auto done = write(drawn, svg); !done)
    return done;
  std::string program = "rsvg-convert", to = "-o", out = file, from = drawn;
  char* words[] = {program.data(), to.data(), out.data(), from.data(), nullptr};
  pid_t child = 0;
  const int started = ::posix_spawnp(&child, program.c_str(), nullptr, nullptr, words, environ);
  int status = 0;
  if (started == 0)
    ::waitpid(child, &status, 0);
  std::filesystem::remove(drawn);
  if (started != 0)
    return complaint{exit_failed, "a PNG is drawn by rsvg-convert, which is not installed (Debian: "
                                  "librsvg2-bin); FILE.svg and FILE.html need nothing"};
  if (status != 0)
    return complaint{exit_failed, file + ": rsvg-convert could not write it"};
  return {};
}

result<void> report(session& with, const report_words& words) {
  const auto id = find_key(with, words.key);
  if (!id)
    return id.error();
  const std::string at = "/v1/keys/" + *id;
  const auto record = with.calls.get(at);
  const auto usage = with.calls.get(at + "/usage?period=30d");
  std::string target = at + "/usage/series?granularity=" + escaped(words.by);
  if (!words.start.empty())
    target += "&start=" + escaped(words.start);
  const auto series = with.calls.get(target);
  for (const auto* each : {&record, &usage, &series})
    if (!*each)
      return each->error();
  const std::string every{words.by == "hourly"    ? "Hourly"
                          : words.by == "monthly" ? "Monthly"
                                                  : "Daily"};
  const auto four = charts::guide_charts(periods_of(series->body), every);
  const std::string file =
      words.file.empty() ? harmless(text(record->body, "name")) + ".html" : words.file;
  const std::string kind = std::filesystem::path(file).extension().string();
  result<void> done =
      kind == ".svg"   ? write(file, picture_of(four))
      : kind == ".png" ? write_png(file, picture_of(four))
      : kind == ".html"
          ? write(file, charts::html_of(page_of(record->body, usage->body, series->body, four)))
          : result<void>{complaint{exit_usage, "-o: '" + file +
                                                   "' ends in neither .html nor .svg "
                                                   "nor .png"}};
  if (done && !with.quiet)
    with.io.out << file << "\n";
  return done;
}

} // namespace

void add_chart_command(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("report", "a key's charts as HTML, SVG or PNG");
  auto words = std::make_shared<report_words>();
  add->add_option("KEY", words->key, "id or name")->required();
  add->add_option("--by", words->by, "hourly, daily or monthly")
      ->check(CLI::IsMember({"hourly", "daily", "monthly"}))
      ->capture_default_str();
  add->add_option("--start", words->start, "a date or an instant; without it, 30 days ago");
  add->add_option("-o,--output", words->file,
                  "a file ending in .html, .svg or .png; without it, NAME.html");
  add->final_callback(
      [&chosen, words] { chosen = [words](session& with) { return report(with, *words); }; });
}

} // namespace proxy::cli
