// CRC-32 as zlib, PNG and Ethernet define it (reflected polynomial 0xEDB88320, initial value and
// final complement all ones). A checksum against typos; it knows nothing of secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace policies::keys {

std::uint32_t crc32(std::string_view bytes);

} // namespace policies::keys
