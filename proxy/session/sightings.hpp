// From where each key is used, as far as this thread has not told it lately: one look at a table a
// request, and a list for whoever watches, twice a second. Knows nothing of what is unusual.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/access/ip_list.hpp"
#include "policies/types.hpp"

namespace proxy::session {

struct sighting {
  policies::key_id key;
  policies::access::ip_address client;
  std::string page; // Origin, else Referer, cut; empty: none was sent
};

class sightings {
 public:
  static constexpr std::size_t fresh_max = 256; // between two flushes; what is beyond comes again

  void note(policies::key_id key, const policies::access::ip_address& client,
            std::string_view origin, std::string_view referrer);
  std::vector<sighting> take() { return std::exchange(fresh_, {}); }
  bool any() const { return !fresh_.empty(); }

 private:
  static constexpr std::size_t page_bytes_max = 120;

  static std::uint64_t mark_of(policies::key_id key, const policies::access::ip_address& client,
                               std::string_view page);

  std::array<std::uint64_t, 2048> told_{};
  std::vector<sighting> fresh_;
};

} // namespace proxy::session
