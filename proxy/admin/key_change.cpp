// Versions, tags and the audit trail.
#include "proxy/admin/key_change.hpp"

#include "policies/keys/rotation.hpp"
#include "policies/keys/secret.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/key_view.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::keys::key_record;
using policies::keys::key_status;

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

// The secret that this one took the place of; null: it was the first, or that one is forgotten.
json::value rotated_from(const key_record& record, std::size_t place) {
  const bool known = place + 1 < record.secrets.size();
  return known ? json::value(record.secrets[place + 1].masked) : json::value(nullptr);
}

// Each secret's use is known since this process began; the only one's is the key's, which is kept.
std::optional<policies::instant> last_use(const admin_context& context, const key_record& record,
                                          const policies::keys::key_secret& secret) {
  const auto seen = context.directory.last_used(secret.hash);
  return seen || record.secrets.size() > 1 ? seen : context.store.last_used(record.id);
}

json::array secrets_view(const admin_context& context, const key_record& record) {
  json::array out;
  for (std::size_t i = 0; i < record.secrets.size(); ++i) {
    const policies::keys::key_secret& each = record.secrets[i];
    out.push_back({{"masked_key", each.masked},
                   {"rotated_from", rotated_from(record, i)},
                   {"created_at", rfc3339(each.created)},
                   {"valid_until", rfc3339_or_null(each.valid_until)},
                   {"last_used_at", rfc3339_or_null(last_use(context, record, each))}});
  }
  return out;
}

} // namespace

std::string etag_of(const key_record& record) {
  return fmt::format("\"{}\"", record.version);
}

json::object whole_view(const admin_context& context, const key_record& record) {
  json::object view = key_view(record, context.store.last_used(record.id));
  view["rotated_at"] = rfc3339_or_null(policies::keys::rotated_at(record));
  view["rotated_from"] = rotated_from(record, 0);
  view["secrets"] = secrets_view(context, record);
  return view;
}

reply record_reply(const admin_context& context, const key_record& record) {
  reply out = json_reply(200, whole_view(context, record));
  out.etag = etag_of(record);
  return out;
}

stores::audit_row audit_of(const request& call, std::string action, policies::key_id subject,
                           const json::object& detail) {
  return {call.now.time_since_epoch().count(), call.by.actor, std::move(action),
          policies::keys::to_string(subject), text_of(detail)};
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

} // namespace proxy::admin
