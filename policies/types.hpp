// The words every part shares: amounts, identities and instants as types of their own, so that a
// token is never added to a nano-dollar and a key id never passed for a request id.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>

namespace policies {

// An integer amount of one unit. Arithmetic stays within the unit; value() leaves it.
template <class Unit>
struct amount {
  std::int64_t value = 0;

  constexpr amount() = default;
  constexpr explicit amount(std::int64_t v) : value(v) {}
  constexpr auto operator<=>(const amount&) const = default;
  constexpr amount& operator+=(amount other) { return value += other.value, *this; }
  constexpr amount& operator-=(amount other) { return value -= other.value, *this; }
  friend constexpr amount operator+(amount a, amount b) { return amount{a.value + b.value}; }
  friend constexpr amount operator-(amount a, amount b) { return amount{a.value - b.value}; }
};

// 10^-9 US dollars: what is held, charged and limited. 2^53 of them are nine million dollars, so
// amounts stay exact in a Lua number too.
using nano_usd = amount<struct nano_usd_unit>;
// 10^-12 US dollars: the price of one token or one call.
using pico_usd = amount<struct pico_usd_unit>;
// Model tokens, as the upstream bills them.
using tokens = amount<struct token_unit>;

// Wall-clock time, UTC, at the resolution limits work with.
using instant = std::chrono::sys_time<std::chrono::milliseconds>;
using std::chrono::milliseconds;

// A sub-key's identity: 60 random bits, written key_ + 12 digits of Crockford base32. No secret.
struct key_id {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const key_id&) const = default;
  constexpr explicit operator bool() const { return value != 0; }
};

// A request's identity: 128 random bits, written as 32 hex digits in x-request-id.
struct request_id {
  std::array<std::uint8_t, 16> bytes{};
  constexpr auto operator<=>(const request_id&) const = default;
};

} // namespace policies
