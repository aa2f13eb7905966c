// GET /v1/keys: filters and pages over all keys.
#include <algorithm>
#include <array>

#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_change.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/key_view.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::keys::key_record;
using policies::keys::key_status;

constexpr std::int64_t page_max = 1000;

// Keys stand in order of creation. `status` absent: all but deleted ones.
struct place {
  policies::instant created{};
  policies::key_id id;
  auto operator<=>(const place&) const = default;
};

struct filter {
  std::optional<key_status> status;
  std::optional<policies::keys::key_type> type;
  std::optional<policies::key_id> parent;
  std::optional<place> after; // which need not be listed itself
  bool of_admins = false;
  bool passes(const key_record& record) const {
    return record.role.has_value() == of_admins && (!parent || record.parent == parent) &&
           (status ? record.status == *status : record.status != key_status::deleted) &&
           (!type || record.type == *type) && (!after || *after < place{record.created, record.id});
  }
};

answer<filter> filter_of(const admin_context& context, const query& from) {
  filter out;
  if (const auto name = from.get("status")) {
    for (const auto each : {key_status::active, key_status::inactive, key_status::deleted})
      if (policies::keys::name_of(each) == *name)
        out.status = each;
    if (!out.status)
      return problem{.message =
                         "status: '" + shown(*name) + "' is not one of active, inactive, deleted",
                     .param = "status"};
  }
  if (const auto name = from.get("type")) {
    out.type = policies::keys::key_type_named(*name);
    if (!out.type)
      return problem{.message = "type: '" + shown(*name) +
                                "' is not one of production, development, restricted",
                     .param = "type"};
  }
  if (const auto name = from.get("parent")) {
    out.parent = policies::keys::parse_key_id(*name);
    if (!out.parent)
      return problem{.message = "parent: '" + shown(*name) + "' is no key's id", .param = "parent"};
  }
  if (const auto name = from.get("after")) {
    const auto id = policies::keys::parse_key_id(*name);
    const auto last = id ? context.directory.copy_of(*id) : nullptr;
    if (!last)
      return problem{.message = "after: '" + shown(*name) + "' is no key's id", .param = "after"};
    out.after = place{last->created, last->id};
  }
  return out;
}

// Copied are only the records of the page, however many keys there are.
std::vector<policies::key_id> matching(const admin_context& context, const filter& by,
                                       const caller& who) {
  std::vector<place> places;
  const auto add = [&](const key_record& record) {
    if (by.passes(record))
      places.push_back({record.created, record.id});
  };
  if (who.delegate) {
    for (const policies::key_id id : context.directory.family_of(*who.delegate))
      if (id != *who.delegate)
        add(*context.directory.copy_of(id));
  } else {
    context.directory.for_each([&](keys::key_slot& slot) { add(*slot.record.load()); });
  }
  std::ranges::sort(places);
  std::vector<policies::key_id> ids;
  for (const place& each : places)
    ids.push_back(each.id);
  return ids;
}

// "id,name": what of each key is asked for; empty: all.
answer<std::vector<std::string>> fields_in(const query& from) {
  std::vector<std::string> names;
  std::string_view left = from.get("fields").value_or("");
  const json::object known = key_view(key_record{}, std::nullopt);
  while (!left.empty()) {
    const std::string_view name = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), name.size() + 1));
    if (!known.contains(name))
      return problem{.message = "fields: a key has no field '" + shown(name) + "'",
                     .param = "fields"};
    names.emplace_back(name);
  }
  return names;
}

json::object narrowed(json::object whole, const std::vector<std::string>& fields) {
  if (fields.empty())
    return whole;
  json::object out;
  for (const std::string& name : fields)
    out[name] = std::move(whole.at(name));
  return out;
}

// Written key by key: a tree of a thousand of them takes longer to build and free than to write.
answer<reply> page_of(const admin_context& context, const request& call, const filter& by) {
  const auto limit = number_in(call.query, "limit", {1, page_max, page_max});
  if (!limit)
    return limit.error();
  const std::vector<policies::key_id> ids = matching(context, by, call.by);
  const std::size_t count = std::min(ids.size(), static_cast<std::size_t>(*limit));
  const auto fields = fields_in(call.query);
  if (!fields)
    return fields.error();
  reply out;
  out.body = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < count; ++i) {
    out.body += i == 0 ? "" : ",";
    out.body += text_of(narrowed(whole_view(context, *context.directory.copy_of(ids[i])), *fields));
  }
  out.body += count < ids.size() ? R"(],"has_more":true})" : R"(],"has_more":false})";
  return out;
}

} // namespace

answer<reply> list_keys(const admin_context& context, const request& call) {
  const auto by = filter_of(context, call.query);
  if (!by)
    return by.error();
  return page_of(context, call, *by);
}

answer<reply> list_admin_keys(const admin_context& context, const request& call) {
  filter by;
  by.of_admins = true;
  return page_of(context, call, by);
}

} // namespace proxy::admin
