// Begin and end of alerts.
#include "policies/insight/alert_book.hpp"

namespace policies::insight {

void alert_book::restore(alert known) {
  commit(known);
}

std::optional<alert> alert_book::weigh(key_id key, const verdict& says, instant now) const {
  const place where{key, says.which, says.subject};
  const auto found = open_.find(where);
  if (found != open_.end()) {
    if (says.seen != sight::absent)
      return std::nullopt;
    alert over = found->second;
    over.resolved = now;
    over.resolution = says.message;
    return over;
  }
  if (says.seen != sight::present)
    return std::nullopt;
  if (const auto last = ended_.find(where);
      last != ended_.end() && now - last->second < quiet_after)
    return std::nullopt;
  return alert{.which = says.which,
               .key = key,
               .subject = says.subject,
               .how = severity_of(says.which),
               .message = says.message,
               .fired = now};
}

void alert_book::commit(const alert& told) {
  const place where = place_of(told);
  if (!told.resolved) {
    open_[where] = told;
    return;
  }
  open_.erase(where);
  std::erase_if(ended_,
                [&](const auto& each) { return *told.resolved - each.second > quiet_after; });
  instant& last = ended_[where];
  last = std::max(last, *told.resolved);
}

const alert* alert_book::open(key_id key, rule which, const std::string& subject) const {
  const auto found = open_.find({key, which, subject});
  return found == open_.end() ? nullptr : &found->second;
}

std::vector<alert> alert_book::all_open() const {
  std::vector<alert> all;
  for (const auto& [where, each] : open_)
    all.push_back(each);
  return all;
}

std::vector<alert> alert_book::over_by_now(instant now) const {
  std::vector<alert> over;
  for (const auto& [where, each] : open_)
    if (is_notice(each.which) && now - each.fired >= notice_lasts) {
      over.push_back(each);
      over.back().resolved = now;
      over.back().resolution = "it happened a day ago";
    }
  return over;
}

} // namespace policies::insight
