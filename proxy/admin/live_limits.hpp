// A key's limits with what is left of them at this moment.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "policies/limits/reserve.hpp"

namespace proxy::admin {

// A state as it stands now: buckets drained, windows that ended begun anew.
policies::limits::limit_state at_present(policies::limits::limit_state state,
                                         const policies::limits::limit_set& limits,
                                         policies::instant now);

// One object a limit: {limit, used, remaining, …}; limit and remaining are null where there is
// none.
boost::json::object live_limits(const policies::limits::limit_set& limits,
                                policies::limits::limit_state state, policies::instant now);

// Nano-dollars promised to requests in flight.
std::int64_t money_held(const policies::limits::limit_state& state);

// "any window of w minutes admits at most 60 + 60 x w requests; tokens are unlimited"
std::string bound_in_words(const policies::limits::limit_set& limits);

} // namespace proxy::admin
