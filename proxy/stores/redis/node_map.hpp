// Who serves which key at the moment, and the answers of sentinels and nodes that tell it.
#pragma once

#include <vector>

#include "proxy/stores/redis/resp.hpp"
#include "proxy/stores/redis/slots.hpp"
#include "proxy/upstream/resolver.hpp"

namespace proxy::stores::redis {

struct node {
  place at;
  std::vector<upstream::endpoint> endpoints; // empty: its name could not be looked up
};

struct node_map {
  static constexpr std::uint16_t nobody = 0xffff;
  std::uint64_t version = 0;        // grows with each change
  std::vector<node> nodes;          // masters; empty: none is known
  std::vector<std::uint16_t> owner; // of each slot, an index; empty: nodes[0] has all
  const node* serving(std::uint16_t slot) const;
  bool has(const place& at) const;
  bool same_as(const node_map& other) const; // but for the version
};

// Blocking for a name, at once for an address; empty: none.
std::vector<upstream::endpoint> look_up(const place& where);
// Only of an address: never asks a name server.
std::vector<upstream::endpoint> endpoints_of_address(const place& where);

// Of SENTINEL GET-MASTER-ADDR-BY-NAME.
outcome<node_map> read_master(const redisReply& answer, const std::string& name);
// Of CLUSTER SLOTS, asked at `who`.
outcome<node_map> read_slots(const redisReply& answer, const place& who);

} // namespace proxy::stores::redis
