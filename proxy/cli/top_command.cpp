// deepseek top: what each key did in the last minute, and how full its limits are; drawn anew until
// Ctrl-C, or once.
#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "proxy/cli/commands.hpp"
#include "proxy/cli/json.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

struct top_words {
  std::string sort = "requests";
  double interval = 2;
  int limit = 20;
  bool once = false;
};

struct gauge {
  const char* field;
  const char* title;
};
constexpr gauge gauges[] = {{"requests_per_minute", "rpm"},      {"tokens_per_minute", "tpm"},
                            {"concurrent_requests", "slots"},    {"daily_spending_limit", "day"},
                            {"monthly_spending_limit", "month"}, {"total_spending_limit", "total"}};

// "[####    ]  50 % rpm" of the limit that is fullest; empty: it has none.
std::string fullest(const json::value& limits) {
  double share = -1;
  const char* title = "";
  for (const gauge& each : gauges) {
    const json::value& now = member(limits, each.field);
    if (!member(now, "limit").is_number() || number(now, "limit") <= 0)
      continue;
    const double part = (number(now, "used") + number(now, "held")) / number(now, "limit");
    if (part > share) {
      share = part;
      title = each.title;
    }
  }
  if (share < 0)
    return {};
  constexpr std::size_t width = 8;
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * width + 0.5);
  return fmt::format("[{}{}] {:>3.0f} % {}", std::string(full, '#'), std::string(width - full, ' '),
                     share * 100, title);
}

void show_top(const json::value& answer, const console& io) {
  const double seconds = std::max(1.0, number(answer, "window_seconds"));
  table out({{"KEY"},
             {"REQ/S", true},
             {"TOKENS/S", true},
             {"COST/MIN", true},
             {"ERRORS", true},
             {"IN FLIGHT", true},
             {"FULLEST LIMIT"}});
  for (const json::value& row : items(answer, "keys"))
    out.row({harmless(text(row, "name")), fmt::format("{:.2f}", number(row, "requests") / seconds),
             fmt::format("{:.0f}", number(row, "tokens") / seconds), dollars(number(row, "cost")),
             grouped(integer(row, "errors")), grouped(integer(row, "concurrent_requests")),
             fullest(member(row, "limits"))});
  io.out << "deepseek top  " << text(answer, "at") << "  last " << integer(answer, "window_seconds")
         << " s\n\n";
  if (items(answer, "keys").empty())
    io.out << "No key was used in the last minute.\n";
  else
    out.print(io.out);
}

result<void> look(session& with, const top_words& words, bool live) {
  const auto answer = with.calls.get("/v1/usage/live?sort=" + escaped(words.sort) +
                                     "&limit=" + std::to_string(words.limit));
  if (!answer)
    return answer.error();
  if (with.json) {
    with.io.out << answer->text << "\n";
  } else {
    if (live && with.io.colours)
      with.io.out << "\x1b[H\x1b[2J"; // to the corner, and clear
    show_top(answer->body, with.io);
  }
  with.io.out << std::flush;
  return {};
}

result<void> top(session& with, const top_words& words) {
  const std::chrono::milliseconds pause{static_cast<std::int64_t>(words.interval * 1000)};
  if (auto first = look(with, words, !words.once); !first || words.once)
    return first;
  while (with.io.wait(pause))
    if (auto next = look(with, words, true); !next)
      with.io.err << "deepseek: " << next.error().message << "; still trying" << std::endl;
  return {};
}

} // namespace

void add_top_command(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("top", "what keys do now, drawn anew until Ctrl-C");
  auto words = std::make_shared<top_words>();
  add->add_option("--sort", words->sort, "by what, the most first")
      ->check(CLI::IsMember({"requests", "tokens", "cost", "errors", "name"}))
      ->capture_default_str();
  add->add_option("--limit", words->limit, "how many keys at most")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add->add_option("--interval", words->interval, "seconds between two looks")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  add->add_flag("--once", words->once, "one look, then end");
  add->final_callback(
      [&chosen, words] { chosen = [words](session& with) { return top(with, *words); }; });
}

} // namespace proxy::cli
