// Making, reading and changing keys; each change with its audit row in one transaction.
#include <openssl/crypto.h>

#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_object.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_fields.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/key_view.hpp"
#include "proxy/admin/sha256.hpp"
#include "proxy/admin/suggestion.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::keys::key_record;
using policies::keys::key_status;

std::string etag_of(const key_record& record) {
  return fmt::format("\"{}\"", record.version);
}

reply record_reply(const admin_context& context, const key_record& record) {
  reply out = json_reply(200, key_view(record, context.store.last_used(record.id)));
  out.etag = etag_of(record);
  return out;
}

policies::key_id new_id(const admin_context& context) {
  for (;;) {
    std::array<std::byte, 8> bytes;
    context.random(bytes);
    std::uint64_t value = 0;
    for (const std::byte each : bytes)
      value = value << 8 | std::to_integer<std::uint64_t>(each);
    const policies::key_id id{value >> 4};
    if (id && !context.directory.by_id(id))
      return id;
  }
}

std::string new_secret(const admin_context& context) {
  std::array<std::uint8_t, 20> bytes;
  context.random(std::as_writable_bytes(std::span{bytes}));
  std::string secret = policies::keys::make_secret(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return secret;
}

stores::audit_row audit_of(const request& call, std::string action, policies::key_id subject,
                           const json::object& detail) {
  return {call.now.time_since_epoch().count(), "admin", std::move(action),
          policies::keys::to_string(subject), text_of(detail)};
}

// If-Match: "3", a list of such, or *; a weak tag never matches.
bool tag_matches(std::string_view field, const std::string& tag) {
  if (field.empty() || field == "*")
    return true;
  while (!field.empty()) {
    std::string_view one = field.substr(0, field.find(','));
    field.remove_prefix(std::min(field.size(), one.size() + 1));
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    if (one == tag)
      return true;
  }
  return false;
}

// The record as it may be changed by this call.
answer<key_record> changeable(const admin_context& context, const request& call) {
  auto record = known_key(context, call.key);
  if (!record)
    return record.error();
  if ((*record)->status == key_status::deleted)
    return problem{.status = 404,
                   .message = "the key was deleted, which cannot be undone; create a new one",
                   .code = "key_not_found"};
  if (!tag_matches(call.if_match, etag_of(**record)))
    return problem{.status = 412,
                   .message = "the key was changed meanwhile: it is at version " +
                              std::to_string((*record)->version) + ", If-Match says " +
                              shown(call.if_match) + "; read it again",
                   .code = "version_mismatch",
                   .param = "If-Match"};
  return **record;
}

// Writes `after` where it differs from `before`, and answers with what then holds.
answer<reply> store_change(const admin_context& context, const request& call, std::string action,
                           const key_record& before, key_record after) {
  const json::object changed = differences(settings_view(before), settings_view(after));
  if (changed.empty())
    return record_reply(context, before);
  after.version = before.version + 1;
  after.updated = call.now;
  const auto why = audit_of(call, std::move(action), after.id, changed);
  if (auto done = context.store.update(after, why); !done)
    return problem_of(done.error());
  return record_reply(context, after);
}

answer<reply> set_status(const admin_context& context, const request& call, std::string action,
                         key_status status) {
  auto before = changeable(context, call);
  if (!before)
    return before.error();
  key_record after = *before;
  after.status = status;
  return store_change(context, call, std::move(action), *before, std::move(after));
}

} // namespace

answer<reply> create_key(const admin_context& context, const request& call) {
  const auto fields = parse_object(call.body);
  if (!fields)
    return fields.error();
  auto record = record_of(*fields);
  if (!record)
    return record.error();
  const std::string secret = new_secret(context);
  record->id = new_id(context);
  record->created = record->updated = call.now;
  record->secrets.push_back(
      {sha256(secret), policies::keys::masked(secret), call.now, std::nullopt});
  const auto why = audit_of(call, "key.create", record->id, settings_view(*record));
  if (auto done = context.store.insert(*record, why); !done)
    return problem_of(done.error());
  json::object view = key_view(*record, std::nullopt);
  view["key"] = secret;
  reply out = json_reply(201, view);
  out.etag = etag_of(*record);
  return out;
}

answer<reply> get_key(const admin_context& context, const request& call) {
  const auto record = known_key(context, call.key);
  if (!record)
    return record.error();
  return record_reply(context, **record);
}

answer<reply> change_key(const admin_context& context, const request& call) {
  const auto fields = parse_object(call.body);
  if (!fields)
    return fields.error();
  auto before = changeable(context, call);
  if (!before)
    return before.error();
  key_record after = *before;
  if (auto wrong = change(after, *fields))
    return *wrong;
  return store_change(context, call, "key.update", *before, std::move(after));
}

answer<reply> delete_key(const admin_context& context, const request& call) {
  return set_status(context, call, "key.delete", key_status::deleted);
}

answer<reply> deactivate_key(const admin_context& context, const request& call) {
  return set_status(context, call, "key.deactivate", key_status::inactive);
}

answer<reply> activate_key(const admin_context& context, const request& call) {
  return set_status(context, call, "key.activate", key_status::active);
}

} // namespace proxy::admin
