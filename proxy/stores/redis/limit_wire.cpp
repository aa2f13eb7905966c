// Packing and unpacking.
#include "proxy/stores/redis/limit_wire.hpp"

#include <charconv>

#include "policies/limits/meter.hpp"

namespace proxy::stores::redis {

namespace limits = policies::limits;
using policies::nano_usd;
using policies::tokens;

namespace {

constexpr std::size_t hold_bytes = 7 * 8;
constexpr std::size_t open_bytes = 1 + 3 * 8 + 32 + hold_bytes;
constexpr std::size_t loan_bytes = open_bytes + 6 * 8;
constexpr std::size_t tombstone_bytes = 1 + 2 * 8 + 16 + 4 * 8;

void pack_rate(packer& out, const std::optional<limits::rate_limit>& limit) {
  out << (limit ? limit->rate : -1) << (limit ? limit->capacity : -1);
}

void pack_money(packer& out, const std::optional<nano_usd>& limit) {
  out << (limit ? limits::bounded(limit->value, limits::money_max.value) : -1);
}

} // namespace

std::int64_t unpack_at(std::string_view packed, std::size_t index) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(packed[index * 8 + i]);
  return static_cast<std::int64_t>(value);
}

void append_hex(std::string& out, std::uint64_t value) {
  constexpr char digits[] = "0123456789abcdef";
  char text[16];
  for (std::size_t i = 16; i-- > 0; value >>= 4)
    text[i] = digits[value & 15];
  out.append(text, sizeof text);
}

std::string hex(std::uint64_t value) {
  std::string out;
  append_hex(out, value);
  return out;
}

std::optional<std::uint64_t> unhex(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return value;
}

void pack(packer& out, const limits::limit_set& set) {
  pack_rate(out, limits::requests_of(set));
  pack_rate(out, limits::tokens_of(set));
  pack_money(out, set.monthly);
  pack_money(out, set.daily);
  pack_money(out, set.total);
  out << (set.concurrent_requests
              ? limits::bounded(*set.concurrent_requests, limits::concurrent_max)
              : -1);
}

std::optional<limits::limit_state> unpack_state(std::string_view packed) {
  if (packed.size() != state_bytes)
    return std::nullopt;
  const auto at = [&](std::size_t i) { return unpack_at(packed, i); };
  const auto money = [&](std::size_t i) { return nano_usd{at(i)}; };
  return limits::limit_state{.at_ms = at(0),
                             .requests = {at(1), at(2)},
                             .tokens = {at(3), at(4)},
                             .tokens_at_risk = at(5),
                             .slots = at(6),
                             .month = {at(7), money(8), money(9)},
                             .day = {at(10), money(11), money(12)},
                             .total = {0, money(13), money(14)}};
}

std::optional<limits::hold> unpack_hold(std::string_view packed) {
  if (packed.size() != hold_bytes)
    return std::nullopt;
  const auto at = [&](std::size_t i) { return unpack_at(packed, i); };
  return limits::hold{.requests_held = at(0),
                      .slots = at(1),
                      .held_tokens = tokens{at(2)},
                      .risk_tokens = tokens{at(3)},
                      .money = nano_usd{at(4)},
                      .month_id = at(5),
                      .day_id = at(6)};
}

std::optional<stored_request> unpack_request(std::string_view packed) {
  if (packed.size() < 17)
    return std::nullopt;
  stored_request made{.phase = packed[0], .since_ms = unpack_at(packed.substr(1), 0)};
  const bool lease = made.phase == 'l' || made.phase == 'd';
  if (made.phase == 'o' || lease) {
    if (packed.size() != (lease ? loan_bytes : open_bytes))
      return std::nullopt;
    const auto held = unpack_hold(packed.substr(open_bytes - hold_bytes, hold_bytes));
    if (!held)
      return std::nullopt;
    made.held = *held;
    made.owner = unhex(packed.substr(25, 16)).value_or(0);
    made.leaf = unhex(packed.substr(41, 16)).value_or(0);
  } else if (made.phase == 't') {
    if (packed.size() != tombstone_bytes)
      return std::nullopt;
    made.leaf = unhex(packed.substr(17, 16)).value_or(0);
    made.charged = {tokens{unpack_at(packed.substr(33), 2)},
                    nano_usd{unpack_at(packed.substr(33), 3)}};
  }
  return made;
}

void append_holds_name(std::string& out, std::uint64_t root) {
  out += "ds:{";
  append_hex(out, root);
  out += "}:holds";
}
void append_state_name(std::string& out, std::uint64_t root, std::uint64_t key) {
  out += "ds:{";
  append_hex(out, root);
  out += "}:state:";
  append_hex(out, key);
}
std::string holds_name(std::uint64_t root) {
  std::string name;
  append_holds_name(name, root);
  return name;
}
std::string state_name(std::uint64_t root, std::uint64_t key) {
  std::string name;
  append_state_name(name, root, key);
  return name;
}
std::string lanes_name(std::uint64_t root, std::uint64_t key) {
  return "ds:{" + hex(root) + "}:lanes:" + hex(key);
}

std::string lease_name(std::uint64_t node, std::uint32_t number) {
  std::string name;
  for (int shift = 0; shift < 64; shift += 8)
    name += static_cast<char>(node >> shift);
  for (int shift = 0; shift < 32; shift += 8)
    name += static_cast<char>(number >> shift);
  return name;
}

packed_chain::packed_chain(keys::key_slot& key) : holds(holds_name(key.root->id.value)) {
  const keys::key_chain chain{key};
  length = chain.length;
  packer all;
  for (std::size_t i = 0; i < length; ++i) {
    states[i] = state_name(key.root->id.value, chain.slots[i]->id.value);
    pack(all, chain.records[i]->limits);
  }
  limits = std::move(all.text());
}

} // namespace proxy::stores::redis
