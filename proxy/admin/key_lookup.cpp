// By id, and over a key's family.
#include "proxy/admin/key_lookup.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "policies/keys/secret.hpp"

namespace proxy::admin {

namespace json = boost::json;
using policies::keys::key_record;

answer<std::shared_ptr<const key_record>> known_key(const admin_context& context,
                                                    policies::key_id id) {
  auto record = context.directory.copy_of(id);
  if (!record)
    return problem{.status = 404,
                   .message = "no key '" + policies::keys::to_string(id) + "'",
                   .code = "key_not_found"};
  return record;
}

bool within_reach(const admin_context& context, const caller& by, policies::key_id id) {
  if (!by.delegate)
    return true;
  const auto family = context.directory.family_of(*by.delegate);
  return std::ranges::find(family, id) != family.end();
}

answer<std::optional<policies::key_id>> subject_of(const admin_context& context,
                                                   const request& call) {
  if (call.key == policies::key_id{})
    return std::optional<policies::key_id>{};
  const auto record = known_key(context, call.key);
  if (!record)
    return record.error();
  return std::optional{call.key};
}

namespace {

// Of the key and all below it, in the order of hours.
template <class Row, class Read>
std::vector<Row> of_family(const admin_context& context, std::optional<policies::key_id> key,
                           const Read& read) {
  if (!key)
    return read(key);
  std::vector<Row> all;
  for (const policies::key_id each : context.directory.family_of(*key)) {
    auto rows = read(std::optional{each});
    all.insert(all.end(), std::make_move_iterator(rows.begin()),
               std::make_move_iterator(rows.end()));
  }
  std::ranges::stable_sort(all, {}, &Row::hour);
  return all;
}

} // namespace

std::vector<stores::usage_row> used_hours(const admin_context& context,
                                          std::optional<policies::key_id> key,
                                          stores::usage_range range) {
  return of_family<stores::usage_row>(context, key, [&](std::optional<policies::key_id> each) {
    return context.store.usage(each, range);
  });
}

std::vector<stores::spread_row> used_spreads(const admin_context& context,
                                             std::optional<policies::key_id> key,
                                             stores::usage_range range) {
  return of_family<stores::spread_row>(context, key, [&](std::optional<policies::key_id> each) {
    return context.store.spreads(each, range);
  });
}

stores::usage_sums used_total(const admin_context& context, std::optional<policies::key_id> key,
                              stores::usage_range range) {
  if (!key)
    return context.store.total(key, range);
  stores::usage_sums sum;
  for (const policies::key_id each : context.directory.family_of(*key))
    sum += context.store.total(each, range);
  return sum;
}

std::vector<stores::minute_row> used_minutes(const admin_context& context,
                                             std::optional<policies::key_id> key,
                                             stores::minute_range range) {
  const auto family = key ? context.directory.family_of(*key) : std::vector<policies::key_id>{};
  if (family.size() < 2)
    return context.store.minutes(key, range);
  std::map<std::int64_t, stores::minute_row> sums;
  for (const policies::key_id each : family)
    for (const stores::minute_row& row : context.store.minutes(each, range)) {
      stores::minute_row& sum = sums[row.minute];
      sum.minute = row.minute;
      sum += row;
    }
  std::vector<stores::minute_row> out;
  for (const auto& [minute, sum] : sums)
    out.push_back(sum);
  return out;
}

json::value name_or_null(const admin_context& context, std::string_view id) {
  const auto key = policies::keys::parse_key_id(id);
  const auto record = key ? context.directory.copy_of(*key) : nullptr;
  return record ? json::value(record->name) : json::value(nullptr);
}

json::value id_or_null(const std::optional<policies::key_id>& id) {
  return id ? json::value(policies::keys::to_string(*id)) : json::value(nullptr);
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
