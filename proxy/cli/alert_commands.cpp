// deepseek alerts: what stands, who is told of it, and whether that works.
#include <algorithm>
#include <ostream>

#include "proxy/cli/commands.hpp"
#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

using std::chrono::milliseconds;

struct alert_words {
  bool open = false;
  int limit = 100;
  std::string receiver;
};

result<void> show_alerts(session& with, const alert_words& words) {
  const auto answer =
      with.calls.get(std::string("/v1/alerts?state=") + (words.open ? "open" : "all") +
                     "&limit=" + std::to_string(words.limit));
  if (!answer)
    return answer.error();
  if (with.json) {
    with.io.out << answer->text << "\n";
    return {};
  }
  if (items(answer->body, "alerts").empty()) {
    with.io.out << (words.open ? "no alert stands\n" : "there was no alert\n");
    return {};
  }
  table out({{"SINCE"}, {"UNTIL"}, {"SEVERITY"}, {"RULE"}, {"KEY"}, {"WHY"}});
  for (const json::value& row : items(answer->body, "alerts")) {
    const std::string name = text(row, "key_name"), subject = text(row, "subject");
    out.row({text(row, "fired_at"), text(row, "resolved_at"), text(row, "severity"),
             text(row, "rule"), harmless(name.empty() ? text(row, "key_id") : name),
             harmless(text(row, "message") + (subject.empty() ? "" : " (" + subject + ")"))});
  }
  out.print(with.io.out);
  return {};
}

result<void> show_receivers(session& with) {
  const auto answer = with.calls.get("/v1/alerts/receivers");
  if (!answer)
    return answer.error();
  if (with.json) {
    with.io.out << answer->text << "\n";
    return {};
  }
  table out({{"NAME"},
             {"KIND"},
             {"WAITING", true},
             {"DELIVERED", true},
             {"DROPPED", true},
             {"FAILED", true},
             {"LAST ERROR"}});
  for (const json::value& row : items(answer->body, "data"))
    out.row({text(row, "name"), text(row, "kind"), grouped(integer(row, "queued")),
             grouped(integer(row, "delivered")), grouped(integer(row, "dropped")),
             grouped(integer(row, "failures")), harmless(text(row, "last_error"))});
  out.print(with.io.out);
  return {};
}

// The outcome of each receiver that has one by now; true: all of those that are asked about.
bool tested(const json::value& receivers, const std::string& only, const std::string& id,
            std::vector<std::string>& lines, bool& failed) {
  lines.clear();
  bool all = true;
  for (const json::value& row : items(receivers, "data")) {
    const std::string name = text(row, "name");
    if (!only.empty() && name != only)
      continue;
    const std::string error = text(row, "last_error");
    const bool there = text(row, "last_delivered") == id || integer(row, "queued") == 0;
    all = all && (there || !error.empty());
    failed = failed || !there;
    lines.push_back(name + ": " +
                    (there           ? "delivered"
                     : error.empty() ? "waits (quiet hours, or slow)"
                                     : "failed: " + harmless(error) + "; it is tried again"));
  }
  return all;
}

result<void> test(session& with, const std::string& receiver) {
  json::object body;
  if (!receiver.empty())
    body["receiver"] = receiver;
  const auto sent = with.calls.send(boost::beast::http::verb::post, "/v1/alerts/test", body);
  if (!sent)
    return sent.error();
  const std::string id = text(sent->body, "delivery_id");
  std::vector<std::string> lines;
  bool failed = false;
  for (int looks = 0; looks < 75; ++looks) {
    const auto answer = with.calls.get("/v1/alerts/receivers");
    if (!answer)
      return answer.error();
    failed = false;
    if (tested(answer->body, receiver, id, lines, failed))
      break;
    if (with.io.wait && !with.io.wait(milliseconds{200}))
      break;
  }
  if (lines.empty())
    return complaint{exit_failed, "there is no receiver: [[alerts.receiver]] in the configuration"};
  for (const std::string& each : lines)
    with.io.out << each << "\n";
  return failed ? result<void>{complaint{exit_failed, ""}} : result<void>{};
}

struct rule_words {
  std::string key;
  std::vector<std::string> set;
  std::vector<std::string> mute;
  bool reset = false;
};

void show_rules(const json::value& answer, const console& io) {
  table out({{"SETTING"}, {"VALUE"}});
  for (const auto& [name, value] : answer.as_object())
    out.row({name, value.is_null()    ? "as for all keys"
                   : value.is_array() ? joined(value)
                                      : json::serialize(value)});
  out.print(io.out);
}

// What is set is added to what was, unless all of it is taken back.
result<json::object> wanted_rules(const json::value& now, const rule_words& words) {
  json::object body = words.reset || !now.is_object() ? json::object{} : now.as_object();
  for (const std::string& each : words.set) {
    const std::size_t at = each.find('=');
    boost::system::error_code error;
    const json::value value =
        at == each.npos ? json::value{} : json::parse(each.substr(at + 1), error);
    if (at == each.npos || error)
      return complaint{exit_usage, "--set: like volume_factor=3, not '" + each + "'"};
    body[each.substr(0, at)] = value;
  }
  if (words.mute.empty())
    return body;
  json::array muted;
  for (const std::string& each : words.mute)
    if (each != "none")
      muted.emplace_back(each);
  body["muted"] = std::move(muted);
  return body;
}

result<void> rules(session& with, const rule_words& words) {
  const auto id = find_key(with, words.key);
  if (!id)
    return id.error();
  const std::string target = "/v1/keys/" + *id + "/alert-rules";
  auto answer = with.calls.get(target);
  if (!answer)
    return answer.error();
  if (words.reset || !words.set.empty() || !words.mute.empty()) {
    const auto body = wanted_rules(answer->body, words);
    if (!body)
      return body.error();
    answer = with.calls.send(boost::beast::http::verb::put, target, *body);
    if (!answer)
      return answer.error();
  }
  if (with.json)
    with.io.out << answer->text << "\n";
  else
    show_rules(answer->body, with.io);
  return {};
}

void add_rules_command(CLI::App& below, std::shared_ptr<rule_words> words) {
  auto* add = below.add_subcommand("rules", "a key's own figures for what is unusual");
  add->add_option("KEY", words->key, "id or name")->required();
  add->add_option("--set", words->set, "like volume_factor=3; =null: as for all keys");
  add->add_option("--mute", words->mute, "a rule that says nothing about it; none: all speak");
  add->add_flag("--reset", words->reset, "everything as for all keys");
}

} // namespace

void add_alert_commands(CLI::App& root, command& chosen) {
  auto* alerts = root.add_subcommand("alerts", "what is or was wrong, and who is told of it");
  auto words = std::make_shared<alert_words>();
  alerts->add_flag("--open", words->open, "only what stands");
  alerts->add_option("--limit", words->limit, "how many at most")->capture_default_str();
  auto* receivers = alerts->add_subcommand("receivers", "who is told, and how that goes");
  auto* testing = alerts->add_subcommand("test", "send a test and say whether it arrived");
  testing->add_option("RECEIVER", words->receiver, "its name; without it, all of them");
  auto own = std::make_shared<rule_words>();
  add_rules_command(*alerts, own);
  alerts->final_callback([&chosen, words, own, receivers, testing] {
    chosen = [words, own, listing = receivers->parsed(),
              sending = testing->parsed()](session& with) {
      return listing             ? show_receivers(with)
             : !own->key.empty() ? rules(with, *own)
             : sending           ? test(with, words->receiver)
                                 : show_alerts(with, *words);
    };
  });
}

} // namespace proxy::cli
