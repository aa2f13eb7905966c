// The file into settings: every value checked, unknown keys named with the nearest known one.
#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "proxy/config/setting.hpp"

namespace proxy::config {
namespace {

// Levenshtein distance: how many letters differ.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string nearest(std::string_view section, std::string_view name) {
  const setting* best = nullptr;
  for (const setting& each : all_settings())
    if (each.section == section &&
        (!best || distance(each.name, name) < distance(best->name, name)))
      best = &each;
  if (!best)
    return {};
  return "; did you mean " + std::string(section) + "." + std::string(best->name) + "?";
}

failure at(std::string_view file, const node& where, std::string text) {
  return {errc::bad_configuration,
          std::string(file) + ":" + std::to_string(where.line) + ": " + std::move(text)};
}

outcome<void> put_section(settings& into, std::string_view file, const std::string& section,
                          const node& values) {
  const auto* fields = values.as<node::table>();
  if (!fields || nearest(section, "").empty())
    return at(file, values,
              "unknown key '" + section +
                  "'; sections are [server], [upstream], [admin], [store], [limits], [log]");
  for (const auto& [name, value] : *fields) {
    const auto known = std::ranges::find_if(
        all_settings(), [&](const setting& s) { return s.section == section && s.name == name; });
    if (known == all_settings().end())
      return at(file, value, "unknown key " + section + "." + name + nearest(section, name));
    if (auto problem = known->put(into, value))
      return at(file, value,
                section + "." + name + ": " + *problem + " (accepts " + known->accepts + ")");
  }
  return {};
}

} // namespace

std::filesystem::path default_data_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state)
    return std::filesystem::path(state) / "deepseek-proxy";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home && *home ? home : "/var/lib") / ".local/state/deepseek-proxy";
}

outcome<settings> load(const std::optional<std::filesystem::path>& file) {
  settings made;
  if (file) {
    const auto document = read_toml(file->string());
    if (!document)
      return document.error();
    for (const auto& [section, values] : *document->as<node::table>())
      if (auto done = put_section(made, file->string(), section, values); !done)
        return done.error();
  }
  if (made.store.path.empty())
    made.store.path = default_data_directory();
  auto prices = made.limits.prices.empty() ? parse_prices(built_in_prices(), "built-in prices")
                                           : load_prices(made.limits.prices);
  if (!prices)
    return prices.error();
  made.prices = std::move(*prices);
  return made;
}

std::string example_file() {
  const settings defaults;
  std::string out = "# deepseek-proxy: every setting with its default. All of them are optional.\n";
  std::string_view section;
  for (const setting& each : all_settings()) {
    if (each.section != section) {
      section = each.section;
      out += "\n# " + std::string(section_prose(section)) + "\n[" + std::string(section) + "]\n";
    }
    out += "# " + std::string(each.prose) + "\n# Accepts " + each.accepts + ".\n# " +
           std::string(each.name) + " = " + each.show(defaults) + "\n";
  }
  return out;
}

} // namespace proxy::config
