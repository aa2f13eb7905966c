// A TOML file of keys as it was written: each [[key]] as the fields of the admin plane's JSON, with
// the line that every complaint names. What is on the proxy is not known here.
#pragma once

#include "proxy/cli/console.hpp"
#include "proxy/cli/json.hpp"
#include "proxy/config/document.hpp"

namespace proxy::cli {

struct wanted_key {
  std::string name;
  json::object fields; // without status; parent as written; "none" has become null
  std::string status;  // "active", "inactive", or empty
  config::node source; // the table, for its lines
};

// Everything that is wrong with a file, so that it is put right in one go.
class complaints {
 public:
  explicit complaints(std::string file) : file_(std::move(file)) {}
  void add(int line, const std::string& text);
  bool none() const { return all_.empty(); }
  complaint whole() const;

 private:
  std::string file_;
  std::vector<std::pair<int, std::string>> all_;
};

// "-" is standard input. What cannot be read at all is the error; what is wrong in it is added to
// `wrong`.
result<std::vector<wanted_key>> read_key_file(const std::string& file, const console& io,
                                              complaints& wrong);

// Where a field stands, named like "rate_limits.requests_per_minute"; its key's line otherwise.
int line_of(const wanted_key& key, std::string_view field);

} // namespace proxy::cli
