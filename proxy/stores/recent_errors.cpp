// Picking errors out of rows.
#include "proxy/stores/recent_errors.hpp"

namespace proxy::stores {

bool went_wrong(const journal::entry& e) {
  return e.kind == journal::entry_kind::tally ||
         (e.kind == journal::entry_kind::outcome &&
          (e.status >= 400 ||
           (e.end != journal::ending::complete && e.end != journal::ending::client_gone)));
}

std::vector<journal::entry> errors_in(const journal::keeper& rows,
                                      std::optional<policies::key_id> id, std::int64_t from_ms,
                                      std::size_t count_max) {
  std::vector<journal::entry> found;
  const journal::keeper::scan_range all{from_ms, INT64_MAX, true};
  rows.scan(all, [&](const journal::entry& e) {
    if (went_wrong(e) && (!id || e.key == id->value))
      found.push_back(e);
    return found.size() < count_max;
  });
  return found;
}

} // namespace proxy::stores
