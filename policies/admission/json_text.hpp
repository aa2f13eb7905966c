// A string as JSON (RFC 8259), whatever bytes it holds: the reader of an error must always be able
// to parse it.
#pragma once

#include <string>
#include <string_view>

namespace policies::admission {

// Appends `text` in quotes. Bytes that are no UTF-8 become U+FFFD, one for each maximal ill-formed
// part, as Unicode recommends.
void append_json_string(std::string& out, std::string_view text);

} // namespace policies::admission
