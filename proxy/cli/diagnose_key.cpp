// One key and those above it, in the order in which the proxy itself asks.
#include <algorithm>
#include <chrono>
#include <map>

#include "proxy/admin/json_text.hpp"
#include "proxy/cli/findings.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

struct remedy {
  std::string_view code;
  std::string_view to_do;
};

// For what the ledger of errors tells, by its codes.
constexpr remedy remedies[] = {
    {"invalid_api_key", "send the key whole, as 'Authorization: Bearer sk-ds-...'"},
    {"expired_api_key", "put the newest secret into the program, or set a later end: deepseek keys "
                        "update KEY --expires ..."},
    {"inactive_api_key", "deepseek keys activate KEY"},
    {"permission_denied", "allow it: deepseek keys security KEY --permissions ..."},
    {"model_not_allowed", "ask for an allowed model, or: deepseek keys security KEY --models ..."},
    {"ip_not_allowed", "call from an allowed address, or: deepseek keys security KEY --ip ..."},
    {"referrer_not_allowed", "deepseek keys security KEY --referrer ..."},
    {"certificate_not_allowed", "connect with an allowed client certificate, or: deepseek keys "
                                "security KEY --certificate ..."},
    {"rate_limit_exceeded", "wait as retry-after says and queue requests, or raise the limit: "
                            "deepseek keys limits KEY --rpm ... --tpm ..."},
    {"insufficient_quota",
     "wait for the next day or month, or raise the limit: deepseek keys limits "
     "KEY --monthly ..."},
    {"invalid_request", "the answer's message names the field at fault: mend the request"},
    {"not_found", "check the base URL: it ends in /v1 for OpenAI's SDKs, in /anthropic for "
                  "Anthropic's"},
    {"request_too_large", "send less at once"},
    {"upstream_refused", "check upstream.key and the account's balance at DeepSeek"},
    {"upstream_unreachable", "check the network from the proxy to DeepSeek, and upstream.url"},
    {"upstream_timeout", "try again; ask for shorter answers or stream them"},
    {"enforcement_unavailable", "check the store: disk space, or Redis; the proxy's log says more"},
    {"overloaded", "try again later, or give the proxy more memory"},
    {"client_gone", "the client left before the end: give it a longer timeout, or stream"},
    {"cut", "the upstream broke off: try again"},
};

std::string remedy_for(const std::string& code) {
  const auto* found = std::ranges::find(remedies, code, &remedy::code);
  return found == std::end(remedies) ? "'deepseek errors KEY' lists them one by one"
                                     : std::string(found->to_do);
}

std::chrono::milliseconds until(const std::string& instant) {
  const auto at = admin::parse_rfc3339(instant);
  return at ? std::chrono::duration_cast<std::chrono::milliseconds>(
                  *at - std::chrono::system_clock::now())
            : std::chrono::milliseconds::max();
}

class key_diagnosis {
 public:
  key_diagnosis(session& with, int hours, findings& into)
      : with_(with), hours_(hours), into_(into) {}

  result<void> run(const std::string& id) {
    const auto record = with_.calls.get("/v1/keys/" + id);
    if (!record)
      return record.error();
    const json::value& key = record->body;
    into_.ok("key", text(key, "name") + " (" + id + ")");
    state(key, "");
    secrets(key);
    if (auto above = parents(key); !above)
      return above;
    lists(key);
    if (auto left = limits(key, ""); !left)
      return left;
    return errors(id);
  }

 private:
  void state(const json::value& key, const std::string& prefix);
  void secrets(const json::value& key);
  result<void> parents(const json::value& key);
  void lists(const json::value& key);
  result<void> limits(const json::value& key, const std::string& prefix);
  result<void> errors(const std::string& id);

  session& with_;
  int hours_;
  findings& into_;
};

void key_diagnosis::state(const json::value& key, const std::string& prefix) {
  const std::string status = text(key, "status");
  const std::string id = text(key, "id");
  if (status == "active")
    into_.ok(prefix + "status", "active");
  else
    into_.problem(prefix + "status", status + ": every request is answered 401",
                  status == "deleted" ? "deleted keys stay so: create a new one"
                                      : "deepseek keys activate " + id);
  const std::string end = text(key, "expires_at");
  const auto left = until(end);
  if (end.empty())
    into_.ok(prefix + "expiry", "never");
  else if (left.count() <= 0)
    into_.problem(prefix + "expiry", "expired at " + end,
                  "deepseek keys update " + id + " --expires none, or a later instant");
  else if (left < std::chrono::days{7})
    into_.note(prefix + "expiry", "expires soon, at " + end,
               "deepseek keys update " + id + " --expires ...");
  else
    into_.ok(prefix + "expiry", "at " + end);
}

void key_diagnosis::secrets(const json::value& key) {
  std::size_t working = 0;
  for (const json::value& secret : items(key, "secrets")) {
    const std::string end = text(secret, "valid_until");
    working += until(end).count() > 0;
    if (!end.empty() && until(end).count() > 0)
      into_.note("secret", "the old secret " + text(secret, "masked_key") + " works until " + end,
                 "put the new one, " + text(key, "masked_key") +
                     ", into every program before then");
  }
  const json::value& group = member(key, "is_group");
  if (group.is_bool() && group.get_bool())
    into_.note("secret", "this is a group: it has none", "requests come with keys under it");
  else if (working == 0)
    into_.problem("secret", "none works any more", "deepseek keys rotate " + text(key, "id"));
  else
    into_.ok("secret", text(key, "masked_key") + " is the newest");
}

result<void> key_diagnosis::parents(const json::value& key) {
  std::string id = text(key, "parent");
  if (id.empty())
    into_.ok("parent", "none: its own limits alone");
  while (!id.empty()) {
    const auto record = with_.calls.get("/v1/keys/" + id);
    if (!record)
      return record.error();
    const std::string name = text(record->body, "name");
    into_.ok("parent", name + " (" + id + ") must admit its requests too");
    state(record->body, name + "'s ");
    if (auto left = limits(record->body, name + "'s "); !left)
      return left;
    id = text(record->body, "parent");
  }
  return {};
}

void key_diagnosis::lists(const json::value& key) {
  const std::string id = text(key, "id");
  const std::string permissions = joined(member(key, "permissions"));
  if (permissions.empty())
    into_.problem("permissions", "none: every request is answered 403",
                  "deepseek keys security " + id + " --permissions chat,...");
  else
    into_.ok("permissions", permissions);
  const std::string models = joined(member(key, "models"));
  into_.ok("models", models.empty() ? "all" : models + "; others are answered 403");
  const std::string addresses = joined(member(key, "allowed_ips"));
  into_.ok("addresses", addresses.empty() ? "from anywhere" : "from " + addresses + " only");
  const std::string referrers = joined(member(key, "allowed_referrers"));
  into_.ok("referrers",
           referrers.empty() ? "any" : referrers + " only, so that browsers alone fit");
}

std::string limit_text(double value, bool money) {
  return money ? dollars(value) : grouped(static_cast<std::int64_t>(value));
}

result<void> key_diagnosis::limits(const json::value& key, const std::string& prefix) {
  const std::string id = text(key, "id");
  const auto live = with_.calls.get("/v1/keys/" + id + "/limits");
  if (!live)
    return live.error();
  bool any = false;
  for (const auto& [name, now] : live->body.as_object()) {
    if (!member(now, "limit").is_number())
      continue;
    any = true;
    const std::string field(name);
    const bool money = field.ends_with("_spending_limit");
    const double limit = number(now, "limit");
    const double left = number(now, "remaining");
    const std::string what =
        field + ": " + limit_text(left, money) + " of " + limit_text(limit, money) + " left";
    const std::string raise = "raise it: deepseek keys limits " + id + " ...";
    if (limit == 0)
      into_.problem(prefix + "limit", field + " is 0, which allows nothing", raise);
    else if (left <= 0)
      into_.problem(prefix + "limit", what,
                    (money ? "wait for the next window, or " : "wait a little, or ") + raise);
    else if (left < limit * 0.1)
      into_.note(prefix + "limit", what, "spread requests, or " + raise);
    else
      into_.ok(prefix + "limit", what);
  }
  if (!any)
    into_.ok(prefix + "limit", "none is set");
  return {};
}

result<void> key_diagnosis::errors(const std::string& id) {
  const auto rows =
      with_.calls.get("/v1/keys/" + id + "/errors?limit=1000&hours=" + std::to_string(hours_));
  if (!rows)
    return rows.error();
  const std::string span = "in the last " + std::to_string(hours_) + " h";
  std::map<std::string, std::int64_t> counts;
  std::int64_t all = 0;
  for (const json::value& row : items(rows->body, "data")) {
    const std::int64_t count = integer(row, "count");
    counts[text(row, "source") == "upstream" ? "upstream " + std::to_string(integer(row, "status"))
                                             : text(row, "code")] += count;
    all += count;
  }
  if (counts.empty()) {
    into_.ok("errors", "none " + span);
    return {};
  }
  const auto most =
      std::ranges::max_element(counts, {}, [](const auto& each) { return each.second; });
  const std::string found = grouped(all) + " " + span + ", most of all " + most->first + " (" +
                            grouped(most->second) + ")";
  std::string to_do = most->first.starts_with("upstream ")
                          ? "DeepSeek itself answered so: its answer's message says why"
                          : remedy_for(most->first);
  if (const std::size_t at = to_do.find("KEY"); at != to_do.npos)
    to_do.replace(at, 3, id);
  into_.problem("errors", found, to_do);
  return {};
}

} // namespace

result<void> diagnose_key(session& with, const std::string& id, int hours, findings& into) {
  return key_diagnosis(with, hours, into).run(id);
}

} // namespace proxy::cli
