// What the tests of the configuration share: a directory of their own, and a file read as the proxy
// reads it.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "proxy/config/setting.hpp"
#include "tests/support/catch.hpp"

namespace config_test {

namespace config = proxy::config;

class directory {
 public:
  directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "config-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~directory() { std::filesystem::remove_all(path_); }
  directory(const directory&) = delete;
  directory& operator=(const directory&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::filesystem::path write(const std::string& name, const std::string& text,
                              mode_t mode = 0600) const {
    const std::filesystem::path file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    return file;
  }

 private:
  std::filesystem::path path_;
};

inline proxy::outcome<config::settings> load_text(const std::string& text) {
  const directory here;
  return config::load(here.write("proxy.toml", text));
}

// What the owner is told; without the name of the directory, so that it can be compared whole.
inline std::string complaint_of(const std::string& text) {
  const directory here;
  const auto file = here.write("proxy.toml", text);
  const auto loaded = config::load(file);
  if (loaded)
    return "accepted";
  CHECK(loaded.error().code == proxy::errc::bad_configuration);
  std::string said = loaded.error().message;
  if (const std::size_t at = said.find(file.string()); at != std::string::npos)
    said.replace(at, file.string().size(), "proxy.toml");
  return said;
}

// Sets a variable of the environment, or takes it away, until the end of a scope.
class variable {
 public:
  variable(std::string name, const char* value) : name_(std::move(name)) {
    if (const char* before = std::getenv(name_.c_str()))
      before_ = before;
    put(value);
  }
  ~variable() { put(before_ ? before_->c_str() : nullptr); }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;

 private:
  void put(const char* value) const {
    if (value)
      ::setenv(name_.c_str(), value, 1);
    else
      ::unsetenv(name_.c_str());
  }
  std::string name_;
  std::optional<std::string> before_;
};

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace config_test
