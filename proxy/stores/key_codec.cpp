// Field by field, both ways.
#include "proxy/stores/key_codec.hpp"

#include <charconv>

#include <boost/json.hpp>

#include "proxy/hex.hpp"

namespace proxy::stores {
namespace {

namespace json = boost::json;
namespace keys = policies::keys;
namespace access = policies::access;
using policies::instant;
using policies::nano_usd;

std::int64_t ms(instant at) {
  return at.time_since_epoch().count();
}
instant at_ms(std::int64_t value) {
  return instant{policies::milliseconds{value}};
}

keys::secret_hash unhex(std::string_view text) {
  keys::secret_hash hash{};
  if (text.size() != hash.size() * 2)
    throw std::invalid_argument("hash");
  for (std::size_t i = 0; i < hash.size(); ++i)
    std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, hash[i], 16);
  return hash;
}

void put(json::object& to, std::string_view name, const std::optional<std::int64_t>& value) {
  if (value)
    to[name] = *value;
}
void put(json::object& to, std::string_view name, const std::optional<nano_usd>& value) {
  if (value)
    to[name] = value->value;
}
std::optional<std::int64_t> number(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value ? std::optional{value->to_number<std::int64_t>()} : std::nullopt;
}
std::optional<nano_usd> money(const json::object& from, std::string_view name) {
  const auto value = number(from, name);
  return value ? std::optional{nano_usd{*value}} : std::nullopt;
}
std::optional<instant> when(const json::object& from, std::string_view name) {
  const auto value = number(from, name);
  return value ? std::optional{at_ms(*value)} : std::nullopt;
}
std::string text(const json::object& from, std::string_view name) {
  return std::string(from.at(name).as_string());
}

json::object encode_limits(const policies::limits::limit_set& limits) {
  json::object out;
  put(out, "requests_per_minute", limits.requests_per_minute);
  put(out, "burst_requests", limits.burst_requests);
  put(out, "tokens_per_minute", limits.tokens_per_minute);
  put(out, "burst_tokens", limits.burst_tokens);
  put(out, "monthly_nano", limits.monthly);
  put(out, "daily_nano", limits.daily);
  put(out, "total_nano", limits.total);
  put(out, "concurrent_requests", limits.concurrent_requests);
  return out;
}

policies::limits::limit_set decode_limits(const json::object& from) {
  return {.requests_per_minute = number(from, "requests_per_minute"),
          .burst_requests = number(from, "burst_requests"),
          .tokens_per_minute = number(from, "tokens_per_minute"),
          .burst_tokens = number(from, "burst_tokens"),
          .monthly = money(from, "monthly_nano"),
          .daily = money(from, "daily_nano"),
          .total = money(from, "total_nano"),
          .concurrent_requests = number(from, "concurrent_requests")};
}

// Fields that most keys do without are written only where they say something; a record of before
// they existed reads as one without them.
void put_rare(json::object& out, const keys::key_record& record) {
  for (const auto& [name, value] :
       {std::pair{"may_delegate", record.may_delegate}, std::pair{"locked", record.locked}})
    if (value)
      out[name] = true;
  if (record.role)
    out["role"] = keys::name_of(*record.role);
  if (record.rotate_every_days)
    out["rotate_every_days"] = *record.rotate_every_days;
  for (const auto& [name, value] :
       {std::pair{"max_wait_ms", record.max_wait_ms}, std::pair{"cache_ttl_s", record.cache_ttl_s}})
    if (value != 0)
      out[name] = value;
  if (record.created_by != 0)
    out["created_by"] = record.created_by;
  json::object aliases;
  for (const keys::model_alias& each : record.aliases)
    aliases[each.name] = each.model;
  if (!aliases.empty())
    out["aliases"] = std::move(aliases);
}

void read_rare(const json::object& from, keys::key_record& record) {
  record.may_delegate = from.contains("may_delegate");
  record.locked = from.contains("locked");
  if (const json::value* role = from.if_contains("role"))
    record.role = keys::admin_role_named(role->as_string()).value();
  if (const auto days = number(from, "rotate_every_days"))
    record.rotate_every_days = static_cast<std::int16_t>(*days);
  record.max_wait_ms = static_cast<std::uint32_t>(number(from, "max_wait_ms").value_or(0));
  record.cache_ttl_s = static_cast<std::uint32_t>(number(from, "cache_ttl_s").value_or(0));
  if (const json::value* by = from.if_contains("created_by"))
    record.created_by = by->to_number<std::uint64_t>();
  if (const json::value* aliases = from.if_contains("aliases"))
    for (const auto& [name, model] : aliases->as_object())
      record.aliases.push_back({std::string(name), std::string(model.as_string())});
}

json::array encode_secrets(const std::vector<keys::key_secret>& secrets) {
  json::array out;
  for (const keys::key_secret& secret : secrets) {
    json::object one{
        {"hash", hex(secret.hash)}, {"masked", secret.masked}, {"created", ms(secret.created)}};
    if (secret.valid_until)
      one["valid_until"] = ms(*secret.valid_until);
    out.push_back(std::move(one));
  }
  return out;
}

void decode_lists(const json::object& from, keys::key_record& record) {
  for (const json::value& name : from.at("permissions").as_array())
    if (const auto p = access::permission_named(name.as_string()))
      record.permissions.add(*p);
  for (const json::value& model : from.at("models").as_array())
    record.models.emplace_back(model.as_string());
  for (const json::value& item : from.at("allowed_ips").as_array()) {
    const auto parsed = access::parse_network(item.as_string());
    if (!parsed.network)
      throw std::invalid_argument("allowed_ips");
    record.allowed_ips.push_back(*parsed.network);
  }
  for (const json::value& item : from.at("allowed_referrers").as_array()) {
    const auto parsed = access::parse_referrer(item.as_string());
    if (!parsed.pattern)
      throw std::invalid_argument("allowed_referrers");
    record.allowed_referrers.push_back(*parsed.pattern);
  }
  for (const json::value& item : from.at("secrets").as_array()) {
    const json::object& one = item.as_object();
    record.secrets.push_back({unhex(one.at("hash").as_string()), text(one, "masked"),
                              at_ms(*number(one, "created")), when(one, "valid_until")});
  }
}

keys::key_status status_named(std::string_view name) {
  for (const auto status : {keys::key_status::active, keys::key_status::inactive})
    if (keys::name_of(status) == name)
      return status;
  return keys::key_status::deleted;
}

keys::key_record decode_object(const json::object& from) {
  keys::key_record record;
  record.id = keys::parse_key_id(from.at("id").as_string()).value();
  if (const json::value* parent = from.if_contains("parent"))
    record.parent = keys::parse_key_id(parent->as_string()).value();
  record.name = text(from, "name");
  record.description = text(from, "description");
  record.environment = text(from, "environment");
  record.type = keys::key_type_named(from.at("type").as_string()).value();
  record.status = status_named(from.at("status").as_string());
  record.is_group = from.at("is_group").as_bool();
  record.limits = decode_limits(from.at("limits").as_object());
  record.daily_budget = money(from, "daily_budget_nano");
  record.token_accounting = keys::accounting_named(from.at("token_accounting").as_string()).value();
  record.expires_at = when(from, "expires_at");
  record.created = at_ms(*number(from, "created"));
  record.updated = at_ms(*number(from, "updated"));
  record.version = static_cast<std::uint64_t>(*number(from, "version"));
  record.metadata_json = text(from, "metadata");
  decode_lists(from, record);
  read_rare(from, record);
  return record;
}

} // namespace

std::string encode(const keys::key_record& record) {
  json::array permissions, ips, referrers;
  for (int i = 0; i < access::permission_count; ++i)
    if (const auto p = static_cast<access::permission>(i); record.permissions.has(p))
      permissions.emplace_back(access::name_of(p));
  for (const auto& network : record.allowed_ips)
    ips.emplace_back(access::to_string(network));
  for (const auto& one : record.allowed_referrers)
    referrers.emplace_back(access::to_string(one));
  json::object out{{"id", keys::to_string(record.id)},
                   {"name", record.name},
                   {"description", record.description},
                   {"environment", record.environment},
                   {"type", keys::name_of(record.type)},
                   {"status", keys::name_of(record.status)},
                   {"is_group", record.is_group},
                   {"permissions", std::move(permissions)},
                   {"models", json::array(record.models.begin(), record.models.end())},
                   {"limits", encode_limits(record.limits)},
                   {"token_accounting", keys::name_of(record.token_accounting)},
                   {"allowed_ips", std::move(ips)},
                   {"allowed_referrers", std::move(referrers)},
                   {"created", ms(record.created)},
                   {"updated", ms(record.updated)},
                   {"version", record.version},
                   {"secrets", encode_secrets(record.secrets)},
                   {"metadata", record.metadata_json}};
  if (record.parent)
    out["parent"] = keys::to_string(*record.parent);
  if (record.expires_at)
    out["expires_at"] = ms(*record.expires_at);
  put(out, "daily_budget_nano", record.daily_budget);
  put_rare(out, record);
  return json::serialize(out);
}

std::optional<keys::key_record> decode(std::string_view from) {
  try {
    return decode_object(json::parse(from).as_object());
  } catch (const std::exception&) { // any missing or mistyped field
    return std::nullopt;
  }
}

} // namespace proxy::stores
