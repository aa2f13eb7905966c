// A call that a key makes about the keys below it. The data plane authenticates and limits it; what
// it means is the admin plane's to know.
#pragma once

#include <functional>
#include <string>

#include "policies/types.hpp"

namespace proxy::session {

struct keys_call {
  policies::key_id by;
  std::string method;
  std::string target; // "/v1/keys…", with the query
  std::string body;
  std::string if_match;
  std::string idempotency_key;
};

struct keys_answer {
  unsigned status = 0;
  std::string body; // JSON
  std::string etag;
};

// Thread-safe; `done` is called on a thread of the admin plane, once.
using administer_keys = std::function<void(keys_call, std::function<void(keys_answer)> done)>;

} // namespace proxy::session
