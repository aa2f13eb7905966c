// Calls of the admin plane, one after the other: a request out, JSON or the refusal's words in.
#pragma once

#include <functional>

#include <boost/beast/http/verb.hpp>
#include <boost/json.hpp>

#include "proxy/cli/location.hpp"

namespace proxy::cli {

struct reply {
  std::string text; // as it came
  boost::json::value body;
};

struct http_call {
  boost::beast::http::verb method = boost::beast::http::verb::get;
  std::string target;
  std::string body{};
  std::string if_match{};
};
struct http_answer {
  unsigned status = 0;
  std::string body;
};
// One call, whatever its status; `to` may be the data plane too, its key then a sub-key's secret.
result<http_answer> exchange(const location& to, const http_call& call);

// The message of an error object in a body; empty: it is none.
std::string message_in(const std::string& body);

using sink = std::function<void(std::string_view)>;

class admin_client {
 public:
  explicit admin_client(location where) : where_(std::move(where)) {}

  result<reply> get(const std::string& target);
  result<std::string> get_text(const std::string& target); // what is not one JSON value
  // What is not one JSON value, piece by piece as it comes, however long it is.
  result<void> get_to(const std::string& target, const sink& told);
  result<reply> send(boost::beast::http::verb method, const std::string& target,
                     const boost::json::object& body = {}, const std::string& if_match = {});

  const location& where() const { return where_; }

 private:
  complaint refused(const http_answer& answer) const;

  location where_;
};

// One component of a query, escaped.
std::string escaped(std::string_view text);

} // namespace proxy::cli
