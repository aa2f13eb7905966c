// Issuing and revoking admin keys.
#include <algorithm>

#include "proxy/admin/admin_keys.hpp"
#include "proxy/admin/field_values.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_object.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_change.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/secrets.hpp"
#include "proxy/admin/sha256.hpp"
#include "proxy/admin/suggestion.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;

json::object view_of(const admin_key& key) {
  return {{"object", "admin_key"},       {"id", key.id},
          {"name", key.name},            {"role", name_of(key.may)},
          {"masked_key", key.masked},    {"created_at", rfc3339(key.created)}};
}

answer<role> role_of(const named_value& given) {
  const json::string* name = given.value.if_string();
  const auto found = name ? role_named(*name) : std::nullopt;
  if (!found)
    return unfit(given, "is neither \"viewer\" nor \"operator\" nor \"owner\"");
  return *found;
}

answer<admin_key> key_of(const json::object& fields) {
  static constexpr std::array<std::string_view, 2> known{"name", "role"};
  for (const auto& [name, value] : fields)
    if (std::ranges::find(known, std::string_view(name)) == known.end())
      return problem{.message = shown(name) + ": no such field" + suggestion(name, known),
                     .param = shown(name)};
  for (const std::string_view name : known)
    if (!fields.contains(name))
      return problem{.message = std::string(name) + ": is missing", .param = std::string(name)};
  auto name = printable_text({"name", fields.at("name")}, {1, 100});
  if (!name)
    return name.error();
  const auto may = role_of({"role", fields.at("role")});
  if (!may)
    return may.error();
  admin_key made;
  made.name = std::move(*name);
  made.may = *may;
  return made;
}

} // namespace

answer<reply> create_admin_key(const admin_context& context, const request& call) {
  const auto fields = parse_object(call.body);
  if (!fields)
    return fields.error();
  auto made = key_of(*fields);
  if (!made)
    return made.error();
  const auto before = read_admin_keys(context.store);
  if (!before)
    return before.error();
  if (before->keys.size() >= admin_keys_max)
    return problem{.status = 409,
                   .message = fmt::format("there are {} admin keys, which is the most; delete one "
                                          "first",
                                          admin_keys_max),
                   .code = "conflict"};
  const std::string secret = new_admin_secret(context);
  made->id = new_admin_id(context);
  made->hash = sha256(secret);
  made->masked = masked_admin_secret(secret);
  made->created = call.now;
  auto keys = before->keys;
  keys.push_back(*made);
  json::object view = view_of(*made);
  const auto why = audit_row_of(call, "admin_key.create", made->id, view);
  if (auto done = write_admin_keys(context.store, *before, keys, why); !done)
    return done.error();
  view["key"] = secret;
  return json_reply(201, view);
}

answer<reply> list_admin_keys(const admin_context& context, const request&) {
  const auto all = read_admin_keys(context.store);
  if (!all)
    return all.error();
  json::array data;
  for (const admin_key& each : all->keys)
    data.push_back(view_of(each));
  return json_reply(200, list_of(std::move(data)));
}

answer<reply> delete_admin_key(const admin_context& context, const request& call) {
  const auto before = read_admin_keys(context.store);
  if (!before)
    return before.error();
  auto keys = before->keys;
  const auto found = std::ranges::find(keys, call.id, &admin_key::id);
  if (found == keys.end())
    return problem{.status = 404,
                   .message = "no admin key '" + shown(call.id) +
                              "': GET /v1/admin-keys lists them; the configured one is changed in "
                              "the configuration",
                   .code = "admin_key_not_found"};
  const auto why = audit_row_of(call, "admin_key.delete", call.id, view_of(*found));
  keys.erase(found);
  if (auto done = write_admin_keys(context.store, *before, keys, why); !done)
    return done.error();
  return json_reply(200, {{"object", "admin_key"}, {"id", call.id}, {"deleted", true}});
}

} // namespace proxy::admin
