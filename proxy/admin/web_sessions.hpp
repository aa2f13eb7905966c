// Browsers that signed in to the dashboard: a cookie that scripts cannot read, and beside it a
// token that pages of other origins cannot know.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policies/keys/secret.hpp"
#include "policies/types.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// One thread's. Sessions live in memory: a restart signs everyone out.
class web_sessions {
 public:
  static constexpr std::chrono::hours lifetime{12};
  static constexpr std::size_t open_max = 256; // the one that ends first makes room
  static constexpr std::string_view cookie_name = "deepseek_session";

  struct session {
    std::string csrf;
    policies::instant ends;
    caller by; // who signed in
  };

  // Makes a session; `token` receives what the cookie holds. The table keeps only its digest.
  const session& open(const std::function<void(std::span<std::byte>)>& random,
                      policies::instant now, const caller& by, std::string& token);
  // nullptr: never opened, ended, or too old.
  const session* find(std::string_view token, policies::instant now) const;
  void end(std::string_view token);

 private:
  std::map<policies::keys::secret_hash, session> open_;
};

// The session's token in a Cookie field; empty where there is none.
std::string_view session_token(std::string_view cookie_field);
// The value of Set-Cookie that keeps `token`, or with an empty one removes it; `secure`: sent back
// over TLS only.
std::string session_cookie(std::string_view token, bool secure);

struct browser_call {
  std::string_view token;
  std::string_view csrf; // the field X-CSRF-Token
  bool changes = false;  // anything but GET and HEAD
};
answer<caller> caller_in(const web_sessions& sessions, const browser_call& call,
                         policies::instant now);

} // namespace proxy::admin
