// GET /v1/keys: filters, orders and pages over all keys.
#include <algorithm>
#include <array>
#include <tuple>

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

// Where a key stands: by what is asked for, and of equals in order of creation.
struct place {
  std::string text;
  policies::instant at{};
  policies::instant created{};
  policies::key_id id;
};

enum class sorted_by : std::uint8_t { created, name, status, type, last_used, expires };
constexpr std::array<std::string_view, 6> sort_names{"created_at", "name",         "status",
                                                     "type",       "last_used_at", "expires_at"};

struct order {
  sorted_by field = sorted_by::created;
  bool descending = false;
  bool operator()(const place& a, const place& b) const {
    const auto values = std::tie(a.text, a.at) <=> std::tie(b.text, b.at);
    if (values != 0)
      return descending ? values > 0 : values < 0;
    const bool reversed = descending && field == sorted_by::created;
    const auto ages = std::tie(a.created, a.id) <=> std::tie(b.created, b.id);
    return reversed ? ages > 0 : ages < 0;
  }
};

// "name", or "-name" for the other way round.
answer<order> order_in(const query& from) {
  order out;
  std::string_view name = from.get("sort").value_or(sort_names[0]);
  out.descending = name.starts_with('-');
  const auto found = std::ranges::find(sort_names, name.substr(out.descending));
  if (found == sort_names.end())
    return problem{.message = "sort: '" + shown(name) +
                              "' is not one of created_at, name, status, type, last_used_at, "
                              "expires_at, nor one of them with a - before it",
                   .param = "sort"};
  out.field = static_cast<sorted_by>(found - sort_names.begin());
  return out;
}

place sorted_place(const admin_context& context, const key_record& record, order by) {
  place out{.text = {}, .at = {}, .created = record.created, .id = record.id};
  switch (by.field) {
  case sorted_by::created:
    break;
  case sorted_by::name:
    out.text = record.name;
    break;
  case sorted_by::status:
    out.text = policies::keys::name_of(record.status);
    break;
  case sorted_by::type:
    out.text = policies::keys::name_of(record.type);
    break;
  case sorted_by::last_used: // never: before all that were
    out.at = context.store.last_used(record.id).value_or(policies::instant{});
    break;
  case sorted_by::expires: // never: behind all that do
    out.at = record.expires_at.value_or(policies::instant::max());
    break;
  }
  return out;
}

// `status` absent: all but deleted ones.

struct filter {
  std::optional<key_status> status;
  std::optional<policies::keys::key_type> type;
  std::optional<policies::key_id> parent;
  order by;
  std::optional<place> after; // which need not be listed itself
  bool of_admins = false;
  bool passes(const key_record& record) const {
    return record.role.has_value() == of_admins && (!parent || record.parent == parent) &&
           (status ? record.status == *status : record.status != key_status::deleted) &&
           (!type || record.type == *type);
  }
};

answer<filter> filter_of(const admin_context& context, const request& call) {
  const query& from = call.query;
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
  const auto by = order_in(from);
  if (!by)
    return by.error();
  out.by = *by;
  if (const auto name = from.get("after")) {
    const auto id = policies::keys::parse_key_id(*name);
    const auto last =
        id && within_reach(context, call.by, *id) ? context.directory.copy_of(*id) : nullptr;
    if (!last)
      return problem{.message = "after: '" + shown(*name) + "' is no key's id", .param = "after"};
    out.after = sorted_place(context, *last, *by);
  }
  return out;
}

// Copied are only the records of the page, however many keys there are.
std::vector<policies::key_id> matching(const admin_context& context, const filter& by,
                                       const caller& who) {
  std::vector<place> places;
  const auto add = [&](const key_record& record) {
    if (!by.passes(record))
      return;
    place at = sorted_place(context, record, by.by);
    if (!by.after || by.by(*by.after, at))
      places.push_back(std::move(at));
  };
  if (who.delegate) {
    for (const policies::key_id id : context.directory.family_of(*who.delegate))
      if (id != *who.delegate)
        add(*context.directory.copy_of(id));
  } else {
    context.directory.for_each([&](keys::key_slot& slot) { add(*slot.record.load()); });
  }
  std::ranges::sort(places, by.by);
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
  const auto by = filter_of(context, call);
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
