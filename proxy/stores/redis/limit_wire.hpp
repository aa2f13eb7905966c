// Limits, states and holds as the scripts pack them, and the names of the keys they lie in. The
// layout is told in scripts/meters.lua.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policies/limits/reserve.hpp"
#include "proxy/keys/key_slot.hpp"
#include "proxy/stores/redis/resp.hpp"

namespace proxy::stores::redis {

// Little-endian 64-bit integers, one after the other.
class packer {
 public:
  packer& operator<<(std::int64_t value) {
    char bytes[8];
    for (int i = 0; i < 8; ++i)
      bytes[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    out_.append(bytes, sizeof bytes);
    return *this;
  }
  packer& operator<<(std::string_view raw) {
    out_.append(raw);
    return *this;
  }
  const std::string& text() const { return out_; }
  std::string& text() { return out_; }

 private:
  std::string out_;
};
std::int64_t unpack_at(std::string_view packed, std::size_t index);

std::string hex(std::uint64_t value); // 16 digits
void append_hex(std::string& out, std::uint64_t value);
std::optional<std::uint64_t> unhex(std::string_view digits);
inline std::string_view view(const policies::request_id& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

// Of a state. A root's is longer while it is not open because it was lost (scripts/root.lua).
inline constexpr std::size_t state_bytes = 15 * 8;
void pack(packer& out, const policies::limits::limit_set& limits);
std::optional<policies::limits::limit_state> unpack_state(std::string_view packed);
std::optional<policies::limits::hold> unpack_hold(std::string_view packed);

// A request as it lies in the hash of holds.
struct stored_request {
  char phase = 'e'; // 'o' open, 't' tombstone, 'e' ended; a lease: 'l' lent, 'd' expired
  std::int64_t since_ms = 0;
  std::uint64_t owner = 0;             // open, a lease: the node that holds it
  std::uint64_t leaf = 0;              // open, tombstone, a lease: its key
  policies::limits::hold held{};       // open, a lease
  policies::limits::actuals charged{}; // tombstone
};
std::optional<stored_request> unpack_request(std::string_view packed);

// All keys of a root lie in one slot.
std::string holds_name(std::uint64_t root);
std::string state_name(std::uint64_t root, std::uint64_t key);
void append_holds_name(std::string& out, std::uint64_t root);
void append_state_name(std::string& out, std::uint64_t root, std::uint64_t key);
std::string lanes_name(std::uint64_t root, std::uint64_t key);
// Among the holds of its root.
std::string lease_name(std::uint64_t node, std::uint32_t number);

// What a script needs of a key's chain: its keys' names and its limits of this moment, packed.
struct packed_chain {
  std::size_t length = 0;
  std::string holds;
  std::array<std::string, keys::chain_max> states;
  std::string limits;
  explicit packed_chain(keys::key_slot& key);
};

} // namespace proxy::stores::redis
