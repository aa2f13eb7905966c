// `deepseek-proxy store copy`: a store's whole content to another one, embedded or Redis.
#pragma once

#include <iosfwd>

#include "proxy/config/store_copy_words.hpp"
#include "proxy/error.hpp"

namespace proxy::server {

// Prints its progress, and what it found.
outcome<void> copy_store(const config::store_copy_words& words, std::ostream& out);

} // namespace proxy::server
