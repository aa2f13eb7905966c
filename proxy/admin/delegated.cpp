// From a call's text to the router.
#include "proxy/admin/delegated.hpp"

#include "policies/keys/secret.hpp"
#include "proxy/admin/json_text.hpp"
#include "proxy/admin/router.hpp"

namespace proxy::admin {

reply answer_delegated(const admin_context& context, issued_answers& issued,
                       const delegated_call& call) {
  const std::string path = call.target.substr(0, call.target.find('?'));
  const auto matched = find_route(boost::beast::http::string_to_verb(call.method), path);
  if (!matched.found || !may_delegate_to(*matched.found))
    return reply_of({.status = 404,
                     .message = "no such call: " + shown(call.method) + " " + shown(path),
                     .code = "not_found"});
  const auto record = context.directory.copy_of(call.by);
  if (!record || !record->may_delegate)
    return reply_of({.status = 403,
                     .message = "this key may not manage keys any more",
                     .code = "permission_denied"});
  request asked;
  asked.by.actor = policies::keys::to_string(call.by);
  asked.by.role = policies::keys::admin_role::operator_;
  asked.by.delegate = call.by;
  asked.path = path;
  asked.issued = &issued;
  asked.if_match = call.if_match;
  asked.idempotency_key = call.idempotency_key;
  asked.body = call.body;
  asked.now = context.now();
  return dispatch(context, matched, call.target, std::move(asked));
}

} // namespace proxy::admin
