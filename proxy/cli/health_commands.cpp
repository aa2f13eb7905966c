// Whether all is well: the proxy, one key, or what could be better about all of them.
#include <algorithm>
#include <ostream>

#include "proxy/cli/commands.hpp"
#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

result<void> proxy_health(session& with) {
  const auto answer = with.calls.get("/health");
  if (!answer)
    return answer.error();
  if (with.json)
    with.io.out << answer->text << "\n";
  else
    with.io.out << with.calls.where().url << ": " << text(answer->body, "status") << "\n";
  return {};
}

result<void> key_health(session& with, const std::string& which) {
  const auto id = find_key(with, which);
  if (!id)
    return id.error();
  const auto answer = with.calls.get("/v1/keys/" + *id + "/health");
  if (!answer)
    return answer.error();
  if (with.json) {
    with.io.out << answer->text << "\n";
    return {};
  }
  with.io.out << *id << ": " << text(answer->body, "status") << "\n\n";
  table out({{"STATUS"}, {"CHECK"}, {"FOUND"}, {"DO"}});
  for (const json::value& row : items(answer->body, "checks"))
    out.row({text(row, "status"), text(row, "check"), harmless(text(row, "message")),
             harmless(text(row, "advice"))});
  out.print(with.io.out);
  return {};
}

struct advice_row {
  std::string key;
  json::value check;
};

int gravity(const json::value& check) {
  const std::string status = text(check, "status");
  return status == "critical" ? 0 : status == "warning" ? 1 : 2;
}

// Of every key that is not deleted, the gravest first.
result<void> advise(session& with) {
  const auto keys = all_keys(with, "");
  if (!keys)
    return keys.error();
  std::vector<advice_row> found;
  for (const json::value& key : *keys) {
    const auto answer = with.calls.get("/v1/keys/" + text(key, "id") + "/health");
    if (!answer)
      return answer.error();
    for (const json::value& check : items(answer->body, "checks"))
      if (text(check, "status") != "good")
        found.push_back({text(key, "name"), check});
  }
  std::ranges::stable_sort(found, {}, [](const advice_row& each) { return gravity(each.check); });
  if (with.json) {
    json::array all;
    for (const advice_row& each : found) {
      json::object row = each.check.as_object();
      row["key"] = each.key;
      all.push_back(std::move(row));
    }
    with.io.out << json::serialize(all) << "\n";
    return {};
  }
  if (found.empty()) {
    with.io.out << "nothing to advise\n";
    return {};
  }
  table out({{"STATUS"}, {"KEY"}, {"FOUND"}, {"DO"}});
  for (const advice_row& each : found)
    out.row({text(each.check, "status"), harmless(each.key), harmless(text(each.check, "message")),
             harmless(text(each.check, "advice"))});
  out.print(with.io.out);
  return {};
}

} // namespace

void add_health_commands(CLI::App& root, command& chosen) {
  auto* health = root.add_subcommand("health", "whether the proxy answers, or what a key needs");
  auto which = std::make_shared<std::string>();
  health->add_option("KEY", *which, "id or name; without it, the proxy itself");
  health->final_callback([&chosen, which] {
    chosen = [which](session& with) {
      return which->empty() ? proxy_health(with) : key_health(with, *which);
    };
  });
  root.add_subcommand("advise", "what could be better about your keys, the gravest first")
      ->final_callback([&chosen] { chosen = advise; });
}

} // namespace proxy::cli
