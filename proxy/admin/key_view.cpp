// Field by field, in the order in which people read them.
#include "proxy/admin/key_view.hpp"

#include "policies/keys/rotation.hpp"
#include "proxy/admin/json_text.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
namespace policy = policies::access;
using policies::keys::key_record;

json::value or_null(const std::optional<std::int64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object limits_view(const policies::limits::limit_set& limits) {
  return {{"requests_per_minute", or_null(limits.requests_per_minute)},
          {"tokens_per_minute", or_null(limits.tokens_per_minute)},
          {"burst_requests", or_null(limits.burst_requests)},
          {"burst_tokens", or_null(limits.burst_tokens)},
          {"monthly_spending_limit", usd_or_null(limits.monthly)},
          {"daily_spending_limit", usd_or_null(limits.daily)},
          {"total_spending_limit", usd_or_null(limits.total)},
          {"concurrent_requests", or_null(limits.concurrent_requests)}};
}

json::array permissions_view(policy::permission_set set) {
  json::array names;
  for (int i = 0; i < policy::permission_count; ++i)
    if (const auto each = static_cast<policy::permission>(i); set.has(each))
      names.emplace_back(policy::name_of(each));
  return names;
}

template <class List>
json::array texts_of(const List& list) {
  json::array out;
  for (const auto& each : list)
    out.emplace_back(policy::to_string(each));
  return out;
}

json::value metadata_of(const key_record& record) {
  boost::system::error_code error;
  json::value value = json::parse(record.metadata_json, error);
  return error ? json::value(json::object{}) : value;
}

json::object aliases_view(const key_record& record) {
  json::object out;
  for (const policies::keys::model_alias& each : record.aliases)
    out[each.name] = each.model;
  return out;
}

json::value days_or_null(const key_record& record) {
  return record.rotate_every_days ? json::value(*record.rotate_every_days) : json::value(nullptr);
}

json::object admin_settings(const key_record& record) {
  return {{"name", record.name},
          {"role", policies::keys::name_of(*record.role)},
          {"description", record.description},
          {"status", policies::keys::name_of(record.status)},
          {"allowed_ips", texts_of(record.allowed_ips)},
          {"expires_at", rfc3339_or_null(record.expires_at)},
          {"rotate_every_days", days_or_null(record)}};
}

} // namespace

json::object settings_view(const key_record& record) {
  if (record.role)
    return admin_settings(record);
  return {{"name", record.name},
          {"description", record.description},
          {"environment", record.environment},
          {"type", policies::keys::name_of(record.type)},
          {"status", policies::keys::name_of(record.status)},
          {"permissions", permissions_view(record.permissions)},
          {"models", json::array(record.models.begin(), record.models.end())},
          {"rate_limits", limits_view(record.limits)},
          {"daily_budget", usd_or_null(record.daily_budget)},
          {"token_accounting", policies::keys::name_of(record.token_accounting)},
          {"allowed_ips", texts_of(record.allowed_ips)},
          {"allowed_referrers", texts_of(record.allowed_referrers)},
          {"client_certificates",
           json::array(record.client_certificates.begin(), record.client_certificates.end())},
          {"expires_at", rfc3339_or_null(record.expires_at)},
          {"metadata", metadata_of(record)},
          {"parent", record.parent ? json::value(policies::keys::to_string(*record.parent))
                                   : json::value(nullptr)},
          {"is_group", record.is_group},
          {"may_delegate", record.may_delegate},
          {"model_aliases", aliases_view(record)},
          {"max_wait_ms", std::int64_t{record.max_wait_ms}},
          {"cache_ttl_s", std::int64_t{record.cache_ttl_s}},
          {"rotate_every_days", days_or_null(record)}};
}

json::object key_view(const key_record& record, std::optional<policies::instant> last_used) {
  json::object out{{"id", policies::keys::to_string(record.id)}};
  for (auto& [name, value] : settings_view(record))
    out.emplace(name, std::move(value));
  out["created_at"] = rfc3339(record.created);
  out["updated_at"] = rfc3339(record.updated);
  out["last_used_at"] = rfc3339_or_null(last_used);
  out["version"] = record.version;
  out["rotation_due_at"] = rfc3339_or_null(policies::keys::rotation_due(record));
  out["masked_key"] = nullptr;
  if (!record.secrets.empty())
    out["masked_key"] = record.secrets.front().masked;
  return out;
}

json::object differences(const json::object& before, const json::object& after) {
  json::object out;
  for (const auto& [name, now] : after) {
    const json::value& was = before.at(name);
    if (was == now)
      continue;
    if (name == "rate_limits") {
      out[name] = differences(was.as_object(), now.as_object());
      continue;
    }
    out[name] = json::object{{"from", was}, {"to", now}};
  }
  return out;
}

} // namespace proxy::admin
