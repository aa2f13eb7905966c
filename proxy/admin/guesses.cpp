// A short list of instants an address.
#include "proxy/admin/guesses.hpp"

#include <algorithm>

namespace proxy::admin {
namespace {

namespace ip = boost::asio::ip;

ip::address counted_as(const ip::address& from) {
  if (!from.is_v6())
    return from;
  if (from.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, from.to_v6());
  auto bytes = from.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return ip::address_v6{bytes};
}

// Later than now: the clock was set back, and nobody is to wait until it has caught up.
bool counts(policies::instant at, policies::instant now) {
  return at <= now && now - at < guesses::window;
}

} // namespace

std::optional<policies::milliseconds> guesses::wait(const ip::address& from,
                                                    policies::instant now) {
  const auto found = seen_.find(counted_as(from));
  if (found == seen_.end())
    return std::nullopt;
  std::erase_if(found->second, [now](policies::instant at) { return !counts(at, now); });
  if (found->second.empty())
    seen_.erase(found);
  else if (found->second.size() > wrong_max)
    return found->second.front() + window - now;
  return std::nullopt;
}

void guesses::wrong(const ip::address& from, policies::instant now) {
  const ip::address who = counted_as(from);
  if (!seen_.contains(who))
    make_room(now);
  times& all = seen_[who];
  all.push_back(now);
  if (all.size() > wrong_max + 1)
    all.pop_front();
}

void guesses::make_room(policies::instant now) {
  if (seen_.size() < addresses_max)
    return;
  std::erase_if(seen_, [now](const auto& each) { return !counts(each.second.back(), now); });
  if (seen_.size() < addresses_max)
    return;
  seen_.erase(
      std::ranges::min_element(seen_, {}, [](const auto& each) { return each.second.back(); }));
}

} // namespace proxy::admin
