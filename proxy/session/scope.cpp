// Account-wide resources seen through one key: only the models it may use, only the files it
// uploaded. Such answers are small; they are read whole, narrowed and written anew.
#include "proxy/session/conversation.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace proxy::session {
namespace {

namespace access = policies::access;
namespace json = boost::json;
using access::feature;
using policies::admission::refusal_code;

constexpr std::size_t answer_bytes_max = 4u << 20;

bool may_use_model(const conversation& c, std::string_view model) {
  const keys::key_chain chain{*c.x.key};
  return std::ranges::all_of(chain.view(), [&](const policies::keys::key_record* record) {
    return policies::keys::model_allowed(*record, model);
  });
}

bool may_use_file(const conversation& c, std::string_view file) {
  return c.my.shared.files.owns(c.x.key->id, file);
}

// Keeps the items of "data" whose "id" passes; false: the answer is no such list.
template <class Keep>
bool narrow_list(json::value& answer, Keep keep) {
  json::object* object = answer.if_object();
  json::value* data = object ? object->if_contains("data") : nullptr;
  json::array* items = data ? data->if_array() : nullptr;
  if (!items)
    return false;
  json::array kept;
  for (json::value& item : *items) {
    const json::object* fields = item.if_object();
    const json::value* id = fields ? fields->if_contains("id") : nullptr;
    if (id && id->is_string() && keep(std::string_view{id->get_string()}))
      kept.push_back(item);
  }
  *items = std::move(kept);
  return true;
}

std::string id_in(const json::value& answer) {
  const json::object* object = answer.if_object();
  const json::value* id = object ? object->if_contains("id") : nullptr;
  return id && id->is_string() ? std::string(id->get_string()) : std::string{};
}

// What an answer to an upload or a deletion teaches about ownership.
void learn_ownership(conversation& c, const std::string& body) {
  if (c.x.route.what == feature::file_delete)
    return c.my.shared.files.release(std::string(c.x.route.id));
  boost::system::error_code failed;
  const json::value answer = json::parse(body, failed);
  if (std::string id = failed ? "" : id_in(answer); !id.empty())
    c.my.shared.files.claim(c.x.key->id, id);
}

// The list as this key may see it; nullopt: not understood, so that nothing of it may be shown.
std::optional<std::string> narrowed_list(const conversation& c, const std::string& body) {
  boost::system::error_code failed;
  json::value answer = json::parse(body, failed);
  const bool of_models = c.x.route.what == feature::models;
  const bool understood = !failed && narrow_list(answer, [&](std::string_view id) {
    return of_models ? may_use_model(c, id) : may_use_file(c, id);
  });
  if (!understood)
    return std::nullopt;
  return json::serialize(answer);
}

std::optional<std::string> scoped(conversation& c, std::string body) {
  const feature what = c.x.route.what;
  if (c.x.up.head.status >= 400)
    return body;
  if (what == feature::models || what == feature::file_list)
    return narrowed_list(c, body);
  learn_ownership(c, body);
  return body;
}

// `head_block` takes the block in which the head's fields lie, lest others are read over them.
io::task<std::optional<std::string>> collect(conversation& c, std::unique_ptr<char[]>& head_block) {
  std::string body;
  while (!c.x.up.complete) {
    if (!head_block && c.x.up.at == c.x.up.filled)
      head_block = std::move(c.x.up.block);
    const io::deadline until =
        std::min(c.my.loop.in(c.settings().upstream.idle_timeout), c.x.lifetime_end);
    auto reading = next_piece(c, until);
    const piece next = co_await std::move(reading);
    if (next.broken || body.size() + next.payload.size() > answer_bytes_max)
      co_return std::nullopt;
    body.append(next.payload);
  }
  co_return body;
}

} // namespace

step check_scope(conversation& c) {
  const access::route& route = c.x.route;
  if (route.what == feature::keys && !c.x.key->record.load()->may_delegate)
    return c.x.refuse_with(refusal_code::permission_denied,
                           "This API key may not manage keys: ask the owner of this proxy to set "
                           "may_delegate. (refused by deepseek-proxy)");
  const bool names_file = route.what == feature::file_get || route.what == feature::file_delete;
  if (names_file && !may_use_file(c, route.id))
    return c.x.refuse_with(refusal_code::not_found,
                           "There is no such file among those this API key uploaded. (refused by "
                           "deepseek-proxy)");
  if (route.what == feature::model && !may_use_model(c, route.id))
    return c.x.refuse_with(refusal_code::model_not_allowed,
                           "This API key may not use that model. (refused by deepseek-proxy)");
  return step::go_on;
}

bool needs_scoping(const exchange& x) {
  if (x.in.head.method == "HEAD") // without a body there is nothing to narrow
    return false;
  return x.route.what == feature::models || x.route.what == feature::file_list ||
         x.route.what == feature::file_upload || x.route.what == feature::file_delete;
}

io::task<step> relay_scoped(conversation& c) {
  exchange& x = c.x;
  std::unique_ptr<char[]> head_block;
  auto collecting = collect(c, head_block);
  std::optional<std::string> body = co_await std::move(collecting);
  if (!body) {
    x.up.reusable = false;
    co_return x.refuse_with(refusal_code::upstream_failed,
                            "The DeepSeek API broke off its answer, or it was too large.");
  }
  const std::optional<std::string> text = scoped(c, std::move(*body));
  if (!text)
    co_return x.refuse_with(refusal_code::upstream_failed,
                            "The DeepSeek API sent a list that this proxy cannot read, so it "
                            "cannot be narrowed to this API key.");
  const std::string& narrowed = *text;
  settle(c);
  x.up.head.body = http::framing::length;
  x.up.head.content_length = narrowed.size();
  const std::string_view head = write_client_head(c);
  if (head.empty())
    co_return step::drop;
  std::array<iovec, 2> pieces{iovec{const_cast<char*>(head.data()), head.size()},
                              iovec{const_cast<char*>(narrowed.data()), narrowed.size()}};
  const io::deadline until = c.my.loop.in(c.settings().server.client_stall_timeout);
  const io::io_result sent = co_await c.client.write(pieces, until);
  x.answer_started = true;
  co_return sent.what == io::status::ok ? step::go_on : step::drop;
}

} // namespace proxy::session
