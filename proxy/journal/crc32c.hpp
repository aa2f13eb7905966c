// CRC32C (Castagnoli, reflected 0x82f63b78), as iSCSI and ext4 use it: by SSE4.2 where the
// processor has it, by tables where not. Knows nothing of entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace proxy::journal {

std::uint32_t crc32c(std::span<const std::byte> bytes);

// Both ways by name, for the tests; crc32c() chooses once a process.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes);
bool crc32c_has_instruction();
std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes);

} // namespace proxy::journal
