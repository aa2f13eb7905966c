// Looking in one place after the other.
#include "proxy/cli/location.hpp"

#include <fstream>

namespace proxy::cli {
namespace {

namespace fs = std::filesystem;

// The first line, without blanks around it; nullopt: no such file, or it cannot be read.
std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line))
    return std::nullopt;
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string::npos)
    return std::nullopt;
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

std::string find_url(const location_options& given, const console& io, const fs::path& directory) {
  if (!given.url.empty())
    return given.url;
  // A directory that was named is meant, whatever the environment says of another proxy.
  if (const auto url = first_line(directory / "admin.url"); url && !given.data_directory.empty())
    return *url;
  if (auto url = io.environment("DEEPSEEK_ADMIN_URL"); url && !url->empty())
    return *url;
  return first_line(directory / "admin.url").value_or("http://127.0.0.1:8081");
}

result<void> find_admin_key(const location_options& given, const console& io,
                            const fs::path& directory, location& into) {
  if (!given.admin_key_file.empty()) {
    const auto key = first_line(given.admin_key_file);
    if (!key)
      return complaint{exit_failed, "cannot read an admin key from " + given.admin_key_file};
    into.admin_key = *key;
    into.key_source = given.admin_key_file;
    return {};
  }
  const fs::path kept = directory / "admin.key";
  const bool named = !given.data_directory.empty() && first_line(kept);
  if (auto key = io.environment("DEEPSEEK_ADMIN_KEY"); !named && key && !key->empty()) {
    into.admin_key = *key;
    into.key_source = "$DEEPSEEK_ADMIN_KEY";
    return {};
  }
  into.admin_key = first_line(kept).value_or("");
  into.key_source = kept.string();
  return {};
}

} // namespace

result<location> find_proxy(const location_options& given, const console& io) {
  const fs::path directory = given.data_directory.empty() ? config::default_data_directory()
                                                          : fs::path(given.data_directory);
  location found;
  found.url = find_url(given, io, directory);
  while (found.url.ends_with('/'))
    found.url.pop_back();
  const auto address = config::parse_upstream(found.url);
  if (!address)
    return complaint{exit_usage,
                     "'" + found.url +
                         "' is no address of an admin plane: it looks "
                         "like http://127.0.0.1:8081 or https://proxy.example.com:8081"};
  found.address = *address;
  found.ca_file = !given.ca_file.empty() ? given.ca_file
                                         : io.environment("DEEPSEEK_ADMIN_CA_FILE").value_or("");
  if (auto done = find_admin_key(given, io, directory, found); !done)
    return done.error();
  return found;
}

} // namespace proxy::cli
