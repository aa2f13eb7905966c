// deepseek keys limits and keys security: one side of a key, shown or, with options, set.
#include <ostream>

#include "proxy/cli/key_choice.hpp"
#include "proxy/cli/key_options.hpp"
#include "proxy/cli/key_page.hpp"
#include "proxy/cli/key_subcommands.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

namespace http = boost::beast::http;

// What is shown of the key after the options, if there are any, were set.
using show = result<void> (*)(session& with, const std::string& id);

result<void> show_limits(session& with, const std::string& id) {
  const auto live = with.calls.get("/v1/keys/" + id + "/limits");
  if (!live)
    return live.error();
  if (with.json) {
    with.io.out << live->text << "\n";
    return {};
  }
  print_limits(live->body, with.io);
  return {};
}

std::string or_else(std::string value, const char* otherwise) {
  return value.empty() ? otherwise : harmless(value);
}

void print_secrets(const json::value& record, const console& io) {
  table secrets({{"SECRET"}, {"CREATED"}, {"LAST_USED"}, {"WORKS_UNTIL"}});
  const bool ever = !text(record, "last_used_at").empty();
  const char* unused = ever ? "not since the proxy began" : "never";
  for (const json::value& each : items(record, "secrets"))
    secrets.row({text(each, "masked_key"), text(each, "created_at"),
                 or_else(text(each, "last_used_at"), unused),
                 or_else(text(each, "valid_until"), "it is rotated")});
  if (!items(record, "secrets").empty()) {
    io.out << "\n";
    secrets.print(io.out);
  }
}

result<void> show_security(session& with, const std::string& id) {
  const auto record = with.calls.get("/v1/keys/" + id);
  if (!record)
    return record.error();
  if (with.json) {
    with.io.out << record->text << "\n";
    return {};
  }
  const json::value& key = record->body;
  const json::value& delegates = member(key, "may_delegate");
  const std::int64_t days = integer(key, "rotate_every_days");
  table page({{"SETTING"}, {"VALUE"}});
  page.row({"Status", text(key, "status")});
  page.row({"Permissions", or_else(joined(member(key, "permissions")), "none")});
  page.row({"Models", or_else(joined(member(key, "models")), "all")});
  page.row({"Addresses", or_else(joined(member(key, "allowed_ips")), "any")});
  page.row({"Referrers", or_else(joined(member(key, "allowed_referrers")), "any")});
  if (const std::string named = joined(member(key, "client_certificates")); !named.empty())
    page.row({"Certificates", named});
  page.row({"Expires", or_else(text(key, "expires_at"), "never")});
  page.row({"Rotation",
            days == 0 ? "whenever you like"
                      : "every " + grouped(days) + " days, due " + text(key, "rotation_due_at")});
  page.row({"May delegate", delegates.is_bool() && delegates.get_bool() ? "yes" : "no"});
  page.print(with.io.out, with.io.colours);
  print_secrets(key, with.io);
  return {};
}

result<void> run_topic(session& with, const std::string& which, const key_options& options,
                       show people) {
  const auto fields = options.fields();
  if (!fields)
    return fields.error();
  const auto id = find_key(with, which);
  if (!id)
    return id.error();
  if (!fields->empty()) {
    const auto after = with.calls.send(http::verb::patch, "/v1/keys/" + *id, *fields);
    if (!after)
      return after.error();
    if (with.quiet)
      return {};
  }
  return people(with, *id);
}

struct topic {
  const char* name;
  const char* help;
  option_topic options;
  show people;
};
constexpr topic topics[] = {
    {"limits", "what is left of a key's limits; with options, sets them", option_topic::limits,
     show_limits},
    {"security", "who may use a key, from where and for what; with options, sets it",
     option_topic::security, show_security},
};

} // namespace

void add_key_topics(CLI::App& keys, command& chosen) {
  for (const topic& each : topics) {
    auto* add = keys.add_subcommand(each.name, each.help);
    auto which = std::make_shared<std::string>();
    auto options = std::make_shared<key_options>();
    add->add_option("KEY", *which, "id or name")->required();
    options->add_to(*add, each.options);
    add->final_callback([&chosen, which, options, people = each.people] {
      chosen = [which, options, people](session& with) {
        return run_topic(with, *which, *options, people);
      };
    });
  }
}

} // namespace proxy::cli
