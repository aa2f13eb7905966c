// Says at memory speed whether a whole event of a stream could tell anything worth parsing. May say
// yes for nothing; never says no to a fact.
#pragma once

#include <string_view>

#include "policies/usage/inspect.hpp"

namespace policies::usage {

bool worth_reading(body_format format, std::string_view event);

} // namespace policies::usage
