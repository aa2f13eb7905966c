// What `store copy` is told on the command line: deepseek-proxy does it, and deepseek passes it on.
#pragma once

#include <string>

namespace proxy::config {

struct store_copy_words {
  std::string from;              // embedded:PATH, or the URL of a Redis
  std::string to;                // the same
  std::string password;          // where that of Redis is found: env:NAME and the like
  std::string sentinel_password; // likewise
  std::string ca_file;
  bool dry_run = false;
  bool replace = false;
  bool force = false;
};

inline constexpr const char* store_copy_about =
    "copy keys, limits, usage, audit and alerts from one store to another, and compare";

// App: CLI::App.
template <class App>
void add_options(App& to, store_copy_words& words) {
  to.add_option("--from", words.from, "embedded:PATH, or the URL of a Redis")->required();
  to.add_option("--to", words.to, "the same")->required();
  to.add_option("--password", words.password, "where Redis's is found, like env:NAME");
  to.add_option("--sentinel-password", words.sentinel_password, "likewise, its sentinels'");
  to.add_option("--ca-file", words.ca_file, "PEM file of authorities for rediss://");
  to.add_flag("--dry-run", words.dry_run, "count, and write nothing");
  to.add_flag("--replace", words.replace, "take away what the target has");
  to.add_flag("--force", words.force,
              "though requests are open in the source: they count as spent");
}

} // namespace proxy::config
