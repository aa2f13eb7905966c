// The two journal entries of a request, made from its exchange.
#pragma once

#include "policies/limits/reserve.hpp"
#include "proxy/journal/entry.hpp"
#include "proxy/session/exchange.hpp"

namespace proxy::session {

journal::entry intent_of(const exchange& x, policies::instant now);

// What was charged and why: the journal's outcome and the store's actuals.
struct charge {
  policies::limits::actuals used;
  policies::pricing::token_usage usage;
  std::string_view model;
};
journal::entry outcome_of(const exchange& x, const charge& what, policies::instant now);

} // namespace proxy::session
