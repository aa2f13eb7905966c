// Reading where masters are.
#include "proxy/stores/redis/node_map.hpp"

#include <netdb.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace proxy::stores::redis {
namespace {

failure not_told(std::string why) {
  return {errc::store_unavailable, std::move(why)};
}

std::vector<upstream::endpoint> resolve(const place& where, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  std::vector<upstream::endpoint> found;
  if (::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &list) != 0)
    return found;
  for (const addrinfo* item = list; item; item = item->ai_next) {
    upstream::endpoint one;
    std::memcpy(&one.address, item->ai_addr, item->ai_addrlen);
    one.length = item->ai_addrlen;
    found.push_back(one);
  }
  ::freeaddrinfo(list);
  return found;
}

bool same(const upstream::endpoint& a, const upstream::endpoint& b) {
  return a.length == b.length && std::memcmp(&a.address, &b.address, a.length) == 0;
}

// A node as CLUSTER SLOTS names it: host, port, id. No host: the one that was asked.
std::optional<place> read_node(const redisReply& item, const place& who) {
  const auto parts = items_of(item);
  const auto port = parts.size() >= 2 ? number_of(*parts[1]) : std::nullopt;
  if (!port || *port <= 0 || *port > 65535)
    return std::nullopt;
  const std::string_view host = text_of(*parts[0]);
  const bool unknown = host.empty() || host == "?";
  return place{unknown ? who.host : std::string(host), static_cast<std::uint16_t>(*port)};
}

std::uint16_t index_of(const place& where, node_map& within) {
  const auto known =
      std::ranges::find_if(within.nodes, [&](const node& each) { return each.at == where; });
  if (known == within.nodes.end()) {
    within.nodes.push_back({where, look_up(where)});
    return static_cast<std::uint16_t>(within.nodes.size() - 1);
  }
  return static_cast<std::uint16_t>(known - within.nodes.begin());
}

} // namespace

const node* node_map::serving(std::uint16_t slot) const {
  if (owner.empty())
    return nodes.empty() ? nullptr : nodes.data();
  return owner[slot] == nobody ? nullptr : &nodes[owner[slot]];
}

bool node_map::has(const place& at) const {
  return std::ranges::find(nodes, at, &node::at) != nodes.end();
}

bool node_map::same_as(const node_map& other) const {
  return owner == other.owner &&
         std::ranges::equal(nodes, other.nodes, [](const node& a, const node& b) {
           return a.at == b.at && std::ranges::equal(a.endpoints, b.endpoints, same);
         });
}

std::vector<upstream::endpoint> look_up(const place& where) {
  return resolve(where, 0);
}
std::vector<upstream::endpoint> endpoints_of_address(const place& where) {
  return resolve(where, AI_NUMERICHOST);
}

outcome<node_map> read_master(const redisReply& answer, const std::string& name) {
  if (is_error(answer))
    return refused_by_redis(answer);
  const auto parts = items_of(answer);
  const auto port = parts.size() == 2 ? number_of(*parts[1]) : std::nullopt;
  if (!port || *port <= 0 || *port > 65535)
    return not_told(fmt::format("knows no master named \"{}\"", name));
  const place at{std::string(text_of(*parts[0])), static_cast<std::uint16_t>(*port)};
  node_map made;
  made.nodes.push_back({at, look_up(at)});
  return made;
}

outcome<node_map> read_slots(const redisReply& answer, const place& who) {
  if (is_error(answer))
    return refused_by_redis(answer);
  node_map made;
  made.owner.assign(slots_count, node_map::nobody);
  for (const redisReply* range : items_of(answer)) {
    const auto parts = items_of(*range);
    const auto first = parts.size() >= 3 ? number_of(*parts[0]) : std::nullopt;
    const auto last = first ? number_of(*parts[1]) : std::nullopt;
    const auto master = last ? read_node(*parts[2], who) : std::nullopt;
    if (!master || *first < 0 || *last >= static_cast<std::int64_t>(slots_count))
      return not_told("its answer to CLUSTER SLOTS cannot be read");
    const std::uint16_t index = index_of(*master, made);
    for (std::int64_t slot = *first; slot <= *last; ++slot)
      made.owner[static_cast<std::size_t>(slot)] = index;
  }
  if (made.nodes.empty())
    return not_told("is a node of a cluster in which nobody serves any slot");
  return made;
}

} // namespace proxy::stores::redis
