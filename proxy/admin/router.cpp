// Matching the table, and the last backstop: whatever a handler throws becomes a 500.
#include "proxy/admin/router.hpp"

#include <array>

#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/suggestion.hpp"

namespace proxy::admin {
namespace {

using boost::beast::http::verb;

constexpr std::array routes{
    route{verb::post, "/v1/keys", "", access::operator_, create_key},
    route{verb::get, "/v1/keys", "status type parent sort fields limit after", access::viewer,
          list_keys},
    route{verb::get, "/v1/keys/{id}", "", access::viewer, get_key},
    route{verb::patch, "/v1/keys/{id}", "", access::operator_, change_key},
    route{verb::delete_, "/v1/keys/{id}", "", access::owner, delete_key},
    route{verb::post, "/v1/keys/{id}/deactivate", "", access::operator_, deactivate_key},
    route{verb::post, "/v1/keys/{id}/activate", "", access::operator_, activate_key},
    route{verb::post, "/v1/keys/{id}/rotate", "", access::operator_, rotate_key},
    route{verb::get, "/v1/keys/{id}/usage", "period", access::viewer, key_usage},
    route{verb::get, "/v1/keys/{id}/usage/series", "start end granularity", access::viewer,
          usage_series},
    route{verb::get, "/v1/keys/{id}/usage/models", "period", access::viewer, usage_models},
    route{verb::get, "/v1/keys/{id}/usage/patterns", "period", access::viewer, usage_patterns},
    route{verb::get, "/v1/keys/{id}/usage/minutes", "minutes", access::viewer, usage_minutes},
    route{verb::get, "/v1/keys/{id}/limits", "", access::viewer, key_limits},
    route{verb::get, "/v1/keys/{id}/current", "", access::viewer, key_current},
    route{verb::get, "/v1/keys/{id}/health", "", access::viewer, key_health},
    route{verb::get, "/v1/keys/{id}/events", "since limit", access::viewer, events},
    route{verb::get, "/v1/keys/{id}/alert-rules", "", access::viewer, alert_rules},
    route{verb::put, "/v1/keys/{id}/alert-rules", "", access::operator_, set_alert_rules},
    route{verb::get, "/v1/keys/{id}/errors", "hours limit", access::viewer, key_errors},
    route{verb::post, "/v1/admin-keys", "", access::owner, create_admin_key},
    route{verb::get, "/v1/admin-keys", "", access::owner, list_admin_keys},
    route{verb::get, "/v1/admin-keys/{id}", "", access::owner, get_key},
    route{verb::patch, "/v1/admin-keys/{id}", "", access::owner, change_key},
    route{verb::delete_, "/v1/admin-keys/{id}", "", access::owner, delete_key},
    route{verb::post, "/v1/admin-keys/{id}/deactivate", "", access::owner, deactivate_key},
    route{verb::post, "/v1/admin-keys/{id}/activate", "", access::owner, activate_key},
    route{verb::post, "/v1/admin-keys/{id}/rotate", "", access::owner, rotate_key},
    route{verb::get, "/v1/usage", "period", access::viewer, account_usage},
    route{verb::get, "/v1/usage/series", "start end granularity", access::viewer, usage_series},
    route{verb::get, "/v1/usage/models", "period", access::viewer, usage_models},
    route{verb::get, "/v1/usage/patterns", "period", access::viewer, usage_patterns},
    route{verb::get, "/v1/usage/minutes", "minutes", access::viewer, usage_minutes},
    route{verb::get, "/v1/usage/keys", "period limit", access::viewer, usage_of_keys},
    route{verb::get, "/v1/events", "since limit", access::viewer, events},
    route{verb::get, "/v1/events/stream", "", access::viewer, stream_events},
    route{verb::get, "/v1/alerts", "state limit", access::viewer, list_alerts},
    route{verb::get, "/v1/alerts/receivers", "", access::viewer, alert_receivers},
    route{verb::get, "/v1/alerts/rules", "", access::viewer, alert_rules_of_all},
    route{verb::post, "/v1/alerts/test", "", access::operator_, test_alerts},
    route{verb::get, "/v1/audit", "limit", access::viewer, audit},
    route{verb::get, "/v1/ledger", "from_ms until_ms key format", access::viewer, ledger},
    route{verb::get, "/v1/usage/live", "sort limit", access::viewer, usage_live},
    route{verb::get, "/v1/usage/export", "start end key format", access::viewer, export_usage},
    route{verb::get, "/v1/models", "", access::viewer, models},
    route{verb::post, "/v1/session", "", access::viewer, open_session},
    route{verb::get, "/v1/session", "", access::anyone, show_session},
    route{verb::delete_, "/v1/session", "", access::viewer, end_session},
    route{verb::get, "/", "", access::anyone, page},
    route{verb::get, "/assets/{file}", "", access::anyone, page},
    route{verb::get, "/openapi.json", "", access::anyone, page},
    route{verb::get, "/health", "", access::anyone, health},
    route{verb::get, "/healthz", "", access::anyone, health},
    route{verb::get, "/readyz", "", access::anyone, ready},
    route{verb::get, "/metrics", "", access::anyone, metrics},
};

// The text that stands for {id} or {file} (empty where the pattern has none); nullopt: another
// path.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  const std::size_t mark = pattern.find('{');
  if (mark == pattern.npos)
    return pattern == path ? std::optional{path.substr(0, 0)} : std::nullopt;
  const std::string_view tail = pattern.substr(pattern.find('}') + 1);
  if (!path.starts_with(pattern.substr(0, mark)) || !path.ends_with(tail) ||
      path.size() <= mark + tail.size())
    return std::nullopt;
  const std::string_view id = path.substr(mark, path.size() - mark - tail.size());
  return id.find('/') == id.npos ? std::optional{id} : std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    words.push_back(text.substr(0, text.find(' ')));
    text.remove_prefix(std::min(text.size(), words.back().size() + 1));
  }
  return words;
}

std::optional<problem> unknown_parameter(const route& of, const query& given) {
  const auto known = words_of(of.parameters);
  for (const auto& [name, value] : given.values)
    if (std::ranges::find(known, name) == known.end())
      return problem{.message = "unknown parameter '" + shown(name) + "'" + suggestion(name, known),
                     .param = shown(name)};
  return std::nullopt;
}

problem no_key(std::string_view id) {
  return {.status = 404,
          .message = "no key '" + shown(id) +
                     "': an id is key_ and 12 characters, as GET /v1/keys lists them",
          .code = "key_not_found"};
}

// Admin keys and sub-keys are found under their own paths only, and a delegating key finds itself,
// which it cannot change, and those below it.
std::optional<problem> refuse_key_of_others(const admin_context& context, const route& of,
                                            const request& call) {
  const std::string id = policies::keys::to_string(call.key);
  const auto record = context.directory.copy_of(call.key);
  if (record && record->role.has_value() != of.pattern.starts_with("/v1/admin-keys"))
    return no_key(id);
  if (!call.by.delegate || (of.method == verb::get && call.key == *call.by.delegate))
    return std::nullopt;
  if (call.key == *call.by.delegate)
    return problem{.status = 403,
                   .message = "a key cannot change itself; the owner of this proxy can",
                   .code = "permission_denied"};
  if (!within_reach(context, call.by, call.key))
    return no_key(id);
  return std::nullopt;
}

answer<reply> handle(const admin_context& context, const route_match& matched,
                     std::string_view target, request& call) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  auto parsed = parse_query(target.substr(std::min(target.size(), mark + 1)));
  if (!parsed)
    return parsed.error();
  call.query = std::move(*parsed);
  if (auto wrong = unknown_parameter(*matched.found, call.query))
    return *wrong;
  if (matched.found->pattern.find("{id}") != std::string_view::npos) {
    const auto id = policies::keys::parse_key_id(matched.part);
    if (!id)
      return no_key(matched.part);
    call.key = *id;
    if (auto wrong = refuse_key_of_others(context, *matched.found, call))
      return *wrong;
  }
  return matched.found->handle(context, call);
}

} // namespace

route_match find_route(verb method, std::string_view path) {
  route_match out;
  for (const route& each : routes) {
    const auto part = match(each.pattern, path);
    if (!part)
      continue;
    if (each.method == method || (each.method == verb::get && method == verb::head))
      return {&each, *part, {}};
    out.allow +=
        (out.allow.empty() ? "" : ", ") + std::string(boost::beast::http::to_string(each.method));
    if (each.method == verb::get)
      out.allow += ", HEAD";
  }
  return out;
}

std::span<const route> all_routes() {
  return routes;
}

std::optional<problem> refuse_role(const caller& by, const route& of) {
  using policies::keys::admin_role;
  const admin_role needed = of.needs == access::owner       ? admin_role::owner
                            : of.needs == access::operator_ ? admin_role::operator_
                                                            : admin_role::viewer;
  if (by.role >= needed)
    return std::nullopt;
  return problem{.status = 403,
                 .message =
                     fmt::format("this needs an admin key with the role {}; yours is {}",
                                 policies::keys::name_of(needed), policies::keys::name_of(by.role)),
                 .code = "permission_denied"};
}

bool may_delegate_to(const route& of) {
  // Events and errors are looked for in the ledger, which a stranger should not keep busy.
  return of.pattern.starts_with("/v1/keys") && of.handle != events && of.handle != key_errors &&
         !of.pattern.ends_with("/alert-rules"); // the owner's own
}

reply dispatch(const admin_context& context, const route_match& matched, std::string_view target,
               request call) {
  try {
    auto done = handle(context, matched, target, call);
    if (done)
      return std::move(*done);
    return reply_of(done.error());
  } catch (const std::exception& error) {
    spdlog::error("admin {}: {}", call.path, error.what());
    return reply_of({.status = 500,
                     .message = "the admin plane failed; its log says why",
                     .code = "internal_error"});
  }
}

} // namespace proxy::admin
