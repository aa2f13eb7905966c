// All of a hash, and all keys of a form: read in pieces, so that Redis serves others in between.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "proxy/stores/redis/blocking_client.hpp"

namespace proxy::stores::copy {

outcome<std::map<std::string, std::string>> fields_of(redis::blocking_client& by,
                                                      const std::string& hash);
// `at`: one node. Ascending, none twice.
outcome<std::vector<std::string>> names_like(redis::blocking_client& at, const std::string& form);

// Puts what `read` makes of each field into a vector; a failure where that is nothing.
template <class T, class Read>
outcome<std::vector<T>> all_in(redis::blocking_client& by, const std::string& hash,
                               const Read& read) {
  const auto fields = fields_of(by, hash);
  if (!fields)
    return fields.error();
  std::vector<T> all;
  for (const auto& [field, value] : *fields) {
    auto made = read(field, value);
    if (!made)
      return failure{errc::store_unavailable, hash + " in Redis has what is not ours: " + field};
    all.push_back(std::move(*made));
  }
  return all;
}

} // namespace proxy::stores::copy
