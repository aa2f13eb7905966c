// Keys at rest in Redis, and the audit log beside them: written by one script, read as a whole at
// the start and then by version.
#pragma once

#include <mutex>
#include <vector>

#include "proxy/keys/key_directory.hpp"
#include "proxy/stores/key_store.hpp"
#include "proxy/stores/redis/blocking_client.hpp"

namespace proxy::stores::redis {

inline constexpr std::size_t audit_rows_max = 100'000;

std::string encode_audit(const audit_row& row); // as it lies in the log
std::string hex_of(const policies::keys::secret_hash& hash);

class key_table {
 public:
  explicit key_table(keys::key_directory& directory) : directory_(directory) {}

  // Publishes all that has changed since the last time; everything, the first time. Thread-safe.
  outcome<void> catch_up(blocking_client& by);
  // `fresh`: a new key. Does not publish.
  outcome<void> write(blocking_client& by, const policies::keys::key_record& record, bool fresh,
                      const audit_row& why);
  outcome<std::vector<audit_row>> audit(blocking_client& by, std::size_t count_max);
  // Puts back what Redis has lost of what is published here: a key that was revoked stays so.
  // Returns how many keys that were; reads everything anew.
  outcome<std::size_t> restore(blocking_client& by);
  // Unless a later version is published already.
  void publish(policies::keys::key_record record);

 private:
  outcome<void> fetch(blocking_client& by, std::span<const std::string> ids);

  keys::key_directory& directory_;
  std::mutex lock_;
  std::mutex publishing_;
  std::int64_t seen_ = 0; // version of the last change that was published
};

} // namespace proxy::stores::redis
