// Requests that went wrong, and the audit trail.
#include "policies/access/route.hpp"
#include "policies/admission/refusal.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using journal::entry;
using journal::entry_kind;

constexpr std::int64_t hours_max = 24 * 366;
constexpr std::int64_t rows_max = 1000;

std::string_view feature_of(const entry& e) {
  return policies::access::name_of(static_cast<policies::access::feature>(e.feature));
}
std::string id_text(const entry& e) {
  return policies::keys::to_string(policies::request_id{e.request});
}

json::object error_view(const entry& e) {
  const policies::instant at{policies::milliseconds{e.time_ms}};
  json::object out{{"time", rfc3339(at)}, {"time_ms", e.time_ms}, {"status", e.status}};
  if (e.kind == entry_kind::tally) {
    const auto code = static_cast<policies::admission::refusal_code>(e.refusal);
    out["source"] = "proxy";
    out["code"] = policies::admission::name_of(code);
    out["count"] = e.count;
    return out;
  }
  out["source"] = e.status >= 400 ? "upstream" : "proxy";
  out["code"] = journal::name_of(e.end);
  out["count"] = 1;
  out["request_id"] = id_text(e);
  out["model"] = journal::model_of(e);
  out["feature"] = feature_of(e);
  out["stream"] = e.stream != 0;
  return out;
}

} // namespace

answer<reply> key_errors(const admin_context& context, const request& call) {
  const auto hours = number_in(call.query, "hours", {1, hours_max, 1});
  const auto limit = number_in(call.query, "limit", {1, rows_max, 100});
  if (!hours || !limit)
    return !hours ? hours.error() : limit.error();
  if (const auto record = known_key(context, call.key); !record)
    return record.error();
  const std::int64_t from_ms = call.now.time_since_epoch().count() - *hours * 3'600'000;
  json::array data;
  for (const entry& e :
       context.store.recent_errors(call.key, from_ms, static_cast<std::size_t>(*limit)))
    data.push_back(error_view(e));
  return json_reply(200, list_of(std::move(data)));
}

answer<reply> audit(const admin_context& context, const request& call) {
  const auto limit = number_in(call.query, "limit", {1, rows_max, 100});
  if (!limit)
    return limit.error();
  json::array data;
  for (const stores::audit_row& row : context.store.audit(static_cast<std::size_t>(*limit))) {
    boost::system::error_code error;
    json::value detail = json::parse(row.detail, error);
    const policies::instant at{policies::milliseconds{row.time_ms}};
    data.push_back({{"time", rfc3339(at)},
                    {"time_ms", row.time_ms},
                    {"actor", row.actor},
                    {"action", row.action},
                    {"subject", row.subject},
                    {"subject_name", name_or_null(context, row.subject)},
                    {"detail", error ? json::value(row.detail) : std::move(detail)}});
  }
  return json_reply(200, list_of(std::move(data)));
}

} // namespace proxy::admin
