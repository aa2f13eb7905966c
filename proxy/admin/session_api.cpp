// Signing in and out of the dashboard. Who changes something was checked before: by the admin key,
// or by the session itself.
#include "proxy/admin/handlers.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/web_sessions.hpp"

namespace proxy::admin {
namespace {

reply view_of(const web_sessions::session& session) {
  return json_reply(200, {{"signed_in", true},
                          {"role", policies::keys::name_of(session.by.role)},
                          {"csrf_token", session.csrf},
                          {"expires_at", rfc3339(session.ends)}});
}

} // namespace

answer<reply> open_session(const admin_context& context, const request& call) {
  std::string token;
  reply out = view_of(call.browsers->open(context.random, call.now, call.by, token));
  out.status = 201;
  out.cookie = session_cookie(token, call.secure);
  return out;
}

answer<reply> show_session(const admin_context&, const request& call) {
  const web_sessions::session* session = call.browsers->find(call.session_token, call.now);
  return session ? view_of(*session) : json_reply(200, {{"signed_in", false}});
}

answer<reply> end_session(const admin_context&, const request& call) {
  call.browsers->end(call.session_token);
  reply out = json_reply(200, {{"signed_in", false}});
  out.cookie = session_cookie("", call.secure);
  return out;
}

} // namespace proxy::admin
