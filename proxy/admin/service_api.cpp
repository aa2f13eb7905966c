// What is asked of the service as a whole: its models, its health, its metrics.
#include <set>

#include "proxy/admin/handlers.hpp"
#include "proxy/admin/key_lookup.hpp"

namespace proxy::admin {

namespace json = boost::json;

answer<reply> models(const admin_context& context, const request&) {
  std::set<std::string_view> names;
  const policies::pricing::price_data& prices = context.prices->data();
  for (const auto& row : prices.models)
    names.insert(row.model);
  for (const auto& alias : prices.aliases)
    if (!alias.asked.ends_with('*'))
      names.insert(alias.asked);
  json::array data;
  for (const std::string_view name : names)
    data.push_back({{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "deepseek"}});
  return json_reply(200, list_of(std::move(data)));
}

answer<reply> health(const admin_context& context, const request&) {
  json::object out{{"status", "ok"}};
  if (!context.data_url.empty())
    out["data_url"] = context.data_url;
  return json_reply(200, out);
}

answer<reply> ready(const admin_context& context, const request&) {
  const std::string why = context.not_ready ? context.not_ready() : std::string{};
  if (why.empty())
    return json_reply(200, {{"status", "ready"}});
  return problem{.status = 503, .message = why, .code = "not_ready"};
}

answer<reply> metrics(const admin_context& context, const request&) {
  reply out;
  out.body = context.metrics();
  out.type = "text/plain; version=0.0.4; charset=utf-8";
  return out;
}

} // namespace proxy::admin
