// GET /v1/keys: filters and pages over all keys.
#include <algorithm>
#include <array>

#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/key_lookup.hpp"
#include "proxy/admin/key_view.hpp"

namespace proxy::admin {
namespace {

namespace json = boost::json;
using policies::keys::key_record;
using policies::keys::key_status;

constexpr std::int64_t page_max = 1000;

struct filter {
  std::optional<key_status> status;
  std::optional<policies::keys::key_type> type;
  bool passes(const key_record& record) const {
    return (!status || record.status == *status) && (!type || record.type == *type);
  }
};

answer<filter> filter_of(const query& from) {
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
  return out;
}

bool earlier(const key_record& a, const key_record& b) {
  return std::tie(a.created, a.id) < std::tie(b.created, b.id);
}

// Oldest first. Deleted ones only where they are asked for.
std::vector<key_record> candidates(const admin_context& context, const filter& by) {
  if (by.status != key_status::deleted)
    return context.store.list();
  std::vector<key_record> deleted;
  context.directory.for_each([&](keys::key_slot& slot) {
    if (const key_record* record = slot.record.load(); record->status == key_status::deleted)
      deleted.push_back(*record);
  });
  std::ranges::sort(deleted, earlier);
  return deleted;
}

// Drops what stands up to and including the key that `after` names, which need not be listed
// itself.
std::optional<problem> skip_to(std::vector<key_record>& records, const admin_context& context,
                               std::string_view after) {
  const auto id = policies::keys::parse_key_id(after);
  const auto last = id ? context.directory.copy_of(*id) : nullptr;
  if (!last)
    return problem{.message = "after: '" + shown(after) + "' is no key's id", .param = "after"};
  std::erase_if(records, [&](const key_record& each) { return !earlier(*last, each); });
  return std::nullopt;
}

} // namespace

answer<reply> list_keys(const admin_context& context, const request& call) {
  const auto by = filter_of(call.query);
  if (!by)
    return by.error();
  const auto limit = number_in(call.query, "limit", {1, page_max, page_max});
  if (!limit)
    return limit.error();
  std::vector<key_record> records = candidates(context, *by);
  std::erase_if(records, [&](const key_record& each) { return !by->passes(each); });
  if (const auto after = call.query.get("after"))
    if (auto wrong = skip_to(records, context, *after))
      return *wrong;
  const std::size_t count = std::min(records.size(), static_cast<std::size_t>(*limit));
  json::array data;
  for (const key_record& record : std::span{records}.first(count))
    data.push_back(key_view(record, context.store.last_used(record.id)));
  json::object out = list_of(std::move(data));
  out["has_more"] = count < records.size();
  return json_reply(200, out);
}

answer<std::shared_ptr<const key_record>> known_key(const admin_context& context,
                                                    policies::key_id id) {
  auto record = context.directory.copy_of(id);
  if (!record)
    return problem{.status = 404,
                   .message = "no key '" + policies::keys::to_string(id) + "'",
                   .code = "key_not_found"};
  return record;
}

json::object list_of(json::array data) {
  return {{"object", "list"}, {"data", std::move(data)}};
}

problem problem_of(const failure& why) {
  switch (why.code) {
  case errc::conflict:
  case errc::already_exists:
    return {.status = 409, .message = why.message, .code = "conflict"};
  case errc::not_found:
    return {.status = 404, .message = why.message, .code = "key_not_found"};
  default:
    return {.status = 503, .message = why.message, .code = "store_unavailable"};
  }
}

} // namespace proxy::admin
