// Which key is meant: an id, or a name that only one key has.
#pragma once

#include "proxy/cli/json.hpp"
#include "proxy/cli/session.hpp"

namespace proxy::cli {

result<std::string> find_key(session& with, const std::string& id_or_name);

// Keys page after page; `filter` is a query's text, like "status=active". A page is gone when its
// reader returns.
result<void> each_page(session& with, const std::string& filter,
                       const std::function<void(const json::array& keys)>& read);

// All of them at once, for what needs several passes.
result<json::array> all_keys(session& with, const std::string& filter);

} // namespace proxy::cli
