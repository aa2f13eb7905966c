// The table of fields, and its use for creation and change.
#include "proxy/admin/key_fields.hpp"

#include <algorithm>
#include <functional>

#include "policies/keys/delegation.hpp"
#include "proxy/admin/field_values.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/suggestion.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::keys::key_record;
using policies::limits::limit_set;
using refused = std::optional<problem>;

constexpr std::size_t name_length_max = 100;
constexpr std::size_t description_length_max = 1000;

struct field {
  std::string_view name;
  std::function<refused(key_record&, const named_value&)> put;
};

// Puts what a reader gives where it belongs.
template <class T, class Member>
refused put_into(Member& into, answer<T> read) {
  if (!read)
    return read.error();
  into = std::move(*read);
  return {};
}

template <class Member>
field count(std::string_view name, std::int64_t most, Member member) {
  return {name, [most, member](key_record& record, const named_value& given) -> refused {
            auto& into = record.limits.*member;
            if (given.value.is_null())
              return into.reset(), refused{};
            return put_into(into, count_up_to(given, most));
          }};
}

template <class Member>
field dollars(std::string_view name, Member member) {
  return {name, [member](key_record& record, const named_value& given) -> refused {
            auto& into = record.limits.*member;
            if (given.value.is_null())
              return into.reset(), refused{};
            return put_into(into, money(given));
          }};
}

std::span<const field> limit_fields() {
  using namespace policies::limits;
  static const field all[] = {
      count("requests_per_minute", per_minute_max, &limit_set::requests_per_minute),
      count("tokens_per_minute", per_minute_max, &limit_set::tokens_per_minute),
      count("burst_requests", burst_max, &limit_set::burst_requests),
      count("burst_tokens", burst_max, &limit_set::burst_tokens),
      dollars("monthly_spending_limit", &limit_set::monthly),
      dollars("daily_spending_limit", &limit_set::daily),
      dollars("total_spending_limit", &limit_set::total),
      count("concurrent_requests", concurrent_max, &limit_set::concurrent_requests)};
  return all;
}

// One field after the other; an unknown name is told with the nearest known one.
refused put_all(key_record& record, const json::object& given, std::span<const field> known,
                const std::string& prefix) {
  for (const auto& [key, value] : given) {
    const std::string_view name = key;
    const std::string path = prefix + shown(name);
    const auto found = std::ranges::find(known, name, &field::name);
    if (found == known.end()) {
      std::vector<std::string_view> names;
      for (const field& each : known)
        names.push_back(each.name);
      return problem{.message = path + ": no such field" + suggestion(name, names), .param = path};
    }
    if (auto why = found->put(record, {path, value}))
      return why;
  }
  return {};
}

refused put_limits(key_record& record, const named_value& given) {
  if (given.value.is_null())
    return record.limits = {}, refused{};
  const json::object* members = given.value.if_object();
  if (!members)
    return unfit(given, "is not an object of limits (null: no limits)");
  return put_all(record, *members, limit_fields(), "rate_limits.");
}

refused put_name(key_record& record, const named_value& given) {
  return put_into(record.name, printable_text(given, {1, name_length_max}));
}

template <class Member>
field line(std::string_view name, std::size_t length_max, Member member) {
  return {name, [length_max, member](key_record& record, const named_value& given) -> refused {
            if (given.value.is_null())
              return (record.*member).clear(), refused{};
            return put_into(record.*member, printable_text(given, {0, length_max}));
          }};
}

// null is refused: it could be taken for all of them or for none.
refused put_permissions(key_record& record, const named_value& given) {
  return put_into(record.permissions, permissions(given));
}

template <class Member, class Read>
field list(std::string_view name, Member member, Read read) {
  return {name, [member, read](key_record& record, const named_value& given) -> refused {
            if (given.value.is_null())
              return (record.*member).clear(), refused{};
            return put_into(record.*member, read(given));
          }};
}

refused put_budget(key_record& record, const named_value& given) {
  if (given.value.is_null())
    return record.daily_budget.reset(), refused{};
  return put_into(record.daily_budget, money(given));
}

refused put_accounting(key_record& record, const named_value& given) {
  if (given.value.is_null()) {
    record.token_accounting = policies::keys::defaults_of(record.type).token_accounting;
    return {};
  }
  const json::string* name = given.value.if_string();
  const auto how = name ? policies::keys::accounting_named(*name) : std::nullopt;
  if (!how)
    return unfit(given, "is neither \"adaptive\" nor \"strict\"");
  record.token_accounting = *how;
  return {};
}

refused put_expiry(key_record& record, const named_value& given) {
  if (given.value.is_null())
    return record.expires_at.reset(), refused{};
  return put_into(record.expires_at, moment(given));
}

refused put_metadata(key_record& record, const named_value& given) {
  if (given.value.is_null())
    return record.metadata_json = "{}", refused{};
  return put_into(record.metadata_json, object_text(given));
}

refused put_delegation(key_record& record, const named_value& given) {
  if (given.value.is_null())
    return record.may_delegate = false, refused{};
  return put_into(record.may_delegate, truth(given));
}

refused put_rotation(key_record& record, const named_value& given) {
  constexpr std::int64_t days_max = 3650;
  if (given.value.is_null())
    return record.rotate_every_days.reset(), refused{};
  const auto days = count_up_to(given, days_max);
  if (!days || *days == 0)
    return unfit(given, "is not a whole number of days from 1 to 3650 (null: never)");
  record.rotate_every_days = static_cast<std::int16_t>(*days);
  return {};
}

// null and 0: off.
refused put_span(std::uint32_t& into, const named_value& given, std::uint32_t most,
                 std::string_view unit) {
  if (given.value.is_null())
    return into = 0, refused{};
  const auto value = count_up_to(given, most);
  if (!value)
    return unfit(given, "is not a whole number of " + std::string(unit) + " from 0 (off) to " +
                            std::to_string(most));
  into = static_cast<std::uint32_t>(*value);
  return {};
}
refused put_wait(key_record& record, const named_value& given) {
  return put_span(record.max_wait_ms, given, policies::keys::max_wait_ms_max, "milliseconds");
}
refused put_cache(key_record& record, const named_value& given) {
  return put_span(record.cache_ttl_s, given, policies::keys::cache_ttl_s_max, "seconds");
}

refused put_role(key_record& record, const named_value& given) {
  const json::string* name = given.value.if_string();
  const auto role = name ? policies::keys::admin_role_named(*name) : std::nullopt;
  if (!role)
    return unfit(given, "is neither \"viewer\" nor \"operator\" nor \"owner\"");
  record.role = *role;
  return {};
}

problem stays(std::string_view field) {
  return {.message = std::string(field) + ": was settled when the key was made and does not change",
          .param = std::string(field)};
}

refused keep_parent(key_record& record, const named_value& given) {
  const json::string* id = given.value.if_string();
  const bool same = record.parent
                        ? id && policies::keys::to_string(*record.parent) == std::string_view(*id)
                        : given.value.is_null();
  return same ? refused{} : stays(given.name);
}

refused keep_group(key_record& record, const named_value& given) {
  const bool same = given.value.is_bool() && given.value.get_bool() == record.is_group;
  return same ? refused{} : stays(given.name);
}

// "type" is read before all others: they change its defaults.
refused put_type(key_record& record, const named_value& given) {
  const json::string* name = given.value.if_string();
  const auto type = name ? policies::keys::key_type_named(*name) : std::nullopt;
  if (!type)
    return unfit(given, "is neither \"production\" nor \"development\" nor \"restricted\"");
  record = policies::keys::defaults_of(*type);
  return {};
}

refused keep_type(key_record& record, const named_value& given) {
  const json::string* name = given.value.if_string();
  if (name && *name == policies::keys::name_of(record.type))
    return {};
  return problem{.message = "type: chose the defaults when the key was made and does not change; "
                            "set permissions, models and limits themselves",
                 .param = "type"};
}

std::span<const field> key_fields() {
  static const field all[] = {{"name", put_name},
                              line("description", description_length_max, &key_record::description),
                              line("environment", name_length_max, &key_record::environment),
                              {"type", keep_type},
                              {"permissions", put_permissions},
                              list("models", &key_record::models, model_names),
                              {"rate_limits", put_limits},
                              {"daily_budget", put_budget},
                              {"token_accounting", put_accounting},
                              list("allowed_ips", &key_record::allowed_ips, networks),
                              list("allowed_referrers", &key_record::allowed_referrers, referrers),
                              {"expires_at", put_expiry},
                              {"metadata", put_metadata},
                              {"may_delegate", put_delegation},
                              list("model_aliases", &key_record::aliases, aliases),
                              {"rotate_every_days", put_rotation},
                              {"max_wait_ms", put_wait},
                              {"cache_ttl_s", put_cache},
                              {"parent", keep_parent},
                              {"is_group", keep_group}};
  return all;
}

std::span<const field> admin_key_fields() {
  static const field all[] = {{"name", put_name},
                              {"role", put_role},
                              line("description", description_length_max, &key_record::description),
                              list("allowed_ips", &key_record::allowed_ips, networks),
                              {"expires_at", put_expiry},
                              {"rotate_every_days", put_rotation}};
  return all;
}

} // namespace

answer<key_record> record_of(const json::object& fields, const starting_point& from) {
  key_record record = policies::keys::defaults_of(policies::keys::key_type::production);
  if (const json::value* type = fields.if_contains("type"); type && !type->is_null())
    if (auto why = put_type(record, {"type", *type}))
      return *why;
  if (!fields.contains("name"))
    return problem{.message = "name: is missing; a key needs one", .param = "name"};
  record.is_group = from.is_group;
  if (from.is_group)
    record.permissions.add(policies::access::permission::account);
  policies::keys::fit_within(record, from.chain);
  json::object others = fields;
  others.erase("type");
  if (auto why = put_all(record, others, key_fields(), ""))
    return *why;
  return record;
}

answer<key_record> admin_record_of(const json::object& fields) {
  key_record record;
  for (const char* needed : {"name", "role"})
    if (!fields.contains(needed))
      return problem{.message = std::string(needed) + ": is missing; an admin key needs one",
                     .param = needed};
  if (auto why = put_all(record, fields, admin_key_fields(), ""))
    return *why;
  return record;
}

std::optional<problem> change(key_record& record, const json::object& fields) {
  key_record changed = record;
  const auto known = record.role ? admin_key_fields() : key_fields();
  if (auto why = put_all(changed, fields, known, ""))
    return why;
  record = std::move(changed);
  return {};
}

} // namespace proxy::admin
