// One table of names, found by length; families of names by their prefix.
#include "proxy/http/field_name.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "proxy/http/octets.hpp"

namespace proxy::http {
namespace {

struct known_name {
  std::string_view text; // lower case; letters, digits and dashes only
  field_id id;
};

// By length, so that a name is compared with few others.
constexpr std::array known_names = std::to_array<known_name>({
    {"te", field_id::te},
    {"host", field_id::host},
    {"cookie", field_id::cookie},
    {"expect", field_id::expect},
    {"origin", field_id::origin},
    {"server", field_id::server},
    {"alt-svc", field_id::alt_svc},
    {"cookie2", field_id::cookie},
    {"referer", field_id::referer},
    {"trailer", field_id::trailer},
    {"upgrade", field_id::upgrade},
    {"forwarded", field_id::forwarded},
    {"x-api-key", field_id::x_api_key},
    {"x-real-ip", field_id::x_real_ip},
    {"connection", field_id::connection},
    {"keep-alive", field_id::keep_alive},
    {"set-cookie", field_id::set_cookie},
    {"user-agent", field_id::user_agent},
    {"retry-after", field_id::retry_after},
    {"set-cookie2", field_id::set_cookie},
    {"content-type", field_id::content_type},
    {"x-request-id", field_id::x_request_id},
    {"authorization", field_id::authorization},
    {"x-http-method", field_id::method_override},
    {"x-rewrite-url", field_id::x_original_url},
    {"content-length", field_id::content_length},
    {"http2-settings", field_id::http2_settings},
    {"x-original-url", field_id::x_original_url},
    {"accept-encoding", field_id::accept_encoding},
    {"idempotency-key", field_id::idempotency_key},
    {"content-encoding", field_id::content_encoding},
    {"transfer-encoding", field_id::transfer_encoding},
    {"x-method-override", field_id::method_override},
    {"x-http-method-override", field_id::method_override},
    {"strict-transport-security", field_id::strict_transport_security},
});
static_assert(std::ranges::is_sorted(known_names, {}, [](auto& n) { return n.text.size(); }));

constexpr std::array families = std::to_array<known_name>({
    {"proxy-", field_id::proxy},
    {"x-forwarded-", field_id::x_forwarded},
    {"x-ratelimit-", field_id::x_ratelimit},
    {"x-budget-", field_id::x_budget},
});

constexpr std::size_t length_max = known_names.back().text.size();

// Names of length n are at [first_of[n], first_of[n + 1]).
constexpr auto first_of = [] {
  std::array<std::uint8_t, length_max + 2> first{};
  for (std::size_t n = 0; n < first.size(); ++n)
    first[n] = static_cast<std::uint8_t>(
        std::ranges::count_if(known_names, [n](auto& name) { return name.text.size() < n; }));
  return first;
}();

constexpr std::uint8_t traits_of(field_id id) {
  constexpr unsigned both_ways = not_to_upstream | not_to_client;
  constexpr unsigned once = once_in_request | once_in_answer;
  const auto bits = [](unsigned b) { return static_cast<std::uint8_t>(b); };
  switch (id) {
  case field_id::connection:
  case field_id::transfer_encoding:
    return bits(hop_by_hop_field | once | forbidden_in_trailer);
  case field_id::http2_settings:
  case field_id::keep_alive:
  case field_id::proxy:
  case field_id::te:
  case field_id::trailer:
  case field_id::upgrade:
    return bits(hop_by_hop_field | forbidden_in_trailer);
  case field_id::content_length:
    return bits(both_ways | once | forbidden_in_trailer);
  case field_id::content_type:
    return bits(once | forbidden_in_trailer);
  case field_id::content_encoding:
    return bits(once_in_request | forbidden_in_trailer);
  case field_id::authorization:
  case field_id::expect:
  case field_id::host:
  case field_id::origin:
  case field_id::referer:
  case field_id::x_api_key:
    return bits(not_to_upstream | once_in_request | forbidden_in_trailer);
  case field_id::accept_encoding:
  case field_id::cookie:
  case field_id::forwarded:
  case field_id::method_override:
  case field_id::x_forwarded:
  case field_id::x_original_url:
  case field_id::x_real_ip:
    return bits(not_to_upstream | forbidden_in_trailer);
  case field_id::idempotency_key:
    return bits(once_in_request | forbidden_in_trailer);
  case field_id::x_request_id:
    return bits(both_ways);
  case field_id::alt_svc:
  case field_id::server:
  case field_id::strict_transport_security:
  case field_id::x_budget:
  case field_id::x_ratelimit:
    return bits(not_to_client);
  case field_id::set_cookie:
    return bits(not_to_client | forbidden_in_trailer);
  case field_id::other:
  case field_id::retry_after:
  case field_id::unlooked:
  case field_id::user_agent:
    break;
  }
  return 0;
}

constexpr auto traits = [] {
  std::array<std::uint8_t, static_cast<std::size_t>(field_id::x_request_id) + 1> table{};
  for (std::size_t id = 0; id < table.size(); ++id)
    table[id] = traits_of(static_cast<field_id>(id));
  return table;
}();

// What of each octet of a known name has to be equal: all of it, but for the bit that tells a small
// letter from a capital one. So what is found equal is made of the name's own octets.
constexpr std::size_t padded = 32;
static_assert(length_max <= padded);

struct mask {
  std::array<char, padded> octets{};
};

constexpr mask mask_of(std::string_view name) {
  mask made;
  for (std::size_t i = 0; i < name.size(); ++i)
    made.octets[i] = static_cast<char>(name[i] >= 'a' && name[i] <= 'z' ? 0xdf : 0xff);
  return made;
}

template <std::size_t Count>
constexpr std::array<mask, Count> masks_of(const std::array<known_name, Count>& names) {
  std::array<mask, Count> made{};
  for (std::size_t i = 0; i < Count; ++i)
    made[i] = mask_of(names[i].text);
  return made;
}

constexpr auto known_masks = masks_of(known_names);
constexpr auto family_masks = masks_of(families);

template <class Word>
bool differ(const char* a, const char* b, const char* which) {
  Word x;
  Word y;
  Word m;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  std::memcpy(&m, which, sizeof m);
  return ((x ^ y) & m) != 0;
}

bool same(const char* a, const known_name& known, const mask& which) {
  const char* const b = known.text.data();
  const char* const m = which.octets.data();
  const std::size_t size = known.text.size();
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 <= size; at += 8)
      if (differ<std::uint64_t>(a + at, b + at, m + at))
        return false;
    const std::size_t last = size - 8;
    return !differ<std::uint64_t>(a + last, b + last, m + last);
  }
  if (size >= 4)
    return !differ<std::uint32_t>(a, b, m) &&
           !differ<std::uint32_t>(a + size - 4, b + size - 4, m + size - 4);
  for (std::size_t at = 0; at < size; ++at)
    if (differ<std::uint8_t>(a + at, b + at, m + at))
      return false;
  return true;
}

} // namespace

field_id look_up(std::string_view name) {
  const std::size_t size = name.size();
  if (size > 0 && size <= length_max)
    for (std::size_t i = first_of[size]; i < first_of[size + 1]; ++i)
      if (same(name.data(), known_names[i], known_masks[i]))
        return known_names[i].id;
  for (std::size_t i = 0; i < families.size(); ++i)
    if (size >= families[i].text.size() && same(name.data(), families[i], family_masks[i]) &&
        all_are(token_octet, name.substr(families[i].text.size())))
      return families[i].id;
  return field_id::other;
}

bool has(field_id id, field_trait trait) {
  return (traits[static_cast<std::size_t>(id)] & trait) != 0;
}

bool is_underscore_twin(std::string_view name) {
  if (name.find('_') == std::string_view::npos || name.size() > 64 ||
      look_up(name) != field_id::other)
    return false;
  std::array<char, 64> dashed;
  std::ranges::replace_copy(name, dashed.begin(), '_', '-');
  return look_up({dashed.data(), name.size()}) != field_id::other;
}

} // namespace proxy::http
