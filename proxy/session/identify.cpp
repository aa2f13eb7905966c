// Who asks, for what: the secret to its key, the path to its route, the caller against the key's
// lists. Nothing of the body is needed for it.
#include "proxy/session/conversation.hpp"

#include <algorithm>

#include "policies/keys/secret.hpp"

namespace proxy::session {
namespace {

namespace access = policies::access;
using policies::admission::refusal_code;

constexpr std::string_view ours = " (refused by deepseek-proxy)";

std::string by_us(std::string text) {
  return text.append(ours);
}

bool is_bearer(std::string_view scheme) {
  constexpr std::string_view bearer = "bearer";
  return std::equal(scheme.begin(), scheme.end(), bearer.begin(), bearer.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

// "Bearer x" -> x; anything else -> empty.
std::string_view bearer_of(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos || !is_bearer(authorization.substr(0, space)))
    return {};
  std::string_view token = authorization.substr(space + 1);
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

step unknown_key(conversation& c, std::string message) {
  c.my.count.unauthenticated.add();
  return c.x.refuse_with(refusal_code::invalid_api_key, by_us(std::move(message)));
}

step authenticate(conversation& c) {
  const http::request_head& head = c.x.in.head;
  if (head.query.find(policies::keys::secret_prefix) != std::string_view::npos)
    return unknown_key(c, "An API key must not stand in the URL, where logs keep it: it is invalid "
                          "there. Send it as 'Authorization: Bearer', and rotate this key.");
  const std::string_view bearer = bearer_of(head.authorization);
  if (!head.authorization.empty() && !head.x_api_key.empty() && bearer != head.x_api_key)
    return c.x.refuse_with(refusal_code::invalid_request,
                           by_us("Authorization and x-api-key disagree: send one of them."));
  const std::string_view secret = head.authorization.empty() ? head.x_api_key : bearer;
  if (secret.empty())
    return unknown_key(c, "No valid API key was sent (it is missing or invalid). Send it as "
                          "'Authorization: Bearer sk-ds-…'.");
  if (!c.caller.matches(secret)) {
    if (!policies::keys::well_formed(secret))
      return unknown_key(c, "The API key is invalid: it is not a key of this proxy. Check that it "
                            "was copied whole.");
    c.caller.learn(secret, c.my.digest.of(secret));
  }
  c.x.presented = c.caller.hash;
  keys::key_slot* key = c.my.shared.directory.find_used(c.x.presented, c.now());
  const auto* record = key ? key->record.load() : nullptr;
  const auto listed = [&](const policies::keys::key_secret& s) { return s.hash == c.x.presented; };
  if (!record || std::none_of(record->secrets.begin(), record->secrets.end(), listed))
    return unknown_key(c, "The API key is invalid: this proxy does not know it.");
  c.x.key = key;
  return step::go_on;
}

step find_route(conversation& c) {
  const http::request_head& head = c.x.in.head;
  if (head.upgrade_websocket)
    return c.x.refuse_with(refusal_code::websocket_unsupported,
                           by_us("WebSocket is not supported by this proxy."));
  const access::route_match match = access::find_route(head.method, head.path);
  if (match.found) {
    c.x.route = *match.found;
    return step::go_on;
  }
  if (match.error == access::route_error::method_not_allowed)
    return c.x.refuse_with(
        refusal_code::method_not_allowed,
        by_us("This path does not take that method; it takes " + std::string(match.allow) + "."));
  return c.x.refuse_with(refusal_code::not_found,
                         by_us("There is no such path in the DeepSeek API. Base URLs are /, /v1, "
                               "/beta and /anthropic."));
}

step check_body_form(conversation& c) {
  const http::request_head& head = c.x.in.head;
  if (head.content_encoded)
    return c.x.refuse_with(refusal_code::unsupported_media_type,
                           by_us("Compressed request bodies are not accepted; send it as it is."));
  const bool has_body = head.body == http::framing::chunked || head.content_length > 0;
  if (c.x.route.body == access::body_kind::none && has_body)
    return c.x.refuse_with(refusal_code::invalid_request, by_us("This path takes no body."));
  if (c.x.route.body == access::body_kind::streamed &&
      head.content_length > c.settings().server.body_bytes_max)
    return c.x.refuse_with(refusal_code::request_too_large,
                           by_us("The upload is larger than this proxy accepts."));
  if (c.x.route.body == access::body_kind::streamed && head.body == http::framing::none)
    return c.x.refuse_with(refusal_code::length_required, by_us("An upload needs a body."));
  return step::go_on;
}

access::ip_address client_of(conversation& c, const access::ip_address& peer) {
  const auto& trusted = c.settings().server.trusted_proxies;
  if (trusted.empty() || !access::any_contains(trusted, peer))
    return peer;
  std::array<std::string_view, http::fields_max> lines;
  std::size_t count = 0;
  for (const http::field& f : c.x.in.head.all())
    if (f.name.size() == 15 && std::equal(f.name.begin(), f.name.end(), "x-forwarded-for",
                                          [](char a, char b) { return (a | 0x20) == (b | 0x20); }))
      lines[count++] = f.value;
  return access::client_address(peer, {lines.data(), count}, trusted);
}

} // namespace

step check_caller_now(conversation& c) {
  const http::request_head& head = c.x.in.head;
  const policies::admission::caller_facts facts{c.x.client, head.referer, head.origin,
                                                &c.x.presented};
  const keys::key_chain chain{*c.x.key};
  c.x.refusal = policies::admission::check_caller(chain.view(), facts, c.x.route, c.now());
  return c.x.refusal ? step::refuse : step::go_on;
}

step identify(conversation& c, const access::ip_address& peer) {
  c.x.client = client_of(c, peer);
  step s = authenticate(c);
  if (s == step::go_on)
    s = find_route(c);
  if (s == step::go_on)
    s = check_body_form(c);
  if (s != step::go_on)
    return s;
  s = check_caller_now(c);
  if (s == step::go_on && c.my.shared.sighted)
    c.my.seen_from.note(c.x.key->id, c.x.client, c.x.in.head.origin, c.x.in.head.referer);
  return s == step::go_on ? check_scope(c) : s;
}

} // namespace proxy::session
