// Reading the two fields, and asking policies/keys whether that may be.
#include "proxy/admin/key_place.hpp"


#include "policies/keys/delegation.hpp"
#include "proxy/admin/field_values.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::keys::key_record;
using policies::keys::key_status;

void add_above(const admin_context& context, std::optional<policies::key_id> id, key_place& to) {
  while (id) {
    auto record = context.directory.copy_of(*id);
    if (!record)
      return;
    id = record->parent;
    to.above.push_back(std::move(record));
  }
}

answer<policies::key_id> parent_in(const admin_context& context, const caller& by,
                                   const named_value& given) {
  const json::string* text = given.value.if_string();
  const auto id = text ? policies::keys::parse_key_id(*text) : std::nullopt;
  const auto record = id ? context.directory.copy_of(*id) : nullptr;
  const bool seen = record && !record->role && record->status != key_status::deleted &&
                    within_reach(context, by, *id);
  if (!seen)
    return unfit(given, "is not the id of a key or a group that a key can be put under");
  return *id;
}

} // namespace

std::vector<const key_record*> key_place::chain() const {
  std::vector<const key_record*> out;
  for (const auto& each : above)
    out.push_back(each.get());
  return out;
}

key_place place_of(const admin_context& context, const key_record& record) {
  key_place place;
  place.is_group = record.is_group;
  place.parent = record.parent;
  add_above(context, record.parent, place);
  return place;
}

answer<key_place> take_place(const admin_context& context, const caller& by, json::object& fields) {
  key_place place;
  place.parent = by.delegate;
  if (const json::value* group = fields.if_contains("is_group"); group && !group->is_null()) {
    const auto is_group = truth({"is_group", *group});
    if (!is_group)
      return is_group.error();
    place.is_group = *is_group;
  }
  if (const json::value* parent = fields.if_contains("parent"); parent && !parent->is_null()) {
    const auto id = parent_in(context, by, {"parent", *parent});
    if (!id)
      return id.error();
    place.parent = *id;
  }
  fields.erase("is_group");
  fields.erase("parent");
  if (place.is_group && by.delegate)
    return problem{.status = 403,
                   .message = "is_group: groups are the owner's to make",
                   .code = "permission_denied",
                   .param = "is_group"};
  add_above(context, place.parent, place);
  key_record child;
  child.is_group = place.is_group;
  if (auto why = policies::keys::refuse_depth(child, place.chain()))
    return problem{.message = "parent: " + *why, .param = "parent"};
  return place;
}

std::optional<problem> refuse_widening(const caller& by, const key_record& record,
                                       const key_place& place) {
  if (!by.delegate)
    return std::nullopt;
  const auto wider = policies::keys::first_widening(record, place.chain());
  if (!wider)
    return std::nullopt;
  return problem{.status = 403,
                 .message =
                     wider->field + ": " + wider->why + "; a key can hand on what it has, and less",
                 .code = "permission_denied",
                 .param = wider->field};
}

} // namespace proxy::admin
