// What the rest of the proxy tells whoever watches, from any of its threads: usage as it was
// applied, places of use, trouble. Adding costs a moment's lock; sums are kept, not entries, so
// that it is bounded whatever comes.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "policies/insight/rule.hpp"
#include "proxy/journal/keeper.hpp"
#include "proxy/session/sightings.hpp"

namespace proxy::alerts {

struct refusals {
  std::int64_t forbidden = 0; // 401, 403
  std::int64_t limited = 0;   // 429
};

struct first_byte {
  std::int64_t time_ms = 0;
  std::uint32_t ms = 0;
};

struct trouble {
  policies::insight::rule which{};
  policies::key_id key{};
  std::string message;
};

struct news {
  std::set<std::uint64_t> used;                                       // keys
  std::map<std::pair<std::uint64_t, std::int64_t>, refusals> refused; // by key and minute
  std::map<std::string, std::vector<first_byte>> latencies;           // by model and kind of answer
  std::vector<session::sighting> sightings;
  std::vector<trouble> troubles;
};

class inbox {
 public:
  static constexpr std::size_t latencies_max = 512; // of a model between two looks
  static constexpr std::size_t models_max = 32;
  static constexpr std::size_t sightings_max = 20'000;
  static constexpr std::size_t troubles_max = 1000;

  void applied(std::span<const journal::batch> batches);
  void sighted(std::vector<session::sighting> seen);
  void tell(trouble what);
  news take();

 private:
  void add(const journal::entry& e);
  std::mutex lock_;
  news waiting_;
};

} // namespace proxy::alerts
