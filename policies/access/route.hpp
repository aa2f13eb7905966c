// Which upstream feature a method and path mean, which permission it needs and how its body is
// read. The path is compared byte for byte with what is sent upstream: nothing is normalised.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace policies::access {

enum class permission : std::uint8_t {
  chat,
  code,
  images,
  audio,
  embeddings,
  files,
  fine_tuning,
  account,
};
inline constexpr int permission_count = 8;

// A set of permissions, one bit each.
struct permission_set {
  std::uint16_t bits = 0;
  constexpr bool has(permission p) const { return bits >> static_cast<int>(p) & 1; }
  constexpr void add(permission p) {
    bits = static_cast<std::uint16_t>(bits | 1u << static_cast<int>(p));
  }
  constexpr bool operator==(const permission_set&) const = default;
};
std::optional<permission> permission_named(std::string_view name); // "chat", "fine_tuning", ...
std::string_view name_of(permission p);

enum class feature : std::uint8_t {
  chat,
  fim,
  responses,
  anthropic,
  anthropic_count_tokens,
  models,
  model,
  balance,
  file_upload,
  file_list,
  file_get,
  file_delete,
  tool_search,
  tool_fetch,
  tool_ocr,
  tool_asr,
  tool_tts,
  embeddings,
  fine_tuning,
  keys, // not the upstream's: a key's management of those below it
};
std::string_view name_of(feature f);
// What a key needs for it; nullopt: any active key may (models).
std::optional<permission> permission_of(feature f);

enum class body_kind : std::uint8_t {
  none,        // no body expected; one that comes is refused
  json_prompt, // inspected, limited, spliced
  json_opaque, // passed on as it is, bounded
  streamed,    // multipart upload, passed on as it comes
};

struct route {
  feature what{};
  std::optional<permission> needs; // nullopt: any active key (models)
  body_kind body{};
  bool generates = false; // calls a model: limited by tokens and money
  std::string_view id;    // /files/{id}, /models/{id}: the id, a view into the path
  std::string_view call;  // billed by the piece: its name in the price table; empty: free
};

// `path` without query. nullopt: no such route (404); wrong method is told apart by
// route_error::method_not_allowed.
enum class route_error : std::uint8_t { not_found, method_not_allowed, websocket_unsupported };
struct route_match {
  std::optional<route> found;
  route_error error{};
  std::string_view allow; // for 405: "GET, POST"
};
route_match find_route(std::string_view method, std::string_view path);

} // namespace policies::access
