// The table of calls: method, path, parameters, who may, and what handles it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <boost/beast/http/verb.hpp>

#include "proxy/admin/admin_context.hpp"
#include "proxy/admin/message.hpp"

namespace proxy::admin {

// viewer reads, operator_ issues and changes keys, owner deletes them and issues admin keys.
enum class access { owner, operator_, viewer, anyone };

struct route {
  boost::beast::http::verb method;
  std::string_view pattern;    // "/v1/keys/{id}/usage"
  std::string_view parameters; // "limit after": what may stand in the query
  access needs = access::owner;
  answer<reply> (*handle)(const admin_context&, const request&);
};

// `part` is the text of {id} or {file}, a view into the path. No route: `allow` names the methods
// that the path knows, or is empty where it knows none.
struct route_match {
  const route* found = nullptr;
  std::string_view part;
  std::string allow;
};
route_match find_route(boost::beast::http::verb method, std::string_view path);

std::span<const route> all_routes();

// nullopt: the caller's role is enough.
std::optional<problem> refuse_role(const caller& by, const route& of);
// Whether keys that may delegate can call it through the data plane.
bool may_delegate_to(const route& of);

// Finds, checks id and parameters, handles; never throws.
reply dispatch(const admin_context& context, const route_match& matched, std::string_view target,
               request call);

} // namespace proxy::admin
