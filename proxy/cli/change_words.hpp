// What became of a key's fields, in words: for plans of apply, events and the audit trail. Knows
// no fields by name but rate_limits.
#pragma once

#include "proxy/cli/json.hpp"

namespace proxy::cli {

// "name: value", or "name: before -> after", one a field; limits one by one. Nothing of it can
// move a terminal's cursor.
std::vector<std::string> change_words(const json::object& fields);

// The `detail` of an event or an audit row as one line, without what says nothing (null, "", [],
// {}, false); a text that is no JSON object stays as it is.
std::string detail_words(const json::value& detail);

} // namespace proxy::cli
