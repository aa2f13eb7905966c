// Who has sent wrong admin keys lately, and must wait before another is looked at.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include <boost/asio/ip/address.hpp>

#include "policies/types.hpp"

namespace proxy::admin {

// Addresses are counted by themselves, IPv6 ones by their /64. One thread's.
class guesses {
 public:
  static constexpr std::size_t wrong_max = 20; // within `window`; one more, and all must wait
  static constexpr policies::milliseconds window{60'000};
  static constexpr std::size_t addresses_max = 4096; // the longest silent ones are forgotten

  // How long the address must wait; nullopt: its key may be looked at.
  std::optional<policies::milliseconds> wait(const boost::asio::ip::address& from,
                                             policies::instant now);
  // It was looked at, and wrong.
  void wrong(const boost::asio::ip::address& from, policies::instant now);

 private:
  using times = std::deque<policies::instant>; // oldest first, wrong_max + 1 at most
  void make_room(policies::instant now);
  std::map<boost::asio::ip::address, times> seen_;
};

} // namespace proxy::admin
