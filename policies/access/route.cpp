// The table of documented endpoints. A path matches byte for byte or not at all: what is not in
// the table, or is spelt differently (escapes, dot segments, empty segments), does not exist.
#include "policies/access/route.hpp"

#include <algorithm>
#include <array>

namespace policies::access {
namespace {

constexpr std::array<std::string_view, permission_count> permission_names{
    "chat", "code", "images", "audio", "embeddings", "files", "fine_tuning", "account"};

constexpr std::array<std::string_view, 20> feature_names{
    "chat",     "fim",         "responses",   "anthropic",   "anthropic_count_tokens",
    "models",   "model",       "balance",     "file_upload", "file_list",
    "file_get", "file_delete", "tool_search", "tool_fetch",  "tool_ocr",
    "tool_asr", "tool_tts",    "embeddings",  "fine_tuning", "keys"};

enum class verb : std::uint8_t { none, get, post, patch, del, unknown };

// What may follow a resource's path.
enum class tail : std::uint8_t {
  nothing,
  file_id,
  file_id_content, // "{id}/content"
  model_id,
  segments, // one or more, separated by single slashes
};

struct operation {
  verb how = verb::none;
  feature what{};
  std::optional<permission> needs;
  body_kind body = body_kind::none;
  bool generates = false;
  std::string_view call;
};

struct resource {
  std::string_view path;
  tail rest = tail::nothing;
  std::string_view allow;
  std::array<operation, 4> operations{};
};

constexpr operation generate(feature what, permission needs) {
  return {verb::post, what, needs, body_kind::json_prompt, true, {}};
}
constexpr operation call(std::string_view name, feature what, permission needs) {
  return {verb::post, what, needs, body_kind::json_opaque, false, name};
}
constexpr operation read(feature what, std::optional<permission> needs) {
  return {verb::get, what, needs, body_kind::none, false, {}};
}
constexpr operation remove(feature what, permission needs) {
  return {verb::del, what, needs, body_kind::none, false, {}};
}
constexpr operation upload(feature what, permission needs) {
  return {verb::post, what, needs, body_kind::streamed, false, {}};
}

constexpr operation manage(verb how) {
  return {how,          feature::keys,
          std::nullopt, how == verb::get ? body_kind::none : body_kind::json_opaque,
          false,        {}};
}

constexpr std::string_view get_only = "GET, HEAD";
constexpr std::string_view post_only = "POST";

// Paths without the optional leading /v1; the most used first.
constexpr resource resources[] = {
    {"/chat/completions", tail::nothing, post_only, {generate(feature::chat, permission::chat)}},
    {"/anthropic/v1/messages",
     tail::nothing,
     post_only,
     {generate(feature::anthropic, permission::chat)}},
    {"/responses", tail::nothing, post_only, {generate(feature::responses, permission::chat)}},
    {"/beta/completions", tail::nothing, post_only, {generate(feature::fim, permission::code)}},
    {"/beta/chat/completions",
     tail::nothing,
     post_only,
     {generate(feature::chat, permission::chat)}},
    {"/completions", tail::nothing, post_only, {generate(feature::fim, permission::code)}},
    {"/anthropic/messages",
     tail::nothing,
     post_only,
     {generate(feature::anthropic, permission::chat)}},
    {"/anthropic/v1/messages/count_tokens",
     tail::nothing,
     post_only,
     {call({}, feature::anthropic_count_tokens, permission::chat)}},
    {"/models", tail::nothing, get_only, {read(feature::models, std::nullopt)}},
    {"/models/", tail::model_id, get_only, {read(feature::model, std::nullopt)}},
    {"/anthropic/v1/models", tail::nothing, get_only, {read(feature::models, std::nullopt)}},
    {"/anthropic/v1/models/", tail::model_id, get_only, {read(feature::model, std::nullopt)}},
    {"/user/balance", tail::nothing, get_only, {read(feature::balance, permission::account)}},
    {"/files",
     tail::nothing,
     "GET, HEAD, POST",
     {read(feature::file_list, permission::files),
      upload(feature::file_upload, permission::files)}},
    {"/files/",
     tail::file_id,
     "GET, HEAD, DELETE",
     {read(feature::file_get, permission::files), remove(feature::file_delete, permission::files)}},
    {"/files/", tail::file_id_content, get_only, {read(feature::file_get, permission::files)}},
    {"/tools/search",
     tail::nothing,
     post_only,
     {call("search", feature::tool_search, permission::chat)}},
    {"/tools/fetch",
     tail::nothing,
     post_only,
     {call("fetch", feature::tool_fetch, permission::chat)}},
    {"/tools/ocr", tail::nothing, post_only, {call("ocr", feature::tool_ocr, permission::images)}},
    {"/tools/asr", tail::nothing, post_only, {call("asr", feature::tool_asr, permission::audio)}},
    {"/tools/tts", tail::nothing, post_only, {call("tts", feature::tool_tts, permission::audio)}},
    {"/embeddings",
     tail::nothing,
     post_only,
     {call("embeddings", feature::embeddings, permission::embeddings)}},
    {"/fine_tuning/",
     tail::segments,
     "GET, HEAD, POST, DELETE",
     {call("fine_tuning", feature::fine_tuning, permission::fine_tuning),
      read(feature::fine_tuning, permission::fine_tuning),
      remove(feature::fine_tuning, permission::fine_tuning)}},
    {"/keys", tail::nothing, "GET, HEAD, POST", {manage(verb::get), manage(verb::post)}},
    {"/keys/",
     tail::segments,
     "GET, HEAD, POST, PATCH, DELETE",
     {manage(verb::get), manage(verb::post), manage(verb::patch), manage(verb::del)}},
};

constexpr std::size_t id_length_max = 128;

constexpr bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool is_file_id(std::string_view text) {
  return !text.empty() && text.size() <= id_length_max && std::ranges::all_of(text, is_plain);
}

// Names with dots and colons, but never a dot segment.
bool is_name(std::string_view text) {
  const auto allowed = [](char c) { return is_plain(c) || c == '.' || c == ':'; };
  return !text.empty() && text.size() <= id_length_max && text != "." && text != ".." &&
         std::ranges::all_of(text, allowed);
}

bool are_names(std::string_view text) {
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!is_name(text.substr(0, slash)))
      return false;
    if (slash == std::string_view::npos)
      return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_at(const resource& candidate, std::string_view path, std::string_view& id) {
  if (candidate.rest == tail::nothing)
    return path == candidate.path;
  if (!path.starts_with(candidate.path))
    return false;
  id = path.substr(candidate.path.size());
  switch (candidate.rest) {
  case tail::file_id:
    return is_file_id(id);
  case tail::file_id_content: {
    constexpr std::string_view content = "/content";
    if (!id.ends_with(content))
      return false;
    id.remove_suffix(content.size());
    return is_file_id(id);
  }
  case tail::model_id:
    return is_name(id);
  default:
    return are_names(id);
  }
}

verb verb_of(std::string_view method) {
  if (method == "POST")
    return verb::post;
  if (method == "GET" || method == "HEAD")
    return verb::get;
  if (method == "PATCH")
    return verb::patch;
  return method == "DELETE" ? verb::del : verb::unknown;
}

} // namespace

std::optional<permission> permission_named(std::string_view name) {
  const auto* const found = std::ranges::find(permission_names, name);
  if (found == permission_names.end())
    return std::nullopt;
  return static_cast<permission>(found - permission_names.begin());
}

std::string_view name_of(permission p) {
  return permission_names[static_cast<std::size_t>(p)];
}

std::string_view name_of(feature f) {
  return feature_names[static_cast<std::size_t>(f)];
}

route_match find_route(std::string_view method, std::string_view path) {
  if (path.starts_with("/v1/"))
    path.remove_prefix(3);
  for (const resource& candidate : resources) {
    std::string_view id;
    if (!is_at(candidate, path, id))
      continue;
    const verb asked = verb_of(method);
    for (const operation& op : candidate.operations) {
      if (op.how == asked)
        return {.found = route{op.what, op.needs, op.body, op.generates,
                               candidate.rest == tail::segments ? std::string_view{} : id, op.call},
                .error = {},
                .allow = candidate.allow};
    }
    return {
        .found = std::nullopt, .error = route_error::method_not_allowed, .allow = candidate.allow};
  }
  return {.found = std::nullopt, .error = route_error::not_found, .allow = {}};
}

std::optional<permission> permission_of(feature f) {
  for (const resource& each : resources)
    for (const operation& one : each.operations)
      if (one.how != verb::none && one.what == f)
        return one.needs;
  return std::nullopt;
}

} // namespace policies::access
