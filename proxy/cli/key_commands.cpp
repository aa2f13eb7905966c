// deepseek keys ...: making, showing and changing keys.
#include <istream>
#include <ostream>

#include "proxy/cli/commands.hpp"
#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/key_options.hpp"
#include "proxy/cli/key_page.hpp"
#include "proxy/cli/key_subcommands.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

namespace http = boost::beast::http;

std::string key_path(const std::string& id) {
  return "/v1/keys/" + id;
}

void print_json(session& with, const std::string& text) {
  with.io.out << text << (text.ends_with('\n') ? "" : "\n");
}

struct new_key {
  std::string name;
  std::string parent; // id or name; empty: none
  bool is_group = false;
  key_options options;
};

result<void> create(session& with, const new_key& wanted) {
  auto fields = wanted.options.fields();
  if (!fields)
    return fields.error();
  (*fields)["name"] = wanted.name;
  if (wanted.is_group)
    (*fields)["is_group"] = true;
  if (!wanted.parent.empty()) {
    const auto parent = find_key(with, wanted.parent);
    if (!parent)
      return parent.error();
    (*fields)["parent"] = *parent;
  }
  const auto made = with.calls.send(http::verb::post, "/v1/keys", *fields);
  if (!made)
    return made.error();
  print_secret(with, *made,
               "Created " + text(made->body, "id") + " (" + harmless(wanted.name) + ").");
  return {};
}

result<void> list_for_programs(session& with, const std::string& filter) {
  const auto keys = all_keys(with, filter);
  if (!keys)
    return keys.error();
  return print_json(with, json::serialize(*keys)), result<void>{};
}

result<void> list(session& with, const std::string& filter) {
  if (with.json)
    return list_for_programs(with, filter);
  table out({{"ID"}, {"NAME"}, {"STATUS"}, {"CREATED"}, {"LAST_USED"}});
  const std::string fields =
      with.quiet ? "fields=id" : "fields=id,name,status,created_at,last_used_at";
  std::string ids;
  const auto add = [&](const json::array& keys) {
    for (const json::value& key : keys) {
      const std::string used = text(key, "last_used_at");
      if (with.quiet)
        ids += text(key, "id") + "\n";
      else
        out.row({text(key, "id"), harmless(text(key, "name")), text(key, "status"),
                 text(key, "created_at").substr(0, 10),
                 used.empty() ? "never" : used.substr(0, 10)});
    }
  };
  if (auto done = each_page(with, filter + (filter.empty() ? "" : "&") + fields, add); !done)
    return done;
  if (with.quiet)
    with.io.out << ids;
  else
    out.print(with.io.out, with.io.colours);
  return {};
}

result<void> get(session& with, const std::string& which) {
  const auto id = find_key(with, which);
  if (!id)
    return id.error();
  const auto record = with.calls.get(key_path(*id));
  if (!record)
    return record.error();
  if (with.json)
    return print_json(with, record->text), result<void>{};
  const auto live = with.calls.get(key_path(*id) + "/limits");
  if (!live)
    return live.error();
  print_key(record->body, live->body, with.io);
  return {};
}

// Any call that answers with the record as it then is.
result<void> change(session& with, const std::string& which, http::verb method,
                    const std::string& below, const json::object& fields, std::string_view done) {
  const auto id = find_key(with, which);
  if (!id)
    return id.error();
  const auto record = with.calls.send(method, key_path(*id) + below, fields);
  if (!record)
    return record.error();
  if (with.json)
    print_json(with, record->text);
  else if (!with.quiet)
    with.io.out << text(record->body, "id") << " (" << harmless(text(record->body, "name")) << ") "
                << done << ".\n";
  return {};
}

result<void> update(session& with, const std::string& which, const key_options& options) {
  const auto fields = options.fields();
  if (!fields)
    return fields.error();
  if (fields->empty())
    return complaint{exit_usage, "nothing to change: name at least one option (--help lists them)"};
  return change(with, which, http::verb::patch, "", *fields, "updated");
}

// What cannot be undone is done when somebody said so: `sure`, or asked on the terminal.
result<void> confirm(const console& io, bool sure, const std::string& question,
                     const std::string& deed) {
  if (sure)
    return {};
  if (!io.can_ask)
    return complaint{exit_usage, deed + " cannot be undone: confirm it with --yes"};
  io.err << question << "? It cannot be undone. [y/N] " << std::flush;
  std::string word;
  std::getline(io.in, word);
  if (word != "y" && word != "Y" && word != "yes")
    return complaint{exit_failed, "nothing was done"};
  return {};
}

struct rotation_order {
  std::string key; // id or name
  double grace_days = 7;
  bool sure = false;
};

result<void> rotate(session& with, const rotation_order& order) {
  const bool keeps = order.grace_days > 0;
  if (auto agreed = confirm(with.io, order.sure || keeps,
                            "End all secrets of " + harmless(order.key) + " now",
                            "ending the old secret at once");
      !agreed)
    return agreed;
  const auto id = find_key(with, order.key);
  if (!id)
    return id.error();
  const auto made = with.calls.send(http::verb::post, key_path(*id) + "/rotate",
                                    {{"grace_days", order.grace_days}});
  if (!made)
    return made.error();
  const auto& secrets = items(made->body, "secrets");
  const std::string end = secrets.size() < 2 ? "" : text(secrets[1], "valid_until");
  print_secret(with, *made,
               "Rotated " + *id +
                   (order.grace_days > 0 ? ". The secret before works until " + end + "."
                                         : ". No secret before it works any more."));
  return {};
}

result<void> remove(session& with, const std::string& which, bool sure) {
  if (auto agreed = confirm(with.io, sure, "Delete " + harmless(which), "deleting"); !agreed)
    return agreed;
  return change(with, which, http::verb::delete_, "", {}, "deleted");
}

void add_create(CLI::App& keys, command& chosen) {
  auto* add = keys.add_subcommand("create", "issue a key and show its secret, once");
  auto wanted = std::make_shared<new_key>();
  add->add_option("NAME", wanted->name, "what it is called")->required();
  wanted->options.add_to(*add, true);
  add->add_option("--parent", wanted->parent, "the group or key whose limits it shares");
  add->add_flag("--group", wanted->is_group, "no secret: limits that the keys under it share");
  add->final_callback(
      [&chosen, wanted] { chosen = [wanted](session& with) { return create(with, *wanted); }; });
}

void add_list(CLI::App& keys, command& chosen) {
  auto* add = keys.add_subcommand("list", "all keys, oldest first unless sorted otherwise");
  auto status = std::make_shared<std::string>();
  auto type = std::make_shared<std::string>();
  auto parent = std::make_shared<std::string>();
  auto sort = std::make_shared<std::string>();
  add->add_option("--sort", *sort,
                  "by created_at, name, status, type, last_used_at or expires_at; -name: the other "
                  "way round");
  add->add_option("--parent", *parent, "only those directly under this key or group (its id)");
  add->add_option("--status", *status, "only those: active, inactive or deleted");
  add->add_option("--type", *type, "only those: production, development or restricted");
  add->final_callback([&chosen, status, type, parent, sort] {
    std::string filter;
    for (const auto& [name, value] :
         {std::pair{"status=", *status}, {"type=", *type}, {"parent=", *parent}, {"sort=", *sort}})
      if (!value.empty())
        filter += (filter.empty() ? "" : "&") + std::string(name) + escaped(value);
    chosen = [filter](session& with) { return list(with, filter); };
  });
}

void add_update(CLI::App& keys, command& chosen) {
  auto* add = keys.add_subcommand("update", "change what a key may do");
  auto which = std::make_shared<std::string>();
  auto options = std::make_shared<key_options>();
  add->add_option("KEY", *which, "id or name")->required();
  options->add_to(*add, false);
  add->final_callback([&chosen, which, options] {
    chosen = [which, options](session& with) { return update(with, *which, *options); };
  });
}

void add_rotate(CLI::App& keys, command& chosen) {
  auto* add =
      keys.add_subcommand("rotate", "a new secret for a key; the old one works for a while");
  auto order = std::make_shared<rotation_order>();
  add->add_option("KEY", order->key, "id or name")->required();
  add->add_option("--grace-days", order->grace_days,
                  "how long the old secret still works; 0 ends it now, and asks")
      ->capture_default_str();
  add->add_flag("-y,--yes", order->sure, "do not ask");
  add->final_callback(
      [&chosen, order] { chosen = [order](session& with) { return rotate(with, *order); }; });
}

// A command on one key that takes no options.
void add_simple(CLI::App& keys, command& chosen, const char* name, const char* help,
                std::function<result<void>(session&, const std::string&)> run) {
  auto* add = keys.add_subcommand(name, help);
  auto which = std::make_shared<std::string>();
  add->add_option("KEY", *which, "id or name")->required();
  add->final_callback([&chosen, which, run] {
    chosen = [which, run](session& with) { return run(with, *which); };
  });
}

void add_delete(CLI::App& keys, command& chosen) {
  auto* add = keys.add_subcommand("delete", "end a key for good");
  auto which = std::make_shared<std::string>();
  auto sure = std::make_shared<bool>(false);
  add->add_option("KEY", *which, "id or name")->required();
  add->add_flag("-y,--yes", *sure, "do not ask");
  add->final_callback([&chosen, which, sure] {
    chosen = [which, sure](session& with) { return remove(with, *which, *sure); };
  });
}

} // namespace

void add_key_commands(CLI::App& root, command& chosen) {
  auto* keys = root.add_subcommand("keys", "issue, show, change and revoke keys");
  keys->require_subcommand(1);
  keys->fallthrough();
  add_create(*keys, chosen);
  add_list(*keys, chosen);
  add_simple(*keys, chosen, "get", "a key's settings and what is left of its limits", get);
  add_update(*keys, chosen);
  add_simple(*keys, chosen, "deactivate", "refuse a key's requests from now on",
             [](session& with, const std::string& which) {
               return change(with, which, http::verb::post, "/deactivate", {}, "deactivated");
             });
  add_simple(*keys, chosen, "activate", "take a deactivated key's requests again",
             [](session& with, const std::string& which) {
               return change(with, which, http::verb::post, "/activate", {}, "activated");
             });
  add_rotate(*keys, chosen);
  add_delete(*keys, chosen);
  add_key_topics(*keys, chosen);
  add_key_export(*keys, chosen);
  add_key_apply(*keys, chosen);
}

} // namespace proxy::cli
