// Files with secrets in them, and what every secret has to be like wherever it was found.
#pragma once

#include <sys/types.h>

#include <string>

#include "proxy/error.hpp"

namespace proxy::secrets {

constexpr std::size_t secret_bytes_max = 8192;

inline failure no_secret(std::string why) {
  return {errc::bad_configuration, std::move(why)};
}

std::string without_line_end(std::string text); // nor blanks before it

// What goes into a header field must not end one; `what` opens a failure, which never has the
// value.
outcome<std::string> fit_to_be_a_key(std::string value, const std::string& what);

// A key in a file of its own; `refused`: the permissions the file may not have.
outcome<std::string> key_in_file(const std::string& path, mode_t refused);

// A file that others' tools keep, as it is; at most 64 KiB.
outcome<std::string> text_in_file(const std::string& path);

} // namespace proxy::secrets
