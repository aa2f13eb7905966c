// What a store does that has no better way.
#include "proxy/stores/key_store.hpp"

namespace proxy::stores {

std::vector<audit_row> key_store::audit_of(std::string_view subject, std::int64_t from_ms,
                                           std::size_t count_max) const {
  constexpr std::size_t looked_at_max = 100'000;
  std::vector<audit_row> found;
  for (audit_row& row : audit(looked_at_max)) {
    if (row.time_ms < from_ms || found.size() == count_max)
      break;
    if (row.subject == subject)
      found.push_back(std::move(row));
  }
  return found;
}

outcome<std::string> key_store::document(std::string_view) const {
  return std::string{};
}

outcome<void> key_store::replace_document(const document_change&, const audit_row&) {
  return failure{errc::store_unavailable, "this kind of store cannot keep this yet"};
}

} // namespace proxy::stores
