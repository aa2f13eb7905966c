// Ids are taken as they are: whether there is such a key, the server says.
#include "proxy/cli/key_choice.hpp"

#include <functional>
#include <iterator>

#include "policies/keys/secret.hpp"

namespace proxy::cli {

namespace {

using page_reader = std::function<void(json::array& keys)>;

// `memory` makes the storage of each page.
result<void> read_pages(session& with, const std::string& filter,
                        const std::function<json::storage_ptr()>& memory, const page_reader& read) {
  std::string after;
  for (;;) {
    const auto text_of_page =
        with.calls.get_text("/v1/keys?limit=1000" + (filter.empty() ? "" : "&" + filter) +
                            (after.empty() ? "" : "&after=" + after));
    if (!text_of_page)
      return text_of_page.error();
    json::error_code error;
    json::value page = json::parse(*text_of_page, error, memory());
    json::object* answer = error ? nullptr : page.if_object();
    json::value* data = answer ? answer->if_contains("data") : nullptr;
    json::array* rows = data ? data->if_array() : nullptr;
    if (!rows)
      return complaint{exit_failed, with.calls.where().url + " answered something that is no list"};
    after = rows->empty() ? "" : text(rows->back(), "id");
    const json::value& more = member(page, "has_more");
    const bool was_last = after.empty() || !more.is_bool() || !more.get_bool();
    read(*rows);
    if (was_last)
      return {};
  }
}

} // namespace

// Freed at a stroke: of many keys that is half of the work.
result<void> each_page(session& with, const std::string& filter,
                       const std::function<void(const json::array& keys)>& read) {
  return read_pages(
      with, filter, [] { return json::make_shared_resource<json::monotonic_resource>(1u << 20); },
      read);
}

result<json::array> all_keys(session& with, const std::string& filter) {
  json::array all;
  const auto add = [&all](json::array& rows) {
    all.insert(all.end(), std::make_move_iterator(rows.begin()),
               std::make_move_iterator(rows.end()));
  };
  if (auto done = read_pages(
          with, filter, [] { return json::storage_ptr{}; }, add);
      !done)
    return done.error();
  return all;
}

result<std::string> find_key(session& with, const std::string& id_or_name) {
  if (policies::keys::parse_key_id(id_or_name))
    return id_or_name;
  std::vector<std::string> ids;
  const auto note = [&](const json::array& keys) {
    for (const json::value& key : keys)
      if (text(key, "name") == id_or_name)
        ids.push_back(text(key, "id"));
  };
  if (auto done = each_page(with, "fields=id,name", note); !done)
    return done.error();
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
