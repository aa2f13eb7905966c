// Calls whose answer is a JSON object with a text in it: all that secret managers and their token
// services give. A failure tells who answered and how, never what.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "proxy/secrets/environment.hpp"

namespace proxy::secrets {

// The object in a text; `what` opens a failure: "the answer of X".
outcome<boost::json::object> json_object(std::string_view text, const std::string& what);

// The text at `name`, not empty.
outcome<std::string> text_at(const boost::json::object& object, std::string_view name,
                             const std::string& what);

// Asks, and expects status 200 and an object. `who` is the service in words; `advice` follows a 401
// or 403.
outcome<boost::json::object> ask_for_json(const environment& with, const http_request& request,
                                          const std::string& who, const std::string& advice = {});

} // namespace proxy::secrets
