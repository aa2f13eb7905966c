// Cursors. A scan may show the same twice.
#include "proxy/stores/copy/redis_scan.hpp"

#include <algorithm>

namespace proxy::stores::copy {
namespace {

// `page`: asks for one, given the cursor; `visit` is shown its items.
template <class Page, class Visit>
outcome<void> walk(const Page& page, const Visit& visit) {
  std::string cursor = "0";
  do {
    const outcome<redis::reply> got = page(cursor);
    if (!got)
      return got.error();
    const auto parts = redis::items_of(**got);
    if (parts.size() != 2)
      return failure{errc::store_unavailable, "Redis: the answer to a scan cannot be read"};
    cursor = redis::text_of(*parts[0]);
    visit(redis::items_of(*parts[1]));
  } while (cursor != "0");
  return {};
}

} // namespace

outcome<std::map<std::string, std::string>> fields_of(redis::blocking_client& by,
                                                      const std::string& hash) {
  std::map<std::string, std::string> all;
  auto done = walk(
      [&](const std::string& cursor) { return by.ask("HSCAN", hash, cursor, "COUNT", "1000"); },
      [&](const auto& items) {
        for (std::size_t i = 0; i + 1 < items.size(); i += 2)
          all.emplace(redis::text_of(*items[i]), redis::text_of(*items[i + 1]));
      });
  if (!done)
    return done.error();
  return all;
}

outcome<std::vector<std::string>> names_like(redis::blocking_client& at, const std::string& form) {
  std::vector<std::string> all;
  auto done = walk(
      [&](const std::string& cursor) {
        return at.ask("SCAN", cursor, "MATCH", form, "COUNT", "1000");
      },
      [&](const auto& items) {
        for (const redisReply* each : items)
          all.emplace_back(redis::text_of(*each));
      });
  if (!done)
    return done.error();
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

} // namespace proxy::stores::copy
