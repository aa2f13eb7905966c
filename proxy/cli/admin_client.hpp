// Calls of the admin plane, one after the other: a request out, JSON or the refusal's words in.
#pragma once

#include <boost/beast/http/verb.hpp>
#include <boost/json.hpp>

#include "proxy/cli/location.hpp"

namespace proxy::cli {

struct reply {
  std::string text; // as it came
  boost::json::value body;
};

class admin_client {
 public:
  explicit admin_client(location where) : where_(std::move(where)) {}

  result<reply> get(const std::string& target);
  result<std::string> get_text(const std::string& target); // what is not one JSON value
  result<reply> send(boost::beast::http::verb method, const std::string& target,
                     const boost::json::object& body = {});

  const location& where() const { return where_; }

 private:
  struct exchanged {
    unsigned status = 0;
    std::string body;
  };
  result<exchanged> exchange(boost::beast::http::verb method, const std::string& target,
                             const std::string& body) const;
  complaint refused(const exchanged& answer) const;

  location where_;
};

// One component of a query, escaped.
std::string escaped(std::string_view text);

} // namespace proxy::cli
