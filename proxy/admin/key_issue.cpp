// Making secrets: for a new key, and for one that is rotated. A secret is answered once and kept
// nowhere.
#include <algorithm>

#include <openssl/crypto.h>

#include "policies/keys/rotation.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/issued.hpp"
#include "proxy/admin/json_object.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_change.hpp"
#include "proxy/admin/key_fields.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/key_place.hpp"
#include "proxy/admin/key_view.hpp"
#include "proxy/admin/sha256.hpp"
#include "proxy/admin/suggestion.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::keys::key_record;

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

std::string new_secret(const admin_context& context, const key_record& of) {
  std::array<std::uint8_t, 20> bytes;
  context.random(std::as_writable_bytes(std::span{bytes}));
  std::string secret = policies::keys::make_secret(
      bytes, of.role ? policies::keys::admin_secret_prefix : policies::keys::secret_prefix);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return secret;
}

policies::keys::key_secret stored_form(const std::string& secret, policies::instant now) {
  return {sha256(secret), policies::keys::masked(secret), now, std::nullopt};
}

reply with_secret(unsigned status, const admin_context& context, const key_record& record,
                  const std::string& secret) {
  json::object view = whole_view(context, record);
  view["key"] = secret;
  reply out = json_reply(status, view);
  out.etag = etag_of(record);
  return out;
}

// {"grace_days": 7}: how long the secrets of until now go on working; fractions are fine.
answer<policies::milliseconds> grace_in(const json::object& fields) {
  static constexpr std::array<std::string_view, 1> known{"grace_days"};
  policies::milliseconds grace = policies::keys::grace_default;
  for (const auto& [name, value] : fields) {
    if (name != known[0])
      return problem{.message = shown(name) + ": no such field" + suggestion(name, known),
                     .param = shown(name)};
    using days = std::chrono::duration<double, std::ratio<86'400>>;
    const double given = value.is_number() ? value.to_number<double>() : -1;
    constexpr double most = days{policies::keys::grace_max}.count();
    if (!(given >= 0 && given <= most))
      return problem{.message = fmt::format("grace_days: {} is not a number from 0 (the old secret "
                                            "ends now) to {}",
                                            shown(text_of(value)), most),
                     .param = "grace_days"};
    grace = std::chrono::duration_cast<policies::milliseconds>(days{given});
  }
  return grace;
}

// What a third party can make the owner's store hold.
std::optional<problem> refuse_number_of_keys(const admin_context& context, const caller& by,
                                             const key_place& place) {
  constexpr std::size_t keys_max = 1000;
  const auto full = [&](const auto& above) {
    std::size_t count = 0;
    for (const policies::key_id id : context.directory.family_of(above->id))
      count += context.directory.copy_of(id)->status != policies::keys::key_status::deleted;
    return !above->is_group && count > keys_max;
  };
  if (!by.delegate || std::ranges::none_of(place.above, full))
    return std::nullopt;
  return problem{.status = 409,
                 .message =
                     fmt::format("a key can have at most {} keys below it: delete some", keys_max),
                 .code = "conflict"};
}

answer<reply> issue(const admin_context& context, const request& call, key_record record) {
  record.id = new_id(context);
  record.created = record.updated = call.issued->next_instant(call.now);
  std::string secret;
  if (!record.is_group) {
    secret = new_secret(context, record);
    record.secrets.push_back(stored_form(secret, record.created));
  }
  const auto why = audit_of(call, record.role ? "admin_key.create" : "key.create", record.id,
                            settings_view(record));
  if (auto done = context.store.insert(record, why); !done)
    return problem_of(done.error());
  if (record.is_group) {
    reply out = record_reply(context, record);
    out.status = 201;
    return out;
  }
  return with_secret(201, context, record, secret);
}

answer<key_record> new_record(const admin_context& context, const request& call) {
  auto fields = parse_object(call.body);
  if (!fields)
    return fields.error();
  const auto place = take_place(context, call.by, *fields);
  if (!place)
    return place.error();
  auto record = record_of(*fields, {place->is_group, place->chain()});
  if (!record)
    return record.error();
  record->parent = place->parent;
  if (auto wrong = refuse_widening(call.by, *record, *place))
    return *wrong;
  if (auto wrong = refuse_number_of_keys(context, call.by, *place))
    return *wrong;
  return record;
}

} // namespace

answer<reply> create_key(const admin_context& context, const request& call) {
  const auto fingerprint = fingerprint_of(call);
  if (!fingerprint)
    return fingerprint.error();
  if (*fingerprint != 0) {
    if (auto again = call.issued->find(*fingerprint, call.body, call.now))
      return std::move(*again);
    if (auto second = refuse_second(context, *fingerprint))
      return *second;
  }
  auto record = new_record(context, call);
  if (!record)
    return record.error();
  record->created_by = *fingerprint;
  auto made = issue(context, call, std::move(*record));
  if (made && *fingerprint != 0)
    call.issued->keep(*fingerprint, call.body, *made, call.now);
  return made;
}

answer<reply> create_admin_key(const admin_context& context, const request& call) {
  const auto fields = parse_object(call.body);
  if (!fields)
    return fields.error();
  auto record = admin_record_of(*fields);
  if (!record)
    return record.error();
  return issue(context, call, std::move(*record));
}

answer<reply> rotate_key(const admin_context& context, const request& call) {
  const auto fields = parse_object(call.body);
  if (!fields)
    return fields.error();
  const auto grace = grace_in(*fields);
  if (!grace)
    return grace.error();
  auto record = changeable(context, call);
  if (!record)
    return record.error();
  if (record->is_group)
    return problem{.status = 409,
                   .message = "a group has no secret that could be rotated",
                   .code = "conflict"};
  const std::string secret = new_secret(context, *record);
  if (!policies::keys::rotate(*record, {stored_form(secret, call.now), *grace, call.now}))
    return problem{.status = 409,
                   .message =
                       fmt::format("{} secrets of this key are valid already, the most there "
                                   "can be: wait for one to end, or rotate with grace_days 0",
                                   policies::keys::secrets_max),
                   .code = "conflict"};
  ++record->version;
  record->updated = call.now;
  const json::object detail{{"masked_key", record->secrets.front().masked},
                            {"old_secrets_end_at", rfc3339(call.now + *grace)}};
  const auto why =
      audit_of(call, record->role ? "admin_key.rotate" : "key.rotate", record->id, detail);
  if (auto done = context.store.update(*record, why); !done)
    return problem_of(done.error());
  return with_secret(200, context, *record, secret);
}

} // namespace proxy::admin
