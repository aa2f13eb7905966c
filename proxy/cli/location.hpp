// Where the admin plane is and which key opens it: found without the user's help wherever the proxy
// runs on the same machine.
#pragma once

#include <filesystem>

#include "proxy/cli/console.hpp"
#include "proxy/config/settings.hpp"

namespace proxy::cli {

struct location_options {
  std::string url;            // --url
  std::string admin_key_file; // --admin-key-file
  std::string data_directory; // --data-dir
  std::string ca_file;        // --ca-file
};

struct location {
  std::string url;
  config::upstream_address address; // of the admin plane
  std::string ca_file;              // https: whom to believe; empty: the system's
  std::string admin_key;            // empty: none was found
  std::string key_source;           // where it was found, or where it was looked for
};

// Authorities: --ca-file, $DEEPSEEK_ADMIN_CA_FILE, the system's.
// URL: --url, $DEEPSEEK_ADMIN_URL, DIR/admin.url (the server writes it), http://127.0.0.1:8081.
// Key: --admin-key-file, $DEEPSEEK_ADMIN_KEY, DIR/admin.key.
result<location> find_proxy(const location_options& given, const console& io);

} // namespace proxy::cli
