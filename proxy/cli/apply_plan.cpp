// One key after the other, by name; then the order of creation, parents first.
#include "proxy/cli/apply_plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "policies/keys/delegation.hpp"
#include "proxy/admin/key_fields.hpp"
#include "proxy/admin/key_view.hpp"
#include "proxy/admin/suggestion.hpp"
#include "proxy/cli/key_settings.hpp"
#include "proxy/cli/table.hpp"

namespace proxy::cli {
namespace {

using policies::keys::key_record;
using policies::keys::key_status;

bool is_true(const json::value& value) {
  return value.is_bool() && value.get_bool();
}

std::optional<policies::key_id> parent_id(const json::value& key) {
  return policies::keys::parse_key_id(text(key, "parent"));
}

class planner {
 public:
  planner(const json::array& keys, const std::vector<wanted_key>& wanted, complaints& wrong)
      : wanted_(wanted), wrong_(wrong) {
    for (const json::value& key : keys) {
      by_name_[text(key, "name")].push_back(&key);
      by_id_[text(key, "id")] = &key;
      parents_.insert(text(key, "parent"));
    }
    for (const wanted_key& key : wanted)
      in_file_[key.name] = &key;
  }

  apply_plan plan(const json::array& keys, bool prune) {
    for (const wanted_key& key : wanted_)
      plan_one(key);
    parents_first();
    if (prune)
      for (const json::value& key : keys)
        plan_pruning(key);
    return std::move(made_);
  }

 private:
  void complain(const wanted_key& about, std::string_view field, const std::string& why) {
    wrong_.add(line_of(about, field), "key '" + harmless(about.name) + "': " + why);
  }
  const json::value* existing(const wanted_key& key, const std::string& name,
                              std::string_view field);
  std::optional<std::string> resolved_parent(const wanted_key& key);
  void plan_one(const wanted_key& key);
  void plan_creation(const wanted_key& key, json::object fields);
  void plan_change(const wanted_key& key, const json::value& now, json::object fields);
  void plan_pruning(const json::value& key);
  void parents_first();
  bool issued_by_others(const json::value& key) const;
  std::optional<std::string> too_deep(const planned_key& step) const;

  const std::vector<wanted_key>& wanted_;
  complaints& wrong_;
  std::map<std::string, std::vector<const json::value*>> by_name_;
  std::map<std::string, const json::value*> by_id_;
  std::set<std::string> parents_; // ids; some are not listed: deleted, or the caller's own
  std::map<std::string, const wanted_key*> in_file_;
  apply_plan made_;
};

// The one key of that name; nullptr: there is none, or that there are several was told.
const json::value* planner::existing(const wanted_key& key, const std::string& name,
                                     std::string_view field) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end())
    return nullptr;
  if (found->second.size() == 1)
    return found->second.front();
  std::string ids;
  for (const json::value* each : found->second)
    ids += (ids.empty() ? "" : ", ") + text(*each, "id");
  complain(key, field,
           std::string(field) + ": " + std::to_string(found->second.size()) + " keys are named '" +
               harmless(name) + "' (" + ids +
               "): which is meant cannot be told; rename or delete all but one");
  return nullptr;
}

// An id, the name of a key that the file creates, or empty for none; nullopt: it is wrong.
std::optional<std::string> planner::resolved_parent(const wanted_key& key) {
  const json::value* given = key.fields.if_contains("parent");
  if (!given || given->is_null())
    return std::string{};
  if (!given->is_string()) {
    complain(key, "parent", "parent: " + json::serialize(*given) + " is not a name");
    return std::nullopt;
  }
  const std::string name(given->get_string());
  if (by_id_.contains(name) || parents_.contains(name))
    return name;
  if (const json::value* found = existing(key, name, "parent"))
    return text(*found, "id");
  if (by_name_.contains(name))
    return std::nullopt; // several, which was told
  if (in_file_.contains(name))
    return name;
  std::vector<std::string_view> known;
  for (const auto& [each, keys] : by_name_)
    known.push_back(each);
  for (const auto& [each, wanted] : in_file_)
    known.push_back(each);
  constexpr std::size_t list_max = 20;
  complain(key, "parent",
           "parent: neither the proxy nor this file has a key '" + harmless(name) + "'" +
               (known.size() <= list_max ? harmless(admin::suggestion(name, known)) : ""));
  return std::nullopt;
}

void planner::plan_one(const wanted_key& key) {
  const json::value* now = existing(key, key.name, "name");
  if (!now && by_name_.contains(key.name))
    return;
  json::object fields = key.fields;
  const auto parent = resolved_parent(key);
  if (!parent)
    return;
  if (fields.contains("parent"))
    fields["parent"] = parent->empty() ? json::value(nullptr) : json::value(*parent);
  if (now)
    plan_change(key, *now, std::move(fields));
  else
    plan_creation(key, std::move(fields));
}

// A limit that stands beside rate_limits is the commonest slip.
std::string hint_for(const json::object& fields, const std::string& param) {
  const auto limits = admin::settings_view(key_record{}).at("rate_limits").as_object();
  return fields.contains(param) && limits.contains(param) ? " (it belongs under [key.rate_limits])"
                                                          : "";
}

void planner::plan_creation(const wanted_key& key, json::object fields) {
  planned_key step{.what = apply_step::create, .name = key.name};
  step.parent = text(fields, "parent");
  fields.erase("parent");
  step.fields = fields;
  fields.erase("is_group");
  const json::value& group = member(key.fields, "is_group");
  if (!group.is_null() && !group.is_bool())
    return complain(key, "is_group", "is_group: is neither true nor false");
  if (const auto record = admin::record_of(fields, {.is_group = is_true(group)}); !record)
    return complain(key, record.error().param,
                    record.error().message + hint_for(fields, record.error().param));
  if (key.status == "inactive")
    step.status = key.status;
  for (const auto& [name, value] : key.fields)
    if (name != "name")
      step.difference[name] = value;
  made_.steps.push_back(std::move(step));
}

// The record as the listing tells it: what a change of it is judged against.
admin::answer<key_record> record_in(const json::value& key) {
  json::object settings;
  for (const key_setting& each : key_settings)
    if (const json::value* value = key.as_object().if_contains(each.name))
      settings[each.name] = *value;
  for (const char* placed : {"parent", "is_group", "status"})
    settings.erase(placed);
  auto record = admin::record_of(settings, {.is_group = is_true(member(key, "is_group"))});
  if (!record)
    return record;
  record->parent = parent_id(key);
  record->status = text(key, "status") == "inactive" ? key_status::inactive : key_status::active;
  return record;
}

void planner::plan_change(const wanted_key& key, const json::value& now, json::object fields) {
  const auto before = record_in(now);
  if (!before)
    return complain(key, "",
                    "on the proxy it has a setting that this program does not know (" +
                        before.error().message + "): are they of one version?");
  key_record after = *before;
  if (const auto why = admin::change(after, fields))
    return complain(key, why->param, why->message + hint_for(fields, why->param));
  if (!key.status.empty())
    after.status = key.status == "active" ? key_status::active : key_status::inactive;
  planned_key step{.what = apply_step::change,
                   .name = key.name,
                   .id = text(now, "id"),
                   .version = integer(now, "version")};
  step.difference = admin::differences(admin::settings_view(*before), admin::settings_view(after));
  if (step.difference.empty()) {
    ++made_.unchanged;
    return;
  }
  for (const auto& [name, change] : step.difference)
    if (name == "status")
      step.status = key.status;
    else
      step.fields[name] = fields.at(name);
  made_.steps.push_back(std::move(step));
}

bool planner::issued_by_others(const json::value& key) const {
  std::size_t steps = 0;
  for (auto above = by_id_.find(text(key, "parent")); above != by_id_.end() && ++steps < 16;
       above = by_id_.find(text(*above->second, "parent")))
    if (is_true(member(*above->second, "may_delegate")))
      return true;
  return false;
}

void planner::plan_pruning(const json::value& key) {
  if (text(key, "status") != "active" || in_file_.contains(text(key, "name")) ||
      issued_by_others(key))
    return;
  planned_key step{.what = apply_step::deactivate,
                   .name = text(key, "name"),
                   .id = text(key, "id"),
                   .version = integer(key, "version"),
                   .fields = {},
                   .parent = {},
                   .status = "inactive"};
  step.difference["status"] = {{"from", "active"}, {"to", "inactive"}};
  made_.steps.push_back(std::move(step));
}

// Why a key to be created cannot stand where it should.
std::optional<std::string> planner::too_deep(const planned_key& step) const {
  std::vector<key_record> above;
  std::string parent = step.parent;
  while (!parent.empty() && above.size() < 16) {
    const auto known = by_id_.find(parent);
    const auto planned = in_file_.find(parent);
    if (known == by_id_.end() && planned == in_file_.end())
      break;
    const json::value& fields =
        known != by_id_.end() ? *known->second : json::value(planned->second->fields);
    above.emplace_back().is_group = is_true(member(fields, "is_group"));
    parent = text(fields, "parent");
    if (const auto named = by_name_.find(parent); named != by_name_.end())
      parent = text(*named->second.front(), "id");
  }
  std::vector<const key_record*> chain;
  for (const key_record& each : above)
    chain.push_back(&each);
  key_record child;
  child.is_group = is_true(member(step.fields, "is_group"));
  return policies::keys::refuse_depth(child, chain);
}

void planner::parents_first() {
  std::vector<planned_key> ordered;
  std::set<std::string> there = parents_;
  for (const auto& [id, key] : by_id_)
    there.insert(id);
  std::vector<planned_key> waiting = std::move(made_.steps);
  for (bool moved = true; moved && !waiting.empty();) {
    moved = false;
    std::vector<planned_key> later;
    for (planned_key& step : waiting)
      if (step.parent.empty() || there.contains(step.parent)) {
        there.insert(step.name);
        ordered.push_back(std::move(step));
        moved = true;
      } else {
        later.push_back(std::move(step));
      }
    waiting = std::move(later);
  }
  for (const planned_key& step : waiting)
    if (wrong_.none()) // else the parent may be one of those that are wrong themselves
      complain(*in_file_.at(step.name), "parent",
               "parent: '" + harmless(step.parent) + "' stands below this key itself");
  for (const planned_key& step : ordered)
    if (step.what == apply_step::create)
      if (const auto why = too_deep(step))
        complain(*in_file_.at(step.name), "parent", "parent: " + *why);
  made_.steps = std::move(ordered);
}

} // namespace

apply_plan plan_of(const json::array& keys, const std::vector<wanted_key>& wanted, bool prune,
                   complaints& wrong) {
  return planner(keys, wanted, wrong).plan(keys, prune);
}

} // namespace proxy::cli
