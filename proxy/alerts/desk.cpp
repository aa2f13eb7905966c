// Two kinds of notes: "alert" has what stands, by rule, key and subject; "ended" what was, by id.
// An ended one is written before the standing one goes: whoever finds both knows which it is.
#include "proxy/alerts/desk.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "policies/keys/secret.hpp"
#include "proxy/alerts/delivery.hpp"

namespace proxy::alerts {

namespace insight = policies::insight;
using insight::alert;
using stores::note;
using stores::note_change;

namespace {

constexpr std::chrono::days told_again_within{7};

std::string name_of(const alert& what) {
  return fmt::format("{}/{}/{}", insight::name_of(what.which), what.key.value, what.subject);
}

policies::instant time_of(const alert& told) {
  return told.resolved.value_or(told.fired);
}

note standing(const alert& what) {
  return {"alert", name_of(what), line_of(what)};
}

} // namespace

outcome<void> desk::open(policies::instant now) {
  auto ended = store_.load_notes("ended");
  auto open = store_.load_notes("alert");
  if (!ended || !open)
    return !ended ? ended.error() : open.error();
  std::vector<alert> past;
  for (const auto& [name, text] : *ended)
    if (auto known = alert_in(text))
      past.push_back(std::move(*known));
  std::ranges::sort(past, {}, [](const alert& each) { return each.resolved; });
  std::vector<alert> lately; // as they were told: each that began, each that ended
  for (const auto& [name, text] : *open) {
    const auto known = alert_in(text);
    if (!known || ended->contains(known->id)) {
      (void)store_.write_note({"alert", name, ""}, note_change::remove);
      continue;
    }
    book_.restore(*known);
    lately.push_back(*known);
  }
  for (const alert& each : past) {
    book_.restore(each);
    keep_ended(each);
    lately.push_back(each);
    lately.back().resolved.reset();
    lately.push_back(each);
  }
  std::ranges::stable_sort(lately, {}, time_of);
  for (const alert& each : lately)
    if (now - time_of(each) < told_again_within)
      told_(each);
  publish();
  return {};
}

// A proxy that shares its store sees what the others have told.
bool desk::catch_up() {
  const auto open = store_.load_notes("alert");
  if (!open)
    return false;
  std::map<std::string, alert> theirs;
  for (const auto& [name, text] : *open)
    if (auto known = alert_in(text))
      theirs.emplace(known->id, std::move(*known));
  for (alert mine : book_.all_open())
    if (!theirs.contains(mine.id)) {
      mine.resolved = mine.fired; // when exactly, the other one told
      book_.commit(mine);
    }
  for (const auto& [id, each] : theirs)
    book_.restore(each);
  publish();
  return true;
}

bool desk::judge(policies::key_id key, const insight::verdict& says, policies::instant now) {
  const auto change = book_.weigh(key, says, now);
  return !change || settle(*change);
}

void desk::end_notices(policies::instant now) {
  for (const alert& each : book_.over_by_now(now))
    settle(each);
}

bool desk::settle(const alert& what) {
  const bool done = what.resolved ? end(what) : fire(what);
  if (done)
    publish();
  return done;
}

bool desk::fire(alert what) {
  what.id = fmt::format("alert_{:016x}", ids_());
  const auto claimed = store_.write_note(standing(what), note_change::put_if_absent);
  // That the disk is full is told though it cannot be written down, for that very reason.
  if (!claimed && what.which != insight::rule::disk_full) {
    spdlog::error("alerts: '{}' waits for the store: {}", insight::name_of(what.which),
                  claimed.error().message);
    return false;
  }
  if (claimed && !*claimed) {
    catch_up(); // another proxy was first
    return true;
  }
  book_.commit(what);
  fired_.fetch_add(1, std::memory_order_relaxed);
  spdlog::warn("alert {}: {}{}: {}", what.id, insight::name_of(what.which),
               what.key ? " of " + policies::keys::to_string(what.key) : "", what.message);
  told_(what);
  return true;
}

bool desk::end(const alert& what) {
  const auto claimed =
      store_.write_note({"ended", what.id, line_of(what)}, note_change::put_if_absent);
  if (!claimed)
    return false;
  (void)store_.write_note(standing(what), note_change::remove); // else at the next start
  book_.commit(what);
  if (!*claimed)
    return true; // another proxy told it
  keep_ended(what);
  spdlog::info("alert {}: {} is over: {}", what.id, insight::name_of(what.which), what.resolution);
  told_(what);
  return true;
}

void desk::keep_ended(const alert& what) {
  ended_.push_back(what);
  if (ended_.size() <= ended_max)
    return;
  (void)store_.write_note({"ended", ended_.front().id, ""}, note_change::remove);
  ended_.pop_front();
}

void desk::publish() {
  std::vector<alert> all = book_.all_open();
  std::ranges::sort(all, std::greater{}, [](const alert& each) { return each.fired; });
  all.insert(all.end(), ended_.rbegin(), ended_.rend());
  const std::lock_guard guard(lock_);
  shown_ = std::move(all);
}

std::vector<alert> desk::all() const {
  const std::lock_guard guard(lock_);
  return shown_;
}

} // namespace proxy::alerts
