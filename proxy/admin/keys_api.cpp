// Reading and changing keys.
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_object.hpp"
#include "proxy/admin/key_change.hpp"
#include "proxy/admin/key_fields.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/key_place.hpp"

namespace proxy::admin {
namespace {

using policies::keys::key_record;
using policies::keys::key_status;

answer<reply> set_status(const admin_context& context, const request& call, std::string action,
                         key_status status) {
  auto before = changeable(context, call);
  if (!before)
    return before.error();
  key_record after = *before;
  after.status = status;
  if (call.by.delegate && before->locked && status == key_status::active)
    return problem{.status = 403,
                   .message = "the owner of this proxy deactivated this key, and only the owner "
                              "can activate it",
                   .code = "permission_denied"};
  after.locked = status == key_status::inactive && (!call.by.delegate || before->locked);
  if (before->role)
    action.insert(0, "admin_");
  return store_change(context, call, std::move(action), *before, std::move(after));
}

} // namespace

answer<reply> get_key(const admin_context& context, const request& call) {
  const auto record = known_key(context, call.key);
  if (!record)
    return record.error();
  if (call.by.delegate != call.key)
    return record_reply(context, **record);
  key_record own = **record; // what the owner noted about a key is not its holder's to read
  own.description.clear();
  own.metadata_json = "{}";
  return record_reply(context, own);
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
  if (auto wrong = refuse_widening(call.by, after, place_of(context, after)))
    return *wrong;
  return store_change(context, call, before->role ? "admin_key.update" : "key.update", *before,
                      std::move(after));
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
