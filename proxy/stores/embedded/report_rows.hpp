// Usage and audit as rows, on a connection of their own: a long report must not hold up a
// revocation. Thread-safe.
#pragma once

#include <mutex>
#include <vector>

#include "proxy/stores/embedded/database.hpp"
#include "proxy/stores/key_store.hpp"

namespace proxy::stores {

class report_rows {
 public:
  explicit report_rows(std::unique_ptr<database> on) : on_(std::move(on)) {}

  std::vector<usage_row> usage(std::optional<policies::key_id> key, usage_range range);
  std::vector<spread_row> spreads(std::optional<policies::key_id> key, usage_range range);
  usage_sums total(std::optional<policies::key_id> key, usage_range range);
  std::vector<key_store::key_total> totals(std::span<const policies::key_id> keys,
                                           usage_range range);
  std::vector<audit_row> audit(std::size_t count_max);
  std::vector<audit_row> audit_of(std::string_view subject, std::int64_t from_ms,
                                  std::size_t count_max);
  std::vector<minute_row> minutes(std::optional<policies::key_id> key, minute_range range);

 private:
  std::vector<audit_row> audit_rows(statement& rows) const;
  void tell_failure(const statement& rows, const char* what) const;
  std::mutex lock_;
  std::unique_ptr<database> on_;
};

} // namespace proxy::stores
