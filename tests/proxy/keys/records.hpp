// Short ways to make key records with secrets that no two tests mix up.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>

#include "proxy/keys/key_directory.hpp"
#include "tests/support/catch.hpp"

namespace proxy::keys::test {

using policies::key_id;
using policies::keys::key_record;
using policies::keys::secret_hash;

// Looks like SHA-256: uniform, and the same for the same number.
inline secret_hash hash_of(std::uint64_t number) {
  std::mt19937_64 random(number);
  secret_hash hash{};
  for (std::size_t at = 0; at < hash.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(hash.data() + at, &word, sizeof word);
  }
  return hash;
}

inline key_record record_of(std::uint64_t id, std::optional<std::uint64_t> parent = {}) {
  key_record record;
  record.id = key_id{id};
  if (parent)
    record.parent = key_id{*parent};
  record.name = "key " + std::to_string(id);
  record.secrets.push_back({hash_of(id), "sk-ds-…", {}, {}});
  return record;
}

} // namespace proxy::keys::test
