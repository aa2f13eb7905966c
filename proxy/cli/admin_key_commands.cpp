// deepseek admins ...: keys of the admin plane, each with a role, for those who help the owner.
#include <ostream>

#include "policies/keys/secret.hpp"
#include "proxy/cli/commands.hpp"
#include "proxy/cli/key_page.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

namespace http = boost::beast::http;

constexpr auto collection = "/v1/admin-keys";

result<void> list(session& with) {
  const auto found = with.calls.get(collection);
  if (!found)
    return found.error();
  if (with.json)
    return with.io.out << found->text << "\n", result<void>{};
  table out({{"ID"}, {"NAME"}, {"ROLE"}, {"STATUS"}, {"CREATED"}, {"KEY"}});
  for (const json::value& key : items(found->body, "data"))
    out.row({text(key, "id"), harmless(text(key, "name")), text(key, "role"), text(key, "status"),
             text(key, "created_at").substr(0, 10), text(key, "masked_key")});
  out.print(with.io.out, with.io.colours);
  return {};
}

result<std::string> find_admin(session& with, const std::string& id_or_name) {
  if (policies::keys::parse_key_id(id_or_name))
    return id_or_name;
  const auto found = with.calls.get(collection);
  if (!found)
    return found.error();
  std::vector<std::string> ids;
  for (const json::value& key : items(found->body, "data"))
    if (text(key, "name") == id_or_name)
      ids.push_back(text(key, "id"));
  if (ids.size() == 1)
    return ids.front();
  return complaint{exit_failed, std::to_string(ids.size()) + " admin keys are named '" +
                                    id_or_name + "': 'deepseek admins list' shows their ids"};
}

result<void> create(session& with, const json::object& fields) {
  const auto made = with.calls.send(http::verb::post, collection, fields);
  if (!made)
    return made.error();
  print_secret(with, *made,
               "Created " + text(made->body, "id") + ", an admin key with the role " +
                   text(made->body, "role") + ".");
  return {};
}

struct status_change {
  http::verb method;
  const char* name;
  const char* help;
  const char* below;
  const char* done;
};
constexpr status_change changes[] = {
    {http::verb::post, "deactivate", "refuse an admin key from now on", "/deactivate",
     "deactivated"},
    {http::verb::post, "activate", "take a deactivated admin key again", "/activate", "activated"},
    {http::verb::delete_, "delete", "end an admin key for good", "", "deleted"},
};

result<void> change(session& with, const std::string& which, const status_change& how) {
  const auto id = find_admin(with, which);
  if (!id)
    return id.error();
  const auto after = with.calls.send(how.method, collection + ("/" + *id) + how.below, {});
  if (!after)
    return after.error();
  if (with.json)
    with.io.out << after->text << "\n";
  else if (!with.quiet)
    with.io.out << *id << " " << how.done << ".\n";
  return {};
}

result<void> rotate(session& with, const std::string& which, double grace_days) {
  const auto id = find_admin(with, which);
  if (!id)
    return id.error();
  const auto made = with.calls.send(http::verb::post, collection + ("/" + *id) + "/rotate",
                                    {{"grace_days", grace_days}});
  if (!made)
    return made.error();
  print_secret(with, *made, "Rotated " + *id + ".");
  return {};
}

void add_admin_create(CLI::App& admins, command& chosen) {
  auto* add = admins.add_subcommand("create", "issue an admin key and show its secret, once");
  auto fields = std::make_shared<std::map<std::string, std::string>>();
  auto networks = std::make_shared<std::vector<std::string>>();
  add->add_option("NAME", (*fields)["name"], "whose it is")->required();
  add->add_option("--role", (*fields)["role"],
                  "viewer: reads; operator: issues and changes keys; owner: all")
      ->required();
  add->add_option("--expires", (*fields)["expires_at"], "like 2027-01-31T23:59:59Z");
  add->add_option("--description", (*fields)["description"], "what it is for");
  add->add_option("--ip", *networks, "addresses or networks it may be used from")->delimiter(',');
  add->final_callback([&chosen, fields, networks] {
    json::object body;
    for (const auto& [name, value] : *fields)
      if (!value.empty())
        body[name] = value;
    if (!networks->empty())
      body["allowed_ips"] = json::array(networks->begin(), networks->end());
    chosen = [body](session& with) { return create(with, body); };
  });
}

} // namespace

void add_admin_key_commands(CLI::App& root, command& chosen) {
  auto* admins = root.add_subcommand("admins", "admin keys for others, each with a role");
  admins->require_subcommand(1);
  admins->fallthrough();
  add_admin_create(*admins, chosen);
  admins->add_subcommand("list", "all admin keys")->final_callback([&chosen] { chosen = list; });
  for (const status_change& how : changes) {
    auto* add = admins->add_subcommand(how.name, how.help);
    auto which = std::make_shared<std::string>();
    add->add_option("ADMIN", *which, "id or name")->required();
    add->final_callback([&chosen, which, &how] {
      chosen = [which, &how](session& with) { return change(with, *which, how); };
    });
  }
  auto* add = admins->add_subcommand("rotate", "a new secret; the old one works for a while");
  auto which = std::make_shared<std::string>();
  auto grace = std::make_shared<double>(7);
  add->add_option("ADMIN", *which, "id or name")->required();
  add->add_option("--grace-days", *grace, "how long the old secret still works; 0 ends it now")
      ->capture_default_str();
  add->final_callback([&chosen, which, grace] {
    chosen = [which, grace](session& with) { return rotate(with, *which, *grace); };
  });
}

} // namespace proxy::cli
