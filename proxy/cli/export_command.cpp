// deepseek export: rows of the ledger or hourly sums, streamed to a file or to the terminal as they
// come.
#include <ctime>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <tuple>

#include "proxy/cli/commands.hpp"
#include "proxy/cli/key_choice.hpp"

namespace proxy::cli {
namespace {

struct export_words {
  std::string key;
  std::string what = "ledger";
  std::string format = "csv";
  std::string start;
  std::string end;
  std::string file;
};

// The ledger's rows are asked for by milliseconds; whoever types has dates and instants.
result<std::string> milliseconds_of(const std::string& flag, const std::string& text) {
  std::istringstream in{text.size() == 10 ? text + "T00:00:00Z" : text};
  std::tm parts{};
  in >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
  if (in.fail())
    return complaint{exit_usage, flag + ": '" + text +
                                     "' is neither a date (2026-11-23) nor an instant "
                                     "(2026-11-23T12:00:00Z)"};
  return std::to_string(static_cast<std::int64_t>(::timegm(&parts)) * 1000);
}

result<std::string> ledger_target(const export_words& words) {
  std::string target = "/v1/ledger?format=" + words.format;
  for (const auto& [flag, name, text] : {std::tuple{"--start", "&from_ms=", &words.start},
                                         std::tuple{"--end", "&until_ms=", &words.end}})
    if (!text->empty()) {
      const auto ms = milliseconds_of(flag, *text);
      if (!ms)
        return ms.error();
      target += name + *ms;
    }
  return target;
}

std::string usage_target(const export_words& words) {
  std::string target = "/v1/usage/export?format=" + words.format;
  if (!words.start.empty())
    target += "&start=" + escaped(words.start);
  if (!words.end.empty())
    target += "&end=" + escaped(words.end);
  return target;
}

result<void> run_export(session& with, const export_words& words) {
  auto target =
      words.what == "ledger" ? ledger_target(words) : result<std::string>{usage_target(words)};
  if (!target)
    return target.error();
  if (!words.key.empty()) {
    const auto id = find_key(with, words.key);
    if (!id)
      return id.error();
    *target += "&key=" + *id;
  }
  if (words.file.empty() || words.file == "-")
    return with.calls.get_to(*target, [&](std::string_view piece) { with.io.out << piece; });
  std::ofstream out{words.file, std::ios::binary | std::ios::trunc};
  if (auto done = with.calls.get_to(*target, [&](std::string_view piece) { out << piece; }); !done)
    return done.error();
  if (!out.flush())
    return complaint{exit_failed, words.file + ": cannot be written"};
  return {};
}

} // namespace

void add_export_command(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("export", "rows of the ledger, or hourly sums, as CSV or JSON");
  auto words = std::make_shared<export_words>();
  add->add_option("KEY", words->key, "id or name; without it, all keys");
  add->add_option("--what", words->what, "ledger: a row a request; usage: a row an hour")
      ->check(CLI::IsMember({"ledger", "usage"}))
      ->capture_default_str();
  add->add_option("--format", words->format, "csv, or json: an object a line")
      ->check(CLI::IsMember({"csv", "json"}))
      ->capture_default_str();
  add->add_option("--start", words->start, "a date or an instant");
  add->add_option("--end", words->end, "a date or an instant; without it, now");
  add->add_option("-o,--output", words->file, "a file; without it, the terminal");
  add->final_callback(
      [&chosen, words] { chosen = [words](session& with) { return run_export(with, *words); }; });
}

} // namespace proxy::cli
