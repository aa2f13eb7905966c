// A walk over all that a store keeps, and what is done with each piece on the way.
#pragma once

#include <functional>

#include "proxy/stores/copy/copy.hpp"

namespace proxy::stores::copy {

struct visitor {
  std::function<outcome<void>(const std::vector<policies::keys::key_record>&)> keys;
  std::function<outcome<void>(const std::vector<audit_row>&)> audit;
  std::function<outcome<void>(const file_owners_map&)> files;
  std::function<outcome<void>(const notes_map&)> notes;
  std::function<outcome<void>(std::uint64_t, const std::vector<usage_row>&)> sums;
  std::function<outcome<void>(std::uint64_t, const std::vector<spread_row>&)> spreads;
  std::function<outcome<void>(member, const balance&)> balance_of;
};

visitor only_counting();
visitor writing_to(side& to);        // outlives the visitor
visitor comparing_with(side& other); // likewise; a difference is a failure that names the piece

// `say`: a line now and then, where there are many keys.
outcome<copy_figures> visit(side& from, const visitor& by,
                            const std::function<void(const std::string&)>& say);

} // namespace proxy::stores::copy
