// A body that is to be one JSON object, in which every name stands once.
#pragma once

#include <string_view>

#include <boost/json.hpp>

#include "proxy/admin/message.hpp"

namespace proxy::admin {

// Empty stands for {}. A name given twice is refused at any depth: two readers could take either.
answer<boost::json::object> parse_object(std::string_view body);

} // namespace proxy::admin
