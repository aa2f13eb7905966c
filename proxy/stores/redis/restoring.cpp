// How one Redis process is told again: keys from memory, limits and sums from the journal.
#include <algorithm>

#include <poll.h>

#include <spdlog/spdlog.h>

#include "proxy/stores/redis/restorer.hpp"

namespace proxy::stores {

namespace {

constexpr std::size_t roots_a_call = 500;
constexpr int look_ms = 1; // between two looks at whether data threads have heard

outcome<std::vector<redis::reply>> all_of(redis::blocking_client& by, const redis::batch& some) {
  auto replies = by.run(some);
  if (replies)
    for (const redis::reply& each : *replies)
      if (redis::is_error(*each))
        return redis::refused_by_redis(*each);
  return replies;
}

} // namespace

bool redis_store::restorer::lies_at(const redis::place& at, std::string_view tag) const {
  if (my_.settings.where.how != redis::layout::cluster)
    return true;
  const redis::node* serving = my_.nodes->map()->serving(redis::slot_of(tag));
  return serving && serving->at == at;
}

outcome<void> redis_store::restorer::tell(process& one) {
  outcome<void> done = wait_for_lines();
  if (done)
    done = restore_keys(one);
  if (done)
    done = find_lost_roots(one);
  if (done)
    done = begin_roots(one);
  if (done)
    done = tell_journal(one);
  return done;
}

// Afterwards no request is sent on a hold of before, and what was sent is in the journal.
outcome<void> redis_store::restorer::wait_for_lines() {
  const std::uint64_t version = my_.processes.version();
  std::vector<redis::limit_line*> lines;
  {
    const std::lock_guard guard(my_.lines_lock);
    for (const auto& each : my_.lines)
      lines.push_back(each.get());
  }
  for (redis::limit_line* each : lines)
    each->hear(version);
  const auto behind = [&](const redis::limit_line* each) { return each->heard() < version; };
  while (std::ranges::any_of(lines, behind)) {
    if (my_.is_stopping())
      return failure{errc::store_unavailable, "the proxy ends"};
    ::poll(nullptr, 0, look_ms);
  }
  return {};
}

outcome<void> redis_store::restorer::restore_keys(process& one) {
  if (!lies_at(one.at, "keys"))
    return {};
  const auto written = my_.table->restore(*my_.watching);
  if (!written)
    return written.error();
  if (*written > 0) {
    note_lack(one);
    spdlog::warn("redis: {} keys, or later versions of them, were put back from memory", *written);
  }
  if (auto schema = my_.check_schema(*my_.watching); !schema)
    return schema;
  return my_.table->catch_up(*my_.watching);
}

outcome<void> redis_store::restorer::find_lost_roots(process& one) {
  std::vector<std::uint64_t> roots;
  my_.directory.for_each([&](keys::key_slot& slot) {
    if (slot.root == &slot && lies_at(one.at, redis::hex(slot.id.value)))
      roots.push_back(slot.id.value);
  });
  one.lost.clear();
  for (std::size_t begin = 0; begin < roots.size(); begin += roots_a_call) {
    const std::size_t end = std::min(roots.size(), begin + roots_a_call);
    redis::batch some;
    for (std::size_t i = begin; i < end; ++i)
      some.add("STRLEN", redis::state_name(roots[i], roots[i]));
    const auto replies = all_of(*my_.watching, some);
    if (!replies)
      return replies.error();
    for (std::size_t i = begin; i < end; ++i)
      if ((*replies)[i - begin]->integer != redis::state_bytes)
        one.lost.insert(roots[i]);
  }
  return {};
}

outcome<void> redis_store::restorer::begin_roots(const process& one) {
  std::map<std::uint64_t, std::vector<std::string>> rest; // of each lost root: its other names
  my_.directory.for_each([&](keys::key_slot& slot) {
    const std::uint64_t root = slot.root->id.value;
    if (!one.lost.contains(root))
      return;
    std::vector<std::string>& names = rest[root];
    names.push_back(redis::lanes_name(root, slot.id.value));
    if (slot.root != &slot)
      names.push_back(redis::state_name(root, slot.id.value));
  });
  for (const auto& [root, names] : rest) {
    redis::script_call call{redis::script::root};
    call.key(redis::state_name(root, root)).key(redis::holds_name(root));
    for (const std::string& each : names)
      call.key(each);
    call.argument("begin").argument(name_);
    if (auto done = my_.watching->single(redis::batch{call}); !done)
      return done.error();
  }
  return {};
}

outcome<void> redis_store::restorer::tell_journal(process& one) {
  redis::suspicion what;
  what.of = [this, at = one.at](std::uint64_t root) { return lies_at(at, redis::hex(root)); };
  what.has_sums = lies_at(one.at, "ledger");
  what.lost = one.lost;
  what.lifetime_max = my_.settings.lifetime_max;
  what.end_unsent = [this, of = what.of](const auto& sent) { return my_.end_own_holds(of, sent); };
  my_.ledger->suspect(what);
  while (!my_.ledger->told_all())
    if (!my_.keeper->flush())
      return failure{errc::store_unavailable, "the journal cannot be told now"};
  const auto told = my_.ledger->told_so_far();
  if (told.lanes > 0 || told.holds_lost > 0 || !one.lost.empty())
    note_lack(one);
  if (told.lanes > 0 || told.held_again > 0)
    spdlog::info(
        "redis: {}: {} lanes of the journal were told again, {} requests in flight are held",
        redis::to_string(one.at), told.lanes, told.held_again);
  return {};
}

// False: one of them was lost once more meanwhile.
outcome<bool> redis_store::restorer::open_roots(const process& one,
                                                const std::set<std::string>& told) {
  std::string all;
  for (const std::string& each : told)
    all += each;
  for (const std::uint64_t root : one.lost) {
    redis::script_call call{redis::script::root};
    call.key(redis::state_name(root, root)).argument("open").argument(all);
    const auto done = my_.watching->single(redis::batch{call});
    if (!done)
      return done.error();
    if ((*done)->integer < 0)
      return false;
  }
  return true;
}

} // namespace proxy::stores
