// Browsers: the preflight that carries no key, and the fields that let a page read its answer.
#include "proxy/session/conversation.hpp"

#include "proxy/http/octets.hpp"

namespace proxy::session {
namespace {

std::string_view field_of(const http::request_head& head, std::string_view lower) {
  for (const http::field& f : head.all())
    if (http::equal_ignoring_case(f.name, lower))
      return f.value;
  return {};
}

constexpr std::string_view exposed =
    "x-request-id, retry-after, retry-after-ms, x-should-retry, x-ratelimit-limit-requests, "
    "x-ratelimit-remaining-requests, x-ratelimit-reset-requests, x-ratelimit-limit-tokens, "
    "x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, x-budget-limit-usd, "
    "x-budget-remaining-usd";

// A page may read what its own key's list allows; where no key was told, what any key's does.
bool may_read(conversation& c, std::string_view origin) {
  if (!c.x.key)
    return c.my.shared.origins.any_allows(origin);
  const keys::key_chain chain{*c.x.key};
  return std::ranges::all_of(chain.view(), [&](const policies::keys::key_record* each) {
    return policies::access::referrer_allowed(each->allowed_referrers, {}, origin);
  });
}

} // namespace

bool is_preflight(const exchange& x) {
  const http::request_head& head = x.in.head;
  return head.method == "OPTIONS" && !head.origin.empty() &&
         !field_of(head, "access-control-request-method").empty();
}

io::task<step> answer_preflight(conversation& c) {
  exchange& x = c.x;
  if (!c.my.shared.origins.any_allows(x.in.head.origin))
    co_return x.refuse_with(policies::admission::refusal_code::referrer_not_allowed,
                            "No API key of this proxy may be used from this origin. (refused by "
                            "deepseek-proxy)");
  x.in.body_complete = body_has_arrived(x) && x.in.head.content_length == 0;
  x.in.next_at = x.in.head_length;
  if (!x.in.body_complete)
    x.in.head.keep_alive = false;
  if (!x.head_block)
    x.head_block = c.my.blocks.take();
  http::head_writer out{{x.head_block.get(), block_bytes}};
  out.raw("HTTP/1.1 204 No Content\r\n");
  write_origin_fields(out, c);
  out.line("access-control-allow-methods", "GET, POST, DELETE");
  const std::string_view wanted = field_of(x.in.head, "access-control-request-headers");
  if (!wanted.empty())
    out.line("access-control-allow-headers", wanted);
  out.line("access-control-max-age", "600");
  if (!x.in.head.keep_alive)
    out.line("connection", "close");
  out.end();
  const std::string_view text = out.text();
  iovec piece{const_cast<char*>(text.data()), text.size()};
  const io::deadline until = c.my.loop.in(c.settings().server.client_stall_timeout);
  const io::io_result sent = co_await c.client.write({&piece, 1}, until);
  co_return sent.what == io::status::ok ? step::go_on : step::drop;
}

void write_origin_fields(http::head_writer& out, conversation& c) {
  const std::string_view origin = c.x.in.head.origin;
  if (origin.empty() || !may_read(c, origin))
    return;
  out.line("access-control-allow-origin", origin);
  out.line("access-control-expose-headers", exposed);
  out.line("vary", "origin");
}

} // namespace proxy::session
