// Ids are taken as they are: whether there is such a key, the server says.
#include "proxy/cli/key_choice.hpp"

#include <iterator>

#include "policies/keys/secret.hpp"

namespace proxy::cli {

result<json::array> all_keys(session& with, const std::string& filter) {
  json::array all;
  std::string after;
  for (;;) {
    auto page = with.calls.get("/v1/keys?limit=1000" + (filter.empty() ? "" : "&" + filter) +
                               (after.empty() ? "" : "&after=" + after));
    if (!page)
      return page.error();
    const json::value& more = member(page->body, "has_more");
    const bool was_all = !more.is_bool() || !more.get_bool();
    json::object* answer = page->body.if_object();
    json::value* data = answer ? answer->if_contains("data") : nullptr;
    json::array* rows = data ? data->if_array() : nullptr;
    if (!rows || rows->empty())
      return all;
    after = text(rows->back(), "id");
    all.insert(all.end(), std::make_move_iterator(rows->begin()),
               std::make_move_iterator(rows->end()));
    if (was_all)
      return all;
  }
}

result<std::string> find_key(session& with, const std::string& id_or_name) {
  if (policies::keys::parse_key_id(id_or_name))
    return id_or_name;
  const auto keys = all_keys(with, "");
  if (!keys)
    return keys.error();
  std::vector<std::string> ids;
  for (const json::value& key : *keys)
    if (text(key, "name") == id_or_name)
      ids.push_back(text(key, "id"));
  if (ids.size() == 1)
    return ids.front();
  if (ids.empty())
    return complaint{exit_failed, "no key has the id or name '" + id_or_name +
                                      "': 'deepseek keys list' shows all of them"};
  std::string list;
  for (const std::string& id : ids)
    list += (list.empty() ? "" : ", ") + id;
  return complaint{exit_failed, std::to_string(ids.size()) + " keys are named '" + id_or_name +
                                    "': say which by its id (" + list + ")"};
}

} // namespace proxy::cli
