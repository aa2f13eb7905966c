// What the ledger's writer does where a Redis process may have lost something: compares, lane by
// lane and key by key, has the journal told again from there, and holds what is in flight again.
#include <algorithm>
#include <cstring>

#include <spdlog/spdlog.h>

#include "policies/limits/reserve.hpp"
#include "proxy/stores/redis/ledger_writer.hpp"

namespace proxy::stores::redis {

using journal::entry;
using journal::entry_kind;
using journal::lane_progress;
namespace limits = policies::limits;

namespace {

constexpr std::size_t commands_a_call = 1000;

outcome<std::vector<reply>> all_of(blocking_client& by, const batch& some) {
  auto replies = by.run(some);
  if (replies)
    for (const reply& each : *replies)
      if (is_error(*each))
        return refused_by_redis(*each);
  return replies;
}

std::unordered_map<std::uint64_t, std::uint64_t> lanes_in(const redisReply& hash) {
  std::unordered_map<std::uint64_t, std::uint64_t> all;
  const auto items = items_of(hash);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    if (const auto lane = unhex(text_of(*items[i])))
      all[*lane] = static_cast<std::uint64_t>(number_of(*items[i + 1]).value_or(0));
  return all;
}

std::string_view name_of_request(const std::array<std::uint8_t, 16>& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

} // namespace

std::size_t ledger_writer::id_hash::operator()(const std::array<std::uint8_t, 16>& id) const {
  std::size_t value = 0; // random bytes already
  std::memcpy(&value, id.data(), sizeof value);
  return value;
}

void ledger_writer::note_flights(const journal::batch& part) {
  for (const entry& e : part.entries) {
    newest_ms_ = std::max(newest_ms_, e.time_ms);
    if (e.kind == entry_kind::intent)
      flying_.insert_or_assign(e.request, e);
    else if (e.kind == entry_kind::outcome)
      flying_.erase(e.request);
  }
}

void ledger_writer::note_told(std::uint64_t key, std::uint64_t lane, std::uint64_t sequence) {
  std::vector<lane_progress>& lanes = told_[key];
  const auto found = std::ranges::find(lanes, lane, &lane_progress::lane);
  if (found == lanes.end())
    lanes.push_back({lane, sequence});
  else
    found->applied = std::max(found->applied, sequence);
}

std::uint64_t ledger_writer::told_of(std::uint64_t key, std::uint64_t lane) const {
  const auto lanes = told_.find(key);
  if (lanes == told_.end())
    return 0;
  const auto found = std::ranges::find(lanes->second, lane, &lane_progress::lane);
  return found == lanes->second.end() ? 0 : found->applied;
}

// What was told once is told again to those that have lost it only: others may have forgotten a
// lane that ended, and would count it twice.
bool ledger_writer::concerns(const entry& e, std::uint64_t lane) const {
  return all_lost_ || !told_before(e, lane) || lost_keys_.contains(e.key);
}

bool ledger_writer::told_before(const entry& e, std::uint64_t lane) const {
  const auto once = told_once_.find(lane);
  return once != told_once_.end() && e.sequence <= once->second;
}

failure ledger_writer::forgotten(std::optional<std::uint64_t> root) const {
  if (when_lost_)
    when_lost_(root);
  return {errc::store_unavailable, "Redis has lost what it had acknowledged"};
}

void ledger_writer::suspect(suspicion what) {
  const std::lock_guard guard(suspecting_);
  suspected_ = std::move(what);
  stage_ = stage::compare;
  retold_ = {};
}

ledger_writer::retold ledger_writer::told_so_far() const {
  const std::lock_guard guard(suspecting_);
  return retold_;
}

// Three rounds: what is lost is found and comes again; all of it has been told when the next round
// begins whole, and then the intents that have no outcome are known, too.
bool ledger_writer::begin(std::vector<lane_progress>& lost) {
  const std::lock_guard guard(suspecting_);
  outcome<void> done;
  if (stage_ == stage::compare) {
    done = compare();
    if (done) {
      for (const auto& [lane, applied] : back_)
        lost.push_back({lane, applied});
      back_.clear();
      retold_.lanes = lost.size();
      stage_ = stage::tell;
    }
  } else if (stage_ == stage::hold) {
    done = hold_again();
    if (done) {
      stage_ = stage::none;
      all_lost_ = false;
      lost_keys_.clear();
    }
  }
  if (!done)
    spdlog::error("redis: what it may have lost cannot be told again yet: {}",
                  done.error().message);
  return done.has_value();
}

bool ledger_writer::told_all() {
  const std::lock_guard guard(suspecting_);
  if (stage_ == stage::tell)
    stage_ = stage::hold;
  return stage_ == stage::none;
}

outcome<void> ledger_writer::compare() {
  if (suspected_.has_sums) {
    auto known = all_of(by_, batch{}.add("HGETALL", lanes_of_node()));
    if (!known)
      return known.error();
    const auto lanes = lanes_in(*known->front());
    for (auto& [lane, applied] : applied_) {
      const auto found = lanes.find(lane);
      const std::uint64_t has = found == lanes.end() ? 0 : found->second;
      if (has >= applied)
        continue;
      tell_from(lane, has + 1);
      applied = has;
      all_lost_ = !settings_.sharded;
    }
  }
  directory_.for_each([&](keys::key_slot& slot) {
    if (suspected_.lost.contains(slot.root->id.value))
      lost_keys_.insert(slot.id.value);
  });
  if (!suspected_.lost.empty())
    for (const auto& [lane, applied] : applied_)
      tell_from(lane, 1);
  return compare_keys();
}

void ledger_writer::tell_from(std::uint64_t lane, std::uint64_t sequence) {
  const auto [back, fresh] = back_.try_emplace(lane, sequence - 1);
  back->second = std::min(back->second, sequence - 1);
  told_once_[lane] = std::max(told_once_[lane], applied_[lane]);
}

// What each key's limits have of each lane. Where they lie with the sums, these have told already
// from where on everything is told again.
outcome<void> ledger_writer::compare_keys() {
  std::vector<std::pair<std::uint64_t, std::string>> keys;
  directory_.for_each([&](keys::key_slot& slot) {
    const std::uint64_t root = slot.root->id.value;
    if (told_.contains(slot.id.value) && suspected_.of(root))
      keys.emplace_back(slot.id.value, lanes_name(root, slot.id.value));
  });
  for (std::size_t begin = 0; begin < keys.size(); begin += commands_a_call) {
    const std::size_t end = std::min(keys.size(), begin + commands_a_call);
    batch some;
    for (std::size_t i = begin; i < end; ++i)
      some.add("HGETALL", keys[i].second);
    const auto replies = all_of(by_, some);
    if (!replies)
      return replies.error();
    for (std::size_t i = begin; i < end; ++i)
      compare_key(keys[i].first, *(*replies)[i - begin]);
  }
  return {};
}

void ledger_writer::compare_key(std::uint64_t key, const redisReply& lanes) {
  const auto has = lanes_in(lanes);
  for (lane_progress& told : told_[key]) {
    const auto found = has.find(told.lane);
    const std::uint64_t left = found == has.end() ? 0 : found->second;
    if (left >= told.applied)
      continue;
    told.applied = left;
    lost_keys_.insert(key);
    if (settings_.sharded)
      tell_from(told.lane, left + 1);
  }
}

// Its slot and its true bounds: what it had been granted beyond, or less, ends with it.
outcome<void> ledger_writer::hold_again() {
  const auto sent = [this](std::string_view id) {
    std::array<std::uint8_t, 16> key{};
    if (id.size() != key.size())
      return false;
    std::copy(id.begin(), id.end(), key.begin());
    return flying_.contains(key);
  };
  if (auto done = suspected_.end_unsent(sent); !done)
    return done;
  batch calls;
  std::vector<bool> asked; // of each: Redis itself had held it
  const auto send = [&] {
    const auto done = calls.size() > 0 ? all_of(by_, calls) : outcome<std::vector<reply>>{};
    for (std::size_t i = 0; done && i < done->size(); ++i) {
      retold_.held_again += (*done)[i]->integer == 1;
      retold_.holds_lost += (*done)[i]->integer == 1 && asked[i];
    }
    calls = {};
    asked.clear();
    return done ? outcome<void>{} : outcome<void>{done.error()};
  };
  for (const auto& [id, e] : flying_) {
    const keys::key_slot* key = directory_.by_id(policies::key_id{e.key});
    const bool old = e.time_ms < newest_ms_ - suspected_.lifetime_max.count();
    if (old || !key || !suspected_.of(key->root->id.value))
      continue;
    calls.add(holding(e, *key));
    asked.push_back(e.count == 0);
    if (calls.size() == commands_a_call)
      if (auto done = send(); !done)
        return done;
  }
  return send();
}

script_call ledger_writer::holding(const entry& e, const keys::key_slot& key) const {
  const policies::instant started{policies::milliseconds{e.started_ms}};
  const std::uint64_t root = key.root->id.value;
  packer allowed, numbers;
  script_call call{script::hold};
  call.key(holds_name(root));
  for (const keys::key_slot* each = &key; each; each = each->parent) {
    call.key(state_name(root, each->id.value));
    pack(allowed, directory_.copy_of(each->id)->limits);
  }
  numbers << (settings_.caller_clock ? e.time_ms : 0) << e.started_ms << std::int64_t{0}
          << std::int64_t{1} << e.hold_tokens << std::int64_t{0} << e.hold_nano
          << limits::month_of(started) << limits::day_of(started);
  call.argument(name_of_request(e.request))
      .argument(hex(settings_.node) + hex(e.key))
      .argument(allowed.text())
      .argument(numbers.text());
  return call;
}

} // namespace proxy::stores::redis
