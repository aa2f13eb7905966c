// https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html: the session's
// id is 256 random bits, kept as a digest, of a fixed lifetime.
#include "proxy/admin/web_sessions.hpp"

#include <algorithm>

#include <openssl/crypto.h>

#include "proxy/admin/sha256.hpp"
#include "proxy/hex.hpp"

namespace proxy::admin {
namespace {

bool same(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

} // namespace

const web_sessions::session&
web_sessions::open(const std::function<void(std::span<std::byte>)>& random, policies::instant now,
                   const caller& by, std::string& token) {
  std::erase_if(open_, [&](const auto& each) { return each.second.ends <= now; });
  if (open_.size() >= open_max)
    open_.erase(
        std::ranges::min_element(open_, {}, [](const auto& each) { return each.second.ends; }));
  std::array<std::uint8_t, 64> bytes{};
  random(std::as_writable_bytes(std::span{bytes}));
  token = hex(std::span{bytes}.first(32));
  return open_
      .insert_or_assign(sha256(token), session{hex(std::span{bytes}.last(32)), now + lifetime, by})
      .first->second;
}

const web_sessions::session* web_sessions::find(std::string_view token,
                                                policies::instant now) const {
  const auto at = token.empty() ? open_.end() : open_.find(sha256(token));
  return at != open_.end() && now < at->second.ends ? &at->second : nullptr;
}

void web_sessions::end(std::string_view token) {
  open_.erase(sha256(token));
}

std::string_view session_token(std::string_view cookie_field) {
  while (!cookie_field.empty()) {
    const std::size_t end = std::min(cookie_field.find(';'), cookie_field.size());
    std::string_view pair = cookie_field.substr(0, end);
    cookie_field.remove_prefix(std::min(end + 1, cookie_field.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    constexpr std::string_view name = web_sessions::cookie_name;
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

std::string session_cookie(std::string_view token, bool secure) {
  const auto age =
      token.empty() ? std::chrono::seconds{0} : std::chrono::seconds{web_sessions::lifetime};
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}",
                     web_sessions::cookie_name, token, age.count(), secure ? "; Secure" : "");
}

answer<caller> caller_in(const web_sessions& sessions, const browser_call& call,
                         policies::instant now) {
  const web_sessions::session* found = sessions.find(call.token, now);
  if (!found)
    return problem{.status = 401,
                   .message = "this session has ended: sign in again with the admin key",
                   .code = "session_ended"};
  if (call.changes && !same(call.csrf, found->csrf))
    return problem{.status = 403,
                   .message = "the X-CSRF-Token field is missing or wrong: it is what "
                              "GET /v1/session answers",
                   .code = "csrf_token_invalid"};
  return found->by;
}

} // namespace proxy::admin
