// deepseek events: what happened, once or as it happens. Following asks for the last minutes only,
// however long it goes on: an event's list is read from the ledger.
#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include <fmt/format.h>

#include "proxy/admin/json_text.hpp"
#include "proxy/cli/change_words.hpp"
#include "proxy/cli/commands.hpp"
#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

using std::chrono::milliseconds;

struct event_words {
  std::string key;
  std::string since = "24h";
  int limit = 100;
  bool follow = false;
  double interval = 5;
};

std::string whose(const json::value& row) {
  const std::string name = text(row, "key_name");
  return harmless(name.empty() ? text(row, "key_id") : name);
}

void show_events(const json::value& answer, bool of_all, const console& io) {
  std::vector<column> columns{{"LAST"}, {"TYPE"}, {"COUNT", true}, {"CODE"}, {"WHO"}, {"DETAIL"}};
  if (of_all)
    columns.insert(columns.begin() + 1, {"KEY"});
  table out(std::move(columns));
  for (const json::value& row : items(answer, "events")) {
    std::vector<std::string> cells{text(row, "last"),
                                   text(row, "type"),
                                   grouped(integer(row, "count")),
                                   text(row, "code"),
                                   harmless(text(row, "actor")),
                                   detail_words(member(row, "detail"))};
    if (of_all)
      cells.insert(cells.begin() + 1, whose(row));
    out.row(std::move(cells));
  }
  out.print(io.out);
}

// Which events were printed. Refusals of one kind are one event as long as they go on: its count
// and its end move from poll to poll, and its beginning does once it is older than what is asked.
class printed_events {
 public:
  bool is_new(const json::value& row) {
    if (text(row, "type") == "admin_action")
      return actions_.insert(json::serialize(row)).second;
    const std::string kind =
        text(row, "key_id") + " " + text(row, "type") + " " + text(row, "code");
    const auto first = admin::parse_rfc3339(text(row, "first"));
    const auto last = admin::parse_rfc3339(text(row, "last"));
    if (!first || !last)
      return false;
    const auto [seen, added] = ends_.emplace(kind, *last);
    const bool goes_on = !added && *first <= seen->second + gap;
    seen->second = std::max(seen->second, *last);
    return added || !goes_on;
  }

 private:
  static constexpr std::chrono::minutes gap{5}; // what the admin plane joins
  std::set<std::string> actions_;
  std::map<std::string, policies::instant> ends_;
};

class follower {
 public:
  follower(session& with, std::string path, const event_words& words)
      : with_(with), path_(std::move(path)), words_(words) {}

  result<void> run() {
    auto asked = std::chrono::system_clock::now();
    if (!with_.io.wait(milliseconds{0})) // from here on an interruption is an end, not a failure
      return {};
    if (auto begun = begin(); !begun)
      return begun; // whoever mistypes is told at once
    auto pause = interval();
    while (with_.io.wait(pause)) {
      const auto now = std::chrono::system_clock::now();
      const auto minutes = std::chrono::ceil<std::chrono::minutes>(now - asked) + overlap;
      const auto found = look(std::to_string(std::min<std::int64_t>(minutes.count(), 9999)) + "m");
      const auto took = std::chrono::system_clock::now() - now;
      pause = std::max(interval(), std::chrono::ceil<milliseconds>(took * busy_share_inverse));
      if (found) {
        asked = now;
        for (const json::value& row : *found)
          if (printed_.is_new(row))
            print(row);
      } else if (!away_) {
        with_.io.err << "deepseek: " << found.error().message << "; still trying" << std::endl;
      }
      away_ = !found;
    }
    return {};
  }

 private:
  static constexpr std::chrono::minutes overlap{
      1}; // what is told a little late, or by another clock
  // On a busy proxy even a minute's ledger takes long to read: no more of its time than this.
  static constexpr int busy_share_inverse = 20;
  static constexpr int limit_max = 1000;

  milliseconds interval() const {
    return milliseconds{static_cast<std::int64_t>(words_.interval * 1000)};
  }

  // Prints what there is, and notes what later looks will find again.
  result<void> begin() {
    const auto lately = look(std::to_string(overlap.count()) + "m");
    const auto first = look(words_.since);
    if (!lately || !first)
      return !first ? first.error() : lately.error();
    const std::size_t most = static_cast<std::size_t>(std::max(words_.limit, 0));
    const std::size_t skipped = first->size() - std::min(first->size(), most);
    for (const json::value& row : std::span(*first).subspan(skipped))
      print(row);
    for (const json::array* seen : {&*first, &*lately})
      for (const json::value& row : *seen)
        printed_.is_new(row);
    return {};
  }

  // The oldest first.
  result<json::array> look(const std::string& since) {
    const auto answer =
        with_.calls.get(path_ + "?since=" + escaped(since) + "&limit=" + std::to_string(limit_max));
    if (!answer)
      return answer.error();
    json::array rows = items(answer->body, "events");
    std::ranges::reverse(rows);
    return rows;
  }

  void print(const json::value& row) {
    if (with_.json)
      with_.io.out << json::serialize(row) << std::endl;
    else
      with_.io.out << fmt::format("{:<24}  {:<20}  {:<20}  {:>6}  {:<22}  {}", text(row, "last"),
                                  whose(row), text(row, "type"), grouped(integer(row, "count")),
                                  text(row, "code"), detail_words(member(row, "detail")))
                   << std::endl;
  }

  session& with_;
  std::string path_;
  event_words words_;
  printed_events printed_;
  bool away_ = false;
};

result<void> events(session& with, const event_words& words) {
  std::string path = "/v1/events";
  if (!words.key.empty()) {
    const auto id = find_key(with, words.key);
    if (!id)
      return id.error();
    path = "/v1/keys/" + *id + "/events";
  }
  if (words.follow)
    return follower(with, path, words).run();
  const auto answer = with.calls.get(path + "?since=" + escaped(words.since) +
                                     "&limit=" + std::to_string(words.limit));
  if (!answer)
    return answer.error();
  if (with.json)
    with.io.out << answer->text << "\n";
  else
    show_events(answer->body, words.key.empty(), with.io);
  return {};
}

} // namespace

void add_event_commands(CLI::App& root, command& chosen) {
  auto* add = root.add_subcommand("events", "security events and changes, newest first");
  auto words = std::make_shared<event_words>();
  add->add_option("KEY", words->key, "id or name; without it, of all keys");
  add->add_option("--since", words->since, "like 90m, 24h, 7d, or an instant")
      ->capture_default_str();
  add->add_option("--limit", words->limit, "how many at most")->capture_default_str();
  add->add_flag("-f,--follow", words->follow,
                "go on with new ones as they come, the newest last, until Ctrl-C");
  add->add_option("--interval", words->interval, "seconds between two looks, with --follow")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  add->final_callback(
      [&chosen, words] { chosen = [words](session& with) { return events(with, *words); }; });
}

} // namespace proxy::cli
