// The number by which Redis knows the journal in a data directory: a file there, made by chance.
#pragma once

#include <cstdint>
#include <filesystem>

#include "proxy/error.hpp"

namespace proxy::stores::redis {

outcome<std::uint64_t> node_in(const std::filesystem::path& directory);

} // namespace proxy::stores::redis
