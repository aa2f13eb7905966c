// Files named in a prompt: a key may refer only to files it uploaded, by whatever spelling.
#pragma once

#include <string_view>

#include "policies/types.hpp"
#include "proxy/stores/file_owners.hpp"

namespace proxy::session {

// Whether every file that `body` (valid JSON) refers to is `key`'s own: the value of any file_id
// and the members of any file_ids must be, and no other string may be the id of somebody else's
// file.
bool refers_to_own_files(std::string_view body, policies::key_id key,
                         const stores::file_owners& files);

} // namespace proxy::session
