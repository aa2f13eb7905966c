// Reading and changing keys.
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_object.hpp"
#include "proxy/admin/key_change.hpp"
#include "proxy/admin/key_fields.hpp"
#include "proxy/admin/key_lookup.hpp"

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
  return store_change(context, call, std::move(action), *before, std::move(after));
}

} // namespace

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
