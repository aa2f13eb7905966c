// Names of the keys in Redis that all proxies share. What belongs to one root or one key is named
// in limit_wire.hpp and ledger_writer.hpp. Each group lies in one slot of a cluster.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace proxy::stores::redis {

inline constexpr const char* schema_name = "ds:schema";
inline constexpr std::int64_t schema_version = 1;
inline constexpr const char* schema_copying = "copying"; // a copy that is not finished

inline constexpr const char* records_name = "ds:{keys}:records"; // hash: key, its record
inline constexpr const char* secrets_name = "ds:{keys}:secrets"; // hash: a secret's hash, key
inline constexpr const char* changes_name = "ds:{keys}:changes"; // keys by their last change
inline constexpr const char* audit_name = "ds:{keys}:audit";     // list, newest first
inline constexpr const char* files_name = "ds:{keys}:files";     // hash: file, owner
inline constexpr const char* file_changes_name = "ds:{keys}:file-changes"; // stream

inline constexpr const char* notes_prefix = "ds:{notes}:"; // a hash for each kind
inline std::string notes_name(const std::string& kind) {
  return notes_prefix + kind;
}

inline constexpr const char* lanes_prefix = "ds:{ledger}:lanes:"; // a hash for each node

// Sorted set: proxies by when they last told that they are there, in milliseconds.
inline constexpr const char* nodes_name = "ds:{nodes}";
// One that was silent for longer is not there; it may be for all that, so that limits are divided
// by it for longer.
inline constexpr std::chrono::milliseconds node_silence_max{3500};
inline constexpr std::chrono::milliseconds node_memory_max{60'000};
// Hash: a Redis process by its replication id, what proxies have told it (roll_call.hpp).
inline constexpr const char* processes_name = "ds:{nodes}:processes";

} // namespace proxy::stores::redis
