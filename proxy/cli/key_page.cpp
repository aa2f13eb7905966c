// Fields without a value are left out: the page is as long as the key is special.
#include "proxy/cli/key_page.hpp"

#include <ostream>

#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

struct live_limit {
  const char* field;
  const char* title;
  bool money;
};
constexpr live_limit live_limits[] = {
    {"requests_per_minute", "requests a minute", false},
    {"tokens_per_minute", "tokens a minute", false},
    {"concurrent_requests", "requests in flight", false},
    {"daily_spending_limit", "spending a day", true},
    {"monthly_spending_limit", "spending a month", true},
    {"total_spending_limit", "spending in all", true},
};

std::string amount(const json::value& of, std::string_view name, bool money) {
  if (!member(of, name).is_number())
    return "-";
  return money ? dollars(number(of, name)) : grouped(integer(of, name));
}

void add(table& page, std::string title, const std::string& value) {
  if (!value.empty())
    page.row({std::move(title), harmless(value)});
}

bool is_true(const json::value& of, std::string_view name) {
  const json::value& value = member(of, name);
  return value.is_bool() && value.get_bool();
}

std::string aliases_of(const json::value& record) {
  std::string out;
  if (const json::object* aliases = member(record, "model_aliases").if_object())
    for (const auto& [name, model] : *aliases)
      out += (out.empty() ? "" : ", ") + std::string(name) + " = " + std::string(model.as_string());
  return out;
}

} // namespace

void print_limits(const json::value& live, const console& io) {
  table out({{"LIMIT"}, {"USED", true}, {"HELD", true}, {"OF", true}, {"LEFT", true}});
  bool any = false;
  for (const live_limit& each : live_limits) {
    const json::value& now = member(live, each.field);
    if (!member(now, "limit").is_number())
      continue;
    any = true;
    out.row({each.title, amount(now, "used", each.money), amount(now, "held", each.money),
             amount(now, "limit", each.money), amount(now, "remaining", each.money)});
  }
  if (any)
    out.print(io.out);
  else
    io.out << "No limits are set.\n";
  const std::string bound = text(live, "bound");
  if (any && !bound.empty())
    io.out << "\nIn words: " << bound << ".\n";
}

void print_secret(session& with, const reply& made, const std::string& first_line) {
  const std::string secret = text(made.body, "key");
  if (with.json)
    with.io.out << made.text << (made.text.ends_with('\n') ? "" : "\n");
  else if (with.quiet)
    with.io.out << (secret.empty() ? text(made.body, "id") : secret) << "\n";
  else if (secret.empty())
    with.io.out << first_line << " A group has no secret; create keys with --parent.\n";
  else
    with.io.out << first_line << "\n\n  " << secret << "\n\n"
                << "This secret is shown once and kept nowhere: store it now.\n";
}

void print_key(const json::value& record, const json::value& live, const console& io) {
  table page({{"ID"}, {text(record, "id")}});
  add(page, "Name", text(record, "name"));
  add(page, "Status", text(record, "status"));
  add(page, "Type", text(record, "type"));
  add(page, "Key", text(record, "masked_key"));
  add(page, "Description", text(record, "description"));
  add(page, "Environment", text(record, "environment"));
  add(page, "Permissions", joined(member(record, "permissions")));
  const std::string models = joined(member(record, "models"));
  add(page, "Models", models.empty() ? "all" : models);
  add(page, "Addresses", joined(member(record, "allowed_ips")));
  add(page, "Referrers", joined(member(record, "allowed_referrers")));
  add(page, "Certificates", joined(member(record, "client_certificates")));
  add(page, "Aliases", aliases_of(record));
  add(page, "Parent", text(record, "parent"));
  if (is_true(record, "is_group"))
    add(page, "Group", "yes: shared by the keys under it");
  if (is_true(record, "may_delegate"))
    add(page, "May delegate", "yes");
  add(page, "Rotation due", text(record, "rotation_due_at"));
  add(page, "Accounting", text(record, "token_accounting"));
  add(page, "Expires", text(record, "expires_at"));
  add(page, "Created", text(record, "created_at"));
  add(page, "Last used", text(record, "last_used_at"));
  page.print(io.out, io.colours);
  io.out << "\n";
  print_limits(live, io);
}

} // namespace proxy::cli
