// Judging answers without repeating them.
#include "proxy/secrets/json_answer.hpp"

namespace proxy::secrets {
namespace json = boost::json;

outcome<json::object> json_object(std::string_view text, const std::string& what) {
  boost::system::error_code error;
  json::value read = json::parse(text, error);
  if (error || !read.is_object())
    return failure{errc::upstream_malformed, what + " is no JSON object"};
  return std::move(read.get_object());
}

outcome<std::string> text_at(const json::object& object, std::string_view name,
                             const std::string& what) {
  const json::value* found = object.if_contains(name);
  if (!found || !found->is_string() || found->get_string().empty())
    return failure{errc::upstream_malformed, what + " has no text in " + std::string(name)};
  return std::string(found->get_string());
}

outcome<json::object> ask_for_json(const environment& with, const http_request& request,
                                   const std::string& who, const std::string& advice) {
  auto answer = with.call(request);
  if (!answer)
    return failure{answer.error().code, who + ": " + answer.error().message};
  if (answer->status != 200) {
    std::string message = who + " answered with status " + std::to_string(answer->status);
    const bool refused = answer->status == 401 || answer->status == 403;
    if (refused && !advice.empty())
      message += ": " + advice;
    return failure{errc::upstream_unreachable, std::move(message)};
  }
  return json_object(answer->body, "the answer of " + who);
}

} // namespace proxy::secrets
